//! Vapi: voice agents that make and take phone calls.
//!
//! Facts were read in the vendor's documentation and OpenAPI file of August 2026.

mod arrival;
mod client;
mod disconnection;
mod ended_reason;
mod list;
mod observe;
pub mod question;
mod verifier;
pub mod webhook;
mod wire;

pub use arrival::{Arrival, arrival};
pub use client::{Client, NewCall};
pub use disconnection::disconnection_of;
pub use ended_reason::{EndedReason, class_of};
pub use observe::{observe_call, observe_event, transcript};
pub use verifier::{Bearer, Encoding, Hmac, TimestampUnit, Verifier};
pub use wire::CallObject;

pub use crate::{
    retell::{ATTEMPT_KEY, CALL_ID_KEY, CONTEXT_ID_KEY},
    voice::{Placed, Timeouts},
};

/// Where Vapi answers, unless configured otherwise.
pub const BASE_URL: &str = "https://api.vapi.ai";
