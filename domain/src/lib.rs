//! Facts and decisions. Everything here is pure: no I/O, no async, no clock; the time is an argument.

#[macro_use]
mod coded;

pub mod alert;
pub mod appointment;
pub mod breaker;
pub mod calendar;
pub mod call;
pub mod context;
pub mod country;
pub mod crm;
pub mod desk;
pub mod event;
pub mod follow;
pub mod followup;
pub mod gates;
pub mod holidays;
pub mod hours;
pub mod ids;
pub mod import;
pub mod inbound;
pub mod linecheck;
pub mod live;
mod near;
pub mod phone;
pub mod plan;
pub mod quality;
pub mod reason;
pub mod reminder;
pub mod report;
pub mod retry;
pub mod script;
pub mod settings;
pub mod slots;
pub mod spoken;
pub mod text;
pub mod zone;

pub use reason::Reason;
