//! One door to every vendor's webhooks: whose it is, whether it is theirs, and the little that is read of it.

mod options;

use std::time::Duration;

use http::HeaderMap;
use secrecy::{ExposeSecret, SecretString};

pub(crate) use options::check_header_name;
pub use options::{OptionsProblem, SourceOptions, Tolerance};

use crate::{
    agent, openphone, quo, retell,
    signature::{self, Proof, base64_key},
    standard_webhooks, twilio, vapi, zoho,
};
pub use crate::{
    outline::{Outline, ParseProblem, UNTYPED},
    redact::stored_body,
    signature::SignatureProblem,
};

/// Whose webhooks a source receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    Retell,
    Vapi,
    /// The webhooks from before OpenPhone became Quo.
    OpenPhone,
    Quo,
    /// Anybody who signs as the Standard Webhooks specification (or Svix) does.
    StandardWebhooks,
    Twilio,
    Zoho,
    /// Hooks of coding agents, as `bellhop capture` sends them or as they are.
    Agent,
}

impl SourceKind {
    pub const ALL: [Self; 8] = [
        Self::Retell,
        Self::Vapi,
        Self::OpenPhone,
        Self::Quo,
        Self::StandardWebhooks,
        Self::Twilio,
        Self::Zoho,
        Self::Agent,
    ];

    /// How it is stored and given on the command line. Never changes.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Retell => "retell",
            Self::Vapi => "vapi",
            Self::OpenPhone => "openphone",
            Self::Quo => "quo",
            Self::StandardWebhooks => "standard_webhooks",
            Self::Twilio => "twilio",
            Self::Zoho => "zoho",
            Self::Agent => "agent",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The sender, for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Retell => "Retell",
            Self::Vapi => "Vapi",
            Self::OpenPhone => "OpenPhone",
            Self::Quo => "Quo",
            Self::StandardWebhooks => "the sender",
            Self::Twilio => "Twilio",
            Self::Zoho => "Zoho",
            Self::Agent => "the coding agent",
        }
    }
}

/// A webhook as it came in. Holds signatures and personal data, so it has no `Debug`.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub headers: &'a HeaderMap,
    /// As requested and not decoded, such as `/hooks/abc?bodySHA256=…`. Some signatures cover it.
    pub path_and_query: &'a str,
    /// The bytes as received.
    pub body: &'a [u8],
    /// When it came in, in milliseconds since 1970.
    pub now_ms: i64,
}

/// Checks that a webhook is its source's, and answers which of the secrets proves it.
///
/// Works on the raw bytes and tries every secret in constant time. `tolerance` is how far a signed time may
/// be from now, either way, unless the options say otherwise.
pub fn verify(
    kind: SourceKind,
    options: &SourceOptions,
    request: &Request<'_>,
    secrets: &[SecretString],
    tolerance: Duration,
) -> Result<usize, SignatureProblem> {
    if secrets.is_empty() {
        return Err(SignatureProblem::NoSecret);
    }
    let proof = proof(kind, options, request)?;
    let tolerance = options.tolerance(tolerance);
    signature::check(&*proof, request.body, secrets, request.now_ms, tolerance)
}

/// Reads what the webhook proves itself with.
pub(crate) fn proof<'a>(
    kind: SourceKind,
    options: &'a SourceOptions,
    request: &Request<'a>,
) -> Result<Box<dyn Proof + 'a>, SignatureProblem> {
    let headers = request.headers;
    Ok(match kind {
        SourceKind::Retell => Box::new(retell::webhook::Signature::from(headers)?),
        SourceKind::Vapi => vapi::webhook::proof(options, request)?,
        SourceKind::OpenPhone => Box::new(openphone::webhook::Signatures::from(headers)?),
        SourceKind::Quo | SourceKind::StandardWebhooks => {
            Box::new(standard_webhooks::webhook::Signed::from(headers)?)
        }
        SourceKind::Twilio => Box::new(twilio::webhook::Signature::from(options, request)?),
        SourceKind::Zoho => Box::new(zoho::webhook::Token::from(request.body)?),
        SourceKind::Agent => Box::new(agent::webhook::bearer(headers)?),
    })
}

/// Reads the outline of a verified webhook. Unknown types and unknown keys are fine.
pub fn outline(
    kind: SourceKind,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Outline, ParseProblem> {
    match kind {
        SourceKind::Retell => retell::webhook::outline(body).map(Outline::from),
        SourceKind::Vapi => vapi::webhook::outline(body),
        SourceKind::OpenPhone => openphone::webhook::outline(body),
        SourceKind::Quo => quo::webhook::outline(headers, body),
        SourceKind::StandardWebhooks => standard_webhooks::webhook::outline(headers, body),
        SourceKind::Twilio => twilio::webhook::outline(body),
        SourceKind::Zoho => zoho::webhook::outline(body),
        SourceKind::Agent => agent::webhook::outline(headers, body),
    }
}

/// Splits an address into what [`SourceOptions::public_base_url`] and [`Request::path_and_query`] hold:
/// scheme and host with port, and all from the path on without the fragment.
pub fn split_url(url: &str) -> Option<(&str, &str)> {
    let url = url.split('#').next()?;
    let host = url.find("://")? + "://".len();
    let end = url.get(host..)?.find(['/', '?']);
    url.split_at_checked(end.map_or(url.len(), |end| host + end))
}

/// Why a text cannot be a secret of a source. Does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretProblem {
    #[error("the secret is empty")]
    Empty,
    #[error("the secret has white space around it")]
    Spaced,
    /// Every webhook would be refused with it.
    #[error("the secret is not base64, as this source's are (after whsec_, where it has that)")]
    NotBase64,
    #[error(
        "the token is longer than the {} characters that Zoho takes",
        zoho::webhook::LONGEST_TOKEN
    )]
    TooLong,
}

/// Whether a text can be a secret of a source at all: to be asked before it is stored.
pub fn check_secret(
    kind: SourceKind,
    options: &SourceOptions,
    secret: &SecretString,
) -> Result<(), SecretProblem> {
    let text = secret.expose_secret();
    if text.trim().is_empty() {
        return Err(SecretProblem::Empty);
    }
    if text.trim() != text {
        return Err(SecretProblem::Spaced);
    }
    let usable = match kind {
        SourceKind::Quo | SourceKind::StandardWebhooks => {
            standard_webhooks::webhook::key(secret).is_some()
        }
        SourceKind::OpenPhone => base64_key(text).is_some(),
        SourceKind::Vapi => options.vapi_verifier().takes(secret),
        SourceKind::Zoho if text.chars().count() > zoho::webhook::LONGEST_TOKEN => {
            return Err(SecretProblem::TooLong);
        }
        SourceKind::Retell | SourceKind::Twilio | SourceKind::Zoho | SourceKind::Agent => true,
    };
    usable.then_some(()).ok_or(SecretProblem::NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own() {
        for kind in SourceKind::ALL {
            assert_eq!(SourceKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(SourceKind::from_code("Retell"), None);
    }

    #[test]
    fn an_address_is_split_where_its_path_begins() {
        for (url, expected) in [
            (
                "https://a.example:8443/h/k?x=1#f",
                Some(("https://a.example:8443", "/h/k?x=1")),
            ),
            ("https://a.example?x=/", Some(("https://a.example", "?x=/"))),
            ("https://a.example", Some(("https://a.example", ""))),
            ("a.example/h", None),
        ] {
            assert_eq!(split_url(url), expected);
        }
    }

    #[test]
    fn a_secret_of_the_wrong_form_is_refused_before_it_is_stored() {
        let options = SourceOptions::default();
        let long = "x".repeat(51);
        for (kind, secret, expected) in [
            (SourceKind::Retell, "key_1", Ok(())),
            (SourceKind::Retell, " ", Err(SecretProblem::Empty)),
            (SourceKind::Retell, "key_1 ", Err(SecretProblem::Spaced)),
            (SourceKind::Quo, "whsec_YWJj", Ok(())),
            (SourceKind::Quo, "YWJj", Ok(())),
            (SourceKind::Quo, "whsec_", Err(SecretProblem::NotBase64)),
            (
                SourceKind::StandardWebhooks,
                "my secret",
                Err(SecretProblem::NotBase64),
            ),
            (SourceKind::OpenPhone, "YWJj", Ok(())),
            (
                SourceKind::OpenPhone,
                "whsec_YWJj",
                Err(SecretProblem::NotBase64),
            ),
            (SourceKind::Vapi, "any text", Ok(())),
            (SourceKind::Zoho, "9f3c1a7e5d2b48c6", Ok(())),
            (SourceKind::Zoho, &long, Err(SecretProblem::TooLong)),
            (SourceKind::Agent, "token", Ok(())),
        ] {
            assert_eq!(
                check_secret(kind, &options, &secret.into()),
                expected,
                "{kind:?} {secret}"
            );
        }
    }
}
