//! Texts, calls and contacts at OpenPhone and Quo.

use providers::source::SourceKind;
use serde_json::{Value, json};

use super::{broken, read};

fn with_type(event: &Value, pointer: &str, event_type: &str) -> Value {
    let mut event = event.clone();
    *event.pointer_mut(pointer).unwrap() = event_type.into();
    event
}

#[test]
fn a_text_has_its_id_numbers_and_words() {
    let quo = json!({"id": "EV1", "apiVersion": "2026-03-30", "type": "message.received", "data": {
        "resource": {"id": "AC5", "direction": "incoming", "text": "Hello", "media": [], "status": "received"},
        "context": {"senderIdentifier": "+447700900123", "recipientIdentifiers": ["+442079460000"]},
    }});
    for event_type in [
        "message.received",
        "message.delivered",
        "message.failed",
        "message.undelivered",
    ] {
        let quo = with_type(&quo, "/type", event_type);
        broken(
            SourceKind::Quo,
            &quo,
            &[
                ("/type", json!(7), "`type` is not of the expected form"),
                ("/id", json!({}), "`id` is not of the expected form"),
                ("/data", json!(5), "`data` is not of the expected form"),
                ("/data", json!(null), "`data` is missing"),
                (
                    "/data/resource",
                    json!("no"),
                    "`data.resource` is not of the expected form",
                ),
                (
                    "/data/resource/id",
                    json!(null),
                    "`data.resource.id` is missing",
                ),
                (
                    "/data/resource/id",
                    json!(5),
                    "`data.resource.id` is not of the expected form",
                ),
                (
                    "/data/resource/text",
                    json!(null),
                    "`data.resource.text` is missing",
                ),
                (
                    "/data/resource/text",
                    json!({}),
                    "`data.resource.text` is not of the expected form",
                ),
                ("/data/context", json!(null), "`data.context` is missing"),
                (
                    "/data/context/senderIdentifier",
                    json!(null),
                    "`data.context.senderIdentifier` is missing",
                ),
                (
                    "/data/context/recipientIdentifiers",
                    json!([5]),
                    "`data.context.recipientIdentifiers` is not of the expected form",
                ),
            ],
        );
    }
    let v3 = json!({"id": "EV1", "object": "event", "apiVersion": "v3", "type": "message.received", "data": {"object": {
        "id": "AC5", "from": "+447700900123", "to": "+442079460000", "direction": "incoming", "body": "Hello", "media": [],
    }}});
    for event_type in ["message.received", "message.delivered"] {
        let v3 = with_type(&v3, "/type", event_type);
        broken(
            SourceKind::OpenPhone,
            &v3,
            &[
                (
                    "/data/object",
                    json!("no"),
                    "`data.object` is not of the expected form",
                ),
                (
                    "/data/object/id",
                    json!(null),
                    "`data.object.id` is missing",
                ),
                (
                    "/data/object/from",
                    json!(null),
                    "`data.object.from` is missing",
                ),
                (
                    "/data/object/to",
                    json!({}),
                    "`data.object.to` is not of the expected form",
                ),
                (
                    "/data/object/body",
                    json!(7),
                    "`data.object.body` is not of the expected form",
                ),
            ],
        );
    }
}

#[test]
fn a_picture_needs_no_words() {
    for (media, ok) in [
        (json!([{"url": "https://m.example/1"}]), true),
        (json!([]), false),
    ] {
        let event = json!({"type": "message.received", "data": {"object":
            {"id": "AC5", "from": "+447700900123", "to": ["+442079460000"], "text": null, "media": media}}});
        assert_eq!(
            read(SourceKind::OpenPhone, event.to_string().as_bytes()).is_ok(),
            ok
        );
    }
}

#[test]
fn what_is_about_a_call_or_a_contact_has_its_id() {
    for (event_type, key) in [
        ("call.ringing", "id"),
        ("call.answered", "id"),
        ("call.completed", "id"),
        ("call.forwarded", "id"),
        ("call.missed", "id"),
        ("call.recording.completed", "id"),
        ("call.voicemail.completed", "callId"),
        ("call.summary.completed", "callId"),
        ("call.transcript.completed", "callId"),
        ("contact.updated", "id"),
        ("contact.deleted", "id"),
    ] {
        for (kind, holder) in [
            (SourceKind::Quo, "resource"),
            (SourceKind::OpenPhone, "object"),
        ] {
            let event = json!({"id": "EV1", "type": event_type, "data": {holder: {key: "AC1"}}});
            let (pointer, path) = (format!("/data/{holder}"), format!("`data.{holder}"));
            let id = format!("{pointer}/{key}");
            broken(
                kind,
                &event,
                &[
                    ("/data", json!(null), "`data` is missing"),
                    ("/data", json!(5), "`data` is not of the expected form"),
                    (
                        &pointer,
                        json!("no"),
                        &format!("{path}` is not of the expected form"),
                    ),
                    (&id, json!(null), &format!("{path}.{key}` is missing")),
                    (
                        &id,
                        json!(""),
                        &format!("{path}.{key}` is not of the expected form"),
                    ),
                ],
            );
        }
        let at_top = json!({"type": event_type, "resource": {key: "AC1"}});
        let pointer = format!("/resource/{key}");
        let words = format!("`resource.{key}` is not of the expected form");
        broken(SourceKind::Quo, &at_top, &[(&pointer, json!([]), &words)]);
    }
}
