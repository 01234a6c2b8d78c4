use super::*;

const VECTORS: &str = include_str!("../../tests/fixtures/signature-vectors.json");
const BODY: &[u8] = br#"{"event":"call_ended"}"#;
const HEADER: &str =
    "v=1700000000000,d=07024cabe7dd8f6d1c6e4a8324ca92c812e6ad4a7ee506c04f7e462e3321823e";
const NOW: i64 = 1_700_000_000_000;

fn secrets(keys: &[&str]) -> Vec<SecretString> {
    keys.iter().map(|key| SecretString::from(*key)).collect()
}

fn check(header: &str) -> Result<usize, SignatureProblem> {
    verify(
        BODY,
        Some(header),
        &secrets(&["test-api-key"]),
        NOW,
        TOLERANCE,
    )
}

#[test]
fn every_public_vector_verifies_and_can_be_reproduced() {
    let file: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    let of_retell = vectors
        .iter()
        .filter(|vector| vector["provider"] == "retell");
    assert_eq!(of_retell.clone().count(), 4);
    for vector in of_retell {
        let body = vector["body"].as_str().unwrap().as_bytes();
        let header = vector["headers"]["X-Retell-Signature"].as_str().unwrap();
        let now = vector["timestamp_ms"].as_i64().unwrap();
        let secrets = secrets(&[vector["key"].as_str().unwrap()]);
        assert_eq!(verify(body, Some(header), &secrets, now, TOLERANCE), Ok(0));
        assert_eq!(sign(body, &secrets[0], now), header);

        let mut changed = body.to_vec();
        changed[2] ^= 1;
        assert_eq!(
            verify(&changed, Some(header), &secrets, now, TOLERANCE),
            Err(SignatureProblem::NoMatch)
        );
    }
}

#[test]
fn a_signature_is_valid_for_five_minutes_either_way() {
    for (now, valid) in [
        (NOW + 300_000, true),
        (NOW - 300_000, true),
        (NOW + 300_001, false),
        (NOW - 300_001, false),
    ] {
        let result = verify(
            BODY,
            Some(HEADER),
            &secrets(&["test-api-key"]),
            now,
            TOLERANCE,
        );
        assert_eq!(result.is_ok(), valid, "{now}");
    }
    let problem = verify(
        BODY,
        Some(HEADER),
        &secrets(&["test-api-key"]),
        NOW - 300_001,
        TOLERANCE,
    );
    assert_eq!(
        problem,
        Err(SignatureProblem::OutsideTolerance {
            off_by_ms: -300_001
        })
    );
}

#[test]
fn hex_digits_of_either_case_are_accepted() {
    let (time, digest) = HEADER.split_once(",d=").unwrap();
    assert_eq!(check(&format!("{time},d={}", digest.to_uppercase())), Ok(0));
}

#[test]
fn a_header_of_any_other_form_is_malformed() {
    let (_, digest) = HEADER.split_once(",d=").unwrap();
    let malformed = [
        String::new(),
        "v=1700000000000".into(),
        format!("{HEADER},x=1"),
        format!(" {HEADER}"),
        format!("{HEADER}\n"),
        format!("d={digest},v=1700000000000"),
        format!("v=+1700000000000,d={digest}"),
        format!("v=-1700000000000,d={digest}"),
        format!("v=,d={digest}"),
        format!("v=17e11,d={digest}"),
        format!("v=1700000000000, d={digest}"),
        format!("v=1700000000000,d={}", &digest[..62]),
        format!("v=1700000000000,d={digest}00"),
        format!("v=1700000000000,d={}", "g".repeat(64)),
        format!("v={},d={digest}", "9".repeat(40)),
        format!("V=1700000000000,d={digest}"),
    ];
    for header in malformed {
        assert_eq!(
            check(&header),
            Err(SignatureProblem::MalformedHeader {
                header: SIGNATURE_HEADER.into(),
                form: "v=<milliseconds>,d=<64 hex digits>".into()
            }),
            "{header:?}"
        );
    }
}

#[test]
fn a_missing_header_or_secret_is_never_valid() {
    let missing = verify(BODY, None, &secrets(&["test-api-key"]), NOW, TOLERANCE);
    assert_eq!(
        missing,
        Err(SignatureProblem::MissingHeader(SIGNATURE_HEADER.into()))
    );
    assert_eq!(
        verify(BODY, Some(HEADER), &[], NOW, TOLERANCE),
        Err(SignatureProblem::NoSecret)
    );
}

#[test]
fn during_a_rotation_either_key_is_accepted_and_named() {
    for (keys, expected) in [
        (["test-api-key", "other"], Ok(0)),
        (["other", "test-api-key"], Ok(1)),
        (["test-api-key", "test-api-key"], Ok(0)),
        (["other", "another"], Err(SignatureProblem::NoMatch)),
    ] {
        assert_eq!(
            verify(BODY, Some(HEADER), &secrets(&keys), NOW, TOLERANCE),
            expected
        );
    }
}

#[test]
fn a_time_at_the_edge_of_numbers_does_not_overflow() {
    let header = format!("v={},d={}", i64::MAX, "0".repeat(64));
    let result = verify(
        BODY,
        Some(&header),
        &secrets(&["test-api-key"]),
        i64::MIN,
        TOLERANCE,
    );
    assert!(matches!(
        result,
        Err(SignatureProblem::OutsideTolerance { .. })
    ));
}

#[test]
fn no_two_of_time_and_body_can_be_swapped_for_one_signature() {
    // Without a separator, a digit could move from the end of the body to the front of the time:
    // the window of tolerance is what keeps the moved time from being accepted.
    let secret = secrets(&["test-api-key"]);
    let header = sign(b"{\"a\":1", &secret[0], NOW);
    let moved = header.replacen("v=", "v=1", 1);
    assert!(verify(b"{\"a\":", Some(&moved), &secret, NOW, TOLERANCE).is_err());
}
