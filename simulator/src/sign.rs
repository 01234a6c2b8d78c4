//! Signatures as the vendors make them. Written apart from the verifiers, so that each checks the other.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Mac, digest::KeyInit};

type HmacSha1 = hmac::Hmac<sha1::Sha1>;
type HmacSha256 = hmac::Hmac<sha2::Sha256>;
type HmacSha512 = hmac::Hmac<sha2::Sha512>;

/// The hash of an HMAC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha512,
}

/// The HMAC of the parts, one after another.
pub(crate) fn hmac(hash: Hash, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    match hash {
        Hash::Sha1 => mac::<HmacSha1>(key, parts),
        Hash::Sha256 => mac::<HmacSha256>(key, parts),
        Hash::Sha512 => mac::<HmacSha512>(key, parts),
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes a key of any length, so this never comes out empty.
    <M as Mac>::new_from_slice(key)
        .map(|mac| {
            let mac = parts.iter().fold(mac, |mac, part| mac.chain_update(part));
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}

/// Retell's `X-Retell-Signature`: over the body and the time in milliseconds.
pub(crate) fn retell(key: &str, body: &[u8], at_ms: i64) -> String {
    let time = at_ms.to_string();
    let digest = hmac(Hash::Sha256, key.as_bytes(), &[body, time.as_bytes()]);
    format!("v={time},d={}", hex::encode(digest))
}

/// One `v1,…` of Standard Webhooks: over id, time in seconds and body. The key is as it is handed out, with
/// `whsec_` and in base64.
pub(crate) fn standard(secret: &str, id: &str, at_seconds: i64, body: &[u8]) -> String {
    let key = key_bytes(secret.strip_prefix("whsec_").unwrap_or(secret));
    let head = format!("{id}.{at_seconds}.");
    let digest = hmac(Hash::Sha256, &key, &[head.as_bytes(), body]);
    format!("v1,{}", BASE64_STANDARD.encode(digest))
}

/// The older `openphone-signature`: over the time in milliseconds and the body. The key is base64.
pub(crate) fn openphone(secret: &str, at_ms: i64, body: &[u8]) -> String {
    let head = format!("{at_ms}.");
    let digest = hmac(Hash::Sha256, &key_bytes(secret), &[head.as_bytes(), body]);
    format!("hmac;1;{at_ms};{}", BASE64_STANDARD.encode(digest))
}

/// Twilio's `X-Twilio-Signature`: over the URL and the form's parameters by name, each value once.
pub(crate) fn twilio(token: &str, url: &str, parameters: &[(String, String)]) -> String {
    let mut parameters = parameters.to_vec();
    parameters.sort();
    parameters.dedup();
    let signed = parameters
        .iter()
        .fold(url.to_owned(), |text, (name, value)| text + name + value);
    let digest = hmac(Hash::Sha1, token.as_bytes(), &[signed.as_bytes()]);
    BASE64_STANDARD.encode(digest)
}

/// A key from its base64. One that is none serves as text: a wrong key is the user's to find out.
pub(crate) fn key_bytes(text: &str) -> Vec<u8> {
    BASE64_STANDARD
        .decode(text)
        .unwrap_or_else(|_| text.as_bytes().to_vec())
}

#[cfg(test)]
#[path = "sign_tests.rs"]
mod tests;
