//! OpenPhone's older webhooks: the signature over time and raw body.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use subtle::Choice;

use super::event::outline_of;
pub use super::event::{Event, read};
use crate::{
    outline::{Outline, ParseProblem},
    signature::{Algorithm, Proof, SignatureProblem, base64_key, between, guessed_ms, required},
};

/// The header that carries the signature, or several with commas between.
pub const SIGNATURE_HEADER: &str = "openphone-signature";

/// What the only scheme and its only version are called.
const SCHEME: &str = "hmac;1;";

/// Most signatures looked at. Each costs a hash of the whole body, and the sender is not known yet.
const MOST: usize = 5;

/// The signatures of a webhook.
pub(crate) struct Signatures<'a>(Vec<Signature<'a>>);

struct Signature<'a> {
    /// As written: it is part of what is signed.
    time: &'a str,
    time_ms: i64,
    code: Vec<u8>,
}

impl<'a> Signatures<'a> {
    pub(crate) fn from(headers: &'a HeaderMap) -> Result<Self, SignatureProblem> {
        let header = required(headers, SIGNATURE_HEADER)?;
        let read: Vec<_> = header
            .split(',')
            .take(MOST + 1)
            .filter_map(signature)
            .collect();
        match read.len() {
            1..=MOST => Ok(Self(read)),
            _ => Err(SignatureProblem::MalformedHeader {
                header: SIGNATURE_HEADER.into(),
                form: "hmac;1;<time>;<base64 of 32 bytes>".into(),
            }),
        }
    }
}

/// One signature: exactly four parts, of the scheme and version that we know.
fn signature(text: &str) -> Option<Signature<'_>> {
    let (time, code) = text.trim().strip_prefix(SCHEME)?.split_once(';')?;
    let code = BASE64.decode(code).ok()?;
    (code.len() == Algorithm::Sha256.length()).then_some(Signature {
        time,
        // That it counts milliseconds is seen in samples and documented nowhere.
        time_ms: guessed_ms(time)?,
        code,
    })
}

impl Proof for Signatures<'_> {
    /// The time farthest from now: else a fresh signature of no worth could carry an old one along.
    fn age_ms(&self, now_ms: i64) -> Option<i128> {
        let ages = self.0.iter().map(|each| between(each.time_ms, now_ms));
        ages.max_by_key(|age| age.unsigned_abs())
    }

    fn made_with(&self, secret: &SecretString, body: &[u8]) -> Choice {
        let Some(key) = base64_key(secret.expose_secret()) else {
            return Choice::from(0);
        };
        let matches = self.0.iter().map(|each| {
            Algorithm::Sha256.gives(&key, &[each.time.as_bytes(), b".", body], &each.code)
        });
        matches.fold(Choice::from(0), |any, each| any | each)
    }
}

/// The header OpenPhone would send with this body at this time, in milliseconds since 1970. `None` when the
/// secret is not base64.
pub fn sign(body: &[u8], secret: &SecretString, now_ms: i64) -> Option<String> {
    let key = base64_key(secret.expose_secret())?;
    let time = now_ms.to_string();
    let code = Algorithm::Sha256.hmac(&key, &[time.as_bytes(), b".", body]);
    Some(format!("{SCHEME}{time};{}", BASE64.encode(code)))
}

/// Reads the outline of an event.
///
/// The dedupe key is the envelope's id, because there is no delivery id, with the body's hash: an id that
/// comes back with another body is kept beside the first, since to lose an event is worse than to have it
/// twice.
pub fn outline(body: &[u8]) -> Result<Outline, ParseProblem> {
    outline_of("openphone", None, body)
}

#[cfg(test)]
#[path = "webhook/tests.rs"]
mod tests;
