//! Zoho's notifications. Nothing signs them: they carry the token that the channel was made with, and come to
//! an address that nobody else knows. So one is only a hint to read the named records again.

mod notification;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::Choice;

pub use notification::{Notification, Operation, outline, read};

use crate::{
    outline::pluck,
    signature::{Proof, SignatureProblem, same_text},
};

/// The key of the body that holds the token.
pub(crate) const TOKEN: &str = "token";

/// Most characters that Zoho takes in a token.
pub const LONGEST_TOKEN: usize = 50;

/// What a stored body has in the token's place, before the fingerprint.
const STORED: &str = "sha256:";

/// Characters of a token's hash that are kept: enough to tell tokens apart, not to find one.
const FINGERPRINT: usize = 16;

/// The token of a body.
pub(crate) struct Token(String);

impl Token {
    pub(crate) fn from(body: &[u8]) -> Result<Self, SignatureProblem> {
        let plucked = pluck(body, &[TOKEN]).ok();
        let token = plucked.as_ref().and_then(|plucked| plucked.text(TOKEN));
        match token.filter(|token| !token.is_empty()) {
            Some(token) => Ok(Self(token.to_owned())),
            None => Err(SignatureProblem::MissingToken),
        }
    }

    /// Whether the body is one that we stored, whose token was this secret. Never asked of a webhook that
    /// comes in: a fingerprint is no secret.
    pub(crate) fn is_fingerprint_of(&self, secret: &SecretString) -> bool {
        self.0 == fingerprint(secret.expose_secret())
    }
}

impl Proof for Token {
    fn age_ms(&self, _: i64) -> Option<i128> {
        None
    }

    fn made_with(&self, secret: &SecretString, _: &[u8]) -> Choice {
        same_text(&self.0, secret.expose_secret())
    }

    fn covers_body(&self) -> bool {
        false
    }
}

/// What is stored in a token's place: tells which token it was, and is of no use to whoever reads it.
pub(crate) fn fingerprint(token: &str) -> String {
    let hash = hex::encode(Sha256::digest(token));
    format!("{STORED}{}", hash.get(..FINGERPRINT).unwrap_or(&hash))
}

/// A notification's body with this token in it: for the simulator and for tests.
pub fn sign(notification: &Value, token: &SecretString) -> Vec<u8> {
    let mut body = notification.clone();
    if let Some(body) = body.as_object_mut() {
        body.insert(TOKEN.to_owned(), token.expose_secret().into());
    }
    body.to_string().into_bytes()
}

#[cfg(test)]
#[path = "webhook/tests.rs"]
mod tests;
