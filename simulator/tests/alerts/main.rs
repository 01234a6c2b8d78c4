//! The fakes of Slack, Twilio and a mail server, tried with plain clients.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod docs;
mod harness;
mod slack;
mod smtp;
mod smtp_by_hand;
mod together;
mod twilio;
mod twilio_callbacks;
