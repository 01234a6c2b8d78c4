//! Facts and decisions. Everything here is pure: no I/O, no async, no clock; the time is an argument.

#[macro_use]
mod coded;

pub mod appointment;
pub mod call;
pub mod country;
pub mod ids;
pub mod phone;
pub mod reason;
pub mod reminder;

pub use reason::Reason;
