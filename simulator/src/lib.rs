//! Fake providers that play phone calls out in time, take alerts, send signed webhooks and fail on
//! request: for tests, the demonstration, and trying Bellhop without an account. Everything is in memory.

mod book;
mod chance;
mod outbound;
mod scenario;
mod server;
mod sign;
mod sim_routes;

pub mod alerts;
pub mod calendar;
pub mod gemini;
pub mod openphone;
pub mod retell;
pub mod senders;
pub mod slack;
pub mod smtp;
pub mod twilio;
pub mod vapi;
pub mod zoho;

pub use scenario::ScenarioError;
