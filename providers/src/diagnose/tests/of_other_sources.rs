//! The same findings for every other source.

use super::{samples::*, *};

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
