use serde_json::{Value as Json, json};

use super::*;

fn body(bytes: &[u8], cut: Option<Cut>) -> Json {
    let client = Client {
        id: "laptop".to_owned(),
        version: "1.2.3",
        host: "host".to_owned(),
    };
    let at = "2026-08-01T12:00:00Z".parse().unwrap();
    let input = Input {
        bytes: bytes.to_vec(),
        cut,
    };
    let event = Event::new(&client, at, Some(7), &input, &Redactor::new(&[], None)).unwrap();
    assert!(is_whole(&event.body));
    serde_json::from_slice(&event.body).unwrap()
}

#[test]
fn the_envelope_says_what_where_and_when() {
    let body = body(br#"{"hook_event_name":"Stop","session_id":"s1"}"#, None);
    let id: Uuid = serde_json::from_value(body["data"]["event_id"].clone()).unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(
        body,
        json!({
            "type": "agent.hook.Stop",
            "timestamp": "2026-08-01T12:00:00Z",
            "data": {
                "client": {"id": "laptop", "version": "1.2.3", "host": "host"},
                "event_id": id,
                "seq": 7,
                "payload": {"hook_event_name": "Stop", "session_id": "s1"},
            }
        })
    );
}

#[test]
fn a_name_that_cannot_be_told_is_unknown() {
    for json in [
        r#"{}"#,
        r#"{"hook_event_name":7}"#,
        r#"{"hook_event_name":""}"#,
        r#"{"hook_event_name":"../x"}"#,
        r#"{"x":{"hook_event_name":"Stop"}}"#,
        r#"[{"hook_event_name":"Stop"}]"#,
    ] {
        assert_eq!(
            body(json.as_bytes(), None)["type"],
            "agent.hook.unknown",
            "{json}"
        );
    }
}

#[test]
fn what_is_not_an_object_is_kept_as_text() {
    let table: [(&[u8], &str, &str); 5] = [
        (b"", "empty", ""),
        (b"hello", "not_json", "hello"),
        (b"[1,2]", "not_an_object", "[1,2]"),
        (b"\xff\x00", "not_json", "\u{fffd}\0"),
        (br#"{"a":"b"}}"#, "not_json", r#"{"a":"b"}}"#),
    ];
    for (bytes, reason, text) in table {
        let body = body(bytes, None);
        assert_eq!(body["data"]["incomplete"], reason);
        assert_eq!(body["data"]["payload"]["text"], text);
    }
}

#[test]
fn json_with_broken_characters_is_kept_as_json() {
    let body = body(
        b"\xef\xbb\xbf{\"hook_event_name\":\"Stop\",\"x\":\"\xff\"}",
        None,
    );
    assert_eq!(body["type"], "agent.hook.Stop");
    assert_eq!(body["data"]["incomplete"], "invalid_utf8");
    assert_eq!(body["data"]["payload"]["x"], "\u{fffd}");
}

#[test]
fn nesting_without_end_is_kept() {
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let client = Client {
        id: String::new(),
        version: "",
        host: String::new(),
    };
    let input = Input {
        bytes: deep.clone().into_bytes(),
        cut: None,
    };
    let redactor = Redactor::new(&[], None);
    let event = Event::new(&client, Timestamp::now(), None, &input, &redactor).unwrap();
    assert!(String::from_utf8(event.body).unwrap().contains(&deep));
}

#[test]
fn a_cut_event_keeps_its_head_and_its_short_fields_without_secrets() {
    let start = r#"{"session_id":"s1","hook_event_name":"PostToolUse","token":"t","long":""#;
    let text = format!("{start}{} sk-abcdefghijklmnopqrstuv", "x".repeat(2 << 20));
    let body = body(text.as_bytes(), Some(Cut::Size));
    assert_eq!(body["type"], "agent.hook.PostToolUse");
    assert_eq!(body["data"]["incomplete"], "too_large");
    let payload = &body["data"]["payload"];
    assert_eq!(payload["session_id"], "s1");
    assert_eq!(payload["token"], "[REDACTED]");
    let head = payload["text"].as_str().unwrap();
    assert_eq!(head.len(), MAX_TEXT);
    assert!(head.starts_with(r#"{"session_id":"s1""#));
    assert!(!body.to_string().contains(r#""t""#));
}

#[test]
fn a_writer_that_did_not_close_may_have_said_everything() {
    let whole = body(br#"{"hook_event_name":"Stop"}"#, Some(Cut::Time));
    assert_eq!(whole["data"].get("incomplete"), None);
    let half = body(br#"{"hook_event_name":"Stop","#, Some(Cut::Time));
    assert_eq!(half["data"]["incomplete"], "too_slow");
    assert_eq!(half["data"]["payload"]["hook_event_name"], "Stop");
}

#[test]
fn numbers_and_unknown_fields_go_through_as_they_are() {
    let json =
        r#"{"hook_event_name":"New","n":1.0e5,"big":123456789012345678901234567890,"a":null}"#;
    let client = Client {
        id: String::new(),
        version: "",
        host: String::new(),
    };
    let input = Input {
        bytes: json.into(),
        cut: None,
    };
    let redactor = Redactor::new(&[], None);
    let event = Event::new(&client, Timestamp::now(), None, &input, &redactor).unwrap();
    assert!(String::from_utf8(event.body).unwrap().contains(json));
}
