//! The vectors of the file as requests.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use providers::{
    diagnose::{Diagnosis, Evidence, diagnose},
    source::{Request, SignatureProblem, SourceKind, SourceOptions, split_url, verify},
};
use secrecy::SecretString;
use serde_json::{Value, json};

const FILE: &str = include_str!("../../fixtures/signature-vectors.json");
const TOLERANCE: Duration = Duration::from_secs(300);

/// One vector as a request.
#[derive(Clone)]
pub(super) struct Vector {
    pub(super) kind: SourceKind,
    pub(super) options: SourceOptions,
    pub(super) secret: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) path_and_query: String,
    pub(super) body: Vec<u8>,
    pub(super) now_ms: i64,
    /// Where it stands in the file.
    pub(super) place: usize,
}

pub(super) fn vectors() -> Vec<Vector> {
    let file: Value = serde_json::from_str(FILE).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert_eq!(vectors.len(), 29);
    vectors
        .iter()
        .enumerate()
        .map(|(place, vector)| read(place, vector))
        .collect()
}

fn read(place: usize, vector: &Value) -> Vector {
    let text = |key: &str| vector[key].as_str().map(str::to_owned);
    let headers = vector["headers"].as_object().into_iter().flatten();
    let mut read = Vector {
        kind: SourceKind::Retell,
        options: SourceOptions::default(),
        secret: text("key")
            .or(text("key_base64"))
            .or(text("secret"))
            .or(text("auth_token"))
            .unwrap(),
        headers: headers
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect(),
        path_and_query: "/hooks/abc".to_owned(),
        body: text("body").unwrap_or_default().into_bytes(),
        now_ms: vector["timestamp_ms"].as_i64().unwrap_or_default(),
        place,
    };
    match vector["scheme"].as_str().unwrap() {
        "retell-v1" => {}
        "openphone-legacy" => read.kind = SourceKind::OpenPhone,
        "standard-webhooks" => {
            read.kind = if vector["provider"] == "openphone" {
                SourceKind::Quo
            } else {
                SourceKind::StandardWebhooks
            };
            read.now_ms = time(&read.headers, "webhook-timestamp");
        }
        "vapi-hmac" => of_vapi(&mut read, vector),
        "twilio-sha1" => of_twilio(&mut read, vector),
        // Neither sends to us yet; the verifier that is set up piece by piece takes both.
        "slack-v0" => {
            read.now_ms = time(&read.headers, "X-Slack-Request-Timestamp");
            read.set_up(json!({"payload_format": "v0:{timestamp}:{body}", "signature_prefix": "v0=",
                "signature_header": "X-Slack-Signature", "timestamp_header": "X-Slack-Request-Timestamp"}));
        }
        "hex-body" => read
            .set_up(json!({"payload_format": "{body}", "signature_header": "X-Cal-Signature-256"})),
        other => panic!("{other}"),
    }
    read
}

fn time(headers: &[(String, String)], wanted: &str) -> i64 {
    let (_, time) = headers.iter().find(|(name, _)| name == wanted).unwrap();
    time.parse::<i64>().unwrap() * 1000
}

fn of_vapi(read: &mut Vector, vector: &Value) {
    let mut hmac = json!({
        "payload_format": vector["payloadFormat"],
        "algorithm": vector["algorithm"],
        "signature_encoding": vector["signatureEncoding"],
        "secret_is_base64": vector["secretIsBase64"],
    });
    let text = |key: &str| vector[key].as_str().map(str::to_owned);
    read.headers
        .push(("X-Signature".to_owned(), text("signature").unwrap()));
    if let Some(timestamp) = text("timestamp") {
        read.headers.push(("X-Timestamp".to_owned(), timestamp));
    }
    if let Some(id) = text("svix-id") {
        hmac["message_id_header"] = "svix-id".into();
        read.headers.push(("svix-id".to_owned(), id));
    }
    read.now_ms = 1_767_225_600_000;
    read.set_up(hmac);
}

fn of_twilio(read: &mut Vector, vector: &Value) {
    let (base, path_and_query) = split_url(vector["url"].as_str().unwrap()).unwrap();
    read.kind = SourceKind::Twilio;
    read.options =
        SourceOptions::read(SourceKind::Twilio, json!({"public_base_url": base})).unwrap();
    read.path_and_query = path_and_query.to_owned();
    if read.body.is_empty() {
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in vector["params"].as_object().unwrap() {
            match value {
                Value::Array(values) => values.iter().for_each(|value| {
                    form.append_pair(name, value.as_str().unwrap());
                }),
                value => {
                    form.append_pair(name, value.as_str().unwrap());
                }
            }
        }
        read.body = form.finish().into_bytes();
    }
}

impl Vector {
    fn set_up(&mut self, hmac: Value) {
        self.kind = SourceKind::Vapi;
        self.options =
            SourceOptions::read(SourceKind::Vapi, json!({"vapi": {"hmac": hmac}})).unwrap();
    }

    pub(super) fn verify(&self) -> Result<usize, SignatureProblem> {
        let header = |(name, value): &(String, String)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        };
        let headers: HeaderMap = self.headers.iter().map(header).collect();
        let request = Request {
            headers: &headers,
            path_and_query: &self.path_and_query,
            body: &self.body,
            now_ms: self.now_ms,
        };
        let secrets: [SecretString; 2] = ["YW5vdGhlcg==".into(), self.secret.as_str().into()];
        verify(self.kind, &self.options, &request, &secrets, TOLERANCE)
    }

    pub(super) fn diagnose(&self) -> Diagnosis {
        diagnose(&Evidence {
            kind: self.kind,
            options: &self.options,
            secrets: &[self.secret.as_str().into()],
            retired: &[],
            headers: &self.headers,
            path_and_query: &self.path_and_query,
            body: &self.body,
            now_ms: self.now_ms,
            tolerance: TOLERANCE,
        })
    }

    /// Refused, and for one of these reasons.
    pub(super) fn is_refused(&self, codes: &[&str], what: &str) {
        let place = self.place;
        assert!(self.verify().is_err(), "vector {place} with another {what}");
        let diagnosis = self.diagnose();
        assert!(
            !diagnosis.is_valid() && codes.contains(&diagnosis.code()),
            "vector {place} with another {what} gave {}: {diagnosis}",
            diagnosis.code()
        );
    }
}
