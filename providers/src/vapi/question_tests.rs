use super::*;
use crate::outline::MAX_NAME;

const CALL: &str = "7b0f2c1e-6a44-4a51-9d1a-0d5d6c1c2b3a";
const ASSISTANT_REQUEST: &str = r#"{"message":{"type":"assistant-request","timestamp":1767225540000,"call":{"id":"7b0f2c1e-6a44-4a51-9d1a-0d5d6c1c2b3a","orgId":"b3b8…","type":"inboundPhoneCall","status":"ringing","phoneNumberId":"9e8d7c6b-5a49-4838-a726-150403020100","customer":{"number":"+447700900123"},"createdAt":"2026-01-01T00:00:00.000Z"},"phoneNumber":{"id":"9e8d7c6b-5a49-4838-a726-150403020100","number":"+442079460000","provider":"twilio"},"customer":{"number":"+447700900123"}}}"#;
const TOOL_CALLS: &str = r#"{"message":{"type":"tool-calls","timestamp":1767225560000,"call":{"id":"7b0f2c1e-6a44-4a51-9d1a-0d5d6c1c2b3a"},"toolCallList":[{"id":"call_a1","type":"function","function":{"name":"check_room","arguments":"{\"date\":\"2026-01-06\"}"}}],"toolWithToolCallList":[{"type":"function","name":"check_room","toolCall":{"id":"call_a1","type":"function","function":{"name":"check_room","arguments":"{\"date\":\"2026-01-06\"}"}}}]}}"#;

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn object(json: Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

fn message(inside: &str) -> Question {
    read(format!(r#"{{"message":{{{inside}}}}}"#).as_bytes()).unwrap()
}

fn tools(inside: &str) -> ToolQuestion {
    match message(inside) {
        Question::Tools(question) => question,
        other => panic!("{inside}: {other:?}"),
    }
}

#[test]
fn a_question_for_an_assistant_is_read() {
    let asked = |from| AssistantQuestion {
        provider_call_id: text(CALL),
        assistant_id: None,
        phone_number_id: text("9e8d7c6b-5a49-4838-a726-150403020100"),
        from_number: from,
        to_number: text("+442079460000"),
    };
    let outside = r#""customer":{"number":"+447700900123"}}}"#;
    let inside = r#""customer":{"number":"+447700900123"},"createdAt""#;
    for (body, from) in [
        (ASSISTANT_REQUEST.to_owned(), text("+447700900123")),
        (
            ASSISTANT_REQUEST.replace(outside, r#""customer":{"number":""}}}"#),
            text("+447700900123"),
        ),
        (
            ASSISTANT_REQUEST.replace(outside, r#""customer":null}}"#),
            text("+447700900123"),
        ),
        (
            ASSISTANT_REQUEST.replace(inside, r#""createdAt""#),
            text("+447700900123"),
        ),
        (
            ASSISTANT_REQUEST.replace("+447700900123", "anonymous"),
            text("anonymous"),
        ),
        (ASSISTANT_REQUEST.replace("+447700900123", ""), None),
    ] {
        let question = read(body.as_bytes()).unwrap();
        assert_eq!(question, Question::Assistant(asked(from)), "{body}");
    }
}

#[test]
fn what_a_question_for_an_assistant_lacks_is_absent() {
    for inside in [
        r#""type":"assistant-request""#,
        r#""type":"assistant-request","call":[],"phoneNumber":"+442079460000","customer":{"number":{}}"#,
    ] {
        assert_eq!(
            message(inside),
            Question::Assistant(AssistantQuestion::default())
        );
    }
    let other_places =
        r#""type":"assistant-request","call":{"assistantId":"a1","phoneNumberId":"n1"}"#;
    let Question::Assistant(question) = message(other_places) else {
        panic!();
    };
    assert_eq!(question.assistant_id, text("a1"));
    assert_eq!(question.phone_number_id, text("n1"));
}

#[test]
fn tool_calls_are_read_in_each_of_their_shapes() {
    for list in [
        r#""toolCallList":[{"id":"call_a1","function":{"name":"check_room","arguments":"{\"date\":\"2026-01-06\"}"}}]"#,
        r#""toolCallList":[{"id":"call_a1","function":{"name":"check_room","arguments":{"date":"2026-01-06"}}}]"#,
        r#""toolCallList":[{"id":"call_a1","name":"check_room","arguments":"{\"date\":\"2026-01-06\"}"}]"#,
        r#""toolCallList":[{"id":"call_a1","name":"check_room","arguments":{"date":"2026-01-06"}}]"#,
        r#""toolCallList":[{"id":"call_a1","name":"check_room","parameters":"{\"date\":\"2026-01-06\"}"}]"#,
        r#""toolCallList":[{"id":"call_a1","name":"check_room","parameters":{"date":"2026-01-06"}}]"#,
        r#""toolCallList":[],"toolWithToolCallList":[{"toolCall":{"id":"call_a1","name":"check_room","parameters":{"date":"2026-01-06"}}}]"#,
        r#""toolCallList":null,"toolWithToolCallList":[{"name":"check_room","parameters":{"type":"object"},"toolCall":{"id":"call_a1","parameters":{"date":"2026-01-06"}}}]"#,
        r#""toolWithToolCallList":[{"function":{"name":"check_room"},"toolCall":{"id":"call_a1","arguments":"{\"date\":\"2026-01-06\"}"}}]"#,
    ] {
        let asked = tools(&format!(
            r#""type":"tool-calls","call":{{"id":"c1"}},{list}"#
        ));
        assert_eq!(asked.provider_call_id, text("c1"));
        let expected = ToolCall {
            id: text("call_a1"),
            name: text("check_room"),
            args: Some(object(json!({"date": "2026-01-06"}))),
        };
        assert_eq!(asked.calls, [expected], "{list}");
    }
    let Ok(Question::Tools(asked)) = read(TOOL_CALLS.as_bytes()) else {
        panic!();
    };
    assert_eq!(asked.provider_call_id, text(CALL));
    assert_eq!(asked.calls.len(), 1);
    assert_eq!(asked.calls[0].id, text("call_a1"));
}

#[test]
fn the_older_message_is_one_call_without_an_id() {
    let asked = tools(
        r#""type":"function-call","call":{"id":"c1"},"functionCall":{"name":"check_room","parameters":{"date":"2026-01-06"}}"#,
    );
    assert_eq!(
        asked,
        ToolQuestion {
            provider_call_id: text("c1"),
            call_id: None,
            calls: vec![ToolCall {
                id: None,
                name: text("check_room"),
                args: Some(object(json!({"date": "2026-01-06"}))),
            }],
        }
    );
}

#[test]
fn a_call_that_we_placed_is_known_by_our_own_id() {
    let id = "cal_019a0000000070008000000000000001";
    for call in [
        format!(r#""id":"c1","name":"{id}""#),
        format!(r#""id":"c1","assistantOverrides":{{"metadata":{{"bellhop_call_id":"{id}"}}}}"#),
    ] {
        let asked = tools(&format!(r#""type":"tool-calls","call":{{{call}}}"#));
        assert_eq!(asked.call_id, id.parse().ok(), "{call}");
    }
}

#[test]
fn arguments_that_are_no_object_spoil_only_their_own_call() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let deep = format!(r#""{{\"a\":{deep}}}""#);
    for (arguments, readable) in [
        ("{}", true),
        (r#""""#, true),
        (r#""  ""#, true),
        (r#""{}""#, true),
        (r#""null""#, true),
        ("null", true),
        (r#""{""#, false),
        (r#""date=2026-01-06""#, false),
        (r#""[]""#, false),
        (r#""{} {}""#, false),
        ("[]", false),
        ("7", false),
        ("false", false),
        (deep.as_str(), false),
    ] {
        let asked = tools(&format!(
            r#""type":"tool-calls","toolCallList":[{{"id":"t1","name":"a","arguments":{arguments}}},{{"id":"t2","name":"b","arguments":{{"x":1}}}}]"#
        ));
        let args = readable.then(Map::new);
        let (id, name) = (text("t1"), text("a"));
        assert_eq!(asked.calls[0], ToolCall { id, name, args }, "{arguments}");
        assert_eq!(asked.calls[1].args, Some(object(json!({"x": 1}))));
    }
}

#[test]
fn odd_entries_are_kept_so_that_each_is_answered() {
    let long = "x".repeat(10_000);
    let asked = tools(&format!(
        r#""type":"tool-calls","toolCallList":["t0",null,{{}},{{"id":7,"name":8}},{{"id":"{long}","name":"a\u0000\nb"}}]"#
    ));
    let seen = asked.calls.iter();
    let seen: Vec<_> = seen
        .map(|call| (call.id.as_deref(), call.name.as_deref()))
        .collect();
    assert_eq!(
        seen,
        [
            (None, None),
            (None, None),
            (None, None),
            (Some("7"), Some("8")),
            (Some(long.as_str()), Some("a\0\nb")),
        ]
    );
    assert!(tools(r#""type":"tool-calls""#).calls.is_empty());
    assert!(
        tools(r#""type":"tool-calls","toolCallList":{"id":"t1"}"#)
            .calls
            .is_empty()
    );
    assert_eq!(tools(r#""type":"function-call""#).calls.len(), 1);
}

#[test]
fn other_messages_are_no_question() {
    for kind in ["hang", "status-update", "transfer-destination-request", "x"] {
        assert_eq!(message(&format!(r#""type":"{kind}""#)), Question::Other);
    }
    for body in [
        "{}",
        "[]",
        "null",
        r#"{"type":"tool-calls"}"#,
        r#"{"message":{"type":{}}}"#,
    ] {
        assert_eq!(
            read(body.as_bytes()),
            Err(ParseProblem::Missing("message.type")),
            "{body}"
        );
    }
    for body in [&b""[..], b"{", b"\0", b"{\"message\":{\"type\":\"\xff\"}}"] {
        assert!(matches!(read(body), Err(ParseProblem::NotJson { .. })));
    }
}

#[test]
fn names_too_long_for_a_key_are_refused() {
    let long = "x".repeat(MAX_NAME + 1);
    for (kind, part, field) in [
        (
            "assistant-request",
            json!({"call": {"id": long}}),
            "message.call.id",
        ),
        (
            "tool-calls",
            json!({"call": {"id": long}}),
            "message.call.id",
        ),
        (
            "function-call",
            json!({"call": {"id": long}}),
            "message.call.id",
        ),
        (
            "assistant-request",
            json!({"call": {"assistantId": long}}),
            "message.call.assistantId",
        ),
        (
            "assistant-request",
            json!({"phoneNumber": {"id": long}}),
            "message.phoneNumber.id",
        ),
        (
            "assistant-request",
            json!({"phoneNumber": {"number": long}}),
            "message.phoneNumber.number",
        ),
        (
            "assistant-request",
            json!({"customer": {"number": long}}),
            "message.customer.number",
        ),
    ] {
        let mut part = part;
        part["type"] = kind.into();
        let body = json!({"message": part}).to_string();
        assert_eq!(read(body.as_bytes()), Err(ParseProblem::TooLong(field)));
    }
}

#[test]
fn depth_and_size_do_no_harm() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let body = format!(r#"{{"message":{{"type":"tool-calls","x":{deep}}}}}"#);
    assert!(matches!(
        read(body.as_bytes()),
        Err(ParseProblem::NotJson { .. })
    ));
    let huge = "a".repeat(5_000_000);
    let asked = tools(&format!(
        r#""type":"tool-calls","artifact":{{"transcript":"{huge}"}},"toolCallList":[{{"id":"t1"}}]"#
    ));
    assert_eq!(asked.calls.len(), 1);
}

#[test]
fn an_invocation_is_told_by_ids_name_and_arguments() {
    let of = |call: &str, id: Option<&str>, args: &str| {
        let id = id.map_or(String::new(), |id| format!(r#""id":"{id}","#));
        let asked = tools(&format!(
            r#""type":"tool-calls","call":{{"id":"{call}"}},"toolCallList":[{{{id}"name":"book","arguments":{args}}}]"#
        ));
        asked.invocation(&asked.calls[0])
    };
    let key = of("c1", Some("t1"), r#"{"a":1,"b":{"x":1,"y":2}}"#);
    assert_eq!(
        key,
        of(
            "c1",
            Some("t1"),
            r#""{ \"b\": {\"y\":2, \"x\":1}, \"a\": 1}""#
        )
    );
    let others = [
        of("c2", Some("t1"), r#"{"a":1,"b":{"x":1,"y":2}}"#),
        of("c1", Some("t2"), r#"{"a":1,"b":{"x":1,"y":2}}"#),
        of("c1", None, r#"{"a":1,"b":{"x":1,"y":2}}"#),
        of("c1", Some("t1"), r#"{"a":1,"b":{"x":1,"y":3}}"#),
        of("c1", Some("t1"), r#"{"a":"1","b":{"x":1,"y":2}}"#),
        of("c1", Some("t1"), "{}"),
        of("c1", Some("t1"), "7"),
    ];
    let mut keys: std::collections::BTreeSet<_> = others.iter().collect();
    keys.insert(&key);
    assert_eq!(keys.len(), others.len() + 1);
}

#[test]
fn nothing_prints_what_is_about_a_person() {
    let call = &tools(
        r#""type":"tool-calls","toolCallList":[{"id":"t1","name":"book","arguments":{"who":"Ada"}}]"#,
    )
    .calls[0];
    let results = [
        call.result(Ok("Ada is booked".into())),
        call.result(Err("Ada is unknown".to_owned())),
    ];
    let assistant = read(ASSISTANT_REQUEST.as_bytes());
    let printed = format!("{call:?} {results:?} {assistant:?}");
    assert!(printed.contains("t1") && printed.contains("book") && printed.contains(CALL));
    for private in ["Ada", "77009", "20794"] {
        assert!(!printed.contains(private), "{printed}");
    }
}
