//! Vapi's webhooks: a token or a signature as the account's credential is set up, and what their messages say.

mod check;
mod outline;
mod read;

use std::borrow::Cow;

use http::HeaderMap;
use secrecy::SecretString;
use subtle::Choice;

pub use outline::outline;
pub(super) use outline::{our_call_in, our_call_in_call};
pub use read::{Call, Event, Report, Says, ToolCall, read};

use super::verifier::{Hmac, Part, Verifier, parts};
use crate::{
    bearer,
    signature::{self, Proof, SignatureProblem, between},
    source::{Request, SourceOptions},
};

/// The method that `{method}` stands for: ingress takes no other.
const METHOD: &str = "POST";

pub(crate) fn proof<'a>(
    options: &'a SourceOptions,
    request: &Request<'a>,
) -> Result<Box<dyn Proof + 'a>, SignatureProblem> {
    Ok(match options.vapi_verifier() {
        Verifier::Bearer(bearer) => Box::new(bearer::Token::from(
            request.headers,
            bearer.header_name.to_ascii_lowercase().into(),
            bearer.bearer_prefix_enabled,
        )?),
        Verifier::Hmac(hmac) => Box::new(Signature::from(hmac, options, request)?),
    })
}

/// A signature with everything it covers but the body.
struct Signature<'a> {
    hmac: &'a Hmac,
    expected: Vec<u8>,
    /// The header's text is what is signed, and its milliseconds since 1970.
    time: Option<(&'a str, i64)>,
    message_id: &'a str,
    url: String,
}

impl<'a> Signature<'a> {
    fn from(
        hmac: &'a Hmac,
        options: &SourceOptions,
        request: &Request<'a>,
    ) -> Result<Self, SignatureProblem> {
        let signature = required(request.headers, &hmac.signature_header)?;
        let expected = hmac
            .decoded(signature)
            .ok_or_else(|| malformed(&hmac.signature_header, signature_form(hmac)))?;
        let mut this = Self {
            hmac,
            expected,
            time: None,
            message_id: "",
            url: String::new(),
        };
        for part in parts(&hmac.payload_format) {
            match part {
                Part::Timestamp => this.time = Some(time(hmac, request.headers)?),
                Part::MessageId => this.message_id = message_id(hmac, request.headers)?,
                Part::Url => {
                    this.url = options
                        .public_url(request.path_and_query)
                        .ok_or(SignatureProblem::MissingOption("public_base_url"))?;
                }
                Part::Text(_) | Part::Body | Part::Method | Part::Unknown(_) => {}
            }
        }
        Ok(this)
    }

    fn signed<'b>(&'b self, body: &'b [u8]) -> Vec<&'b [u8]> {
        let bytes = |part| match part {
            Part::Text(text) => text.as_bytes(),
            Part::Body => body,
            Part::Timestamp => self.time.map_or("", |(text, _)| text).as_bytes(),
            Part::Method => METHOD.as_bytes(),
            Part::Url => self.url.as_bytes(),
            Part::MessageId => self.message_id.as_bytes(),
            Part::Unknown(name) => name.as_bytes(),
        };
        parts(&self.hmac.payload_format).map(bytes).collect()
    }
}

impl Proof for Signature<'_> {
    fn age_ms(&self, now_ms: i64) -> Option<i128> {
        self.time.map(|(_, time_ms)| between(time_ms, now_ms))
    }

    fn made_with(&self, secret: &SecretString, body: &[u8]) -> Choice {
        match self.hmac.key(secret) {
            Some(key) => self
                .hmac
                .algorithm
                .gives(&key, &self.signed(body), &self.expected),
            None => Choice::from(0),
        }
    }
}

fn time<'a>(hmac: &Hmac, headers: &'a HeaderMap) -> Result<(&'a str, i64), SignatureProblem> {
    let text = required(headers, &hmac.timestamp_header)?;
    match hmac.time_ms(text) {
        Some(time_ms) => Ok((text, time_ms)),
        None => Err(malformed(&hmac.timestamp_header, "<digits>".to_owned())),
    }
}

fn message_id<'a>(hmac: &Hmac, headers: &'a HeaderMap) -> Result<&'a str, SignatureProblem> {
    let name = hmac
        .message_id_header
        .as_deref()
        .ok_or(SignatureProblem::MissingOption(
            "vapi.hmac.message_id_header",
        ))?;
    required(headers, name)
}

fn required<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, SignatureProblem> {
    signature::header(headers, name)
        .ok_or_else(|| SignatureProblem::MissingHeader(name.to_ascii_lowercase().into()))
}

fn malformed(header: &str, form: String) -> SignatureProblem {
    SignatureProblem::MalformedHeader {
        header: header.to_ascii_lowercase().into(),
        form: Cow::Owned(form),
    }
}

fn signature_form(hmac: &Hmac) -> String {
    let (bytes, prefix) = (hmac.algorithm.length(), &hmac.signature_prefix);
    match hmac.signature_encoding {
        super::Encoding::Hex => format!("{prefix}<{} hex digits>", bytes * 2),
        super::Encoding::Base64 => format!("{prefix}<base64 of {bytes} bytes>"),
    }
}

/// What a signature covers beside the body: for the simulator and for tests.
#[derive(Debug, Clone, Copy)]
pub struct Stamp<'a> {
    /// As it goes into the timestamp header.
    pub timestamp: &'a str,
    pub message_id: &'a str,
    /// The whole address the webhook goes to.
    pub url: &'a str,
}

/// The headers Vapi would send with this body. `None` when the secret cannot be a key of this verifier.
pub fn sign(
    verifier: &Verifier,
    stamp: &Stamp<'_>,
    body: &[u8],
    secret: &SecretString,
) -> Option<Vec<(String, String)>> {
    let hmac = match verifier {
        Verifier::Bearer(rule) => {
            let value = bearer::value(secret, rule.bearer_prefix_enabled);
            return Some(vec![(rule.header_name.clone(), value)]);
        }
        Verifier::Hmac(hmac) => hmac,
    };
    let signature = Signature {
        hmac,
        expected: Vec::new(),
        time: Some((stamp.timestamp, 0)),
        message_id: stamp.message_id,
        url: stamp.url.to_owned(),
    };
    let code = hmac
        .algorithm
        .hmac(&hmac.key(secret)?, &signature.signed(body));
    let mut headers = vec![
        (hmac.signature_header.clone(), hmac.encoded(&code)),
        (hmac.timestamp_header.clone(), stamp.timestamp.to_owned()),
    ];
    if let Some(name) = &hmac.message_id_header {
        headers.push((name.clone(), stamp.message_id.to_owned()));
    }
    Some(headers)
}

#[cfg(test)]
#[path = "webhook/tests.rs"]
mod tests;
