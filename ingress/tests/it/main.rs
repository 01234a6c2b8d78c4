//! Ingress over real sockets, on a real PostgreSQL.

#![expect(
    clippy::unwrap_used,
    reason = "a helper that cannot go on fails its test"
)]

mod harness;

mod accepted;
mod database;
mod guesses;
mod harm;
mod limits;
mod live;
mod probes;
mod questions;
mod refused;
mod secrets;
mod shutdown;
mod spool;
mod unwritable;
