use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::*;
use crate::senders::Hash;

const NOW_MS: i64 = 1_800_000_000_123;
const KEY: &str = "c2VjcmV0LW9mLXRoaXMtc291cmNlLTAx";

fn vendors() -> Vec<Vendor> {
    vec![
        Vendor::Retell,
        Vendor::Vapi(VapiAuth::default()),
        Vendor::Vapi(VapiAuth::Hmac(VapiHmac::default())),
        Vendor::OpenPhone,
        Vendor::Quo,
        Vendor::Standard(HeaderFamily::Svix),
        Vendor::Twilio,
        Vendor::Zoho {
            channel_id: "1000000068001".into(),
        },
        Vendor::Agent(AgentAuth::Bearer),
        Vendor::Agent(AgentAuth::Signed),
    ]
}

fn source(vendor: Vendor) -> Source {
    Source::new(vendor, "https://hooks.example.org/hooks/one?k=1", KEY)
}

fn request(n: u64, spoilt: Fault) -> Request {
    Request {
        place: 0,
        n,
        tried: 0,
        spoilt,
        now_ms: NOW_MS,
    }
}

fn letter(vendor: Vendor, n: u64, spoilt: Fault) -> Letter {
    Letter::write(&source(vendor), &Scenario::default(), request(n, spoilt))
}

fn header<'a>(letter: &'a Letter, name: &str) -> &'a str {
    let found = letter.headers.iter().find(|(each, _)| each == name);
    &found.unwrap_or_else(|| panic!("no {name}")).1
}

#[test]
fn vapi_is_signed_as_published() {
    let text = include_str!("../../tests/fixtures/signature-vectors.json");
    let all: Vec<Value> = serde_json::from_str(text).unwrap();
    let wanted: Vec<&Value> = all
        .iter()
        .filter(|each| each["scheme"] == "vapi-hmac")
        .collect();
    assert_eq!(wanted.len(), 6);
    for vector in wanted {
        let part = |name: &str| vector[name].as_str().unwrap_or_default();
        let hmac = VapiHmac {
            secret_is_base64: vector["secretIsBase64"].as_bool().unwrap(),
            algorithm: match part("algorithm") {
                "sha512" => Hash::Sha512,
                _ => Hash::Sha256,
            },
            payload_format: part("payloadFormat").to_owned(),
            encoding: match part("signatureEncoding") {
                "hex" => Encoding::Hex,
                _ => Encoding::Base64,
            },
            milliseconds: part("timestamp").len() == 13,
            ..VapiHmac::default()
        };
        let time: i64 = part("timestamp").parse().unwrap_or_default();
        let envelope = Envelope {
            id: part("svix-id"),
            at_ms: if hmac.milliseconds { time } else { time * 1000 },
            url: "",
            body: part("body").as_bytes(),
            secrets: &[part("key")],
        };
        let headers = envelope.vapi(&VapiAuth::Hmac(hmac));
        assert_eq!(headers[0].1, part("signature"), "{vector}");
    }
}

#[test]
fn placeholders_are_filled_once_and_not_inside_the_body() {
    let hmac = VapiHmac {
        payload_format: "{method} {url} {body}{{timestamp}}{odd".into(),
        ..VapiHmac::default()
    };
    let envelope = Envelope {
        id: "msg",
        at_ms: 5000,
        url: "https://a.example/b",
        body: b"{timestamp}",
        secrets: &["key"],
    };
    let signed = String::from_utf8(envelope.filled(&hmac, "5")).unwrap();
    assert_eq!(signed, "POST https://a.example/b {timestamp}{5}{odd");
}

#[test]
fn no_two_events_of_a_source_are_the_same() {
    for vendor in vendors() {
        let letters: Vec<Letter> = (0..1000)
            .map(|n| letter(vendor.clone(), n, Fault::None))
            .collect();
        let identities: HashSet<&str> = letters.iter().map(|each| each.identity.as_str()).collect();
        let bodies: HashSet<&[u8]> = letters.iter().map(|each| each.body.as_slice()).collect();
        assert_eq!((identities.len(), bodies.len()), (1000, 1000), "{vendor:?}");
        assert!(
            letters.iter().all(|each| !each.subject.is_empty()),
            "{vendor:?}"
        );
        let kinds: BTreeSet<&str> = letters.iter().map(|each| each.kind.as_str()).collect();
        assert!(kinds.len() > 2, "{vendor:?}: {kinds:?}");
    }
}

#[test]
fn the_seed_and_the_place_make_the_events() {
    let source = source(Vendor::Quo);
    let write = |seed, place| {
        let scenario = Scenario {
            seed,
            ..Scenario::default()
        };
        let request = Request {
            place,
            ..request(3, Fault::None)
        };
        Letter::write(&source, &scenario, request)
    };
    assert_eq!(write(1, 0), write(1, 0));
    assert_ne!(write(1, 0).identity, write(2, 0).identity);
    assert_ne!(write(1, 0).identity, write(1, 1).identity);
}

#[test]
fn a_letter_sent_again_is_the_same_event_signed_anew() {
    let source = source(Vendor::Vapi(VapiAuth::Hmac(
        VapiHmac::as_standard_webhooks(),
    )));
    let again = |tried, now_ms| {
        let request = Request {
            tried,
            now_ms,
            ..request(8, Fault::None)
        };
        Letter::write(&source, &Scenario::default(), request)
    };
    let (first, second) = (again(0, NOW_MS), again(1, NOW_MS + 60_000));
    assert_eq!(first.kind, "end-of-call-report");
    assert_eq!(first.identity, second.identity);
    assert_eq!(header(&first, "svix-id"), header(&second, "svix-id"));
    assert_ne!(
        header(&first, "svix-signature"),
        header(&second, "svix-signature")
    );
    // Recordings are presigned anew for each delivery.
    assert_ne!(first.body, second.body);
}

#[test]
fn every_live_secret_signs_where_signatures_may_stand_side_by_side() {
    let mut source = source(Vendor::Quo);
    source
        .secrets
        .push("whsec_bmV3LXNlY3JldC1vZi10aGlzLXNvdXJjZQ==".into());
    let letter = Letter::write(&source, &Scenario::default(), request(0, Fault::None));
    let (id, time) = (header(&letter, "webhook-id"), NOW_MS / 1000);
    let expected: Vec<String> = [KEY, "whsec_bmV3LXNlY3JldC1vZi10aGlzLXNvdXJjZQ=="]
        .iter()
        .map(|secret| sign::standard(secret, id, time, &letter.body))
        .collect();
    assert_eq!(header(&letter, "webhook-signature"), expected.join(" "));
    assert!(!id.contains('.'));
}

#[test]
fn twilio_signs_the_public_address() {
    let mut source = source(Vendor::Twilio);
    source.url = "http://127.0.0.1:1/hooks/one".into();
    source.public_url = Some("https://hooks.example.org/hooks/one".into());
    let letter = Letter::write(&source, &Scenario::default(), request(2, Fault::None));
    let form: Vec<_> = form_urlencoded::parse(&letter.body).into_owned().collect();
    assert_eq!(
        header(&letter, "x-twilio-signature"),
        sign::twilio(KEY, "https://hooks.example.org/hooks/one", &form)
    );
}

#[test]
fn a_wrong_secret_spoils_what_proves_the_sender_and_nothing_else() {
    for vendor in vendors() {
        let good = letter(vendor.clone(), 0, Fault::None);
        let bad = letter(vendor.clone(), 0, Fault::BadSignature);
        let shown = |letter: &Letter, secret: &str| {
            let body = String::from_utf8_lossy(&letter.body).into_owned();
            body.contains(secret)
                || letter
                    .headers
                    .iter()
                    .any(|(_, value)| value.contains(secret))
        };
        match vendor {
            Vendor::Zoho { .. } => {
                assert!(shown(&good, KEY) && !shown(&bad, KEY), "{vendor:?}");
            }
            _ => {
                assert_eq!(good.body, bad.body, "{vendor:?}");
                assert_ne!(good.headers, bad.headers, "{vendor:?}");
                assert!(!shown(&bad, KEY), "{vendor:?}");
            }
        }
        assert_eq!(good.identity, bad.identity);
    }
}

#[test]
fn what_is_cut_off_keeps_the_signature_of_the_whole() {
    for vendor in vendors() {
        let whole = letter(vendor.clone(), 5, Fault::None);
        let cut = letter(vendor.clone(), 5, Fault::Truncated);
        assert!(whole.body.starts_with(&cut.body) && cut.body.len() < whole.body.len());
        assert_eq!(whole.headers, cut.headers, "{vendor:?}");
    }
}

#[test]
fn a_stale_signature_is_as_old_as_told() {
    let stale = letter(Vendor::Quo, 0, Fault::Stale);
    let time: i64 = header(&stale, "webhook-timestamp").parse().unwrap();
    assert_eq!(time, NOW_MS / 1000 - 3600);
    let signature = sign::standard(KEY, header(&stale, "webhook-id"), time, &stale.body);
    assert_eq!(header(&stale, "webhook-signature"), signature);
    let scenario = Scenario::default().always(Fault::Stale);
    assert_eq!(scenario.fault(&Vendor::Retell, 0, 0).0, Fault::Stale);
    // Nobody could tell.
    assert_eq!(scenario.fault(&Vendor::Twilio, 0, 0).0, Fault::None);
}

#[test]
fn garbage_is_signed_well_and_has_an_id_of_its_own() {
    let (mut seen, whole) = (HashSet::new(), letter(Vendor::Quo, 0, Fault::None));
    for n in 0..200 {
        let garbage = letter(Vendor::Quo, n, Fault::Garbage);
        let id = header(&garbage, "webhook-id");
        assert_ne!(id, header(&whole, "webhook-id"));
        let signature = sign::standard(KEY, id, NOW_MS / 1000, &garbage.body);
        assert_eq!(header(&garbage, "webhook-signature"), signature);
        seen.insert(garbage.body);
    }
    // Six fixed kinds, and random bytes that differ.
    assert!(seen.len() > 7);
}

#[test]
fn a_wrong_content_type_is_all_that_is_wrong() {
    let (good, odd) = (
        letter(Vendor::OpenPhone, 0, Fault::None),
        letter(Vendor::OpenPhone, 0, Fault::ContentType),
    );
    assert_eq!(good.body, odd.body);
    assert_eq!(header(&good, "content-type"), "application/json");
    assert_eq!(header(&odd, "content-type"), "text/plain");
    assert_eq!(
        header(&good, "openphone-signature"),
        header(&odd, "openphone-signature")
    );
}
