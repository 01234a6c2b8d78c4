//! Twilio: text messages.

pub mod webhook;
