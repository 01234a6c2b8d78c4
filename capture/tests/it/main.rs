//! Real processes, as a coding agent starts them, against a real server.

mod away;
mod commands;
mod harness;
mod many;
mod server;
mod silent;
mod tls;
