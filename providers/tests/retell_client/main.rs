//! Retell's client against local servers, status by status and fault by fault.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod place;
mod read;
mod server;
