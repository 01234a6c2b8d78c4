//! The vendors Bellhop talks to: one module per vendor, each with its client, its wire format and
//! the verification of its webhooks. Nothing here keeps state or knows the database.

pub mod channel;
pub mod diagnose;
pub mod error;
pub mod redact;
pub mod retell;
pub mod slack;
pub mod smtp;
pub mod twilio;
