//! What only some sources can have wrong: Twilio's address, Vapi's credential, Zoho's token.

use serde_json::json;

use super::{samples::*, *};

#[test]
fn twilios_address_is_found_when_it_is_another() {
    for (url, words) in [
        ("http://hooks.example.org/hooks/abc", "http://"),
        (
            "https://hooks.example.org/hooks/abc/",
            "with a / at the end",
        ),
        ("https://hooks.example.org:8443/hooks/abc", "port 8443"),
        ("http://hooks.example.org:8080/hooks/abc/", "port 8080"),
    ] {
        let diagnosis = twilio(url).check("token", &["token"], &[]);
        assert_eq!(
            (diagnosis.code(), diagnosis.is_valid()),
            ("wrong_url", false),
            "{url}"
        );
        assert!(diagnosis.to_string().contains(words), "{diagnosis}");
    }
    let sample = twilio("https://other.example.org/hooks/abc");
    let mut headers = (sample.sign)("token", NOW);
    assert_eq!(
        sample
            .diagnose(&headers, &["token"], &[], &sample.body)
            .code(),
        "wrong_key"
    );
    headers.push(pair("X-Forwarded-Host", "other.example.org".to_owned()));
    let found = sample.diagnose(&headers, &["token"], &[], &sample.body);
    assert!(found.to_string().contains("x-forwarded-host"), "{found}");
    let unset = Sample {
        options: SourceOptions::default(),
        ..twilio(URL)
    };
    assert_eq!(
        unset.check("token", &["token"], &[]).code(),
        "missing_option"
    );
}

#[test]
fn a_query_that_twilio_did_not_sign_is_found() {
    let sample = twilio(URL);
    let diagnosis = diagnose(&Evidence {
        kind: SourceKind::Twilio,
        options: &sample.options,
        secrets: &secrets(&["token"]),
        retired: &[],
        headers: &(sample.sign)("token", NOW),
        path_and_query: "/hooks/abc?added=1",
        body: &sample.body,
        now_ms: NOW,
        tolerance: TOLERANCE,
    });
    assert_eq!(diagnosis.code(), "wrong_url");
    assert!(
        diagnosis.to_string().contains("without its query"),
        "{diagnosis}"
    );
}

#[test]
fn vapis_credential_is_found_when_it_is_another() {
    let ours = json!({"vapi": {"hmac": {}}});
    for (theirs, words) in [
        (
            json!({"vapi": {"hmac": {"secret_is_base64": true}}}),
            "secret_is_base64 true",
        ),
        (
            json!({"vapi": {"hmac": {"payload_format": "{body}"}}}),
            "payload_format {body}",
        ),
        (
            json!({"vapi": {"hmac": {"algorithm": "sha512"}}}),
            "algorithm sha512",
        ),
        (
            json!({"vapi": {"hmac": {"signature_encoding": "base64"}}}),
            "signature_encoding base64",
        ),
        (
            json!({"vapi": {"hmac": {"signature_prefix": "sha256="}}}),
            "signature_prefix \"sha256=\"",
        ),
        (
            json!({"vapi": {"bearer": {"header_name": "x-vapi-secret", "bearer_prefix_enabled": false}}}),
            "x-vapi-secret",
        ),
        (json!({}), "authorization"),
    ] {
        let headers = (vapi_hmac(theirs.clone()).sign)("c2VjcmV0", NOW);
        let diagnosis =
            vapi_hmac(ours.clone()).diagnose(&headers, &["c2VjcmV0"], &[], BODY.as_bytes());
        assert_eq!(
            (diagnosis.code(), diagnosis.is_valid()),
            ("wrong_options", false),
            "{theirs}"
        );
        assert!(diagnosis.to_string().contains(words), "{diagnosis}");
    }
    let signed = (vapi_hmac(ours).sign)("secret", NOW);
    let diagnosis = vapi_hmac(json!({})).diagnose(&signed, &["secret"], &[], BODY.as_bytes());
    assert!(diagnosis.to_string().contains("vapi.hmac"), "{diagnosis}");
}

#[test]
fn zohos_token_is_found_in_the_body_and_in_what_was_stored_of_it() {
    let sample = |body: &str| Sample::new(SourceKind::Zoho, json!({}), body, |_, _, _| Vec::new());
    let body = r#"{"ids":["1"],"token":"9f3c1a7e5d2b48c6"}"#;
    for (secrets, retired, code) in [
        (&["9f3c1a7e5d2b48c6"][..], &[][..], "valid"),
        (&["new", "9f3c1a7e5d2b48c6"], &[], "valid_older_secret"),
        (&["new"], &["9f3c1a7e5d2b48c6"], "rotated_secret"),
        (&[" 9f3c1a7e5d2b48c6"], &[], "secret_mistyped"),
        (&["new"], &[], "wrong_key"),
    ] {
        assert_eq!(sample(body).check("", secrets, retired).code(), code);
    }
    assert_eq!(sample("{}").check("", &["t"], &[]).code(), "missing_token");
    let stored = String::from_utf8(
        crate::source::stored_body(SourceKind::Zoho, body.as_bytes()).into_owned(),
    )
    .unwrap();
    let diagnosis = sample(&stored).check("", &["new"], &["9f3c1a7e5d2b48c6"]);
    assert_eq!(
        (diagnosis.code(), diagnosis.is_valid()),
        ("stored_copy", false)
    );
    assert_eq!(diagnosis.finding, Finding::Stored(Secret::Retired(0)));
    assert_eq!(sample(&stored).check("", &["new"], &[]).code(), "wrong_key");
}
