//! Retell's webhooks: the signature over the raw bytes, and the little that ingress reads of a body.

mod outline;

use std::time::Duration;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};
use subtle::Choice;

pub use crate::{outline::ParseProblem, signature::SignatureProblem};
pub use outline::{Outline, outline};

use crate::signature::{self, Algorithm, Proof, between, digits};

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-retell-signature";

/// How far the signature's time may be from ours, either way; just so far is still valid.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// Checks a webhook's signature and answers which secret made it.
///
/// `body` must be the bytes as received. All secrets are tried whichever matches, in constant
/// time, so that neither the time taken nor the order tells anything. Hex digits are accepted in
/// either case, as the vendor's TypeScript SDK does (its Python one insists on lower case).
pub fn verify(
    body: &[u8],
    header: Option<&str>,
    secrets: &[SecretString],
    now_ms: i64,
    tolerance: Duration,
) -> Result<usize, SignatureProblem> {
    if secrets.is_empty() {
        return Err(SignatureProblem::NoSecret);
    }
    let signature = Signature::of(header)?;
    signature::check(&signature, body, secrets, now_ms, Some(tolerance))
}

/// The header Retell would send with this body at this time: for the simulator's tests and `doctor`.
pub fn sign(body: &[u8], secret: &SecretString, now_ms: i64) -> String {
    let time = now_ms.to_string();
    let digest = Algorithm::Sha256.hmac(key(secret), &[body, time.as_bytes()]);
    format!("v={time},d={}", hex::encode(digest))
}

/// The key is the API key's text, `key_` and all.
fn key(secret: &SecretString) -> &[u8] {
    secret.expose_secret().as_bytes()
}

/// A signature header in its parts.
pub(crate) struct Signature<'a> {
    /// The time as written: it is part of what is signed.
    time: &'a str,
    time_ms: i64,
    digest: [u8; 32],
}

impl<'a> Signature<'a> {
    pub(crate) fn from(headers: &'a HeaderMap) -> Result<Self, SignatureProblem> {
        Self::of(signature::header(headers, SIGNATURE_HEADER))
    }

    fn of(header: Option<&'a str>) -> Result<Self, SignatureProblem> {
        let header = header.ok_or(SignatureProblem::MissingHeader(SIGNATURE_HEADER.into()))?;
        Self::parse(header).ok_or(SignatureProblem::MalformedHeader {
            header: SIGNATURE_HEADER.into(),
            form: "v=<milliseconds>,d=<64 hex digits>".into(),
        })
    }

    /// Exactly `v=<digits>,d=<64 hex digits>`; anything before, between or after is not a signature.
    fn parse(header: &'a str) -> Option<Self> {
        let (time, digest) = header.strip_prefix("v=")?.split_once(",d=")?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digest, &mut bytes).ok()?;
        Some(Self {
            time,
            time_ms: digits(time)?,
            digest: bytes,
        })
    }
}

impl Proof for Signature<'_> {
    fn age_ms(&self, now_ms: i64) -> Option<i128> {
        Some(between(self.time_ms, now_ms))
    }

    fn made_with(&self, secret: &SecretString, body: &[u8]) -> Choice {
        let signed = [body, self.time.as_bytes()];
        Algorithm::Sha256.gives(key(secret), &signed, &self.digest)
    }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
