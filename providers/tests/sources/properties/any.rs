//! Any input, event, secret and id.

use proptest::prelude::*;
use providers::source::SourceKind;
use serde_json::{Value, json};

/// Text that every kind of source takes for a secret, since it is base64.
pub(super) fn any_secret() -> impl Strategy<Value = String> {
    "[A-Za-z0-9]{8}{1,8}"
}

pub(super) fn any_id() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_-]{1,40}"
}

/// JSON of the shapes that the readers look for, with anything in the places of what they expect.
pub(super) fn any_event() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let key =
            prop_oneof![4 => prop::sample::select(KEYS).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..8).prop_map(|map| json!(map)),
        ]
    })
}

const KEYS: &[&str] = &[
    "type",
    "event",
    "message",
    "call",
    "call_id",
    "id",
    "data",
    "object",
    "resource",
    "context",
    "status",
    "timestamp",
    "metadata",
    "bellhop_call_id",
    "assistantOverrides",
    "toolCallList",
    "function",
    "arguments",
    "artifact",
    "analysis",
    "token",
    "ids",
    "module",
    "operation",
    "server_time",
    "channel_id",
    "affected_fields",
    "hook_event_name",
    "payload",
    "session_id",
    "tool_use_id",
    "event_id",
    "participants",
    "dialogue",
    "media",
    "direction",
    "to",
    "from",
];

const WORDS: &[&str] = &[
    "message.received",
    "call.completed",
    "call.summary.completed",
    "call.transcript.completed",
    "call.voicemail.completed",
    "contact.deleted",
    "end-of-call-report",
    "status-update",
    "tool-calls",
    "function-call",
    "transcript",
    "call_ended",
    "call_analyzed",
    "incoming",
    "2026-01-01T00:00:00Z",
    "PostToolUse",
    "SessionStart",
    "update",
    "cal_019a0000000070008000000000000001",
    "1767225600000",
];

/// An input of the fuzzers: mostly of a known source with its headers, and any body.
pub(super) fn any_input() -> impl Strategy<Value = Vec<u8>> {
    let code = prop_oneof![
        prop::sample::select(&SourceKind::ALL[..]).prop_map(|kind| kind.code().to_owned()),
        Just(String::new()),
    ];
    let name = prop::sample::select(
        &[
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
            "svix-id",
            "svix-timestamp",
            "svix-signature",
            "authorization",
            "x-retell-signature",
            "openphone-signature",
            "x-twilio-signature",
            "x-signature",
            "x-timestamp",
            "x-vapi-secret",
        ][..],
    );
    let value = prop_oneof![
        "[ -~]{0,40}",
        Just("1767225600".to_owned()),
        Just("hmac;1;1767225600000;AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
        Just("v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
        Just("v=1767225600000,d=00".to_owned()),
        Just("Bearer corpus-secret".to_owned()),
    ];
    let headers = prop::collection::vec((name, value), 0..6);
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        any_event().prop_map(|event| event.to_string().into_bytes()),
        any_event().prop_map(|event| json!({"message": event}).to_string().into_bytes()),
        (0usize..400).prop_map(|depth| ["[".repeat(depth), "{\"a\":".repeat(depth)]
            .concat()
            .into_bytes()),
        "([A-Za-z]{0,10}=[ -~]{0,10}&){0,8}".prop_map(String::into_bytes),
    ];
    (code, "/[ -~]{0,30}", headers, body).prop_map(|(code, path, headers, body)| {
        let headers: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\n"))
            .collect();
        [format!("{code}\n{path}\n{headers}\n").into_bytes(), body].concat()
    })
}
