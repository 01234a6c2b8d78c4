//! Twilio's callbacks: the signature over the address and the parameters, and what they say.

mod form;
mod url;

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

pub use form::{Event, Message, outline, rank, read};

use crate::{
    signature::{Algorithm, Proof, SignatureProblem, required},
    source::{Request, SourceOptions},
};

/// The header that carries the signature: base64 of an HMAC-SHA1.
pub const SIGNATURE_HEADER: &str = "x-twilio-signature";

/// The parameter of the address that holds the hash of a body which is no form.
const BODY_HASH: &str = "bodySHA256";

/// Most parameters that are sorted. Twilio sends a few dozen, and the sender is not known yet.
const MOST_PARAMETERS: usize = 1000;

/// A signature, and the forms of the address that it may cover.
pub(crate) struct Signature {
    code: Vec<u8>,
    urls: Vec<String>,
}

impl Signature {
    pub(crate) fn from(
        options: &SourceOptions,
        request: &Request<'_>,
    ) -> Result<Self, SignatureProblem> {
        let url = options
            .public_url(request.path_and_query)
            .ok_or(SignatureProblem::MissingOption("public_base_url"))?;
        let header = required(request.headers, SIGNATURE_HEADER)?;
        let code = BASE64
            .decode(header)
            .ok()
            .filter(|code| code.len() == Algorithm::Sha1.length())
            .ok_or(SignatureProblem::MalformedHeader {
                header: SIGNATURE_HEADER.into(),
                form: "<base64 of 20 bytes>".into(),
            })?;
        Ok(Self {
            code,
            urls: url::forms(&url),
        })
    }
}

impl Proof for Signature {
    /// Twilio signs no time: a callback that somebody repeats is a duplicate.
    fn age_ms(&self, _: i64) -> Option<i128> {
        None
    }

    fn made_with(&self, secret: &SecretString, body: &[u8]) -> Choice {
        let key = secret.expose_secret().as_bytes();
        let matches = self.urls.iter().map(|url| match signed(url, body) {
            Some(text) => Algorithm::Sha1.gives(key, &[text.as_bytes()], &self.code),
            None => Choice::from(0),
        });
        matches.fold(Choice::from(0), |any, each| any | each)
    }
}

/// What the signature covers: the address, then the form's parameters by name. Of a body that is no form
/// the address holds the hash, which is checked here. `None` when nothing can be signed so.
fn signed(url: &str, body: &[u8]) -> Option<String> {
    if let Some(hash) = body_hash(url) {
        let ours = hex::encode(Sha256::digest(body));
        return bool::from(ours.as_bytes().ct_eq(hash.as_bytes())).then(|| url.to_owned());
    }
    // A parameter that comes several times is signed once per value.
    let mut parameters = BTreeSet::new();
    for (place, parameter) in form_urlencoded::parse(body).enumerate() {
        if place >= MOST_PARAMETERS {
            return None;
        }
        parameters.insert(parameter);
    }
    let mut text = url.to_owned();
    for (name, value) in &parameters {
        text.push_str(name);
        text.push_str(value);
    }
    Some(text)
}

fn body_hash(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters
        .find(|(name, _)| name == BODY_HASH)
        .map(|(_, hash)| hash.into_owned())
}

/// The header Twilio would send with this body to this address. `None` for a body that Twilio would not send.
pub fn sign(url: &str, body: &[u8], auth_token: &SecretString) -> Option<String> {
    let key = auth_token.expose_secret().as_bytes();
    let code = Algorithm::Sha1.hmac(key, &[signed(url, body)?.as_bytes()]);
    Some(BASE64.encode(code))
}

/// The address with the hash of a body that is no form, as Twilio adds it before it signs.
pub fn with_body_hash(url: &str, body: &[u8]) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!(
        "{url}{mark}{BODY_HASH}={}",
        hex::encode(Sha256::digest(body))
    )
}

#[cfg(test)]
#[path = "webhook/tests.rs"]
mod tests;
