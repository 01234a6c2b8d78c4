//! One request as it leaves: body, headers, signature, and what was done to spoil it.

use base64::{Engine, prelude::BASE64_STANDARD};
use rand::{Rng, rngs::StdRng};
use secrecy::ExposeSecret;

use super::{
    Source,
    event::{Body, Event},
    scenario::{Fault, Scenario},
    vendor::{AgentAuth, Encoding, HeaderFamily, VapiAuth, VapiHmac, Vendor},
};
use crate::{
    chance::{dice, pick},
    sign,
};

/// Good as text and as base64, and nobody's secret.
const WRONG_SECRET: &str = "bm90LXRoZS1zZWNyZXQtb2YtdGhpcy1zb3VyY2U=";

/// One request with a webhook, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What the vendor calls the event.
    pub kind: String,
    /// The call, message, record or session it is about.
    pub subject: String,
    /// The same for the same event however often it is sent, and for no other.
    pub identity: String,
    /// Names in lower case. They prove the sender, so they hold secrets.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Which request is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    /// The source's place among the sources.
    pub(super) place: usize,
    /// Which of its events.
    pub(super) n: u64,
    /// How often it was sent before.
    pub(super) tried: u32,
    pub(super) spoilt: Fault,
    /// The time of sending, in milliseconds since 1970.
    pub(super) now_ms: i64,
}

impl Letter {
    pub(super) fn write(source: &Source, scenario: &Scenario, request: Request) -> Self {
        let Request { place, n, .. } = request;
        let mut event = Event::of(&source.vendor, place, scenario, n, request.tried);
        let mut dice = dice(
            scenario.seed,
            &["letter", &place.to_string(), &n.to_string()],
        );
        let secrets = secrets(source, &mut dice, request.spoilt);
        if let (Vendor::Zoho { .. }, Body::Json(body)) = (&source.vendor, &mut event.body) {
            body["token"] = secrets.first().copied().unwrap_or_default().into();
        }
        let mut content_type = event.body.content_type();
        let mut body = event.body.bytes();
        match request.spoilt {
            Fault::Garbage => {
                body = garbage(&mut dice);
                // Nonsense under the event's own id could pass for the event.
                event.id = format!("garbage-{:016x}", dice.random::<u64>());
            }
            Fault::ContentType => content_type = "text/plain",
            _ => {}
        }
        let late_ms = match request.spoilt {
            Fault::Stale => scenario.stale_seconds * 1000.0,
            _ => 0.0,
        };
        let envelope = Envelope {
            id: &event.id,
            at_ms: request.now_ms.saturating_sub(late_ms as i64),
            url: source.signed_url(),
            body: &body,
            secrets: &secrets,
        };
        let mut headers = envelope.proof(&source.vendor);
        headers.push(("content-type".to_owned(), content_type.to_owned()));
        if request.spoilt == Fault::Truncated {
            body.truncate(dice.random_range(0..body.len().max(1)));
        }
        Self {
            kind: event.kind,
            subject: event.subject,
            identity: event.identity,
            headers,
            body,
        }
    }
}

/// The secrets in use: all where several signatures may stand side by side, else one of them.
fn secrets<'a>(source: &'a Source, dice: &mut StdRng, spoilt: Fault) -> Vec<&'a str> {
    let all: Vec<&str> = source
        .secrets
        .iter()
        .map(|secret| secret.expose_secret())
        .collect();
    let one = pick(dice, &all);
    match &source.vendor {
        _ if spoilt == Fault::BadSignature => vec![WRONG_SECRET],
        Vendor::Quo | Vendor::Standard(_) | Vendor::Agent(AgentAuth::Signed) => all,
        _ => one.into_iter().collect(),
    }
}

/// What a proof is made of.
struct Envelope<'a> {
    id: &'a str,
    at_ms: i64,
    url: &'a str,
    body: &'a [u8],
    secrets: &'a [&'a str],
}

impl Envelope<'_> {
    fn proof(&self, vendor: &Vendor) -> Vec<(String, String)> {
        let (secret, body) = (self.secret(), self.body);
        let headers = match vendor {
            Vendor::Retell => {
                let signature = sign::retell(secret, body, self.at_ms);
                vec![("x-retell-signature", signature)]
            }
            Vendor::OpenPhone => {
                let signature = sign::openphone(secret, self.at_ms, body);
                vec![("openphone-signature", signature)]
            }
            Vendor::Quo => self.standard(HeaderFamily::Webhook),
            Vendor::Standard(family) => self.standard(*family),
            Vendor::Twilio => {
                let form: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
                let signature = sign::twilio(secret, self.url, &form);
                vec![("x-twilio-signature", signature)]
            }
            Vendor::Zoho { .. } => vec![],
            Vendor::Agent(AgentAuth::Signed) => self.standard(HeaderFamily::Webhook),
            Vendor::Agent(AgentAuth::Bearer) => vec![
                ("authorization", format!("Bearer {secret}")),
                ("webhook-id", self.id.to_owned()),
            ],
            Vendor::Vapi(auth) => return self.vapi(auth),
        };
        headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    fn secret(&self) -> &str {
        self.secrets.first().copied().unwrap_or_default()
    }

    fn standard(&self, family: HeaderFamily) -> Vec<(&'static str, String)> {
        let at_seconds = self.at_ms.div_euclid(1000);
        let signatures: Vec<String> = self
            .secrets
            .iter()
            .map(|secret| sign::standard(secret, self.id, at_seconds, self.body))
            .collect();
        let names = match family {
            HeaderFamily::Webhook => ["webhook-id", "webhook-timestamp", "webhook-signature"],
            HeaderFamily::Svix => ["svix-id", "svix-timestamp", "svix-signature"],
        };
        let values = [
            self.id.to_owned(),
            at_seconds.to_string(),
            signatures.join(" "),
        ];
        names.into_iter().zip(values).collect()
    }

    fn vapi(&self, auth: &VapiAuth) -> Vec<(String, String)> {
        let secret = self.secret();
        let hmac = match auth {
            VapiAuth::Header { name, bearer } => {
                let prefix = if *bearer { "Bearer " } else { "" };
                return vec![(name.to_ascii_lowercase(), format!("{prefix}{secret}"))];
            }
            VapiAuth::Hmac(hmac) => hmac,
        };
        let time = match hmac.milliseconds {
            true => self.at_ms.to_string(),
            false => self.at_ms.div_euclid(1000).to_string(),
        };
        let mut headers = vec![(
            hmac.signature_header.to_ascii_lowercase(),
            vapi_signature(hmac, secret, &self.filled(hmac, &time)),
        )];
        if hmac.include_timestamp {
            headers.push((hmac.timestamp_header.to_ascii_lowercase(), time));
        }
        if let Some(name) = &hmac.message_id_header {
            headers.push((name.to_ascii_lowercase(), self.id.to_owned()));
        }
        headers
    }

    /// The payload format with its placeholders filled in one pass: the body may hold some of them.
    fn filled(&self, hmac: &VapiHmac, time: &str) -> Vec<u8> {
        let placeholders: [(&str, &[u8]); 5] = [
            ("{body}", self.body),
            ("{timestamp}", time.as_bytes()),
            ("{method}", b"POST"),
            ("{url}", self.url.as_bytes()),
            ("{svix-id}", self.id.as_bytes()),
        ];
        let mut signed = Vec::new();
        let mut rest = hmac.payload_format.as_str();
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            signed.extend_from_slice(before.as_bytes());
            let found = placeholders
                .iter()
                .find_map(|(name, value)| Some((from.strip_prefix(name)?, *value)));
            let (after, value) = found.unwrap_or((from.get(1..).unwrap_or_default(), b"{"));
            signed.extend_from_slice(value);
            rest = after;
        }
        signed.extend_from_slice(rest.as_bytes());
        signed
    }
}

fn vapi_signature(hmac: &VapiHmac, secret: &str, signed: &[u8]) -> String {
    let key = match hmac.secret_is_base64 {
        true => sign::key_bytes(secret),
        false => secret.as_bytes().to_vec(),
    };
    let digest = sign::hmac(hmac.algorithm, &key, &[signed]);
    let text = match hmac.encoding {
        Encoding::Hex => hex::encode(digest),
        Encoding::Base64 => BASE64_STANDARD.encode(digest),
    };
    format!("{}{text}", hmac.signature_prefix)
}

/// The headers with which Vapi proves a message of the given id to be its own.
pub(crate) fn vapi_headers(
    auth: &VapiAuth,
    secret: &str,
    id: &str,
    at_ms: i64,
    url: &str,
    body: &[u8],
) -> Vec<(String, String)> {
    let envelope = Envelope {
        id,
        at_ms,
        url,
        body,
        secrets: &[secret],
    };
    envelope.vapi(auth)
}

/// A body that is no event of anybody's.
fn garbage(dice: &mut StdRng) -> Vec<u8> {
    match dice.random_range(0..7) {
        0 => Vec::new(),
        1 => (0..64).map(|_| dice.random()).collect(),
        2 => b"[".repeat(20_000),
        3 => br#"{"hello":"world"}"#.to_vec(),
        4 => br#"{"type":17,"event":[],"message":"","id":{},"data":null}"#.to_vec(),
        5 => b"null".to_vec(),
        _ => br#"{"type":"never closed"#.to_vec(),
    }
}

#[cfg(test)]
#[path = "letter_tests.rs"]
mod tests;
