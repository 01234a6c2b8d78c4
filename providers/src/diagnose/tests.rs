use super::*;
use crate::retell::webhook::{SIGNATURE_HEADER, TOLERANCE, sign};

const NOW: i64 = 1_767_225_600_000;
/// As Retell sends it: compact, keys in no order, letters beyond ASCII.
const BODY: &str = r#"{"event":"call_analyzed","call":{"call_id":"call_1","agent_id":"agent_1","note":"café – £5 a/b","cost":12.50}}"#;

fn secrets(keys: &[&str]) -> Vec<SecretString> {
    keys.iter().map(|key| SecretString::from(*key)).collect()
}

/// The diagnosis of a body that was signed as `signed` with `key`, at `at_ms`, and received as `received`.
fn check(
    signed: &str,
    received: &str,
    key: &str,
    at_ms: i64,
    current: &[&str],
    retired: &[&str],
) -> Diagnosis {
    let header = sign(signed.as_bytes(), &key.into(), at_ms);
    let headers = [
        ("content-type".to_owned(), "application/json".to_owned()),
        ("X-Retell-Signature".to_owned(), header),
    ];
    diagnose(&Evidence {
        kind: SourceKind::Retell,
        options: &SourceOptions::default(),
        path_and_query: "/hooks/abc",
        secrets: &secrets(current),
        retired: &secrets(retired),
        headers: &headers,
        body: received.as_bytes(),
        now_ms: NOW,
        tolerance: TOLERANCE,
    })
}

fn with_headers(headers: &[(&str, &str)]) -> Diagnosis {
    let headers: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    diagnose(&Evidence {
        kind: SourceKind::Retell,
        options: &SourceOptions::default(),
        path_and_query: "/hooks/abc",
        secrets: &secrets(&["key_new"]),
        retired: &[],
        headers: &headers,
        body: BODY.as_bytes(),
        now_ms: NOW,
        tolerance: TOLERANCE,
    })
}

#[test]
fn a_right_signature_is_valid() {
    let diagnosis = check(BODY, BODY, "key_new", NOW, &["key_new", "key_old"], &[]);
    assert!(diagnosis.is_valid());
    assert_eq!(
        (diagnosis.code(), diagnosis.to_string().as_str()),
        ("valid", "valid")
    );
}

#[test]
fn a_signature_with_an_older_secret_in_use_is_valid_and_says_so() {
    let diagnosis = check(BODY, BODY, "key_old", NOW, &["key_new", "key_old"], &[]);
    assert!(diagnosis.is_valid());
    assert_eq!(diagnosis.code(), "valid_older_secret");
    assert!(
        diagnosis.to_string().contains("secret 2 of those in use"),
        "{diagnosis}"
    );
}

#[test]
fn a_signature_with_a_retired_secret_is_a_rotation() {
    let diagnosis = check(
        BODY,
        BODY,
        "key_old",
        NOW,
        &["key_new"],
        &["key_older", "key_old"],
    );
    assert!(!diagnosis.is_valid());
    assert_eq!(diagnosis.code(), "rotated_secret");
    assert_eq!(diagnosis.finding, Finding::Signed(Secret::Retired(1)));
}

#[test]
fn a_right_signature_from_another_time_is_clock_drift_by_so_much() {
    for (at_ms, words) in [
        (NOW - 420_000, "7 min 0 s before it came in"),
        (NOW + 301_000, "5 min 1 s after it came in"),
        (NOW - 3 * 86_400_000, "3 days before"),
    ] {
        let diagnosis = check(BODY, BODY, "key_new", at_ms, &["key_new"], &[]);
        assert_eq!(
            (diagnosis.code(), diagnosis.is_valid()),
            ("clock_drift", false)
        );
        assert_eq!(diagnosis.off_by_ms, Some(i128::from(NOW - at_ms)));
        assert!(diagnosis.to_string().contains(words), "{diagnosis}");
    }
    assert!(check(BODY, BODY, "key_new", NOW - 300_000, &["key_new"], &[]).is_valid());
}

#[test]
fn a_key_that_fits_nothing_is_the_wrong_key() {
    let diagnosis = check(
        BODY,
        BODY,
        "key_of_another",
        NOW,
        &["key_new"],
        &["key_old"],
    );
    assert_eq!(
        (diagnosis.code(), diagnosis.is_valid()),
        ("wrong_key", false)
    );
    let late = check(
        BODY,
        BODY,
        "key_of_another",
        NOW - 600_000,
        &["key_new"],
        &[],
    );
    assert!(
        late.to_string().contains("besides") && late.code() == "wrong_key",
        "{late}"
    );
}

#[test]
fn a_key_that_was_copied_badly_is_recognised() {
    for mistyped in [
        " key_new",
        "key_new\n",
        "\"key_new\"",
        "'key_new'",
        "Bearer key_new",
        "new",
        "key_key_new",
    ] {
        let diagnosis = check(BODY, BODY, "key_new", NOW, &[mistyped], &[]);
        assert_eq!(diagnosis.code(), "secret_mistyped", "{mistyped:?}");
        assert!(
            !diagnosis.to_string().contains("key_new") && !diagnosis.is_valid(),
            "{diagnosis}"
        );
    }
}

#[test]
fn a_body_that_was_rewritten_on_the_way_is_recognised() {
    let sorted = r#"{"call":{"agent_id":"agent_1","call_id":"call_1","cost":12.5,"note":"café – £5 a/b"},"event":"call_analyzed"}"#;
    let python = r#"{"event": "call_analyzed", "call": {"call_id": "call_1", "agent_id": "agent_1", "note": "caf\u00e9 \u2013 \u00a35 a/b", "cost": 12.50}}"#;
    let php = BODY.replace("a/b", "a\\/b");
    let pretty =
        serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(sorted).unwrap())
            .unwrap();
    let table = [
        (BODY, format!("{BODY}\n"), "without the newline at its end"),
        (
            &format!("{BODY}\n"),
            BODY.to_owned(),
            "with a newline at its end",
        ),
        (
            &format!("{{\n{}", &BODY[1..]),
            format!("{{\r\n{}", &BODY[1..]),
            "with Unix line ends",
        ),
        (
            &format!("{{\r\n{}", &BODY[1..]),
            format!("{{\n{}", &BODY[1..]),
            "with Windows line ends",
        ),
        (
            BODY,
            format!("\u{feff}{BODY}"),
            "without the byte order mark",
        ),
        (
            BODY,
            python.to_owned(),
            "as compact JSON with no needless escapes",
        ),
        (
            python,
            BODY.to_owned(),
            "as spaced JSON with letters beyond ASCII escaped",
        ),
        (
            BODY,
            php.clone(),
            "as compact JSON with no needless escapes",
        ),
        (
            &php,
            BODY.to_owned(),
            "as compact JSON with slashes escaped",
        ),
        (sorted, pretty.clone(), "as compact JSON"),
        (sorted, BODY.to_owned(), "as compact JSON with sorted keys"),
        (
            &pretty,
            BODY.to_owned(),
            "as indented (by 2) JSON with sorted keys",
        ),
        (
            &format!("{python}\n"),
            BODY.to_owned(),
            "as spaced JSON with letters beyond ASCII escaped and a newline at the end",
        ),
    ];
    for (signed, received, expected) in table {
        let diagnosis = check(
            signed,
            &received,
            "key_old",
            NOW,
            &["key_new", "key_old"],
            &[],
        );
        let expected = Finding::BodyRewritten {
            secret: Secret::Older(1),
            written: expected.to_owned(),
        };
        assert_eq!(
            (&diagnosis.finding, diagnosis.is_valid()),
            (&expected, false),
            "{received}"
        );
    }
}

#[test]
fn a_missing_header_is_named_and_so_is_one_of_another_provider() {
    let diagnosis = with_headers(&[("content-type", "application/json")]);
    assert_eq!(
        (diagnosis.code(), &diagnosis.finding),
        (
            "missing_header",
            &Finding::MissingHeader {
                header: SIGNATURE_HEADER.to_owned(),
                instead: None
            }
        )
    );
    let other = with_headers(&[("OpenPhone-Signature", "hmac;1;1;x")]);
    assert!(other.to_string().contains("openphone-signature"), "{other}");
}

#[test]
fn a_header_of_another_form_is_malformed() {
    let diagnosis = with_headers(&[("x-retell-signature", "sha256=00")]);
    assert_eq!(
        (diagnosis.code(), diagnosis.is_valid()),
        ("malformed_header", false)
    );
}

#[test]
fn without_a_secret_nothing_can_be_said() {
    assert_eq!(
        check(BODY, BODY, "key_new", NOW, &[], &[]).code(),
        "no_secret"
    );
}

#[test]
fn a_body_that_is_not_json_is_no_trouble() {
    for received in ["", "hello", "{", "[[[[", "\u{feff}"] {
        assert_eq!(
            check(BODY, received, "key_new", NOW, &["key_new"], &[]).code(),
            "wrong_key"
        );
    }
}

#[path = "tests/of_options.rs"]
mod of_options;
#[path = "tests/of_other_sources.rs"]
mod of_other_sources;
#[path = "tests/samples.rs"]
mod samples;
