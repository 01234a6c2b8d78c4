//! Twilio: text messages.

pub mod client;
