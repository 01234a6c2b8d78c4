use serde_json::json;

use super::*;
use crate::vapi::{Bearer, Hmac};

#[test]
fn nothing_needs_to_be_set_but_twilios_address() {
    for kind in SourceKind::ALL {
        let options = SourceOptions::read(kind, json!({}));
        match kind {
            SourceKind::Twilio => assert_eq!(options.unwrap_err().field, "public_base_url"),
            _ => assert_eq!(options, Ok(SourceOptions::default())),
        }
    }
}

#[test]
fn options_survive_being_stored() {
    for (kind, json) in [
        (SourceKind::Quo, json!({"timestamp_tolerance_seconds": 600})),
        (
            SourceKind::OpenPhone,
            json!({"timestamp_tolerance_seconds": "off"}),
        ),
        (
            SourceKind::Twilio,
            json!({"public_base_url": "https://hooks.example.org:8443"}),
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"bearer": {"header_name": "X-Vapi-Secret", "bearer_prefix_enabled": false}}}),
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"hmac": {"algorithm": "sha512", "signature_encoding": "base64"}}}),
        ),
    ] {
        let options = SourceOptions::read(kind, json).unwrap();
        let stored = serde_json::to_value(&options).unwrap();
        assert_eq!(SourceOptions::read(kind, stored).unwrap(), options);
    }
}

#[test]
fn what_is_wrong_is_told_by_its_field() {
    for (kind, json, field, part) in [
        (
            SourceKind::Quo,
            json!({"tolerance": 1}),
            "tolerance",
            "unknown field",
        ),
        (
            SourceKind::Quo,
            json!({"timestamp_tolerance_seconds": -1}),
            "timestamp_tolerance_seconds",
            "off",
        ),
        (
            SourceKind::Quo,
            json!({"timestamp_tolerance_seconds": 1e12}),
            "timestamp_tolerance_seconds",
            "seconds",
        ),
        (
            SourceKind::Quo,
            json!({"timestamp_tolerance_seconds": "never"}),
            "timestamp_tolerance_seconds",
            "off",
        ),
        (
            SourceKind::Twilio,
            json!({"timestamp_tolerance_seconds": 1}),
            "timestamp_tolerance_seconds",
            "no use",
        ),
        (
            SourceKind::Vapi,
            json!({"timestamp_tolerance_seconds": 1}),
            "timestamp_tolerance_seconds",
            "no use",
        ),
        (
            SourceKind::Quo,
            json!({"public_base_url": "https://a.example"}),
            "public_base_url",
            "no use",
        ),
        (
            SourceKind::Twilio,
            json!({"public_base_url": "hooks.example.org"}),
            "public_base_url",
            "https://",
        ),
        (
            SourceKind::Twilio,
            json!({"public_base_url": "https://"}),
            "public_base_url",
            "https://",
        ),
        (
            SourceKind::Twilio,
            json!({"public_base_url": "https://a.example?x=1"}),
            "public_base_url",
            "query",
        ),
        (
            SourceKind::Twilio,
            json!({"public_base_url": "https://a.example/hooks"}),
            "public_base_url",
            "leave that off",
        ),
        (
            SourceKind::Twilio,
            json!({"public_base_url": "https://a.example/in/hooks/"}),
            "public_base_url",
            "leave that off",
        ),
        (
            SourceKind::Quo,
            json!({"vapi": {"bearer": {}}}),
            "vapi",
            "no use",
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"bearer": {"header": "X"}}}),
            "vapi.bearer.header",
            "unknown field",
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"bearer": {"header_name": "no name"}}}),
            "vapi.bearer.header_name",
            "name",
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"hmac": {"algorithm": "md5"}}}),
            "vapi.hmac.algorithm",
            "sha256",
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"hmac": {"payload_format": "{timestamp}"}}}),
            "vapi.hmac.payload_format",
            "{body}",
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"hmac": {"payload_format": "{body}{time}"}}}),
            "vapi.hmac.payload_format",
            "{time}",
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"hmac": {"payload_format": "{svix-id}.{body}"}}}),
            "vapi.hmac.message_id_header",
            "needed",
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"hmac": {"payload_format": "{url}{body}"}}}),
            "public_base_url",
            "needed",
        ),
        (SourceKind::Vapi, json!([]), "options", ""),
    ] {
        let problem = SourceOptions::read(kind, json.clone()).unwrap_err();
        assert!(
            problem.field == field && problem.problem.contains(part),
            "{json} gave {problem}"
        );
    }
}

#[test]
fn the_tolerance_is_the_sources_or_the_default() {
    let default = Duration::from_secs(300);
    for (set, expected) in [
        (None, Some(default)),
        (Some(Tolerance::Seconds(60)), Some(Duration::from_secs(60))),
        (Some(Tolerance::Off), None),
    ] {
        let options = SourceOptions {
            timestamp_tolerance_seconds: set,
            ..SourceOptions::default()
        };
        assert_eq!(options.tolerance(default), expected);
    }
}

#[test]
fn vapis_defaults_are_those_its_documentation_states() {
    assert_eq!(
        *SourceOptions::default().vapi_verifier(),
        Verifier::Bearer(Bearer {
            header_name: "authorization".to_owned(),
            bearer_prefix_enabled: true,
        })
    );
    let hmac = Hmac::default();
    assert_eq!(
        (
            hmac.signature_header.as_str(),
            hmac.timestamp_header.as_str(),
            hmac.payload_format.as_str()
        ),
        ("x-signature", "x-timestamp", "{timestamp}.{body}")
    );
}
