//! The signature of Standard Webhooks over id, time and raw body, under either family of header names.

mod outline;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use subtle::{Choice, ConstantTimeEq};

pub use outline::{Event, outline, read};

use crate::signature::{
    Algorithm, Proof, SignatureProblem, base64_key, between, digits, header, required,
};

/// What stands before a secret's base64, and may be left out.
pub const SECRET_PREFIX: &str = "whsec_";

/// What stands before a symmetric signature. Others in the header are not for us.
const VERSION: &str = "v1";

/// Names of the three headers.
pub struct Names {
    pub id: &'static str,
    /// Seconds since 1970, new for each attempt.
    pub timestamp: &'static str,
    pub signature: &'static str,
}

pub const STANDARD: Names = Names {
    id: "webhook-id",
    timestamp: "webhook-timestamp",
    signature: "webhook-signature",
};

pub const SVIX: Names = Names {
    id: "svix-id",
    timestamp: "svix-timestamp",
    signature: "svix-signature",
};

impl Names {
    /// The family that a request uses: the first that is whole, else the first that is begun. The two are
    /// never mixed, so that nobody can put an unsigned id beside a signed one.
    fn of(headers: &HeaderMap) -> &'static Self {
        let families = [&STANDARD, &SVIX];
        let present = |family: &&&Self| {
            let names = [family.id, family.timestamp, family.signature];
            names.map(|name| headers.contains_key(name))
        };
        let whole = families
            .iter()
            .find(|family| !present(family).contains(&false));
        let begun = families
            .iter()
            .find(|family| present(family).contains(&true));
        whole.or(begun).copied().unwrap_or(&STANDARD)
    }
}

/// The message's id: the same over all attempts to deliver it.
pub fn delivery_id(headers: &HeaderMap) -> Option<&str> {
    header(headers, Names::of(headers).id).filter(|id| is_id(id))
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && !text.contains('.')
}

/// The three headers, read.
pub(crate) struct Signed<'a> {
    id: &'a str,
    /// As written: it is part of what is signed.
    time: &'a str,
    time_ms: i64,
    signatures: Vec<Vec<u8>>,
}

impl<'a> Signed<'a> {
    pub(crate) fn from(headers: &'a HeaderMap) -> Result<Self, SignatureProblem> {
        let names = Names::of(headers);
        let (id, time) = (
            required(headers, names.id)?,
            required(headers, names.timestamp)?,
        );
        let signatures = required(headers, names.signature)?;
        let malformed =
            |header: &'static str, form: &'static str| SignatureProblem::MalformedHeader {
                header: header.into(),
                form: form.into(),
            };
        if !is_id(id) {
            return Err(malformed(names.id, "<text without a point>"));
        }
        let time_ms = digits(time)
            .and_then(|seconds| seconds.checked_mul(1000))
            .ok_or_else(|| malformed(names.timestamp, "<seconds in digits>"))?;
        let signatures = read_signatures(signatures).ok_or_else(|| {
            malformed(
                names.signature,
                "v1,<base64>, several with single spaces between",
            )
        })?;
        Ok(Self {
            id,
            time,
            time_ms,
            signatures,
        })
    }
}

/// The `v1` signatures of the list; none when the list is not one, or has none.
fn read_signatures(list: &str) -> Option<Vec<Vec<u8>>> {
    let mut signatures = Vec::new();
    for entry in list.split(' ') {
        let (version, text) = entry.split_once(',')?;
        if version != VERSION {
            continue;
        }
        let bytes = BASE64.decode(text).ok();
        signatures.extend(bytes.filter(|bytes| bytes.len() == Algorithm::Sha256.length()));
    }
    (!signatures.is_empty()).then_some(signatures)
}

impl Proof for Signed<'_> {
    fn age_ms(&self, now_ms: i64) -> Option<i128> {
        Some(between(self.time_ms, now_ms))
    }

    fn made_with(&self, secret: &SecretString, body: &[u8]) -> Choice {
        let Some(key) = key(secret) else {
            return Choice::from(0);
        };
        let code = code(&key, self.id, self.time, body);
        let matches = self.signatures.iter().map(|each| each.ct_eq(&code));
        matches.fold(Choice::from(0), |any, each| any | each)
    }
}

fn code(key: &[u8], id: &str, time: &str, body: &[u8]) -> Vec<u8> {
    let signed = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    Algorithm::Sha256.hmac(key, &signed)
}

/// The key's bytes: base64 after the prefix, which may be left out.
pub(crate) fn key(secret: &SecretString) -> Option<Zeroizing<Vec<u8>>> {
    let text = secret.expose_secret();
    base64_key(text.strip_prefix(SECRET_PREFIX).unwrap_or(text))
}

/// The signature header's value for this body, at this time in seconds since 1970. `None` when the secret
/// is not base64.
pub fn sign(id: &str, timestamp: i64, body: &[u8], secret: &SecretString) -> Option<String> {
    let code = code(&key(secret)?, id, &timestamp.to_string(), body);
    Some(format!("{VERSION},{}", BASE64.encode(code)))
}

#[cfg(test)]
#[path = "webhook/tests.rs"]
mod tests;
