use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::outline::MAX_NAME;

const ASKED: &str = r#"{"event":"call_inbound","call_inbound":{"agent_id":"agent_7c1f","agent_version":4,"from_number":"+447700900123","to_number":"+442079460000"}}"#;

fn question(agent: Option<&str>, from: Option<&str>, to: Option<&str>) -> InboundQuestion {
    InboundQuestion {
        agent_id: agent.map(str::to_owned),
        from_number: from.map(str::to_owned),
        to_number: to.map(str::to_owned),
    }
}

#[test]
fn the_question_is_read_in_each_of_its_shapes() {
    let to = Some("+442079460000");
    for (inside, expected) in [
        (
            r#"{"from_number":"+447700900123","to_number":"+442079460000"}"#,
            question(None, Some("+447700900123"), to),
        ),
        (
            r#"{"agent_id":"agent_7c1f","from_number":"anonymous","to_number":"+442079460000","custom_sip_headers":{"X-A":"b"}}"#,
            question(Some("agent_7c1f"), Some("anonymous"), to),
        ),
        (
            r#"{"from_number":"sip:Ada <ada@example.net>","to_number":"+442079460000"}"#,
            question(None, Some("sip:Ada <ada@example.net>"), to),
        ),
        (
            r#"{"from_number":null,"to_number":"+442079460000"}"#,
            question(None, None, to),
        ),
        (
            r#"{"from_number":"","agent_id":"","to_number":"+442079460000"}"#,
            question(None, None, to),
        ),
        (
            r#"{"from_number":447700900123,"to_number":["+442079460000"],"agent_id":{}}"#,
            question(None, Some("447700900123"), None),
        ),
        (
            r#"{"from_number":"a\u0000b"}"#,
            question(None, Some("a\0b"), None),
        ),
        ("{}", question(None, None, None)),
        ("7", question(None, None, None)),
    ] {
        let body = format!(
            r#"{{"event":"call_inbound","event_timestamp":1767225540000,"call_inbound":{inside}}}"#
        );
        assert_eq!(read(body.as_bytes()), Ok(expected), "{inside}");
    }
    assert_eq!(
        read(ASKED.as_bytes()),
        Ok(question(Some("agent_7c1f"), Some("+447700900123"), to))
    );
}

#[test]
fn what_is_another_event_is_refused() {
    for body in [
        "{}",
        "[]",
        "null",
        r#"{"event":"call_started","call":{"call_id":"call_1"}}"#,
        r#"{"event":"chat_inbound","chat_inbound":{"from_number":"+447700900123"}}"#,
    ] {
        assert_eq!(
            read(body.as_bytes()),
            Err(ParseProblem::Missing("call_inbound")),
            "{body}"
        );
    }
    for body in [&b""[..], b"{", b"call_inbound", b"{\"event\":\"\xff\"}"] {
        assert!(matches!(read(body), Err(ParseProblem::NotJson { .. })));
    }
}

#[test]
fn a_name_may_be_as_long_as_a_key_takes_and_no_longer() {
    for (key, field) in [
        ("agent_id", AGENT),
        ("from_number", FROM),
        ("to_number", TO),
    ] {
        let body = |length| {
            let text = "x".repeat(length);
            format!(r#"{{"call_inbound":{{"{key}":"{text}"}}}}"#)
        };
        assert!(read(body(MAX_NAME).as_bytes()).is_ok(), "{key}");
        assert_eq!(
            read(body(MAX_NAME + 1).as_bytes()),
            Err(ParseProblem::TooLong(field))
        );
    }
}

#[test]
fn depth_and_size_do_no_harm() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let huge = "a".repeat(5_000_000);
    let body = format!(
        r#"{{"event":"call_inbound","call_inbound":{{"custom_sip_headers":{deep},"from_number":{deep},"to_number":"+442079460000","note":"{huge}"}}}}"#
    );
    assert_eq!(
        read(body.as_bytes()),
        Ok(question(None, None, Some("+442079460000")))
    );
}

#[test]
fn the_empty_answer_changes_nothing() {
    assert_eq!(
        InboundAnswer::default().to_json(),
        br#"{"call_inbound":{}}"#
    );
}

#[test]
fn an_answer_has_what_it_was_given_and_no_more() {
    let map = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    let full = InboundAnswer {
        override_agent_id: Some("agent_7c1f".to_owned()),
        variables: map(&[("first_name", "Ada"), ("is_known", "true")]),
        metadata: map(&[("enquiry_id", "enq_91")]),
    };
    let written = |answer: &InboundAnswer| String::from_utf8(answer.to_json()).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&written(&full)).unwrap(),
        json!({"call_inbound":{"override_agent_id":"agent_7c1f","dynamic_variables":{"first_name":"Ada","is_known":"true"},"metadata":{"enquiry_id":"enq_91"}}})
    );
    for (answer, expected) in [
        (
            InboundAnswer {
                override_agent_id: full.override_agent_id.clone(),
                ..InboundAnswer::default()
            },
            r#"{"call_inbound":{"override_agent_id":"agent_7c1f"}}"#,
        ),
        (
            InboundAnswer {
                variables: map(&[("say", "\"Hi\"\n\0")]),
                ..InboundAnswer::default()
            },
            r#"{"call_inbound":{"dynamic_variables":{"say":"\"Hi\"\n\u0000"}}}"#,
        ),
        (
            InboundAnswer {
                metadata: map(&[("enquiry_id", "enq_91")]),
                ..InboundAnswer::default()
            },
            r#"{"call_inbound":{"metadata":{"enquiry_id":"enq_91"}}}"#,
        ),
    ] {
        assert_eq!(written(&answer), expected);
    }
}

#[test]
fn neither_question_nor_answer_prints_what_is_about_a_person() {
    let question = read(ASKED.as_bytes()).unwrap();
    let answer = InboundAnswer {
        override_agent_id: None,
        variables: [("first_name".to_owned(), "Ada".to_owned())].into(),
        metadata: [("about".to_owned(), "Lovelace".to_owned())].into(),
    };
    let printed = format!("{question:?} {answer:?}");
    assert!(printed.contains("agent_7c1f"));
    for private in ["77009", "20794", "Ada", "Lovelace"] {
        assert!(!printed.contains(private), "{printed}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&body);
    }

    #[test]
    fn any_texts_are_read_as_they_were_sent(agent in any_text(), from in any_text(), to in any_text()) {
        let body = json!({"event": EVENT, "call_inbound": {"agent_id": agent, "from_number": from, "to_number": to}});
        let sent = |text: String| Some(text).filter(|text| !text.is_empty());
        let expected = InboundQuestion { agent_id: sent(agent), from_number: sent(from), to_number: sent(to) };
        prop_assert_eq!(read(body.to_string().as_bytes()), Ok(expected));
    }

    #[test]
    fn any_answer_is_json_with_all_that_it_was_given(
        agent in prop::option::of(any_text()),
        variables in prop::collection::btree_map(any_text(), any_text(), 0..4),
        metadata in prop::collection::btree_map(any_text(), any_text(), 0..4),
    ) {
        let answer = InboundAnswer { override_agent_id: agent.clone(), variables: variables.clone(), metadata: metadata.clone() };
        let written: Value = serde_json::from_slice(&answer.to_json()).unwrap();
        let inner = &written["call_inbound"];
        prop_assert_eq!(inner["override_agent_id"].as_str(), agent.as_deref());
        for (key, given) in [("dynamic_variables", variables), ("metadata", metadata)] {
            prop_assert_eq!(inner.get(key).is_some(), !given.is_empty());
            for (name, value) in given {
                prop_assert_eq!(inner[key][&name].as_str(), Some(value.as_str()));
            }
        }
    }
}

/// Any characters, and no more bytes than a name may have.
fn any_text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..32).prop_map(String::from_iter)
}
