use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read(&body);
    }

    #[test]
    fn any_message_is_read_and_every_call_in_it_answered(message in any_message()) {
        let body = json!({"message": message}).to_string();
        let Ok(Question::Tools(asked)) = read(body.as_bytes()) else {
            return Ok(());
        };
        let results: Vec<_> = asked.calls.iter().map(|call| call.result(Ok("free".into()))).collect();
        let answer: Value = serde_json::from_slice(&tool_answer(&results)).unwrap();
        let entries = answer["results"].as_array().unwrap();
        prop_assert_eq!(entries.len(), asked.calls.len());
        for (entry, call) in entries.iter().zip(&asked.calls) {
            prop_assert_eq!(entry.get("toolCallId").and_then(Value::as_str), call.id.as_deref());
            prop_assert_eq!(entry.get("name").and_then(Value::as_str), call.name.as_deref());
            prop_assert_eq!(asked.invocation(call).len(), 64);
        }
    }
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
