//! The full reading: what the vendors document is read, and where an event of a known type is broken the problem
//! names the field.

mod openphone;

use std::{fs, path::Path};

use providers::{
    agent, quo, retell,
    source::{ParseProblem, SourceKind, stored_body},
    standard_webhooks, twilio, vapi, zoho,
};
use serde_json::{Value, json};

fn read(kind: SourceKind, body: &[u8]) -> Result<(), ParseProblem> {
    match kind {
        SourceKind::Vapi => vapi::webhook::read(body).map(drop),
        SourceKind::OpenPhone => providers::openphone::webhook::read(body).map(drop),
        SourceKind::Quo => quo::webhook::read(body).map(drop),
        SourceKind::Zoho => zoho::webhook::read(body).map(drop),
        SourceKind::Agent => agent::webhook::read(body).map(drop),
        SourceKind::Retell => match retell::webhook::outline(body)?.event.as_str() {
            retell::function::KIND => retell::function::read(body).map(drop),
            _ => retell::observe_event(body, "outcome").map(drop),
        },
        SourceKind::StandardWebhooks => standard_webhooks::webhook::read(body).map(drop),
        SourceKind::Twilio => twilio::webhook::read(body).map(drop),
    }
}

/// Reads the event as it is, then broken in each way: what stands at a pointer replaced, or for null removed.
/// Expects the problem's words.
fn broken(kind: SourceKind, event: &Value, breaks: &[(&str, Value, &str)]) {
    assert_eq!(read(kind, event.to_string().as_bytes()), Ok(()), "{event}");
    for (pointer, with, words) in breaks {
        let mut event = event.clone();
        let (holder, key) = pointer.rsplit_once('/').unwrap();
        let holder = event.pointer_mut(holder).unwrap().as_object_mut().unwrap();
        match with {
            Value::Null => holder.remove(key),
            with => holder.insert(key.to_owned(), with.clone()),
        };
        let problem = read(kind, event.to_string().as_bytes()).unwrap_err();
        assert_eq!(problem.to_string(), *words, "{event}");
    }
}

#[test]
fn every_documented_sample_is_read_as_it_came_and_as_it_is_stored() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus/read");
    let mut samples = 0;
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().to_string_lossy().into_owned();
        let kind = name.split_once('-').map(|(code, _)| code);
        let Some(kind) = kind.and_then(SourceKind::from_code) else {
            continue;
        };
        // Their bodies may be anything, and are kept unread.
        if kind == SourceKind::StandardWebhooks {
            continue;
        }
        let input = fs::read(file.path()).unwrap();
        let head = input.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let body = &input[head + 2..];
        assert_eq!(read(kind, body), Ok(()), "{name}");
        assert_eq!(read(kind, &stored_body(kind, body)), Ok(()), "{name}");
        if let Some(fields) = body.strip_prefix(b"{") {
            // A program that cut a text in the middle of a sign writes such a half of it.
            let cut = [br#"{"cut":"\ud83d","#, fields].concat();
            assert_eq!(read(kind, &stored_body(kind, &cut)), Ok(()), "{name}");
        }
        samples += 1;
    }
    assert!(samples >= 30, "{samples}");
}

#[test]
fn a_vapi_message_about_a_call_has_its_id() {
    for event_type in [
        "assistant-request",
        "conversation-update",
        "end-of-call-report",
        "function-call",
        "hang",
        "speech-update",
        "status-update",
        "tool-calls",
        "transcript",
        r#"transcript[transcriptType="final"]"#,
        "transfer-destination-request",
    ] {
        let event = json!({"message": {"type": event_type, "status": "ended", "toolCallList": [{"id": "t1"}],
            "call": {"id": "c1"}}});
        broken(
            SourceKind::Vapi,
            &event,
            &[
                (
                    "/message",
                    json!(7),
                    "`message` is not of the expected form",
                ),
                (
                    "/message/type",
                    json!(7),
                    "`message.type` is not of the expected form",
                ),
                (
                    "/message/call",
                    json!(7),
                    "`message.call` is not of the expected form",
                ),
                ("/message/call", json!(null), "`message.call` is missing"),
                (
                    "/message/call/id",
                    json!(null),
                    "`message.call.id` is missing",
                ),
                (
                    "/message/call/id",
                    json!({}),
                    "`message.call.id` is not of the expected form",
                ),
            ],
        );
        let mut of_chat = event.clone();
        of_chat["message"]["call"].take();
        of_chat["message"]["chat"] = json!({"id": "chat1"});
        assert_eq!(
            read(SourceKind::Vapi, of_chat.to_string().as_bytes()),
            Ok(())
        );
    }
}

#[test]
fn a_vapi_status_and_its_tool_calls_are_told() {
    let status =
        json!({"message": {"type": "status-update", "status": "ended", "call": {"id": "c1"}}});
    broken(
        SourceKind::Vapi,
        &status,
        &[
            (
                "/message/status",
                json!(null),
                "`message.status` is missing",
            ),
            (
                "/message/status",
                json!(5),
                "`message.status` is not of the expected form",
            ),
        ],
    );
    let tools = json!({"message": {"type": "tool-calls", "toolCallList": [{"id": "t1"}], "call": {"id": "c1"}}});
    let (missing, odd) = (
        "`message.toolCallList` is missing",
        "`message.toolCallList` is not of the expected form",
    );
    broken(
        SourceKind::Vapi,
        &tools,
        &[
            ("/message/toolCallList", json!(null), missing),
            ("/message/toolCallList", json!([]), odd),
            (
                "/message/toolCallList",
                json!([{"id": "t1"}, {"id": 5}]),
                odd,
            ),
        ],
    );
}

#[test]
fn a_zoho_notification_says_what_happened_to_which_records() {
    let event = json!({"module": "Contacts", "ids": ["4876876000000123"], "operation": "update",
        "channel_id": "1000000068001"});
    broken(
        SourceKind::Zoho,
        &event,
        &[
            ("/module", json!(null), "`module` is missing"),
            ("/module", json!(5), "`module` is not of the expected form"),
            ("/operation", json!(null), "`operation` is missing"),
            (
                "/operation",
                json!(["update"]),
                "`operation` is not of the expected form",
            ),
            ("/channel_id", json!(null), "`channel_id` is missing"),
            (
                "/channel_id",
                json!({}),
                "`channel_id` is not of the expected form",
            ),
            ("/ids", json!(null), "`ids` is missing"),
            (
                "/ids",
                json!("4876876000000123"),
                "`ids` is not of the expected form",
            ),
            ("/ids", json!([1, {}]), "`ids` is not of the expected form"),
        ],
    );
}

#[test]
fn what_is_of_an_unknown_type_or_has_odd_extras_is_read() {
    for (kind, event) in [
        (SourceKind::Quo, json!({"type": "task.created", "data": 5})),
        (SourceKind::Quo, json!({"type": "call.menu.selected"})),
        (
            SourceKind::OpenPhone,
            json!({"type": "message.scheduled", "data": {"object": 5}}),
        ),
        (
            SourceKind::Vapi,
            json!({"message": {"type": "mood-update", "call": 7}}),
        ),
        (
            SourceKind::Vapi,
            json!({"message": {"type": "hang", "call": {"id": "c1", "status": 5}, "timestamp": {}}}),
        ),
        (
            SourceKind::Quo,
            json!({"type": "call.missed", "createdAt": 7, "data": {"new": 1, "context": 5,
            "resource": {"id": "AC1", "direction": [], "duration": "x", "recordings": 5}}}),
        ),
        (
            SourceKind::Zoho,
            json!({"module": "M", "ids": [], "operation": "merged", "channel_id": 1,
            "server_time": "x", "affected_fields": 5}),
        ),
    ] {
        assert_eq!(read(kind, event.to_string().as_bytes()), Ok(()), "{event}");
    }
}
