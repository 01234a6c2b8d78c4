use super::*;
use crate::{
    signature::check,
    testing::{TOLERANCE, headers},
};

const SECRET: &str = "cXVvLWxlZ2FjeS1zaWduaW5nLWtleS0zMi1ieXRlcyE=";
const BODY: &[u8] = br#"{"id":"EV1","type":"message.received"}"#;
const NOW: i64 = 1_767_225_600_000;

fn verify(header: &str, secret: &str, now_ms: i64) -> Result<usize, SignatureProblem> {
    let headers = headers(&[(SIGNATURE_HEADER, header)]);
    let signatures = Signatures::from(&headers)?;
    check(&signatures, BODY, &[secret.into()], now_ms, Some(TOLERANCE))
}

fn signed(at_ms: i64) -> String {
    sign(BODY, &SECRET.into(), at_ms).unwrap()
}

#[test]
fn a_signature_is_valid_near_its_time_and_with_its_key() {
    for (now_ms, valid) in [
        (NOW, true),
        (NOW + 299_000, true),
        (NOW + 301_000, false),
        (NOW - 301_000, false),
    ] {
        assert_eq!(
            verify(&signed(NOW), SECRET, now_ms).is_ok(),
            valid,
            "{now_ms}"
        );
    }
    assert_eq!(
        verify(&signed(NOW), "b3RoZXI=", NOW),
        Err(SignatureProblem::NoMatch)
    );
    assert_eq!(
        verify(&signed(NOW), "not base64", NOW),
        Err(SignatureProblem::NoMatch)
    );
}

#[test]
fn a_time_in_seconds_is_understood() {
    let key = base64_key(SECRET).unwrap();
    let code = Algorithm::Sha256.hmac(&key, &[b"1767225600.", BODY]);
    let header = format!("hmac;1;1767225600;{}", BASE64.encode(code));
    assert_eq!(verify(&header, SECRET, NOW), Ok(0));
}

#[test]
fn one_right_signature_among_several_is_enough() {
    let other = sign(BODY, &"b3RoZXI=".into(), NOW).unwrap();
    for header in [
        format!("{},{other}", signed(NOW)),
        format!("{other}, {}", signed(NOW)),
        format!("hmac;2;1;AAAA,{}", signed(NOW)),
    ] {
        assert_eq!(verify(&header, SECRET, NOW), Ok(0), "{header}");
    }
}

#[test]
fn an_old_signature_is_not_carried_along_by_a_fresh_one() {
    let fresh = sign(BODY, &"b3RoZXI=".into(), NOW).unwrap();
    for header in [
        format!("{fresh},{}", signed(NOW - 600_000)),
        format!("{},{fresh}", signed(NOW - 600_000)),
    ] {
        assert_eq!(
            verify(&header, SECRET, NOW),
            Err(SignatureProblem::OutsideTolerance { off_by_ms: 600_000 })
        );
    }
}

#[test]
fn a_header_of_any_other_form_is_malformed() {
    let good = signed(NOW);
    let many = [good.as_str(); MOST + 1].join(",");
    for header in [
        "",
        "hmac;1;1767225600000",
        &good.replace("hmac", "sha"),
        &good.replace(";1;", ";2;"),
        &good.replace("1767225600000", "-1767225600000"),
        &good.replace("1767225600000", ""),
        &good.replace("=", ""),
        &format!("{good};x"),
        &many,
    ] {
        assert!(
            matches!(
                verify(header, SECRET, NOW),
                Err(SignatureProblem::MalformedHeader { .. })
            ),
            "{header:?}"
        );
    }
}
