use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn stored(kind: SourceKind, body: &str) -> String {
    String::from_utf8(stored_body(kind, body.as_bytes()).into_owned()).unwrap()
}

#[test]
fn a_body_without_secrets_is_stored_byte_for_byte() {
    for body in [
        r#"{ "type" : "x", "maxTokens": 100, "usage":{"promptTokens":1}, "tokens":[1,2] }"#,
        r#"{"secretary":"Ada","key":"value","keyboard":"qwerty","author":"x","notes":"token: abc"}"#,
        r#"["token","secret"]"#,
        r#""token""#,
        "MessageSid=SM1&token=x",
        "{\"token\":",
        "",
        "\u{feff}{}",
    ] {
        for kind in SourceKind::ALL {
            assert!(
                matches!(stored_body(kind, body.as_bytes()), Cow::Borrowed(same) if same == body.as_bytes()),
                "{body}"
            );
        }
    }
}

#[test]
fn texts_under_telling_keys_are_cut_out_and_nothing_else() {
    for (body, expected) in [
        (
            r#"{"a":1, "token": "t", "b":2}"#,
            r#"{"a":1, "token": "[removed]", "b":2}"#,
        ),
        (
            r#"{"message":{"phoneNumber":{"number":"+44","twilioAuthToken":"t","twilioAccountSid":"AC1"}}}"#,
            r#"{"message":{"phoneNumber":{"number":"+44","twilioAuthToken":"[removed]","twilioAccountSid":"AC1"}}}"#,
        ),
        (
            r#"{"headers":{"Authorization":"Bearer x","X-Vapi-Secret":"y","Accept":"z"}}"#,
            r#"{"headers":{"Authorization":"[removed]","X-Vapi-Secret":"[removed]","Accept":"z"}}"#,
        ),
        (
            r#"{"tokens":["a",1,{"x":"b"}],"c":"d"}"#,
            r#"{"tokens":["[removed]",1,{"x":"[removed]"}],"c":"d"}"#,
        ),
        (r#"{"to\u006ben":"a\"b"}"#, r#"{"to\u006ben":"[removed]"}"#),
        (
            r#"{"token":null,"a":"b","apiKey":"c"}"#,
            r#"{"token":null,"a":"b","apiKey":"[removed]"}"#,
        ),
        (r#"{"token":{},"a":["b"]}"#, r#"{"token":{},"a":["b"]}"#),
    ] {
        assert_eq!(stored(SourceKind::Vapi, body), expected);
    }
}

#[test]
fn names_of_secrets_are_known_in_every_case() {
    for name in [
        "token",
        "access_token",
        "accessToken",
        "ACCESS_TOKEN",
        "accesstoken",
        "client-secret",
        "serverUrlSecret",
        "api_key",
        "apiKey",
        "API-Key",
        "apikey",
        "x-api-key",
        "privateKey",
        "password",
        "dbPassword",
        "Authorization",
        "signing_key",
        "tokens",
        "token2",
    ] {
        assert!(is_telling(name), "{name}");
    }
    for name in [
        "secretary",
        "key",
        "monkey",
        "public_key",
        "keys",
        "tokenizer",
        "author",
        "",
    ] {
        assert!(!is_telling(name), "{name}");
    }
}

#[test]
fn zohos_token_leaves_its_fingerprint_and_the_query_leaves_nothing() {
    let body =
        r#"{"query_params":{"k":"Zm9v"},"ids":["1"],"token":"9f3c1a7e5d2b48c6","x":{"token":"y"}}"#;
    assert_eq!(
        stored(SourceKind::Zoho, body),
        r#"{"query_params":{"k":"[removed]"},"ids":["1"],"token":"sha256:79b25e52c0d97208","x":{"token":"[removed]"}}"#
    );
    assert_eq!(
        stored(SourceKind::Quo, r#"{"query_params":{"k":"v"},"token":"t"}"#),
        r#"{"query_params":{"k":"v"},"token":"[removed]"}"#
    );
}

#[test]
fn depth_does_no_harm() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let body = format!(r#"{{"token":{deep},"secret":"s"}}"#);
    assert!(stored(SourceKind::Vapi, &body).ends_with(r#","secret":"[removed]"}"#));
}

/// The same rule, carried out on a tree.
fn cut(value: &mut Value, inside: bool) {
    match value {
        Value::String(text) if inside => *text = REMOVED.to_owned(),
        Value::Array(items) => items.iter_mut().for_each(|item| cut(item, inside)),
        Value::Object(map) => {
            for (key, value) in map {
                cut(value, inside || is_telling(key));
            }
        }
        _ => {}
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        "[\"\\\\/{}:,\\[\\]]{0,5}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let key = prop_oneof![
            Just("token".to_owned()),
            Just("api_key".to_owned()),
            Just("a".to_owned()),
            ".{0,4}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_cut_out_of_the_bytes_is_what_is_cut_out_of_the_tree(value in any_json(), pretty in any::<bool>()) {
        let body = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) }.unwrap();
        let stored: Value = serde_json::from_slice(&stored_body(SourceKind::Vapi, &body)).unwrap();
        let mut expected = value;
        cut(&mut expected, false);
        prop_assert_eq!(stored, expected);
    }

    #[test]
    fn no_body_is_too_odd(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for kind in SourceKind::ALL {
            let _ = stored_body(kind, &body);
        }
    }
}
