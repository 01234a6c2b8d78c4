//! One webhook, made of any bytes, sent through everything at the door; and what must hold whatever it is.
//!
//! An input is text with a few lines before the body, so that a person can read and write one: the source's
//! code, the path, headers as `name: value`, an empty line, the body.

use std::time::Duration;

use domain::calendar::{Span, common};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use providers::{
    agent,
    calendar::ical::Feed,
    diagnose::{Evidence, diagnose},
    openphone, quo, redact, retell,
    source::{
        Request, SourceKind, SourceOptions, Tolerance, check_secret, outline as outline_of,
        stored_body, verify as verify_of,
    },
    standard_webhooks, twilio,
    vapi::{self, Bearer, Hmac, Verifier, question::Question},
    zoho,
};

/// When every input comes in: the time that the corpus is signed at.
pub const NOW_MS: i64 = 1_767_225_600_000;

/// The secrets that the corpus is signed with, and one that is not a key everywhere.
pub const SECRETS: [&str; 3] = [
    "corpus-secret",
    "whsec_Y29ycHVzLXNlY3JldA==",
    "Y29ycHVzLXNlY3JldA==",
];

/// Longest type of an event, in bytes: 128 as sent, and the `agent.hook.` or `message.` before it.
const LONGEST_TYPE: usize = 128 + 16;
/// Longest dedupe key, in bytes: what a few names and hashes come to.
const LONGEST_KEY: usize = 640;

/// An input in its parts.
struct Input<'a> {
    /// All of them when the first line names none.
    kinds: Vec<SourceKind>,
    path_and_query: String,
    headers: Vec<(String, String)>,
    body: &'a [u8],
}

impl<'a> Input<'a> {
    fn of(data: &'a [u8]) -> Self {
        let mut rest = data;
        let code = line(&mut rest);
        let kinds = match SourceKind::from_code(&code) {
            Some(kind) => vec![kind],
            None => SourceKind::ALL.to_vec(),
        };
        let path_and_query = line(&mut rest);
        let mut headers = Vec::new();
        while !rest.is_empty() {
            let header = line(&mut rest);
            let Some((name, value)) = header.split_once(':') else {
                break;
            };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Self {
            kinds,
            path_and_query,
            headers,
            body: rest,
        }
    }

    fn header_map(&self) -> http::HeaderMap {
        let mut map = http::HeaderMap::new();
        for (name, value) in &self.headers {
            let name = http::HeaderName::from_bytes(name.as_bytes());
            let value = http::HeaderValue::from_bytes(value.as_bytes());
            if let (Ok(name), Ok(value)) = (name, value) {
                map.entry(name).or_insert(value);
            }
        }
        map
    }

    fn request(&'a self, headers: &'a http::HeaderMap) -> Request<'a> {
        Request {
            headers,
            path_and_query: &self.path_and_query,
            body: self.body,
            now_ms: NOW_MS,
        }
    }
}

/// Takes the first line away.
fn line(rest: &mut &[u8]) -> String {
    let end = rest.iter().position(|byte| *byte == b'\n');
    let (line, after) = match end {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (*rest, &[][..]),
    };
    *rest = after;
    String::from_utf8_lossy(line).into_owned()
}

/// The minimal reading. What it says must fit a database key, and be the same again.
pub fn outline(data: &[u8]) {
    let input = Input::of(data);
    let headers = input.header_map();
    for &kind in &input.kinds {
        let Ok(outline) = outline_of(kind, &headers, input.body) else {
            continue;
        };
        assert!(outline.event_type.len() <= LONGEST_TYPE, "{kind:?}");
        assert!(!outline.event_type.is_empty(), "{kind:?}");
        assert!(outline.dedupe_key.len() <= LONGEST_KEY, "{kind:?}");
        assert!(outline.dedupe_key.starts_with(kind.code()), "{kind:?}");
        assert_eq!(Ok(outline), outline_of(kind, &headers, input.body));
    }
}

/// The check of signature or token. An empty secret must never fit.
pub fn verify(data: &[u8]) {
    let input = Input::of(data);
    let headers = input.header_map();
    let request = input.request(&headers);
    let secrets = SECRETS.map(Into::into);
    for &kind in &input.kinds {
        for options in options(kind) {
            let verify = |secrets| verify_of(kind, &options, &request, secrets, tolerance());
            if let Ok(place) = verify(&secrets) {
                assert_eq!(verify(&secrets[place..]), Ok(0), "{kind:?}");
                assert!(
                    check_secret(kind, &options, &secrets[place]).is_ok(),
                    "{kind:?}"
                );
            }
            assert!(verify(&["".into()]).is_err(), "{kind:?}");
        }
    }
}

/// Whether one of the ways to set up this source accepts the input.
pub fn is_accepted(kind: SourceKind, data: &[u8]) -> bool {
    let input = Input::of(data);
    let headers = input.header_map();
    let request = input.request(&headers);
    let secrets = SECRETS.map(Into::into);
    let mut options = options(kind).into_iter();
    options.any(|options| verify_of(kind, &options, &request, &secrets, tolerance()).is_ok())
}

/// Everything that is read later, and what is stored of headers and body.
pub fn read(data: &[u8]) {
    let input = Input::of(data);
    let headers = input.headers.iter();
    let kept = redact::kept_headers(headers.map(|(name, value)| (name.as_str(), value.as_str())));
    assert!(kept.keys().all(|name| !name.contains("signature")));
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(input.body) {
        for kind in SourceKind::ALL {
            let _ = SourceOptions::read(kind, json.clone());
        }
    }
    for &kind in &input.kinds {
        read_as(kind, input.body);
        let stored = stored_body(kind, input.body);
        read_as(kind, &stored);
        let was_json = serde_json::from_slice::<serde::de::IgnoredAny>(input.body).is_ok();
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&stored).is_ok();
        assert_eq!(was_json, is_json, "{kind:?}");
    }
}

fn read_as(kind: SourceKind, body: &[u8]) {
    match kind {
        SourceKind::Retell => {
            drop(retell::observe_event(body, "appointment_action"));
            drop(retell::inbound::read(body).map(|question| format!("{question:?}")));
            drop(retell::function::read(body).map(|question| question.invocation()));
        }
        SourceKind::Vapi => {
            drop(vapi::webhook::read(body).map(|event| format!("{event:?}")));
            drop(vapi::question::read(body).map(answered));
        }
        SourceKind::OpenPhone => {
            drop(openphone::webhook::read(body).map(|event| format!("{event:?}")))
        }
        SourceKind::Quo => drop(quo::webhook::read(body).map(|event| format!("{event:?}"))),
        SourceKind::StandardWebhooks => drop(standard_webhooks::webhook::read(body)),
        SourceKind::Twilio => drop(twilio::webhook::read(body).map(|event| format!("{event:?}"))),
        SourceKind::Zoho => drop(zoho::webhook::read(body)),
        SourceKind::Agent => drop(agent::webhook::read(body).map(|hook| format!("{hook:?}"))),
    }
}

/// A question of Vapi's gets an answer that is JSON, with an entry for each tool call.
fn answered(question: Question) {
    let Question::Tools(asked) = question else {
        return;
    };
    let calls = asked.calls.iter();
    let results: Vec<_> = calls
        .map(|call| call.result(Err(asked.invocation(call))))
        .collect();
    let answer = vapi::question::tool_answer(&results);
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
    let entries = answer["results"].as_array().map(Vec::len);
    assert_eq!(entries, Some(asked.calls.len()));
}

/// The diagnosis. It must say valid just when ingress would accept.
pub fn diagnosis(data: &[u8]) {
    let input = Input::of(data);
    let headers = input.header_map();
    let request = input.request(&headers);
    let secrets = SECRETS.map(Into::into);
    for &kind in &input.kinds {
        for options in options(kind) {
            let diagnosis = diagnose(&Evidence {
                kind,
                options: &options,
                secrets: &secrets[..2],
                retired: &secrets[2..],
                headers: &input.headers,
                path_and_query: &input.path_and_query,
                body: input.body,
                now_ms: NOW_MS,
                tolerance: tolerance(),
            });
            let accepted = verify_of(kind, &options, &request, &secrets[..2], tolerance());
            assert_eq!(
                diagnosis.is_valid(),
                accepted.is_ok(),
                "{kind:?} {diagnosis}"
            );
            assert!(!diagnosis.to_string().is_empty());
        }
    }
}

/// A feed of a calendar. What it says of a span lies in it, and is the same however the feed is read: what it does
/// not know is not busy by chance.
pub fn calendar(data: &[u8]) {
    let Ok(feed) = Feed::read(data) else {
        return;
    };
    let now = Timestamp::from_millisecond(NOW_MS).unwrap_or_default();
    let day = SignedDuration::from_hours(24);
    let (week, day) = (
        Span {
            start: now,
            end: now + day * 7,
        },
        Span {
            start: now + day,
            end: now + day * 2,
        },
    );
    let of_week = feed.free_busy(week, &TimeZone::UTC, now);
    let of_day = feed.free_busy(day, &TimeZone::UTC, now);
    for span in of_week.busy.iter().chain(&of_week.known) {
        assert!(week.covers(*span) && span.start < span.end);
    }
    // A longer span may be known less well, and never otherwise.
    let both = common(&of_day.known, &of_week.known);
    assert_eq!(common(&of_day.busy, &both), common(&of_week.busy, &both));
}

/// How far a signed time may be from [`NOW_MS`].
pub fn tolerance() -> Duration {
    Duration::from_secs(300)
}

/// A few ways to set up a source.
fn options(kind: SourceKind) -> Vec<SourceOptions> {
    let standard = SourceOptions::default();
    let vapi = |verifier| SourceOptions {
        vapi: Some(verifier),
        public_base_url: Some("https://hooks.example.org".to_owned()),
        ..SourceOptions::default()
    };
    match kind {
        SourceKind::Vapi => vec![
            standard,
            vapi(Verifier::Bearer(Bearer {
                header_name: "x-vapi-secret".to_owned(),
                bearer_prefix_enabled: false,
            })),
            vapi(Verifier::Hmac(Hmac::default())),
            vapi(Verifier::Hmac(Hmac {
                secret_is_base64: true,
                message_id_header: Some("svix-id".to_owned()),
                payload_format: "{svix-id}.{timestamp}.{method}.{url}.{body}".to_owned(),
                signature_prefix: "v1,".to_owned(),
                ..Hmac::default()
            })),
        ],
        SourceKind::Twilio => vec![
            standard,
            SourceOptions {
                public_base_url: Some("https://hooks.example.org".to_owned()),
                ..SourceOptions::default()
            },
        ],
        SourceKind::OpenPhone => vec![
            standard,
            SourceOptions {
                timestamp_tolerance_seconds: Some(Tolerance::Off),
                ..SourceOptions::default()
            },
        ],
        _ => vec![standard],
    }
}
