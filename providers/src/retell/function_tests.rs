use proptest::prelude::*;

use super::*;
use crate::outline::MAX_NAME;

const ASKED: &str = r#"{"name":"book_viewing","args":{"date":"2026-01-06","time":"10:30"},"call":{"call_id":"call_4f8d1c2b3a","agent_id":"agent_7c1f","call_status":"ongoing","from_number":"+447700900123","to_number":"+442079460000","transcript":"…","metadata":{"enquiry_id":"enq_91"}}}"#;

fn asked(args: &str) -> FunctionQuestion {
    let body = format!(r#"{{"name":"book","args":{args},"call":{{"call_id":"call_1"}}}}"#);
    read(body.as_bytes()).unwrap()
}

fn object(json: Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

#[test]
fn the_question_is_read_with_its_call() {
    assert_eq!(
        read(ASKED.as_bytes()),
        Ok(FunctionQuestion {
            name: "book_viewing".to_owned(),
            args: object(json!({"date": "2026-01-06", "time": "10:30"})),
            provider_call_id: Some("call_4f8d1c2b3a".to_owned()),
            agent_id: Some("agent_7c1f".to_owned()),
            from_number: Some("+447700900123".to_owned()),
            to_number: Some("+442079460000".to_owned()),
            metadata: object(json!({"enquiry_id": "enq_91"})),
        })
    );
}

#[test]
fn what_a_call_lacks_or_has_of_another_type_is_absent() {
    for call in [
        "{}",
        r#"{"call_id":null,"agent_id":[1],"from_number":{},"to_number":true,"metadata":"m"}"#,
        r#"{"call_id":"","metadata":[{"enquiry_id":1}],"new":1}"#,
    ] {
        let body = format!(r#"{{"name":"look_up","call":{call},"new":[]}}"#);
        let expected = FunctionQuestion {
            name: "look_up".to_owned(),
            args: Map::new(),
            provider_call_id: None,
            agent_id: None,
            from_number: None,
            to_number: None,
            metadata: Map::new(),
        };
        assert_eq!(read(body.as_bytes()), Ok(expected), "{call}");
    }
    let no_call = read(br#"{"name":"look_up","args":{"a":1}}"#).unwrap();
    assert_eq!(no_call.args, object(json!({"a": 1})));
}

#[test]
fn arguments_alone_are_refused_by_the_field_that_they_lack() {
    for (body, missing) in [
        (r#"{"date":"2026-01-06","time":"10:30"}"#, "name"),
        ("{}", "name"),
        ("[]", "name"),
        (r#"{"name":"","args":{}}"#, "name"),
        (r#"{"name":"Ada","date":"2026-01-06"}"#, "args"),
        (r#"{"name":"Ada","args":null,"call":null}"#, "args"),
        (r#"{"name":{"first":"Ada"},"call":{}}"#, "name"),
    ] {
        assert_eq!(
            read(body.as_bytes()),
            Err(ParseProblem::Missing(missing)),
            "{body}"
        );
    }
}

#[test]
fn a_body_that_is_no_question_says_where_and_not_what() {
    for body in [&b""[..], b"{", b"name=Ada", b"{\"name\":\"\xff\"}"] {
        assert!(matches!(read(body), Err(ParseProblem::NotJson { .. })));
    }
    for body in [
        r#"{"name":"book","args":"Ada","call":{}}"#,
        r#"{"name":"book","args":["Ada"],"call":{}}"#,
        r#"{"name":"book","args":{},"call":"Ada"}"#,
    ] {
        let problem = read(body.as_bytes()).unwrap_err();
        assert!(matches!(problem, ParseProblem::WrongType { .. }), "{body}");
        assert!(!problem.to_string().contains("Ada"), "{body}");
    }
}

#[test]
fn names_too_long_for_a_key_are_refused() {
    let long = "x".repeat(MAX_NAME + 1);
    let body = json!({"name": long, "args": {}});
    assert_eq!(
        read(body.to_string().as_bytes()),
        Err(ParseProblem::TooLong("name"))
    );
    for (key, field) in [
        ("call_id", CALL_ID),
        ("agent_id", AGENT),
        ("from_number", FROM),
        ("to_number", TO),
    ] {
        let body = json!({"name": "book", "args": {}, "call": {key: long}});
        assert_eq!(
            read(body.to_string().as_bytes()),
            Err(ParseProblem::TooLong(field))
        );
    }
}

#[test]
fn depth_and_size_do_no_harm() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let huge = "a".repeat(5_000_000);
    let skipped = format!(
        r#"{{"name":"note","args":{{"text":"{huge}\u0000"}},"call":{{"call_id":{deep},"transcript_object":{deep}}},"x":{deep}}}"#
    );
    let question = read(skipped.as_bytes()).unwrap();
    assert_eq!(question.provider_call_id, None);
    assert_eq!(question.args["text"].as_str().unwrap().len(), 5_000_001);
    // What is kept may only be so deep.
    for body in [
        format!(r#"{{"name":"note","args":{{"a":{deep}}}}}"#),
        format!(r#"{{"name":"note","args":{{}},"call":{{"metadata":{deep}}}}}"#),
    ] {
        assert!(matches!(
            read(body.as_bytes()),
            Err(ParseProblem::NotJson { .. })
        ));
    }
}

#[test]
fn an_invocation_does_not_depend_on_how_it_is_written() {
    let key =
        asked(r#"{"date":"2026-01-06","who":{"name":"Ada","age":36},"list":[{"a":1,"b":2}]}"#)
            .invocation();
    assert_eq!(key.len(), 64);
    let again = asked(
        "{ \"list\" : [ {\"b\":2,\n\"a\":1} ],\t\"who\":{\"age\":36,\"name\":\"\\u0041da\"}, \"date\":\"2026-01-06\" }",
    );
    assert_eq!(key, again.invocation());
    // What changes while the call goes on is no part of it.
    let later = FunctionQuestion {
        agent_id: Some("agent_2".to_owned()),
        metadata: object(json!({"a": 1})),
        ..again
    };
    assert_eq!(key, later.invocation());
}

#[test]
fn another_wish_is_another_invocation() {
    let of = |call: &str, name: &str, args: Value| FunctionQuestion {
        name: name.to_owned(),
        args: object(args),
        provider_call_id: Some(call.to_owned()).filter(|id| !id.is_empty()),
        ..asked("{}")
    };
    let all = [
        of("call_1", "book", json!({"a": 1})),
        of("call_2", "book", json!({"a": 1})),
        of("", "book", json!({"a": 1})),
        of("call_1", "cancel", json!({"a": 1})),
        of("call_1", "book", json!({"a": 2})),
        of("call_1", "book", json!({"a": "1"})),
        of("call_1", "book", json!({"a": 1.0})),
        of("call_1", "book", json!({"a": [1]})),
        of("call_1", "book", json!({"a": null})),
        of("call_1", "book", json!({"b": 1})),
        of("call_1", "book", json!({"a": 1, "b": null})),
        of("call_1", "book", json!({"a": "1 "})),
        of("call_1\",\"book", "book", json!({"a": 1})),
        of("call_1", "book", json!({})),
    ];
    let keys: std::collections::BTreeSet<_> =
        all.iter().map(FunctionQuestion::invocation).collect();
    assert_eq!(keys.len(), all.len());
}

#[test]
fn an_answer_is_an_object_with_the_result() {
    for (text, expected) in [
        ("", r#"{"result":""}"#),
        (
            "Tuesday 6 January is free until 18:00",
            r#"{"result":"Tuesday 6 January is free until 18:00"}"#,
        ),
        ("\"Café\"\n\0 – £5", r#"{"result":"\"Café\"\n\u0000 – £5"}"#),
    ] {
        assert_eq!(String::from_utf8(answer(text)).unwrap(), expected);
    }
}

#[test]
fn an_answer_is_cut_just_under_retells_limit() {
    for (part, units) in [("a", 1), ("é", 1), ("😀", 2), ("\n", 2), ("\0", 6)] {
        let fits = part.repeat(ROOM / units);
        assert_eq!(result_of(&answer(&fits)), fits, "{part:?}");
        let long = part.repeat(ROOM / units + 1);
        let cut = answer(&long);
        let length = length_of(&cut);
        assert!((CUT_AT - 1 - units..CUT_AT).contains(&length), "{length}");
        let cut = result_of(&cut);
        let kept = cut.strip_suffix('…').unwrap();
        assert!(long.starts_with(kept), "{part:?}");
    }
}

#[test]
fn a_question_does_not_print_what_is_about_a_person() {
    let printed = format!("{:?}", read(ASKED.as_bytes()).unwrap());
    assert!(printed.contains("book_viewing") && printed.contains("call_4f8d1c2b3a"));
    for private in ["77009", "20794", "2026-01-06", "enq_91"] {
        assert!(!printed.contains(private), "{printed}");
    }
}

fn result_of(answer: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(answer).unwrap();
    answer["result"].as_str().unwrap().to_owned()
}

fn length_of(answer: &[u8]) -> usize {
    std::str::from_utf8(answer).unwrap().encode_utf16().count()
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&body);
    }

    #[test]
    fn any_shape_is_read_or_refused(name in any_value(), args in any_value(), id in any_value(), metadata in any_value()) {
        let call = json!({"call_id": id, "from_number": id, "metadata": metadata});
        for body in [json!({"name": name, "args": args, "call": call}), json!({"name": name, "call": args}), args] {
            let _ = read(body.to_string().as_bytes()).map(|question| question.invocation());
        }
    }

    #[test]
    fn any_question_is_read_as_it_was_sent(name in "\\PC{1,20}", args in any_args(), call in "[a-z0-9_]{1,20}") {
        let body = json!({"name": name, "args": args, "call": {"call_id": call}});
        let question = read(body.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&question.name, &name);
        prop_assert_eq!(Value::from(question.args.clone()), args);
        // Pretty printing changes white space only.
        let again = read(serde_json::to_string_pretty(&body).unwrap().as_bytes()).unwrap();
        prop_assert_eq!(question.invocation(), again.invocation());
    }

    #[test]
    fn two_questions_share_an_invocation_only_with_equal_arguments(one in any_args(), other in any_args()) {
        let of = |args: &Value| asked(&args.to_string()).invocation();
        prop_assert_eq!(of(&one) == of(&other), one == other);
    }

    #[test]
    fn any_answer_fits_and_is_json(words in prop::collection::vec(any_char(), 1..16), times in 0usize..3_000) {
        let text = String::from_iter(words).repeat(times);
        let answer = answer(&text);
        prop_assert!(length_of(&answer) < CUT_AT);
        let result = result_of(&answer);
        match result.strip_suffix('…') {
            Some(kept) if result != text => prop_assert!(text.starts_with(kept)),
            _ => prop_assert_eq!(result, text),
        }
    }
}

/// Often one that takes more room in JSON.
fn any_char() -> impl Strategy<Value = char> {
    prop_oneof![any::<char>(), prop::char::range('\0', '~')]
}

/// An object with anything in it.
fn any_args() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-c]{1,2}", any_value(), 0..4).prop_map(|map| json!(map))
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]{1,2}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}
