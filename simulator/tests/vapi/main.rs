//! The fake Vapi, tried with Bellhop's own client and its own verification of webhooks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod calls;
mod faults;
mod harness;
mod interface;
mod ring;
