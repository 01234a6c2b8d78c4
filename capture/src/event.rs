//! One event, ready to be posted: what the hook was given, in an envelope.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, value::RawValue};
use uuid::Uuid;

use crate::{
    entry::Entry,
    input::{Cut, Input},
    redact::Redactor,
    strings,
};

/// Longest text, in bytes, that is kept of what is not a JSON object: escaped, it still fits the body that
/// the server takes.
const MAX_TEXT: usize = 512 << 10;
/// Longest field, in bytes, that is picked out of a cut event.
const MAX_FIELD: usize = 1 << 10;
const MAX_NAME: usize = 64;

/// Where an event comes from.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) version: &'static str,
    pub(crate) host: String,
}

pub(crate) struct Event {
    pub(crate) id: Uuid,
    /// The hook's name, `unknown` when it cannot be told.
    pub(crate) name: String,
    pub(crate) body: Vec<u8>,
}

#[derive(Serialize)]
struct Envelope<'a> {
    r#type: String,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    client: &'a Client,
    event_id: Uuid,
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    incomplete: Option<&'static str>,
    payload: &'a RawValue,
}

impl Event {
    /// `seq` counts the events of this client; `None` when it could not be counted.
    pub(crate) fn new(
        client: &Client,
        captured_at: Timestamp,
        seq: Option<u64>,
        input: &Input,
        redactor: &Redactor,
    ) -> Result<Self, serde_json::Error> {
        let payload = Payload::of(input, redactor)?;
        let id = Uuid::now_v7();
        let envelope = Envelope {
            r#type: format!("agent.hook.{}", payload.name),
            timestamp: captured_at,
            data: Data {
                client,
                event_id: id,
                seq,
                incomplete: payload.incomplete,
                payload: &payload.json,
            },
        };
        Ok(Self {
            id,
            body: serde_json::to_vec(&envelope)?,
            name: payload.name,
        })
    }

    pub(crate) fn entry(&self, due: Timestamp) -> Entry {
        Entry {
            id: self.id,
            event: self.name.clone(),
            bytes: self.body.len() as u64,
            tries: 0,
            due,
        }
    }
}

/// Whether these bytes are the body of one event.
pub(crate) fn is_whole(body: &[u8]) -> bool {
    body.starts_with(b"{") && serde_json::from_slice::<&RawValue>(body).is_ok()
}

struct Payload {
    json: Box<RawValue>,
    name: String,
    incomplete: Option<&'static str>,
}

impl Payload {
    fn of(input: &Input, redactor: &Redactor) -> Result<Self, serde_json::Error> {
        let text = String::from_utf8_lossy(&input.bytes);
        let trimmed = text.trim_start_matches('\u{feff}').trim();
        let is_object = trimmed.starts_with('{');
        // A writer that never closed its end may have said everything.
        let is_whole = input.cut != Some(Cut::Size)
            && is_object
            && serde_json::from_str::<&RawValue>(trimmed).is_ok();
        let name = if is_object { name_in(trimmed) } else { None };
        let (json, incomplete) = if is_whole {
            let damaged = matches!(text, std::borrow::Cow::Owned(_));
            (redactor.json(trimmed), damaged.then_some("invalid_utf8"))
        } else {
            let reason = match input.cut {
                Some(Cut::Size) => "too_large",
                Some(Cut::Time) => "too_slow",
                None if trimmed.is_empty() => "empty",
                None if serde_json::from_str::<&RawValue>(trimmed).is_ok() => "not_an_object",
                None => "not_json",
            };
            (salvaged(trimmed, is_object, redactor), Some(reason))
        };
        Ok(Self {
            json: RawValue::from_string(json)?,
            name: name.unwrap_or_else(|| "unknown".to_owned()),
            incomplete,
        })
    }
}

/// An object with the head of the text, and with the short fields that came before the cut: the server needs
/// the session they name.
fn salvaged(text: &str, is_object: bool, redactor: &Redactor) -> String {
    let mut fields = Map::new();
    if is_object {
        strings::values(text, |value| {
            if value.depth == 1 && value.text.len() <= MAX_FIELD {
                let redacted = redactor.value(&value);
                let text = redacted.unwrap_or_else(|| value.text.into_owned());
                if let Some(key) = value.key {
                    fields.insert(key.into_owned(), Value::String(text));
                }
            }
        });
    }
    let redacted = redactor.text(text);
    let end = redacted.floor_char_boundary(MAX_TEXT);
    let head = redacted.get(..end).unwrap_or_default();
    fields.insert("text".to_owned(), Value::String(head.to_owned()));
    Value::Object(fields).to_string()
}

fn name_in(json: &str) -> Option<String> {
    let mut name = None;
    strings::values(json, |value| {
        if name.is_none() && value.depth == 1 && value.key.as_deref() == Some("hook_event_name") {
            name = Some(value.text.into_owned());
        }
    });
    name.filter(|name| is_name(name))
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}

#[cfg(test)]
mod tests;
