//! The vendors Bellhop talks to: one module per vendor, each with its client, its wire format and
//! the verification of its webhooks. Nothing here keeps state or knows the database.

pub mod agent;
mod bearer;
pub mod calendar;
pub mod channel;
pub mod diagnose;
pub mod error;
pub mod extractor;
pub mod gemini;
mod json;
pub mod openphone;
pub mod outline;
pub mod private;
pub mod quo;
pub mod redact;
pub mod retell;
mod retry_after;
pub mod signature;
pub mod slack;
pub mod smtp;
pub mod source;
pub mod standard_webhooks;
#[cfg(test)]
mod testing;
pub mod twilio;
pub mod vapi;
pub mod voice;
pub mod zoho;
