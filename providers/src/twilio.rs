//! Twilio: text messages.

pub mod client;
pub mod webhook;
