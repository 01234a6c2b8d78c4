//! Quo, as OpenPhone is called since September 2025: its new webhooks. The old ones are in [`crate::openphone`],
//! and what both say is of one type.

pub mod webhook;
