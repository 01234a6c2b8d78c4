use proptest::prelude::*;

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

fn json_of(answer: Vec<u8>) -> Value {
    serde_json::from_slice(&answer).unwrap()
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
            calls: vec![ToolCall {
                id: None,
                name: text("check_room"),
                args: Some(object(json!({"date": "2026-01-06"}))),
            }],
        }
    );
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
fn an_assistant_answer_has_what_it_was_given_and_no_more() {
    let none = BTreeMap::new();
    let variables = BTreeMap::from([("first_name".to_owned(), "Ada".to_owned())]);
    let metadata = BTreeMap::from([("enquiry_id".to_owned(), "enq_91".to_owned())]);
    let id = "2f6c0a1e-1f0b-4f0b-8a8c-8f1f0c7d1a11";
    for (variables, metadata, expected) in [
        (&none, &none, json!({"assistantId": id})),
        (
            &variables,
            &none,
            json!({"assistantId":"2f6c0a1e-1f0b-4f0b-8a8c-8f1f0c7d1a11","assistantOverrides":{"variableValues":{"first_name":"Ada"}}}),
        ),
        (
            &variables,
            &metadata,
            json!({"assistantId": id, "assistantOverrides": {"variableValues": {"first_name": "Ada"}, "metadata": {"enquiry_id": "enq_91"}}}),
        ),
        (
            &none,
            &metadata,
            json!({"assistantId": id, "assistantOverrides": {"metadata": {"enquiry_id": "enq_91"}}}),
        ),
    ] {
        assert_eq!(json_of(assistant_answer(id, variables, metadata)), expected);
    }
}

#[test]
fn a_call_is_passed_on_or_refused_in_words() {
    assert_eq!(
        json_of(forward_answer("+442079460999")),
        json!({"destination":{"type":"number","number":"+442079460999","message":""}})
    );
    assert_eq!(
        json_of(spoken_error(
            "Sorry, we cannot take\nyour call at the moment."
        )),
        json!({"error":"Sorry, we cannot take your call at the moment."})
    );
}

#[test]
fn each_tool_call_is_answered_under_its_id_on_one_line() {
    let call = |id: &str| ToolCall {
        id: text(id),
        name: text("check_room"),
        args: Some(Map::new()),
    };
    let answer = tool_answer(&[
        call("call_a1").result(Ok("Tuesday 6 January is free until 18:00".into())),
        call("call_a2").result(Ok("One\r\n\r\ntwo\u{2028}three\u{85}\tfour\0".into())),
        call("call_a3").result(Ok(
            json!({"free": ["10:30", "11:00\nor so\u{2029}"], "n": 2}),
        )),
        call("call_a4").result(Ok(Value::Null)),
        call("call_a5").result(Err("The calendar\nis away".to_owned())),
        call("").result(Ok("".into())),
    ]);
    assert_eq!(
        json_of(answer),
        json!({"results":[
            {"toolCallId":"call_a1","name":"check_room","result":"Tuesday 6 January is free until 18:00"},
            {"toolCallId":"call_a2","name":"check_room","result":"One two three four"},
            {"toolCallId":"call_a3","name":"check_room","result":r#"{"free":["10:30","11:00\nor so "],"n":2}"#},
            {"toolCallId":"call_a4","name":"check_room","result":"null"},
            {"toolCallId":"call_a5","name":"check_room","error":"The calendar is away"},
            {"toolCallId":"","name":"check_room","result":""},
        ]})
    );
    assert_eq!(json_of(tool_answer(&[])), json!({"results":[]}));
}

#[test]
fn the_older_message_finds_its_result_at_the_top() {
    let call = ToolCall {
        name: text("check_room"),
        ..ToolCall::default()
    };
    assert_eq!(
        json_of(tool_answer(&[call.result(Ok("free".into()))])),
        json!({"results":[{"name":"check_room","result":"free"}],"result":"free"})
    );
    assert_eq!(
        json_of(tool_answer(&[call.result(Err("away".to_owned()))])),
        json!({"results":[{"name":"check_room","error":"away"}],"result":"away"})
    );
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

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&body);
    }

    #[test]
    fn any_message_is_read_and_every_call_in_it_answered(message in any_message(), outcome in any_outcome()) {
        let body = json!({"message": message}).to_string();
        let Ok(Question::Tools(asked)) = read(body.as_bytes()) else {
            return Ok(());
        };
        let results: Vec<_> = asked.calls.iter().map(|call| call.result(outcome.clone())).collect();
        let answer = json_of(tool_answer(&results));
        let entries = answer["results"].as_array().unwrap();
        prop_assert_eq!(entries.len(), asked.calls.len());
        for (entry, call) in entries.iter().zip(&asked.calls) {
            prop_assert_eq!(entry["toolCallId"].as_str(), call.id.as_deref());
            let said = entry.get(if outcome.is_ok() { "result" } else { "error" });
            let said = said.and_then(Value::as_str).unwrap();
            prop_assert!(!said.contains(|c: char| c.is_control()), "{said:?}");
            if let Ok(value) = &outcome && !value.is_string() {
                prop_assert!(serde_json::from_str::<Value>(said).is_ok(), "{said:?}");
            }
            prop_assert_eq!(asked.invocation(call).len(), 64);
        }
    }

    #[test]
    fn any_words_for_a_caller_are_json_on_one_line(words in prop::collection::vec(any::<char>(), 0..60)) {
        let words: String = words.into_iter().collect();
        let values = BTreeMap::from([(words.clone(), words.clone())]);
        let given = json_of(assistant_answer(&words, &values, &values));
        prop_assert_eq!(given["assistantOverrides"]["variableValues"][&words].as_str(), Some(words.as_str()));
        let destination = json_of(forward_answer(&words));
        prop_assert_eq!(destination["destination"]["number"].as_str(), Some(words.as_str()));
        let error = json_of(spoken_error(&words));
        prop_assert!(!error["error"].as_str().unwrap().contains(char::is_control));
    }
}

fn any_outcome() -> impl Strategy<Value = Result<Value, String>> {
    let text = || prop::collection::vec(prop_oneof![any::<char>(), Just('\n')], 0..20);
    let text = move || text().prop_map(String::from_iter);
    prop_oneof![
        any_value().prop_map(Ok),
        text().prop_map(|text: String| Ok(text.into())),
        text().prop_map(|text: String| Ok(json!({"said": [text]}))),
        text().prop_map(Err),
    ]
}

/// A message with anything in the places of what is looked for.
fn any_message() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(&["tool-calls", "function-call", "assistant-request"][..]);
    let list = prop::sample::select(&["toolCallList", "toolWithToolCallList"][..]);
    let parts = prop::collection::btree_map(any_key(), any_value(), 0..6);
    let entries = prop::collection::vec(any_value(), 0..4);
    (kind, parts, list, entries).prop_map(|(kind, parts, list, entries)| {
        let mut message = json!(parts);
        message["type"] = kind.into();
        message[list] = entries.into();
        message
    })
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(Value::from(r#"{"a":1}"#)),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any_key(), inner, 0..6).prop_map(|map| json!(map)),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    const KEYS: &[&str] = &[
        "call",
        "id",
        "customer",
        "number",
        "phoneNumber",
        "toolCallList",
        "toolWithToolCallList",
        "toolCall",
        "function",
        "functionCall",
        "name",
        "arguments",
        "parameters",
    ];
    prop::sample::select(KEYS).prop_map(str::to_owned)
}
