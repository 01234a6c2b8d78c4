//! Retell's JSON as it writes it. Every field but the call's id is optional, and one of an
//! unexpected type counts as absent: an odd duration must not cost us a cancellation.

use std::{collections::BTreeMap, fmt};

use domain::ids::CallId;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::CALL_ID_KEY;
use crate::voice::words::truth;

/// A call as Retell's reads and webhooks show it.
#[derive(Clone, PartialEq, Deserialize)]
pub struct CallObject {
    pub call_id: String,
    #[serde(default, deserialize_with = "text")]
    pub direction: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub call_status: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub disconnection_reason: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub agent_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub from_number: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub to_number: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "integer")]
    pub start_timestamp: Option<i64>,
    /// Milliseconds since 1970.
    #[serde(default, deserialize_with = "integer")]
    pub end_timestamp: Option<i64>,
    #[serde(default, deserialize_with = "integer")]
    pub duration_ms: Option<i64>,
    #[serde(default)]
    pub metadata: Value,
    #[serde(default, deserialize_with = "text")]
    pub transcript: Option<String>,
    /// May be signed and expire within a day.
    #[serde(default, deserialize_with = "text")]
    pub recording_url: Option<String>,
    #[serde(default, deserialize_with = "analysis")]
    pub call_analysis: Option<CallAnalysis>,
}

impl CallObject {
    /// Our own id of this call, when it carries one.
    pub fn our_call_id(&self) -> Option<CallId> {
        self.metadata.get(CALL_ID_KEY)?.as_str()?.parse().ok()
    }
}

impl fmt::Debug for CallObject {
    /// Without numbers, transcript and analysis, which are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallObject")
            .field("call_id", &self.call_id)
            .field("call_status", &self.call_status)
            .field("disconnection_reason", &self.disconnection_reason)
            .field("analyzed", &self.call_analysis.is_some())
            .finish_non_exhaustive()
    }
}

/// What Retell's analysis of the conversation found.
#[derive(Clone, Default, PartialEq)]
pub struct CallAnalysis {
    pub call_summary: Option<String>,
    pub in_voicemail: Option<bool>,
    pub user_sentiment: Option<String>,
    pub call_successful: Option<bool>,
    /// Whatever the agent's post-call analysis defines.
    pub custom_analysis_data: Map<String, Value>,
}

impl CallAnalysis {
    /// Reads an analysis; `None` when the value is not an object.
    fn of(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            call_summary: text("call_summary"),
            in_voicemail: object.get("in_voicemail").and_then(truth),
            user_sentiment: text("user_sentiment"),
            call_successful: object.get("call_successful").and_then(truth),
            custom_analysis_data: object
                .get("custom_analysis_data")
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default(),
        })
    }

    /// Whether nothing at all was found, as in a read before the analysis was made.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The webhook's envelope around a call.
#[derive(Deserialize)]
pub(super) struct CallEvent {
    pub(super) event: Option<String>,
    pub(super) call: Option<CallObject>,
}

/// The body of `POST /v2/create-phone-call`.
#[derive(Serialize)]
pub(super) struct CreatePhoneCall<'a> {
    pub(super) from_number: &'a str,
    pub(super) to_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) override_agent_id: Option<&'a str>,
    pub(super) retell_llm_dynamic_variables: &'a BTreeMap<String, String>,
    /// Flat strings only: filtering by nested values is not known to work.
    pub(super) metadata: BTreeMap<&'static str, String>,
}

/// One page of `POST /v3/list-calls`.
#[derive(Deserialize)]
pub(super) struct CallPage {
    /// Read one by one, so that one odd call does not hide the others.
    pub(super) items: Vec<Value>,
    #[serde(default)]
    pub(super) has_more: Option<bool>,
    #[serde(default, deserialize_with = "text")]
    pub(super) pagination_key: Option<String>,
}

/// The filter of `POST /v3/list-calls` for one of our calls.
pub(super) fn our_call_filter(call_id: CallId) -> Value {
    json!({"metadata": [{"key": CALL_ID_KEY, "type": "string", "op": "eq", "value": call_id.to_string()}]})
}

/// The filter of `POST /v3/list-calls` for a number. Without a time: a call that never connected
/// may lack the start by which times are compared.
pub(super) fn number_filter(to_number: &str) -> Value {
    json!({"to_number": {"type": "string", "op": "eq", "value": to_number}})
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    // `as` saturates, and milliseconds lose nothing in an f64.
    let number = value
        .as_i64()
        .or_else(|| value.as_f64().map(|number| number as i64));
    Ok(number.or_else(|| value.as_str().and_then(|text| text.trim().parse().ok())))
}

fn analysis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<CallAnalysis>, D::Error> {
    Ok(CallAnalysis::of(&Value::deserialize(deserializer)?))
}
