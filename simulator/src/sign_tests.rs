use serde_json::Value;

use super::*;

fn vectors(scheme: &str) -> Vec<Value> {
    let text = include_str!("../tests/fixtures/signature-vectors.json");
    let all: Vec<Value> = serde_json::from_str(text).unwrap();
    let wanted: Vec<Value> = all
        .into_iter()
        .filter(|vector| vector["scheme"] == scheme)
        .collect();
    assert!(!wanted.is_empty(), "no vectors for {scheme}");
    wanted
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap()
}

#[test]
fn retell_is_signed_as_published() {
    for vector in vectors("retell-v1") {
        let at_ms = vector["timestamp_ms"].as_i64().unwrap();
        let signature = retell(
            text(&vector, "/key"),
            text(&vector, "/body").as_bytes(),
            at_ms,
        );
        assert_eq!(signature, text(&vector, "/headers/X-Retell-Signature"));
    }
}

#[test]
fn standard_webhooks_are_signed_as_published() {
    for vector in vectors("standard-webhooks") {
        let signature = standard(
            text(&vector, "/secret"),
            text(&vector, "/headers/webhook-id"),
            text(&vector, "/headers/webhook-timestamp").parse().unwrap(),
            text(&vector, "/body").as_bytes(),
        );
        assert_eq!(signature, text(&vector, "/headers/webhook-signature"));
    }
}

#[test]
fn openphone_is_signed_as_published() {
    for vector in vectors("openphone-legacy") {
        let at_ms = vector["timestamp_ms"].as_i64().unwrap();
        let body = text(&vector, "/body").as_bytes();
        let signature = openphone(text(&vector, "/key_base64"), at_ms, body);
        assert_eq!(signature, text(&vector, "/headers/openphone-signature"));
    }
}

#[test]
fn twilio_is_signed_as_published() {
    for vector in vectors("twilio-sha1") {
        let parameters: Vec<(String, String)> = vector["params"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(name, value)| {
                let values = value.as_array().cloned().unwrap_or(vec![value.clone()]);
                values
                    .into_iter()
                    .map(|value| (name.clone(), value.as_str().unwrap().to_owned()))
            })
            .collect();
        let signature = twilio(
            text(&vector, "/auth_token"),
            text(&vector, "/url"),
            &parameters,
        );
        assert_eq!(signature, text(&vector, "/headers/X-Twilio-Signature"));
    }
}
