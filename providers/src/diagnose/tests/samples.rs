//! Webhooks of the other sources, signed by their own ways.

use serde_json::json;

use super::*;
use crate::{
    agent, openphone,
    standard_webhooks::webhook as standard,
    twilio::webhook as twilio,
    vapi::{self, webhook::Stamp},
};

pub(super) const PATH: &str = "/hooks/abc";
pub(super) const URL: &str = "https://hooks.example.org/hooks/abc";

/// The headers of a webhook made with a secret, at a time in milliseconds.
pub(super) type Sign = dyn Fn(&str, i64) -> Vec<(String, String)>;

/// A source with its options, and a webhook of it made with a secret at a time.
pub(super) struct Sample {
    pub(super) kind: SourceKind,
    pub(super) options: SourceOptions,
    pub(super) body: Vec<u8>,
    pub(super) sign: Box<Sign>,
}

impl Sample {
    pub(super) fn new(
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

    pub(super) fn diagnose(
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

    pub(super) fn check(&self, secret: &str, secrets: &[&str], retired: &[&str]) -> Diagnosis {
        self.diagnose(&(self.sign)(secret, NOW), secrets, retired, &self.body)
    }
}

pub(super) fn pair(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

pub(super) fn standard_webhooks(kind: SourceKind) -> Sample {
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

pub(super) fn openphone() -> Sample {
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

pub(super) fn vapi_hmac(options: serde_json::Value) -> Sample {
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

pub(super) fn twilio(url: &'static str) -> Sample {
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

pub(super) fn agent() -> Sample {
    Sample::new(SourceKind::Agent, json!({}), BODY, |_, secret, _| {
        vec![pair(
            agent::webhook::TOKEN_HEADER,
            agent::webhook::sign(secret),
        )]
    })
}

/// Every source whose proof is in a header, with three secrets of its form.
pub(super) fn samples() -> Vec<(Sample, [&'static str; 3])> {
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
