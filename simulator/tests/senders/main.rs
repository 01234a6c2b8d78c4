//! The senders of webhooks, tried against a receiver that checks what it is sent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod faults;
mod harness;
mod retries;
mod vendors;
