//! A call that came in, as the first message that is heard of it tells.

use std::fmt;

use domain::ids::ContextId;
use jiff::Timestamp;
use serde_json::Value;

use super::wire::Told;
use crate::json::{Json, broken};

/// Where the id of the answer may come back that the assistant was given. That Vapi echoes it at all is not
/// documented: who does not find it here goes by the call's id, which the question had already.
const CONTEXT: &[&str] = &[
    "call.assistantOverrides.metadata.bellhop_context",
    "call.assistantOverrides.variableValues.bellhop_context",
    "call.metadata.bellhop_context",
    "assistant.metadata.bellhop_context",
    "artifact.variableValues.bellhop_context",
    "call.artifact.variableValues.bellhop_context",
];

/// Who called which of our numbers. Numbers are as the provider wrote them: withheld ones are words, or missing.
#[derive(Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The same as in the question for an assistant.
    pub provider_call_id: String,
    pub assistant_id: Option<String>,
    /// Vapi's id of our number.
    pub phone_number_id: Option<String>,
    pub from_number: Option<String>,
    /// Missing in messages that name our number by its id alone.
    pub to_number: Option<String>,
    /// When the call came in.
    pub started_at: Option<Timestamp>,
    /// The answer that the assistant was given before it picked up, when there was one and Vapi says so.
    pub context: Option<ContextId>,
}

impl fmt::Debug for Arrival {
    /// Without numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("provider_call_id", &self.provider_call_id)
            .field("assistant_id", &self.assistant_id)
            .field("phone_number_id", &self.phone_number_id)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// The call that a message is about, when it came in. `None` for any other message, also for one that cannot be
/// read: whoever reads it in full says so.
pub fn arrival(body: &[u8]) -> Option<Arrival> {
    let value: Value = broken::read(body).ok()?;
    let message = Json::from(&value).at("message");
    let told = Told::by(message);
    if !came_in(told) {
        return None;
    }
    let text = |paths: &[&str]| paths.iter().find_map(|path| message.at(path).text());
    let instant = |paths: &[&str]| paths.iter().find_map(|path| message.at(path).instant());
    Some(Arrival {
        provider_call_id: text(&["call.id"])?,
        assistant_id: text(&["call.assistantId", "assistant.id"]),
        phone_number_id: text(&["call.phoneNumberId", "phoneNumber.id"]),
        from_number: text(&["call.customer.number", "customer.number"]),
        to_number: text(&["phoneNumber.number", "call.phoneNumber.number"]),
        started_at: instant(&["call.createdAt", "call.startedAt", "startedAt", "timestamp"]),
        context: CONTEXT
            .iter()
            .find_map(|path| message.at(path).text()?.parse().ok()),
    })
}

/// Only for a call that came in is an assistant asked for, so that question needs no type of the call.
fn came_in(told: Told<'_>) -> bool {
    match told.call.at("type").text() {
        Some(kind) => kind == "inboundPhoneCall",
        None => told.message.at("type").text().as_deref() == Some("assistant-request"),
    }
}

#[cfg(test)]
#[path = "arrival_tests.rs"]
mod tests;
