//! Real processes, as a coding agent starts them, against a real server.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

mod away;
mod commands;
mod harness;
mod many;
mod server;
mod silent;
mod tls;
