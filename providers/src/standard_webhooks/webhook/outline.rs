//! The outline and the full reading of a webhook whose sender we know nothing of but its signature.

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;

use super::delivery_id;
use crate::{
    json::Json,
    outline::{Outline, ParseProblem, UNTYPED, hash, name, pluck, required},
    private::Private,
};

/// Reads the outline of a message. The specification asks for JSON with a `type` but the signature does not
/// depend on it, so a body without one is kept as [`UNTYPED`].
///
/// The dedupe key is the message's id, which stays the same over retries while time and signature are new.
/// The body's hash is in it too: should an id come back with another body, losing that would be worse than
/// having both, and two senders of one tenant may use the same ids.
pub fn outline(headers: &HeaderMap, body: &[u8]) -> Result<Outline, ParseProblem> {
    let id = required(delivery_id(headers), "webhook-id")?;
    let event_type = match pluck(body, &["type"]) {
        Ok(plucked) => name(plucked.text("type"), "type")?,
        Err(_) => None,
    };
    Ok(Outline {
        event_type: event_type.unwrap_or_else(|| UNTYPED.to_owned()),
        dedupe_key: format!("standard_webhooks:{id}:{}", hash(body)),
        call_id: None,
        provider_call_id: None,
    })
}

/// A message in full.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// [`UNTYPED`] when the sender gives none.
    pub event_type: String,
    /// When it happened, not when it was sent.
    pub at: Option<Timestamp>,
    /// What it says; null when there is no `data`.
    pub data: Private<Value>,
}

/// Reads a message in full. Nothing in it but JSON is required.
pub fn read(body: &[u8]) -> Result<Event, ParseProblem> {
    let value: Value = serde_json::from_slice(body)?;
    let json = Json::from(&value);
    Ok(Event {
        event_type: json.at("type").text().unwrap_or_else(|| UNTYPED.to_owned()),
        at: json.at("timestamp").instant(),
        data: Private(json.at("data").value().cloned().unwrap_or_default()),
    })
}
