//! Vapi: voice agents for phone calls. So far its webhooks only.
//!
//! Facts were read in the vendor's documentation and OpenAPI file of August 2026.

mod ended_reason;
pub mod question;
mod verifier;
pub mod webhook;

pub use ended_reason::{EndedReason, class_of};
pub use verifier::{Bearer, Encoding, Hmac, TimestampUnit, Verifier};
