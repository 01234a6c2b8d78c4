//! The same findings for every other source, and those that only they have.

use serde_json::json;

use super::*;
use crate::{
    agent, openphone,
    standard_webhooks::webhook as standard,
    twilio::webhook as twilio,
    vapi::{self, webhook::Stamp},
};

const PATH: &str = "/hooks/abc";
const URL: &str = "https://hooks.example.org/hooks/abc";

/// The headers of a webhook made with a secret, at a time in milliseconds.
type Sign = dyn Fn(&str, i64) -> Vec<(String, String)>;

/// A source with its options, and a webhook of it made with a secret at a time.
struct Sample {
    kind: SourceKind,
    options: SourceOptions,
    body: Vec<u8>,
    sign: Box<Sign>,
}

impl Sample {
    fn new(
        kind: SourceKind,
        options: serde_json::Value,
        body: &str,
        sign: impl Fn(&[u8], &SecretString, i64) -> Vec<(String, String)> + 'static,
    ) -> Self {
        let body = body.as_bytes().to_vec();
        let signed = body.clone();
        Self {
            kind,
            options: SourceOptions::read(kind, options).unwrap(),
            body,
            sign: Box::new(move |secret, now_ms| sign(&signed, &secret.into(), now_ms)),
        }
    }

    fn diagnose(
        &self,
        headers: &[(String, String)],
        secrets: &[&str],
        retired: &[&str],
        body: &[u8],
    ) -> Diagnosis {
        diagnose(&Evidence {
            kind: self.kind,
            options: &self.options,
            secrets: &super::secrets(secrets),
            retired: &super::secrets(retired),
            headers,
            path_and_query: PATH,
            body,
            now_ms: NOW,
            tolerance: TOLERANCE,
        })
    }

    fn check(&self, secret: &str, secrets: &[&str], retired: &[&str]) -> Diagnosis {
        self.diagnose(&(self.sign)(secret, NOW), secrets, retired, &self.body)
    }
}

fn pair(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

fn standard_webhooks(kind: SourceKind) -> Sample {
    Sample::new(kind, json!({}), BODY, |body, secret, now_ms| {
        let seconds = now_ms / 1000;
        vec![
            pair("Webhook-Id", "msg_1".to_owned()),
            pair("Webhook-Timestamp", seconds.to_string()),
            pair(
                "Webhook-Signature",
                standard::sign("msg_1", seconds, body, secret).unwrap(),
            ),
        ]
    })
}

fn openphone() -> Sample {
    Sample::new(
        SourceKind::OpenPhone,
        json!({}),
        BODY,
        |body, secret, now_ms| {
            vec![pair(
                openphone::webhook::SIGNATURE_HEADER,
                openphone::webhook::sign(body, secret, now_ms).unwrap(),
            )]
        },
    )
}

fn vapi_hmac(options: serde_json::Value) -> Sample {
    let verifier = SourceOptions::read(SourceKind::Vapi, options.clone()).unwrap();
    Sample::new(
        SourceKind::Vapi,
        options,
        BODY,
        move |body, secret, now_ms| {
            let timestamp = (now_ms / 1000).to_string();
            let stamp = Stamp {
                timestamp: &timestamp,
                message_id: "msg_1",
                url: URL,
            };
            vapi::webhook::sign(verifier.vapi_verifier(), &stamp, body, secret).unwrap()
        },
    )
}

fn twilio(url: &'static str) -> Sample {
    let options = json!({"public_base_url": "https://hooks.example.org"});
    Sample::new(
        SourceKind::Twilio,
        options,
        "MessageSid=SM1&MessageStatus=sent",
        move |body, secret, _| {
            vec![pair(
                twilio::SIGNATURE_HEADER,
                twilio::sign(url, body, secret).unwrap(),
            )]
        },
    )
}

fn agent() -> Sample {
    Sample::new(SourceKind::Agent, json!({}), BODY, |_, secret, _| {
        vec![pair(
            agent::webhook::TOKEN_HEADER,
            agent::webhook::sign(secret),
        )]
    })
}

/// Every source whose proof is in a header, with three secrets of its form.
fn samples() -> Vec<(Sample, [&'static str; 3])> {
    let texts = ["first", "second", "third"];
    let base64 = ["Zmlyc3Q=", "c2Vjb25k", "dGhpcmQ="];
    let prefixed = ["whsec_Zmlyc3Q=", "whsec_c2Vjb25k", "whsec_dGhpcmQ="];
    vec![
        (standard_webhooks(SourceKind::Quo), prefixed),
        (standard_webhooks(SourceKind::StandardWebhooks), prefixed),
        (openphone(), base64),
        (vapi_hmac(json!({"vapi": {"hmac": {}}})), texts),
        (
            vapi_hmac(
                json!({"vapi": {"hmac": {"secret_is_base64": true, "signature_encoding": "base64"}}}),
            ),
            base64,
        ),
        (vapi_hmac(json!({})), texts),
        (twilio(URL), texts),
        (agent(), texts),
    ]
}

#[test]
fn each_source_knows_its_newest_older_retired_and_wrong_secrets() {
    for (sample, [first, second, third]) in samples() {
        let code = |signer, secrets: &[&str], retired: &[&str]| {
            let diagnosis = sample.check(signer, secrets, retired);
            assert!(!diagnosis.to_string().contains(signer), "{diagnosis}");
            (diagnosis.code(), diagnosis.is_valid())
        };
        let kind = sample.kind;
        assert_eq!(
            code(first, &[first, second], &[]),
            ("valid", true),
            "{kind:?}"
        );
        assert_eq!(
            code(second, &[first, second], &[]),
            ("valid_older_secret", true),
            "{kind:?}"
        );
        assert_eq!(
            code(third, &[first], &[second, third]),
            ("rotated_secret", false),
            "{kind:?}"
        );
        assert_eq!(
            code(third, &[first], &[second]),
            ("wrong_key", false),
            "{kind:?}"
        );
        assert_eq!(code(first, &[], &[]), ("no_secret", false), "{kind:?}");
    }
}

#[test]
fn each_source_that_signs_a_time_tells_how_far_it_is_off() {
    let signs_time = |sample: &Sample| match sample.kind {
        SourceKind::Twilio | SourceKind::Agent => false,
        SourceKind::Vapi => sample.options.vapi_verifier().signs_time(),
        _ => true,
    };
    for (sample, [first, _, _]) in samples().iter().filter(|(sample, _)| signs_time(sample)) {
        let headers = (sample.sign)(first, NOW - 420_000);
        let diagnosis = sample.diagnose(&headers, &[first], &[], &sample.body);
        assert_eq!(
            (diagnosis.code(), diagnosis.off_by_ms),
            ("clock_drift", Some(420_000)),
            "{:?}",
            sample.kind
        );
    }
}

#[test]
fn each_source_names_the_header_that_is_missing_or_malformed() {
    for (sample, [first, _, _]) in samples() {
        let headers = (sample.sign)(first, NOW);
        for (index, (name, _)) in headers.iter().enumerate() {
            let mut without = headers.clone();
            without.remove(index);
            let diagnosis = sample.diagnose(&without, &[first], &[], &sample.body);
            if diagnosis.is_valid() {
                panic!("{:?} without {name}", sample.kind);
            }
            assert_eq!(
                diagnosis.code(),
                "missing_header",
                "{:?} {name}",
                sample.kind
            );
            assert!(
                diagnosis.to_string().contains(&name.to_ascii_lowercase()),
                "{diagnosis}"
            );
        }
        let mut odd = headers.clone();
        for (name, value) in &mut odd {
            if name.to_ascii_lowercase().contains("signature") || name == "authorization" {
                *value = "?".to_owned();
            }
        }
        let diagnosis = sample.diagnose(&odd, &[first], &[], &sample.body);
        assert_eq!(diagnosis.code(), "malformed_header", "{:?}", sample.kind);
    }
}

#[test]
fn each_source_that_signs_the_body_knows_one_that_was_rewritten() {
    let signs_body = |kind| !matches!(kind, SourceKind::Twilio | SourceKind::Agent);
    for (sample, [first, _, _]) in samples() {
        let headers = (sample.sign)(first, NOW);
        if headers.iter().any(|(name, _)| name == "authorization") || !signs_body(sample.kind) {
            continue;
        }
        let pretty: serde_json::Value = serde_json::from_slice(&sample.body).unwrap();
        let pretty = serde_json::to_string_pretty(&pretty)
            .unwrap()
            .replace("12.5", "12.50");
        for rewritten in [format!("{BODY}\n"), BODY.replace(':', ": ")] {
            let diagnosis = sample.diagnose(&headers, &[first], &[], rewritten.as_bytes());
            assert_eq!(
                diagnosis.code(),
                "body_rewritten",
                "{:?} {rewritten}",
                sample.kind
            );
        }
        // Keys in another order cannot be put back into the sender's.
        assert_eq!(
            sample
                .diagnose(&headers, &[first], &[], pretty.as_bytes())
                .code(),
            "wrong_key"
        );
    }
}

#[test]
fn a_secret_that_was_copied_badly_is_recognised_at_each_source() {
    for (sample, [first, _, _]) in samples() {
        for mistyped in [
            format!(" {first}"),
            format!("\"{first}\""),
            format!("Bearer {first}"),
        ] {
            let diagnosis = sample.check(first, &[&mistyped], &[]);
            assert_eq!(
                diagnosis.code(),
                "secret_mistyped",
                "{:?} {mistyped:?}",
                sample.kind
            );
        }
    }
}

#[test]
fn a_base64_secret_in_another_dress_is_recognised() {
    use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
    let key: &[u8] = &[0xfb, 0xff, 0xfe, 1, 2, 3];
    let right = BASE64.encode(key);
    let url_safe = right.replace('+', "-").replace('/', "_");
    let hex = hex::encode(key);
    for (sample, signer, given) in [
        (openphone(), right.clone(), format!("whsec_{right}")),
        (openphone(), right.clone(), url_safe.clone()),
        (openphone(), right.clone(), hex.clone()),
        (openphone(), BASE64.encode(&right), right.clone()),
        (
            standard_webhooks(SourceKind::Quo),
            right.clone(),
            format!("whsec_whsec_{right}"),
        ),
        (
            standard_webhooks(SourceKind::Quo),
            right.clone(),
            format!("whsec_{url_safe}"),
        ),
        (
            standard_webhooks(SourceKind::Quo),
            right.clone(),
            format!("whsec_{hex}"),
        ),
        (
            standard_webhooks(SourceKind::Quo),
            BASE64.encode(&right),
            format!("whsec_{right}"),
        ),
        (
            standard_webhooks(SourceKind::Quo),
            BASE64.encode(format!("whsec_{right}")),
            format!("whsec_{right}"),
        ),
    ] {
        let diagnosis = sample.check(&signer, &[&given], &[]);
        assert_eq!(
            diagnosis.code(),
            "secret_mistyped",
            "{:?} {given}",
            sample.kind
        );
    }
}

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
