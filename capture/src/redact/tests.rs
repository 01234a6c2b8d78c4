use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;

fn redactor() -> Redactor {
    Redactor::new(&[], Some(&SecretString::from("the-own-token")))
}

#[test]
fn the_patterns_can_be_read() {
    assert!(redactor().known.is_some());
}

#[test]
fn tokens_known_by_their_looks_leave() {
    let tokens = [
        "sk-abcdefghijklmnopqrstuv",
        "sk-proj-abcd_EFGH-1234567890",
        "sk_live_abcdefghij0123456789",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "github_pat_11ABCDEFG0abcdefghijkl_mnopqrst",
        "glpat-abcdefghijklmnopqrst",
        "xoxb-1234567890-abcdefghij",
        "xapp-1-A0123456789-abcdef",
        "AKIAIOSFODNN7EXAMPLE",
        "ASIAIOSFODNN7EXAMPLE",
        "AIzaSyA-abcdefghijklmnopqrstuvwxyz012345",
        "ya29.abcdefghijklmnopqrstuvwxyz",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "npm_abcdefghijklmnopqrstuvwxyz0123456789",
        "hf_abcdefghijklmnopqrstuvwxyz012345",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "the-own-token",
    ];
    for token in tokens {
        let text = format!("é a={token}, b");
        assert_eq!(redactor().text(&text), "é a=[REDACTED], b", "{token}");
    }
}

#[test]
fn named_secrets_leave_and_their_names_stay() {
    let table = [
        (
            r#"curl -H "Authorization: Bearer abc" -d x"#,
            r#"curl -H "Authorization: Bearer [REDACTED]" -d x"#,
        ),
        (
            "authorization: AWS4 Credential=a, Signature=b\nHost: c",
            "authorization: [REDACTED]\nHost: c",
        ),
        (
            r#"{"Authorization": "Basic dXNlcg=="}"#,
            r#"{"Authorization": "Basic [REDACTED]"}"#,
        ),
        (
            r#"{\"proxy-authorization\":\"abc\",\"b\":1}"#,
            r#"{\"proxy-authorization\":\"[REDACTED]\",\"b\":1}"#,
        ),
        (
            "sent with bearer abcdefghij0123456789 to",
            "sent with bearer [REDACTED] to",
        ),
        ("API_KEY=abc cargo run", "API_KEY=[REDACTED] cargo run"),
        (
            "export DB_PASSWORD='a b c'; ls",
            "export DB_PASSWORD='[REDACTED]'; ls",
        ),
        (r#"MY_SECRET="a \" b" x"#, r#"MY_SECRET="[REDACTED]" x"#),
        (
            r#"{\"env\":\"TOKEN=\\\"a b\\\"\"}"#,
            r#"{\"env\":\"TOKEN=\\\"[REDACTED]\\\"\"}"#,
        ),
        ("A=1\nX_TOKEN=abc\nB=2", "A=1\nX_TOKEN=[REDACTED]\nB=2"),
        (
            r#"{"client_secret": "a\\b\n", "x": "y"}"#,
            r#"{"client_secret": "[REDACTED]", "x": "y"}"#,
        ),
        (
            r#"{'api-key': 'abc', 'x': 'y'}"#,
            r#"{'api-key': '[REDACTED]', 'x': 'y'}"#,
        ),
        (
            "aws_secret_access_key = abc/def+ghi",
            "aws_secret_access_key = [REDACTED]",
        ),
        (
            "postgres://ada:pa55@db:5432/x?y=z",
            "postgres://ada:[REDACTED]@db:5432/x?y=z",
        ),
        (
            "GET /x?a=b&access_token=abc&c=d",
            "GET /x?a=b&access_token=[REDACTED]&c=d",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(redactor().text(text), expected);
    }
}

#[test]
fn private_keys_leave_whole_or_cut_wherever_they_stand() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----";
    let cut = "-----BEGIN PRIVATE KEY-----\nMIIEow\nIBAAK";
    let table = [
        (
            format!("a\n{key}\nb\n{key}"),
            "a\n[REDACTED]\nb\n[REDACTED]",
        ),
        (format!("a {cut}"), "a [REDACTED]"),
        (
            format!("SSH_KEY=\"{key}\"\nB=1"),
            "SSH_KEY=\"[REDACTED]\"\nB=1",
        ),
        (format!("SSH_KEY={key}\nB=1"), "SSH_KEY=[REDACTED]\nB=1"),
        (
            format!("{{\"private_key\": \"{key}\"}}"),
            "{\"private_key\": \"[REDACTED]\"}",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(redactor().text(&text), expected);
    }
}

#[test]
fn ordinary_text_stays() {
    let texts = [
        "cargo test --workspace -- --test-threads 4",
        "let token = next_token(); // the token: a word",
        "task-management-and-risk-aversion-plans",
        "http://localhost:8080/a@b",
        "PATH=/usr/bin HOME=/root",
        "the bearer of bad news",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "max_tokens: 4096, tokens=12",
    ];
    for text in texts {
        assert!(
            matches!(redactor().text(text), Cow::Borrowed(same) if same == text),
            "{text}"
        );
    }
}

#[test]
fn fields_that_are_named_as_secrets_leave_whatever_they_hold() {
    let json = r#"{"Api-Key":"x","nested":{"clientSecret":"y"},"token":["z"],"password":"","tokens":"w","password_hint":"v","token":7}"#;
    let expected = r#"{"Api-Key":"[REDACTED]","nested":{"clientSecret":"[REDACTED]"},"token":["z"],"password":"","tokens":"w","password_hint":"v","token":7}"#;
    assert_eq!(redactor().json(json), expected);
}

#[test]
fn patterns_of_the_configuration_are_used_too() {
    let extra = [Regex::new(r"patient-(\d+)").unwrap()];
    let redactor = Redactor::new(&extra, None);
    assert_eq!(
        redactor.json(r#"{"a":"see patient-123 now"}"#),
        r#"{"a":"see [REDACTED] now"}"#
    );
}

const SECRETS: [&str; 5] = [
    "sk-abcdefghijklmnopqrstuv",
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "AKIAIOSFODNN7EXAMPLE",
    "-----BEGIN PRIVATE KEY-----\nMIIEow==\n-----END PRIVATE KEY-----",
    "the-own-token",
];

/// Any characters, but none that a secret could go on with, and none that name one.
fn harmless() -> impl Strategy<Value = String> {
    proptest::string::string_regex(r#"[é漢\u{1F600}\n\t ,;(){}\[\]\\/"'!?.]{0,12}"#).unwrap()
}

/// A JSON value, and the same with its secrets replaced.
fn with_secrets() -> impl Strategy<Value = (Json, Json)> {
    let text = (harmless(), prop::option::of(0..SECRETS.len()), harmless()).prop_map(
        |(before, secret, behind)| {
            let text = |middle: &str| json!(format!("{before} {middle} {behind}"));
            match secret.and_then(|index| SECRETS.get(index)) {
                Some(secret) => (text(secret), text(REPLACEMENT)),
                None => (text(""), text("")),
            }
        },
    );
    let number = any::<i64>().prop_map(|number| (json!(number), json!(number)));
    let leaf = prop_oneof![text, number, Just((Json::Null, Json::Null))];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4).prop_map(|items| {
            let (one, other): (Vec<_>, Vec<_>) = items.into_iter().unzip();
            (json!(one), json!(other))
        });
        let map = prop::collection::hash_map(harmless(), inner, 0..4).prop_map(|fields| {
            let (mut one, mut other) = (json!({}), json!({}));
            for (key, (before, after)) in fields {
                one[&key] = before;
                other[&key] = after;
            }
            (one, other)
        });
        prop_oneof![list, map]
    })
}

proptest! {
    #[test]
    fn secrets_leave_and_everything_else_stays((before, after) in with_secrets()) {
        let out = redactor().json(&before.to_string());
        let parsed: Json = serde_json::from_str(&out).unwrap();
        prop_assert_eq!(parsed, after);
        for secret in SECRETS {
            prop_assert!(!out.contains(secret));
        }
    }

    #[test]
    fn valid_json_stays_valid(texts in prop::collection::vec(any::<String>(), 0..4), key in any::<String>()) {
        let json = json!({ key: texts }).to_string();
        prop_assert!(serde_json::from_str::<Json>(&redactor().json(&json)).is_ok());
    }

    #[test]
    fn what_looks_like_secrets_stays_valid_and_is_done_in_one_go(text in r#"([A-Z]?_?KEY=|"token": ?"|Authorization: |Bearer |://a:|@|[\\"' \n]|abc){0,12}"#) {
        let json = json!({ "a": text }).to_string();
        let once = redactor().json(&json);
        prop_assert!(serde_json::from_str::<Json>(&once).is_ok());
        prop_assert_eq!(redactor().json(&once), once);
    }
}
