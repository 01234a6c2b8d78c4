//! Retell's webhooks: the signature over the raw bytes, and the little that ingress reads of a body.

mod outline;

use std::time::Duration;

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

pub use outline::{Outline, ParseProblem, outline};

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "x-retell-signature";

/// How far the signature's time may be from ours, either way; just so far is still valid.
pub const TOLERANCE: Duration = Duration::from_secs(300);

/// Why a signature was not accepted. For the operator's eyes: the caller is told nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureProblem {
    #[error("no secret is configured for this source")]
    NoSecret,
    #[error("the X-Retell-Signature header is missing")]
    MissingHeader,
    #[error("the X-Retell-Signature header is not of the form v=<milliseconds>,d=<64 hex digits>")]
    MalformedHeader,
    /// Positive when the signature is from the past.
    #[error("the signature's time is {off_by_ms} ms from now, beyond the tolerance")]
    OutsideTolerance { off_by_ms: i128 },
    #[error("no configured key gives this signature for this body")]
    NoMatch,
}

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
    let header = header.ok_or(SignatureProblem::MissingHeader)?;
    let signature = Signature::parse(header).ok_or(SignatureProblem::MalformedHeader)?;
    let off_by_ms = signature.age_ms(now_ms);
    if off_by_ms.unsigned_abs() > tolerance.as_millis() {
        return Err(SignatureProblem::OutsideTolerance { off_by_ms });
    }
    signature
        .matching(body, secrets)
        .ok_or(SignatureProblem::NoMatch)
}

/// The header Retell would send with this body at this time: for the simulator's tests and `doctor`.
pub fn sign(body: &[u8], secret: &SecretString, now_ms: i64) -> String {
    let time = now_ms.to_string();
    format!("v={time},d={}", hex::encode(digest(body, &time, secret)))
}

/// A signature header in its parts.
pub(crate) struct Signature<'a> {
    /// The time as written: it is part of what is signed.
    time: &'a str,
    time_ms: i64,
    digest: [u8; 32],
}

impl<'a> Signature<'a> {
    /// Exactly `v=<digits>,d=<64 hex digits>`; anything before, between or after is not a signature.
    pub(crate) fn parse(header: &'a str) -> Option<Self> {
        let (time, digest) = header.strip_prefix("v=")?.split_once(",d=")?;
        if time.is_empty() || !time.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(digest, &mut bytes).ok()?;
        Some(Self {
            time,
            time_ms: time.parse().ok()?,
            digest: bytes,
        })
    }

    /// Milliseconds from the signature's time to now; negative when it lies ahead.
    pub(crate) fn age_ms(&self, now_ms: i64) -> i128 {
        i128::from(now_ms) - i128::from(self.time_ms)
    }

    /// The place of the secret that made this signature. The first of several that do.
    pub(crate) fn matching(&self, body: &[u8], secrets: &[SecretString]) -> Option<usize> {
        let mut found = Choice::from(0);
        let mut place = 0u64;
        for (index, secret) in (0u64..).zip(secrets) {
            let matches = digest(body, self.time, secret).ct_eq(&self.digest);
            place.conditional_assign(&index, matches & !found);
            found |= matches;
        }
        bool::from(found)
            .then(|| usize::try_from(place).ok())
            .flatten()
    }
}

fn digest(body: &[u8], time: &str, secret: &SecretString) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    mac.update(time.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
