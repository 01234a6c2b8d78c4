use std::collections::BTreeSet;

use providers::{agent, openphone, quo, retell, standard_webhooks, twilio, vapi, zoho};
use serde_json::Value;
use simulator::senders::{
    AgentAuth, Config, HeaderFamily, Outcome, Source, VapiAuth, VapiHmac, Vendor, letter, start,
};

use crate::harness::{Inbox, KEY, PATIENCE, quick, sent};

fn vendors() -> Vec<(Vendor, &'static [&'static str])> {
    let zoho = Vendor::Zoho {
        channel_id: "1000000068001".into(),
    };
    let hmac = Vendor::Vapi(VapiAuth::Hmac(VapiHmac::as_standard_webhooks()));
    let plain = VapiAuth::Header {
        name: "X-Vapi-Secret".into(),
        bearer: false,
    };
    vec![
        (Vendor::Retell, &["x-retell-signature"]),
        (Vendor::Vapi(VapiAuth::default()), &["authorization"]),
        (Vendor::Vapi(plain), &["x-vapi-secret"]),
        (hmac, &["svix-id", "svix-timestamp", "svix-signature"]),
        (Vendor::OpenPhone, &["openphone-signature"]),
        (
            Vendor::Quo,
            &["webhook-id", "webhook-timestamp", "webhook-signature"],
        ),
        (
            Vendor::Standard(HeaderFamily::Svix),
            &["svix-id", "svix-timestamp", "svix-signature"],
        ),
        (Vendor::Twilio, &["x-twilio-signature"]),
        (zoho, &[]),
        (
            Vendor::Agent(AgentAuth::Bearer),
            &["authorization", "webhook-id"],
        ),
        (
            Vendor::Agent(AgentAuth::Signed),
            &["webhook-id", "webhook-timestamp", "webhook-signature"],
        ),
    ]
}

#[tokio::test]
async fn every_vendor_sends_each_event_once_when_all_goes_well() {
    for (vendor, headers) in vendors() {
        let inbox = Inbox::default();
        let ledger = sent(&inbox, vendor.clone(), 30, quick()).await;
        let received = inbox.received();
        assert_eq!(received.len(), 30, "{vendor:?}");
        for each in &received {
            for name in headers {
                assert!(!each.header(name).is_empty(), "{vendor:?}");
            }
        }
        let totals = &ledger.totals;
        assert_eq!(
            (totals.events, totals.acknowledged, totals.requests),
            (30, 30, 30)
        );
        assert_eq!(totals.answers, [(204, 30)].into());
        assert!(
            ledger
                .events
                .iter()
                .all(|event| event.sent == 1 && event.acknowledged == 1)
        );
    }
}

#[tokio::test]
async fn what_is_sent_is_what_a_letter_says() {
    for (vendor, _) in vendors() {
        let inbox = Inbox::default();
        let scenario = quick();
        let ledger = sent(&inbox, vendor.clone(), 12, scenario.clone()).await;
        let source = Source::new(vendor.clone(), "http://hooks.example.org/", KEY);
        for (n, (event, body)) in ledger.events.iter().zip(inbox.bodies()).enumerate() {
            let letter = letter(&source, 0, &scenario, n as u64);
            assert_eq!(letter.body, body, "{vendor:?}");
            assert_eq!(
                (&letter.identity, &letter.kind, &letter.subject),
                (&event.identity, &event.kind, &event.subject)
            );
        }
    }
}

#[test]
fn every_event_is_read_in_full() {
    for (vendor, _) in vendors() {
        let source = Source::new(vendor.clone(), "http://hooks.example.org/", KEY);
        for n in 0..400 {
            let letter = letter(&source, 0, &quick(), n);
            let problem = match &vendor {
                Vendor::Retell => retell::observe_event(&letter.body, "outcome").err(),
                Vendor::Vapi(_) => vapi::webhook::read(&letter.body).err(),
                Vendor::OpenPhone => openphone::webhook::read(&letter.body).err(),
                Vendor::Quo => quo::webhook::read(&letter.body).err(),
                Vendor::Standard(_) => standard_webhooks::webhook::read(&letter.body).err(),
                Vendor::Twilio => twilio::webhook::read(&letter.body).err(),
                Vendor::Zoho { .. } => zoho::webhook::read(&letter.body).err(),
                Vendor::Agent(_) => agent::webhook::read(&letter.body).err(),
            };
            assert_eq!(problem, None, "{vendor:?} {}", letter.kind);
        }
    }
}

#[tokio::test]
async fn the_same_seed_sends_the_same_in_the_same_order() {
    let run = async |seed| {
        let inbox = Inbox::default();
        let mut scenario = quick();
        scenario.seed = seed;
        sent(&inbox, Vendor::Quo, 40, scenario).await;
        inbox.bodies()
    };
    let first = run(7).await;
    assert_eq!(first, run(7).await);
    assert_ne!(first, run(8).await);
}

#[tokio::test]
async fn sources_take_turns_and_are_told_apart() {
    let inbox = Inbox::default();
    let url = inbox.listen().await;
    let source = |vendor| Source::new(vendor, &url, KEY);
    let config = Config {
        sources: vec![
            source(Vendor::Quo),
            source(Vendor::Twilio),
            source(Vendor::Quo),
        ],
        events: 20,
        scenario: quick(),
    };
    let running = start(config).unwrap();
    assert!(running.finished(PATIENCE).await);
    let events: Vec<_> = running.events().collect();
    assert_eq!(events.len(), 60);
    let order: Vec<(usize, u64)> = events
        .iter()
        .take(4)
        .map(|each| (each.source, each.n))
        .collect();
    assert_eq!(order, [(0, 0), (1, 0), (2, 0), (0, 1)]);
    let identities: BTreeSet<&str> = events.iter().map(|each| each.identity.as_str()).collect();
    assert_eq!(identities.len(), 60);
    assert!(
        events
            .iter()
            .all(|each| each.outcome == Outcome::Acknowledged)
    );
}

#[tokio::test]
async fn bodies_have_the_vendors_shapes() {
    let first_bodies = async |vendor: Vendor| {
        let inbox = Inbox::default();
        sent(&inbox, vendor, 60, quick()).await;
        inbox.bodies()
    };
    let parsed = |bodies: Vec<Vec<u8>>| -> Vec<Value> {
        bodies
            .iter()
            .map(|body| serde_json::from_slice(body).unwrap())
            .collect()
    };
    let has = |bodies: &[Value], pointers: &[&str]| {
        for (place, pointer) in pointers.iter().enumerate() {
            let count = bodies
                .iter()
                .filter(|body| body.pointer(pointer).is_some())
                .count();
            // The first of them is in every body, the others in some.
            assert!(
                if place == 0 {
                    count == bodies.len()
                } else {
                    count > 0
                },
                "{pointer}: {count}"
            );
        }
    };
    let vapi = parsed(first_bodies(Vendor::Vapi(VapiAuth::default())).await);
    has(
        &vapi,
        &[
            "/message/type",
            "/message/call/id",
            "/message/artifact/transcript",
            "/message/toolCallList/0/function/name",
        ],
    );
    let openphone = parsed(first_bodies(Vendor::OpenPhone).await);
    has(
        &openphone,
        &[
            "/data/object",
            "/data/object/text",
            "/data/object/body",
            "/data/object/voicemail/url",
            "/data/object/dialogue/0/content",
        ],
    );
    let quo = parsed(first_bodies(Vendor::Quo).await);
    has(
        &quo,
        &[
            "/data/resource",
            "/data/context/participants/resolution",
            "/data/resource/recordings/0/url",
            "/data/resource/summary/0",
        ],
    );
    let zoho = parsed(
        first_bodies(Vendor::Zoho {
            channel_id: "1".into(),
        })
        .await,
    );
    has(
        &zoho,
        &["/token", "/ids/0", "/ids/2", "/affected_values/0/record_id"],
    );
    let agent = parsed(first_bodies(Vendor::Agent(AgentAuth::Bearer)).await);
    has(
        &agent,
        &[
            "/data/payload/hook_event_name",
            "/data/event_id",
            "/data/payload/tool_response",
            "/data/payload/prompt",
        ],
    );
    let retell = parsed(first_bodies(Vendor::Retell).await);
    has(
        &retell,
        &[
            "/event",
            "/call/call_analysis/call_summary",
            "/chat/chat_id",
            "/call/transcript_with_tool_calls",
        ],
    );
    let twilio = first_bodies(Vendor::Twilio).await;
    for body in twilio {
        let form: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        assert!(form.iter().any(|(name, _)| name == "MessageSid"));
    }
}

#[tokio::test]
async fn a_source_without_secret_or_address_is_refused() {
    let url = "http://127.0.0.1:1/";
    let no_secret = Source {
        secrets: Vec::new(),
        ..Source::new(Vendor::Quo, url, KEY)
    };
    for sources in [
        vec![],
        vec![no_secret],
        vec![Source::new(Vendor::Quo, "nowhere", KEY)],
    ] {
        let config = Config {
            sources,
            events: 1,
            scenario: quick(),
        };
        assert!(start(config).is_err());
    }
}
