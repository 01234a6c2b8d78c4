use super::*;
use crate::{
    outline::{ParseProblem, UNTYPED},
    signature::check,
    testing::{TOLERANCE, headers},
};

const SECRET: &str = "whsec_TWZLUTlyOEdLWXFyVHdqVVBEOElMUFpJbzJMYUxhU3c=";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const TIME: &str = "1767225600";
const NOW: i64 = 1_767_225_600_000;
const BODY: &[u8] =
    br#"{"type":"contact.created","timestamp":"2026-01-01T00:00:00Z","data":{"id":"c_1"}}"#;
const SIGNATURE: &str = "v1,s1h7pjXiz9RuKPCqEE1ibGrzoP/jsyDumXKZ81LaDt0=";

fn verify(
    pairs: &[(&str, &str)],
    body: &[u8],
    secret: &str,
    now_ms: i64,
) -> Result<usize, SignatureProblem> {
    let headers = headers(pairs);
    let signed = Signed::from(&headers)?;
    check(&signed, body, &[secret.into()], now_ms, Some(TOLERANCE))
}

fn standard<'a>(id: &'a str, time: &'a str, signature: &'a str) -> [(&'a str, &'a str); 3] {
    [
        (STANDARD.id, id),
        (STANDARD.timestamp, time),
        (STANDARD.signature, signature),
    ]
}

fn svix<'a>(id: &'a str, time: &'a str, signature: &'a str) -> [(&'a str, &'a str); 3] {
    [
        (SVIX.id, id),
        (SVIX.timestamp, time),
        (SVIX.signature, signature),
    ]
}

#[test]
fn either_family_of_headers_is_accepted_but_never_a_mixture() {
    assert_eq!(
        verify(&standard(ID, TIME, SIGNATURE), BODY, SECRET, NOW),
        Ok(0)
    );
    assert_eq!(verify(&svix(ID, TIME, SIGNATURE), BODY, SECRET, NOW), Ok(0));
    let mixed = [
        (STANDARD.id, ID),
        (SVIX.timestamp, TIME),
        (SVIX.signature, SIGNATURE),
    ];
    assert_eq!(
        verify(&mixed, BODY, SECRET, NOW),
        Err(SignatureProblem::MissingHeader("webhook-timestamp".into()))
    );
    // With both families whole, one decides: the id that was signed is the id that is used.
    let both = [
        standard("other", TIME, SIGNATURE),
        svix(ID, TIME, SIGNATURE),
    ]
    .concat();
    assert_eq!(
        verify(&both, BODY, SECRET, NOW),
        Err(SignatureProblem::NoMatch)
    );
    assert_eq!(delivery_id(&headers(&both)), Some("other"));
    // An id slipped in beside a whole family is not looked at.
    let slipped = [&[(STANDARD.id, "other")], &svix(ID, TIME, SIGNATURE)[..]].concat();
    assert_eq!(verify(&slipped, BODY, SECRET, NOW), Ok(0));
    assert_eq!(delivery_id(&headers(&slipped)), Some(ID));
}

#[test]
fn what_the_specification_rules_out_is_refused() {
    let bare = &SIGNATURE[3..];
    let other_version = SIGNATURE.replace("v1,", "v2,");
    let two_spaces = format!("{SIGNATURE}  {SIGNATURE}");
    let url_safe = SIGNATURE.replace('/', "_");
    let unpadded = SIGNATURE.trim_end_matches('=');
    for signature in [
        bare,
        &other_version,
        &two_spaces,
        &url_safe,
        unpadded,
        "v1,",
        "v1",
        "",
        " ",
        "v1,AAAA",
        "v1a,AAAA",
    ] {
        let problem = verify(&standard(ID, TIME, signature), BODY, SECRET, NOW);
        assert!(
            matches!(problem, Err(SignatureProblem::MalformedHeader { .. })),
            "{signature:?} gave {problem:?}"
        );
    }
    for time in [
        "1767225600.0",
        "-1767225600",
        "+1767225600",
        "soon",
        "",
        " 1767225600x",
        "99999999999999999999",
    ] {
        assert!(
            matches!(
                verify(&standard(ID, time, SIGNATURE), BODY, SECRET, NOW),
                Err(SignatureProblem::MalformedHeader { .. })
            ),
            "{time:?}"
        );
    }
    for id in ["", "msg.1"] {
        assert!(verify(&standard(id, TIME, SIGNATURE), BODY, SECRET, NOW).is_err());
    }
}

#[test]
fn five_minutes_either_way_are_the_limit() {
    for (now_ms, valid) in [
        (NOW + 299_000, true),
        (NOW - 299_000, true),
        (NOW + 301_000, false),
        (NOW - 301_000, false),
    ] {
        let result = verify(&standard(ID, TIME, SIGNATURE), BODY, SECRET, now_ms);
        assert_eq!(result.is_ok(), valid, "{now_ms}");
    }
}

#[test]
fn a_changed_body_or_a_secret_that_was_not_decoded_does_not_fit() {
    let with_newline = [BODY, b"\n"].concat();
    assert_eq!(
        verify(&standard(ID, TIME, SIGNATURE), &with_newline, SECRET, NOW),
        Err(SignatureProblem::NoMatch)
    );
    // The key as a sender has it that forgets to decode, with the prefix and without.
    for text in [SECRET, &SECRET[6..]] {
        let undecoded: SecretString = BASE64.encode(text).into();
        let signature = sign(ID, 1_767_225_600, BODY, &undecoded).unwrap();
        assert_eq!(
            verify(&standard(ID, TIME, &signature), BODY, SECRET, NOW),
            Err(SignatureProblem::NoMatch)
        );
    }
    let twice = format!("whsec_{SECRET}");
    assert!(verify(&standard(ID, TIME, SIGNATURE), BODY, &twice, NOW).is_err());
}

#[test]
fn one_right_signature_among_several_is_enough() {
    let several = format!("v1a,AAAA v1,AAAA {SIGNATURE}");
    assert_eq!(
        verify(&standard(ID, TIME, &several), BODY, SECRET, NOW),
        Ok(0)
    );
    let (old, new) = ("whsec_b2xk", "whsec_bmV3");
    let by = |secret: &str| sign(ID, 1_767_225_600, BODY, &secret.into()).unwrap();
    for both in [
        format!("{} {}", by(old), by(new)),
        format!("{} {}", by(new), by(old)),
    ] {
        for secret in [old, new] {
            assert_eq!(verify(&standard(ID, TIME, &both), BODY, secret, NOW), Ok(0));
        }
    }
}

#[test]
fn a_secret_may_come_without_its_prefix() {
    assert_eq!(
        verify(&standard(ID, TIME, SIGNATURE), BODY, &SECRET[6..], NOW),
        Ok(0)
    );
}

#[test]
fn a_message_sent_again_is_the_same_and_its_id_with_another_body_is_not() {
    let key =
        |pairs: &[(&str, &str)], body: &[u8]| outline(&headers(pairs), body).unwrap().dedupe_key;
    let first = key(&standard(ID, TIME, SIGNATURE), BODY);
    assert_eq!(first, key(&standard(ID, "1767229200", "v1,new"), BODY));
    assert_ne!(first, key(&standard("msg_2", TIME, SIGNATURE), BODY));
    assert_ne!(first, key(&standard(ID, TIME, SIGNATURE), b"{}"));
}

#[test]
fn a_message_without_a_type_is_kept() {
    let headers = headers(&standard(ID, TIME, SIGNATURE));
    for body in [&b""[..], b"{}", b"hello", b"{\"type\":null}", b"[1]"] {
        assert_eq!(outline(&headers, body).unwrap().event_type, UNTYPED);
    }
    assert_eq!(
        outline(&headers, BODY).unwrap().event_type,
        "contact.created"
    );
    assert_eq!(
        outline(&HeaderMap::new(), BODY),
        Err(ParseProblem::Missing("webhook-id"))
    );
}

#[test]
fn a_message_is_read_in_full() {
    let event = read(BODY).unwrap();
    assert_eq!(event.event_type, "contact.created");
    assert_eq!(event.at, "2026-01-01T00:00:00Z".parse().ok());
    assert_eq!(*event.data, serde_json::json!({"id": "c_1"}));
    assert!(read(b"").is_err());
}
