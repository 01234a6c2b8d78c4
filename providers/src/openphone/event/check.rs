//! What an event of a known type has to say: what it is about. The rest of it may be missing or new.

use serde_json::Value;

use crate::{
    json::{
        Json,
        needed::{list_of, text, words},
    },
    outline::ParseProblem,
};

const ID: &[&str] = &["data.resource.id", "data.object.id", "resource.id"];

/// Of what comes after a call.
const CALL_ID: &[&str] = &[
    "data.resource.callId",
    "data.object.callId",
    "resource.callId",
];

/// OpenPhone has the numbers in the object, Quo in the context.
const FROM: &[&str] = &[
    "data.context.senderIdentifier",
    "data.object.from",
    "context.senderIdentifier",
];
const TO: &[&str] = &[
    "data.context.recipientIdentifiers",
    "data.object.to",
    "context.recipientIdentifiers",
];

const TEXT: &[&str] = &[
    "data.resource.text",
    "data.object.text",
    "data.object.body",
    "resource.text",
];
const MEDIA: &[&str] = &["data.resource.media", "data.object.media", "resource.media"];

pub(super) fn check(event_type: &str, json: Json<'_>) -> Result<(), ParseProblem> {
    // An envelope without an id is known by its delivery's.
    if json.at("id").exists() {
        json.needed(&["id"], words)?;
    }
    match event_type {
        "message.received" | "message.delivered" | "message.failed" | "message.undelivered" => {
            message(json)
        }
        "call.ringing"
        | "call.answered"
        | "call.completed"
        | "call.forwarded"
        | "call.missed"
        | "call.recording.completed"
        | "contact.updated"
        | "contact.deleted" => json.needed(ID, text).map(drop),
        "call.voicemail.completed" | "call.summary.completed" | "call.transcript.completed" => {
            json.needed(CALL_ID, text).map(drop)
        }
        _ => Ok(()),
    }
}

fn message(json: Json<'_>) -> Result<(), ParseProblem> {
    json.needed(ID, text)?;
    json.needed(FROM, text)?;
    json.needed(TO, recipients)?;
    match json.needed(TEXT, words) {
        // A picture may come without words.
        Err(ParseProblem::Missing(_)) if json.first(MEDIA).items().next().is_some() => Ok(()),
        text => text.map(drop),
    }
}

/// One number, or a list of them.
fn recipients(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(_) => list_of(value, text),
        _ => text(value).map(|to| vec![to]),
    }
}
