//! Retell's client against local servers, status by status and fault by fault.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

#[path = "../local/mod.rs"]
mod local;
mod place;
mod read;
mod server;
