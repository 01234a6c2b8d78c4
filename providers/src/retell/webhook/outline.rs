//! The minimal reading of a webhook body: enough to store it once and to know which call to wake.

use std::fmt;

use domain::ids::CallId;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{
    outline::{ParseProblem, hash, name, required},
    retell::{CALL_ID_KEY, function},
};

/// Events that say something about one call, and are of no use without its id.
const CALL_EVENTS: &[&str] = &[
    "call_started",
    "call_ended",
    "call_analyzed",
    "transcript_updated",
    "transfer_started",
    "transfer_bridged",
    "transfer_cancelled",
    "transfer_ended",
];

/// What ingress needs to know of an event before it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The event's name as sent, known or not.
    pub event: String,
    /// Retell's id of the call or chat. Absent only in events of a kind that has none.
    pub provider_call_id: Option<String>,
    /// Our own id, when the call is one of ours.
    pub call_id: Option<CallId>,
    /// The same for the same delivery sent again. Retell sends no delivery id and may sign a
    /// retry afresh, so this is made of the event, the call and the body's hash; the hash lets a
    /// second, different analysis of one call through.
    pub dedupe_key: String,
}

impl From<Outline> for crate::outline::Outline {
    fn from(outline: Outline) -> Self {
        Self {
            event_type: outline.event,
            dedupe_key: outline.dedupe_key,
            call_id: outline.call_id,
            provider_call_id: outline.provider_call_id,
        }
    }
}

/// Reads the outline of an event. Unknown events and unknown keys are fine.
pub fn outline(body: &[u8]) -> Result<Outline, ParseProblem> {
    let envelope: Envelope = serde_json::from_slice(body)?;
    let event = match (&envelope.event, envelope.name, envelope.args) {
        // A function of an agent comes to the same address, without the name of an event.
        (None, Some(_), Some(_)) => function::KIND.to_owned(),
        (event, ..) => required(event.as_deref(), "event")?,
    };
    let call = envelope.call.unwrap_or_default();
    let provider_call_id = match name(call.call_id.as_deref(), "call.call_id")? {
        Some(id) => Some(id),
        None if CALL_EVENTS.contains(&event.as_str()) => {
            return Err(ParseProblem::Missing("call.call_id"));
        }
        None => {
            let chat = envelope.chat.and_then(|chat| chat.chat_id);
            name(chat.as_deref(), "chat.chat_id")?
        }
    };
    let dedupe_key = dedupe_key(&event, provider_call_id.as_deref(), body);
    Ok(Outline {
        event,
        provider_call_id,
        call_id: call.metadata.call_id,
        dedupe_key,
    })
}

fn dedupe_key(event: &str, subject: Option<&str>, body: &[u8]) -> String {
    format!("retell:{event}:{}:{}", subject.unwrap_or("-"), hash(body))
}

#[derive(Deserialize)]
struct Envelope {
    event: Option<String>,
    call: Option<CallPart>,
    chat: Option<ChatPart>,
    name: Option<IgnoredAny>,
    args: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
struct CallPart {
    call_id: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct ChatPart {
    chat_id: Option<String>,
}

/// Our call id out of metadata that may hold anything: other people's calls carry theirs.
#[derive(Default)]
struct Metadata {
    call_id: Option<CallId>,
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MetadataVisitor)
    }
}

struct MetadataVisitor;

impl<'de> Visitor<'de> for MetadataVisitor {
    type Value = Metadata;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Metadata, A::Error> {
        let mut call_id = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == CALL_ID_KEY {
                call_id = map
                    .next_value::<Text>()?
                    .0
                    .and_then(|text| text.parse().ok());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Metadata { call_id })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Metadata, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| Metadata::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Metadata, E> {
        Ok(Metadata::default())
    }

    fn visit_unit<E>(self) -> Result<Metadata, E> {
        Ok(Metadata::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Metadata, E> {
        Ok(Metadata::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Metadata, E> {
        Ok(Metadata::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Metadata, E> {
        Ok(Metadata::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Metadata, E> {
        Ok(Metadata::default())
    }
}

/// A string, or `None` for a value of any other kind.
struct Text(Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Self(value.as_str().map(str::to_owned)))
    }
}

#[cfg(test)]
#[path = "outline_tests.rs"]
mod tests;
