//! Bellhop's real servers, as child processes: PostgreSQL 18 and the Temporal dev server.
//!
//! `make tools` puts the pinned programs into `.tools/`; [`Tools::locate`] finds them; [`Postgres::start`]
//! and [`Temporal::start`] give handles that stop, kill and start them again on the same ports and data.
//!
//! A server never outlives its handle: dropping the handle ends it, and if this process dies without
//! dropping anything (even by SIGKILL), a watchdog ends it. Ports come from a range that outgoing
//! connections do not use, so taken default ports and parallel tests do not matter.

mod account;
mod error;
mod files;
mod ports;
mod postgres;
mod process;
mod temporal;
mod tools;
mod watchdog;

pub use error::Error;
pub use ports::free_port;
pub use postgres::{DataFolder, Postgres, PostgresOptions};
pub use temporal::{Temporal, TemporalOptions};
pub use tools::Tools;
