use domain::{
    ids::ContextId,
    settings::{APOLOGY, Settings},
};
use proptest::prelude::*;

use super::*;
use crate::vapi::question::ToolCall;

fn json_of(answer: Vec<u8>) -> Value {
    serde_json::from_slice(&answer).unwrap()
}

fn call(id: &str) -> ToolCall {
    ToolCall {
        id: Some(id.to_owned()),
        name: Some("check_room".to_owned()),
        args: Some(Map::new()),
    }
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
fn the_id_of_what_is_told_stands_wherever_it_may_come_back() {
    let variables = BTreeMap::from([("greeting".to_owned(), "Hello".to_owned())]);
    let context = ContextId::generate();
    let id = context.to_string();
    assert_eq!(
        json_of(context_answer("a1", &variables, context)),
        json!({"assistantId": "a1", "assistantOverrides": {
            "variableValues": {"greeting": "Hello", CONTEXT_ID_KEY: id},
            "metadata": {CONTEXT_ID_KEY: id},
        }})
    );
}

#[test]
fn a_safe_answer_is_as_the_settings_say_and_tells_nothing() {
    for (toml, expected) in [
        (
            "[vapi]\nassistant_id = \"a1\"",
            json!({"assistantId": "a1"}),
        ),
        (
            "[vapi]\nfallback = \"forward\"\nforward_to = \"+442079460999\"",
            json!({"destination": {"type": "number", "number": "+442079460999", "message": ""}}),
        ),
        ("", json!({ "error": APOLOGY })),
    ] {
        let settings = Settings::from_toml(toml).unwrap();
        let answer = safe_answer(settings.vapi.fallback());
        assert_eq!(json_of(answer), expected, "{toml}");
    }
}

#[test]
fn each_tool_call_is_answered_under_its_id_on_one_line() {
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
        id: None,
        ..call("")
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

proptest! {
    #[test]
    fn any_outcome_is_told_as_one_line(outcomes in prop::collection::vec(any_outcome(), 0..4)) {
        let calls: Vec<_> = (0..outcomes.len()).map(|n| call(&format!("t{n}"))).collect();
        let results: Vec<_> = calls.iter().zip(&outcomes).map(|(call, outcome)| call.result(outcome.clone())).collect();
        let answer = json_of(tool_answer(&results));
        let entries = answer["results"].as_array().unwrap();
        prop_assert_eq!(entries.len(), outcomes.len());
        for ((entry, call), outcome) in entries.iter().zip(&calls).zip(&outcomes) {
            prop_assert_eq!(entry["toolCallId"].as_str(), call.id.as_deref());
            let said = entry.get(if outcome.is_ok() { "result" } else { "error" });
            let said = said.and_then(Value::as_str).unwrap();
            prop_assert!(!said.contains(|c: char| c.is_control()), "{said:?}");
            if let Ok(value) = outcome && !value.is_string() {
                prop_assert!(serde_json::from_str::<Value>(said).is_ok(), "{said:?}");
            }
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
        any::<i64>().prop_map(|number| Ok(number.into())),
        text().prop_map(|text: String| Ok(text.into())),
        text().prop_map(|text: String| Ok(json!({"said": [text]}))),
        text().prop_map(Err),
    ]
}
