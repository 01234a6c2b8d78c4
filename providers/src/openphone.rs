//! OpenPhone: business phone lines for calls and texts. Since September 2025 it is called Quo; the webhooks
//! from before are signed differently and say the same.
//!
//! Facts were read in the vendor's OpenAPI file and documentation of 2026.

pub mod client;
pub mod entry;
pub mod event;
pub mod webhook;
