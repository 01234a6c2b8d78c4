//! The fake Zoho, asked by Bellhop's own client: what it answers, what goes wrong, and what the client makes of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod appending;
mod channels;
mod faults;
mod harness;
mod in_step;
mod listing;
mod records;
mod tokens;
