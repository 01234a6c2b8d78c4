//! The ways to send an alert, each against a local server, answer by answer and fault by fault.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod http_server;
mod private;
mod slack;
mod smtp;
mod smtp_server;
mod smtp_tls;
mod twilio;
mod twilio_find;
