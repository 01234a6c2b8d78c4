//! What holds for any bytes: nothing panics, what is signed is accepted, the same delivery has the same key.

mod any;

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use providers::{
    agent, openphone, retell,
    source::{Request, SignatureProblem, SourceKind, SourceOptions, outline, verify},
    standard_webhooks::webhook as standard,
    twilio::webhook as twilio,
    vapi::{self, webhook::Stamp},
    zoho,
};
use secrecy::SecretString;
use serde_json::{Value, json};

use any::{any_event, any_id, any_input, any_secret};

use crate::exercise::{self, NOW_MS, tolerance};

const PATH: &str = "/hooks/abc?x=1";
const BASE: &str = "https://hooks.example.org";

/// A webhook that its vendor made.
struct Signed {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Options of a source, with which of them it is set up.
fn set_ups() -> Vec<(SourceKind, Value)> {
    vec![
        (SourceKind::Retell, json!({})),
        (SourceKind::Vapi, json!({})),
        (
            SourceKind::Vapi,
            json!({"vapi": {"bearer": {"header_name": "X-Vapi-Secret", "bearer_prefix_enabled": false}}}),
        ),
        (
            SourceKind::Vapi,
            json!({"vapi": {"hmac": {"secret_is_base64": true, "algorithm": "sha512"}}}),
        ),
        (
            SourceKind::Vapi,
            json!({"public_base_url": BASE, "vapi": {"hmac": {"algorithm": "sha1", "signature_prefix": "v1,",
                "signature_encoding": "base64", "message_id_header": "svix-id",
                "payload_format": "{svix-id}.{timestamp}.{method}.{url}.{body}"}}}),
        ),
        (SourceKind::OpenPhone, json!({})),
        (SourceKind::Quo, json!({})),
        (SourceKind::StandardWebhooks, json!({})),
        (SourceKind::Twilio, json!({"public_base_url": BASE})),
        (SourceKind::Zoho, json!({})),
        (SourceKind::Agent, json!({})),
    ]
}

/// What the vendor would send, with its own way to sign. `id` is the delivery's.
fn sign(
    kind: SourceKind,
    options: &SourceOptions,
    id: &str,
    body: &[u8],
    secret: &SecretString,
) -> Option<Signed> {
    let pair = |name: &str, value: String| (name.to_owned(), value);
    let seconds = NOW_MS / 1000;
    let headers = match kind {
        SourceKind::Retell => vec![pair(
            retell::webhook::SIGNATURE_HEADER,
            retell::webhook::sign(body, secret, NOW_MS),
        )],
        SourceKind::Vapi => {
            let url = format!("{BASE}{PATH}");
            let timestamp = NOW_MS.to_string();
            let stamp = Stamp {
                timestamp: &timestamp,
                message_id: id,
                url: &url,
            };
            let standard = vapi::Verifier::default();
            vapi::webhook::sign(
                options.vapi.as_ref().unwrap_or(&standard),
                &stamp,
                body,
                secret,
            )?
        }
        SourceKind::OpenPhone => vec![pair(
            openphone::webhook::SIGNATURE_HEADER,
            openphone::webhook::sign(body, secret, NOW_MS)?,
        )],
        SourceKind::Quo | SourceKind::StandardWebhooks => vec![
            pair(standard::STANDARD.id, id.to_owned()),
            pair(standard::STANDARD.timestamp, seconds.to_string()),
            pair(
                standard::STANDARD.signature,
                standard::sign(id, seconds, body, secret)?,
            ),
        ],
        SourceKind::Twilio => vec![pair(
            twilio::SIGNATURE_HEADER,
            twilio::sign(&format!("{BASE}{PATH}"), body, secret)?,
        )],
        SourceKind::Zoho => {
            let body = zoho::webhook::sign(&json!({"ids": [id]}), secret);
            return Some(Signed {
                headers: Vec::new(),
                body,
            });
        }
        SourceKind::Agent => vec![pair(
            agent::webhook::TOKEN_HEADER,
            agent::webhook::sign(secret),
        )],
    };
    Some(Signed {
        headers,
        body: body.to_vec(),
    })
}

impl Signed {
    fn header_map(&self) -> HeaderMap {
        let header = |(name, value): &(String, String)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        self.headers.iter().map(header).collect()
    }

    fn verify(
        &self,
        kind: SourceKind,
        options: &SourceOptions,
        secrets: &[&str],
    ) -> Result<usize, SignatureProblem> {
        let headers = self.header_map();
        let request = Request {
            headers: &headers,
            path_and_query: PATH,
            body: &self.body,
            now_ms: NOW_MS,
        };
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        verify(kind, options, &request, &secrets, tolerance())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn nothing_at_the_door_panics_and_what_must_hold_does(input in any_input()) {
        exercise::outline(&input);
        exercise::verify(&input);
        exercise::read(&input);
    }
}

proptest! {
    #[test]
    fn a_diagnosis_says_valid_just_when_ingress_accepts(input in any_input()) {
        exercise::diagnosis(&input);
    }

    #[test]
    fn bytes_without_any_form_do_no_harm(input in prop::collection::vec(any::<u8>(), 0..400)) {
        exercise::outline(&input);
        exercise::verify(&input);
        exercise::read(&input);
        exercise::diagnosis(&input);
    }

    #[test]
    fn what_a_vendor_signs_is_accepted_with_its_secret_alone(
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), any_event().prop_map(|event| event.to_string().into_bytes())],
        id in any_id(),
        (secret, other) in (any_secret(), any_secret()).prop_filter("two secrets", |(one, other)| one != other),
    ) {
        for (kind, options) in set_ups() {
            let options = SourceOptions::read(kind, options).unwrap();
            let signed = sign(kind, &options, &id, &body, &secret.as_str().into()).unwrap();
            prop_assert_eq!(signed.verify(kind, &options, &[&secret]), Ok(0), "{:?}", kind);
            prop_assert_eq!(signed.verify(kind, &options, &[&other, &secret]), Ok(1), "{:?}", kind);
            prop_assert_eq!(signed.verify(kind, &options, &[&other]), Err(SignatureProblem::NoMatch), "{:?}", kind);
        }
    }

    #[test]
    fn the_same_delivery_twice_has_the_same_key(event in any_event(), id in any_id()) {
        let body = event.to_string().into_bytes();
        for (kind, options) in set_ups() {
            let options = SourceOptions::read(kind, options).unwrap();
            let signed = |secret: &str| sign(kind, &options, &id, &body, &secret.into()).unwrap();
            // A delivery that is repeated may be signed afresh; Zoho's token is part of its body, and stays.
            let again = if kind == SourceKind::Zoho { signed("Zmlyc3Q=") } else { signed("c2Vjb25k") };
            let first = signed("Zmlyc3Q=");
            let key = |signed: &Signed| outline(kind, &signed.header_map(), &signed.body).map(|outline| outline.dedupe_key);
            prop_assert_eq!(key(&first), key(&again), "{:?}", kind);
        }
    }
}
