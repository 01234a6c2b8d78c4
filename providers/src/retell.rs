//! Retell: voice agents that make and take phone calls.
//!
//! Facts about the API were read in the vendor's SDK 5.60 and its documentation in autumn 2026; the
//! reasons, statuses and filters were compared with SDK 6.2.13 in November 2026.

mod arrival;
mod client;
pub mod function;
pub mod inbound;
mod observe;
pub mod webhook;
mod wire;

pub use arrival::{Arrival, arrival};
pub use client::{Client, NewCall};
pub use observe::{class_of, observe_call, observe_event, transcript};
pub use wire::{CallAnalysis, CallObject};

pub use crate::voice::{Placed, Timeouts};

/// Where Retell answers, unless configured otherwise.
pub const BASE_URL: &str = "https://api.retellai.com";

/// The key of a call's metadata that carries our call id, as text.
pub const CALL_ID_KEY: &str = "bellhop_call_id";

/// The key of an inbound call's metadata that carries the id of the answer which its agent was given, as text.
pub const CONTEXT_ID_KEY: &str = "bellhop_context";

/// The key of a call's metadata that carries the attempt, counted from 1, as text.
pub const ATTEMPT_KEY: &str = "bellhop_attempt";
