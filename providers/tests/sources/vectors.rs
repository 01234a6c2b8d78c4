//! Signatures from the vendors' own tests, and others computed apart from our code: each is accepted as it is,
//! and with one character changed anywhere it is refused, for the reason that is true.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use providers::{
    diagnose::{Diagnosis, Evidence, diagnose},
    source::{Request, SignatureProblem, SourceKind, SourceOptions, split_url, verify},
};
use secrecy::SecretString;
use serde_json::{Value, json};

const FILE: &str = include_str!("../fixtures/signature-vectors.json");
const TOLERANCE: Duration = Duration::from_secs(300);

/// One vector as a request.
#[derive(Clone)]
struct Vector {
    kind: SourceKind,
    options: SourceOptions,
    secret: String,
    headers: Vec<(String, String)>,
    path_and_query: String,
    body: Vec<u8>,
    now_ms: i64,
    /// Where it stands in the file.
    place: usize,
}

fn vectors() -> Vec<Vector> {
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

    fn verify(&self) -> Result<usize, SignatureProblem> {
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

    fn diagnose(&self) -> Diagnosis {
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
    fn is_refused(&self, codes: &[&str], what: &str) {
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

/// The text with one character another, at each of its places.
fn altered(text: &str) -> impl Iterator<Item = String> {
    let place = |at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = match bytes[at] {
            b'9' | b'f' => b'0',
            b'z' => b'a',
            b'Z' => b'A',
            byte if byte.is_ascii_alphanumeric() => byte + 1,
            byte => byte ^ 1,
        };
        String::from_utf8(bytes).unwrap()
    };
    (0..text.len()).map(place)
}

#[test]
fn every_vector_is_accepted_and_its_secret_named() {
    for vector in vectors() {
        assert_eq!(vector.verify(), Ok(1), "vector {}", vector.place);
        let diagnosis = vector.diagnose();
        assert_eq!(
            (diagnosis.code(), diagnosis.is_valid()),
            ("valid", true),
            "vector {}",
            vector.place
        );
    }
}

#[test]
fn every_vector_with_a_byte_of_its_body_changed_is_refused() {
    for vector in vectors() {
        for at in 0..vector.body.len() {
            let mut other = vector.clone();
            other.body[at] ^= 1;
            assert_eq!(
                other.verify(),
                Err(SignatureProblem::NoMatch),
                "vector {} byte {at}",
                vector.place
            );
        }
        let mut longer = vector.clone();
        longer.body.push(b'\n');
        // A line end is the one change that the doctor can take back.
        longer.is_refused(&["body_rewritten"], "end of the body");
        let mut other = vector.clone();
        other.body.insert(0, b'x');
        other.is_refused(&["wrong_key"], "body");
    }
}

#[test]
fn every_vector_with_a_character_of_its_secret_changed_is_refused() {
    for vector in vectors() {
        // The last characters of base64 may hold bits that are no part of the key.
        let length = vector.secret.trim_end_matches('=').len();
        let length = if vector.secret.ends_with('=') {
            length - 1
        } else {
            length
        };
        for secret in altered(&vector.secret).take(length) {
            let other = Vector {
                secret,
                ..vector.clone()
            };
            assert_eq!(
                other.verify(),
                Err(SignatureProblem::NoMatch),
                "vector {} {}",
                vector.place,
                other.secret
            );
        }
        let other = Vector {
            secret: "b3RoZXI=".to_owned(),
            ..vector.clone()
        };
        other.is_refused(&["wrong_key"], "secret");
    }
}

#[test]
fn every_vector_with_a_character_of_a_header_changed_is_refused() {
    for vector in vectors() {
        for place in 0..vector.headers.len() {
            let (name, value) = &vector.headers[place];
            // A time that is not signed is not looked at, and a changed one may be out of the window too.
            for changed in altered(value) {
                let mut other = vector.clone();
                other.headers[place].1 = changed;
                other.is_refused(&["wrong_key", "malformed_header"], name);
            }
        }
    }
}

#[test]
fn every_vector_without_one_of_its_headers_is_refused() {
    for vector in vectors() {
        for place in 0..vector.headers.len() {
            let mut other = vector.clone();
            let (name, _) = other.headers.remove(place);
            assert!(
                matches!(other.verify(), Err(SignatureProblem::MissingHeader(missing)) if missing == name.to_ascii_lowercase())
            );
            other.is_refused(&["missing_header"], &name);
        }
    }
}

#[test]
fn every_vector_that_signs_its_time_is_refused_at_another() {
    for vector in vectors() {
        let timeless = vector.kind == SourceKind::Twilio
            || (vector.kind == SourceKind::Vapi && vector.headers.len() == 1);
        for off_by_ms in [301_000, -301_000, 86_400_000] {
            let other = Vector {
                now_ms: vector.now_ms + off_by_ms,
                ..vector.clone()
            };
            if timeless {
                assert_eq!(other.verify(), Ok(1), "vector {}", vector.place);
            } else {
                other.is_refused(&["clock_drift"], "time of receipt");
                assert_eq!(other.diagnose().off_by_ms, Some(off_by_ms.into()));
            }
        }
    }
}

#[test]
fn every_twilio_vector_is_refused_at_another_address() {
    let of_twilio = vectors()
        .into_iter()
        .filter(|vector| vector.kind == SourceKind::Twilio);
    for vector in of_twilio {
        for path_and_query in altered(&vector.path_and_query) {
            let other = Vector {
                path_and_query,
                ..vector.clone()
            };
            assert!(
                other.verify().is_err(),
                "vector {} {}",
                vector.place,
                other.path_and_query
            );
        }
        let base = vector.options.public_base_url.clone().unwrap();
        let mut other = vector.clone();
        other.options.public_base_url = Some(base.replace("https://", "http://"));
        other.is_refused(&["wrong_url"], "scheme");
    }
}

#[test]
fn both_keys_of_quos_rotation_fit_one_header_in_either_order() {
    let of_quo: Vec<_> = vectors()
        .into_iter()
        .filter(|vector| vector.kind == SourceKind::Quo)
        .collect();
    let [new, old] = &of_quo[..] else { panic!() };
    let signature = |vector: &Vector| {
        vector
            .headers
            .iter()
            .find(|(name, _)| name == "webhook-signature")
            .unwrap()
            .1
            .clone()
    };
    let (first, second) = (signature(new), signature(old));
    for both in [format!("{first} {second}"), format!("{second} {first}")] {
        for vector in [new, old] {
            let mut rotating = vector.clone();
            for (name, value) in &mut rotating.headers {
                if name == "webhook-signature" {
                    *value = both.clone();
                }
            }
            assert_eq!(rotating.verify(), Ok(1));
        }
    }
}
