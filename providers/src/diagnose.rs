//! Why a webhook was not accepted as its source's: for `bellhop doctor signature`, never for the sender.

mod settings;
mod slips;
mod variants;
mod words;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

pub use crate::source::SourceKind;
use crate::{
    signature::{self, Proof, SignatureProblem},
    source::{Request, SourceOptions, proof},
    zoho,
};

/// A webhook as received, and what we know of its source. Holds secrets and personal data: no `Debug`.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    pub kind: SourceKind,
    pub options: &'a SourceOptions,
    /// The secrets the source has, newest first.
    pub secrets: &'a [SecretString],
    /// Secrets it had once and no longer accepts.
    pub retired: &'a [SecretString],
    /// Names in any case.
    pub headers: &'a [(String, String)],
    /// As requested: `/hooks/…?…`. Of use where the signature covers the address.
    pub path_and_query: &'a str,
    pub body: &'a [u8],
    /// When it came in, in milliseconds since 1970.
    pub now_ms: i64,
    /// How far a signed time may be from then, unless the options say otherwise.
    pub tolerance: Duration,
}

/// What was found. Its text is for the operator, and holds neither secret nor body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub kind: SourceKind,
    pub finding: Finding,
    /// How far the signature's time is from the time of receipt, when that is beyond the tolerance;
    /// positive when the signature is the older.
    pub off_by_ms: Option<i128>,
}

/// What the signature (or token) was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    NoSecret,
    /// Without this option nothing can be checked.
    MissingOption(&'static str),
    /// The header is absent; another that looks like a signature may be there.
    MissingHeader {
        header: String,
        instead: Option<String>,
    },
    MalformedHeader {
        header: String,
        form: String,
    },
    /// The body should hold a token.
    MissingToken,
    /// Made with this secret over this body.
    Signed(Secret),
    /// The body is one that was stored, not one that came in; its token was this secret.
    Stored(Secret),
    /// Made with this secret over the body as it was before somebody rewrote it; the text says how it
    /// was written.
    BodyRewritten {
        secret: Secret,
        written: String,
    },
    /// Made with what the secret would be without a slip in its configuration.
    SecretMistyped {
        secret: Secret,
        slip: &'static str,
    },
    /// Made with this secret, were this option set otherwise; the text says how.
    SettingDiffers {
        secret: Secret,
        option: &'static str,
        fits: String,
    },
    /// No secret gives it, with no likely change of secret or body.
    NoMatch,
}

/// Which of the secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secret {
    Newest,
    /// The place among those in use, counted from 0 for the newest.
    Older(usize),
    /// The place among those retired.
    Retired(usize),
}

impl Finding {
    /// The secret that made the signature, if one did.
    pub fn secret(&self) -> Option<Secret> {
        match self {
            Self::Signed(secret)
            | Self::Stored(secret)
            | Self::BodyRewritten { secret, .. }
            | Self::SecretMistyped { secret, .. }
            | Self::SettingDiffers { secret, .. } => Some(*secret),
            Self::NoSecret
            | Self::MissingOption(_)
            | Self::MissingHeader { .. }
            | Self::MalformedHeader { .. }
            | Self::MissingToken
            | Self::NoMatch => None,
        }
    }
}

impl Diagnosis {
    /// Whether ingress accepts such a webhook.
    pub fn is_valid(&self) -> bool {
        self.off_by_ms.is_none()
            && matches!(
                self.finding,
                Finding::Signed(Secret::Newest | Secret::Older(_))
            )
    }

    /// A stable word for the finding, for scripts.
    pub fn code(&self) -> &'static str {
        match &self.finding {
            Finding::NoSecret => "no_secret",
            Finding::MissingOption(_) => "missing_option",
            Finding::MissingHeader { .. } => "missing_header",
            Finding::MalformedHeader { .. } => "malformed_header",
            Finding::MissingToken => "missing_token",
            Finding::Signed(Secret::Retired(_)) => "rotated_secret",
            Finding::Signed(_) if self.off_by_ms.is_some() => "clock_drift",
            Finding::Signed(Secret::Older(_)) => "valid_older_secret",
            Finding::Signed(Secret::Newest) => "valid",
            Finding::Stored(_) => "stored_copy",
            Finding::BodyRewritten { .. } => "body_rewritten",
            Finding::SecretMistyped { .. } => "secret_mistyped",
            Finding::SettingDiffers { option, .. } if *option == settings::URL => "wrong_url",
            Finding::SettingDiffers { .. } => "wrong_options",
            Finding::NoMatch => "wrong_key",
        }
    }
}

/// Finds out whether a webhook is accepted, and if not, the likely cause.
pub fn diagnose(evidence: &Evidence<'_>) -> Diagnosis {
    let (finding, off_by_ms) = found(evidence);
    Diagnosis {
        kind: evidence.kind,
        finding,
        off_by_ms,
    }
}

fn found(evidence: &Evidence<'_>) -> (Finding, Option<i128>) {
    if evidence.secrets.is_empty() && evidence.retired.is_empty() {
        return (Finding::NoSecret, None);
    }
    let headers = header_map(evidence.headers);
    let request = Request {
        headers: &headers,
        path_and_query: evidence.path_and_query,
        body: evidence.body,
        now_ms: evidence.now_ms,
    };
    let proof = match proof(evidence.kind, evidence.options, &request) {
        Ok(proof) => proof,
        Err(problem) => {
            let differing = settings::differing(evidence, &request);
            return (
                differing.unwrap_or_else(|| unreadable(evidence, problem)),
                None,
            );
        }
    };
    let tolerance = evidence.options.tolerance(evidence.tolerance);
    let off_by_ms = proof
        .age_ms(evidence.now_ms)
        .filter(|off| tolerance.is_some_and(|most| off.unsigned_abs() > most.as_millis()));
    (cause(evidence, &request, &*proof), off_by_ms)
}

/// Headers that cannot stand in a request are left out.
fn header_map(headers: &[(String, String)]) -> HeaderMap {
    let header = |(name, value): &(String, String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().filter_map(header) {
        // Only the first of a name is ever looked at.
        map.entry(name).or_insert(value);
    }
    map
}

fn unreadable(evidence: &Evidence<'_>, problem: SignatureProblem) -> Finding {
    match problem {
        SignatureProblem::MissingHeader(header) => Finding::MissingHeader {
            instead: other_signature(evidence.headers, &header),
            header: header.into_owned(),
        },
        SignatureProblem::MalformedHeader { header, form } => Finding::MalformedHeader {
            header: header.into_owned(),
            form: form.into_owned(),
        },
        SignatureProblem::MissingOption(option) => Finding::MissingOption(option),
        SignatureProblem::MissingToken => Finding::MissingToken,
        SignatureProblem::NoSecret => Finding::NoSecret,
        SignatureProblem::OutsideTolerance { .. } | SignatureProblem::NoMatch => Finding::NoMatch,
    }
}

fn cause(evidence: &Evidence<'_>, request: &Request<'_>, proof: &dyn Proof) -> Finding {
    if let Some(secret) = matching(evidence, proof, evidence.body) {
        return Finding::Signed(secret);
    }
    if let Some(secret) = stored(evidence) {
        return Finding::Stored(secret);
    }
    if let Some((secret, slip)) = slips::mistyped(evidence, proof) {
        return Finding::SecretMistyped { secret, slip };
    }
    if let Some(differing) = settings::differing(evidence, request) {
        return differing;
    }
    if proof.covers_body() {
        for (written, body) in variants::of(evidence.body) {
            if let Some(secret) = matching(evidence, proof, &body) {
                return Finding::BodyRewritten { secret, written };
            }
        }
    }
    Finding::NoMatch
}

/// The secret that made the proof over this body, in use or retired.
fn matching(evidence: &Evidence<'_>, proof: &dyn Proof, body: &[u8]) -> Option<Secret> {
    let current = signature::matching(proof, body, evidence.secrets).map(in_use);
    current.or_else(|| signature::matching(proof, body, evidence.retired).map(Secret::Retired))
}

fn in_use(place: usize) -> Secret {
    match place {
        0 => Secret::Newest,
        place => Secret::Older(place),
    }
}

/// The secret whose fingerprint a stored body has in the token's place.
fn stored(evidence: &Evidence<'_>) -> Option<Secret> {
    if evidence.kind != SourceKind::Zoho {
        return None;
    }
    let token = zoho::webhook::Token::from(evidence.body).ok()?;
    let place = |secrets: &[SecretString]| {
        let mut each = secrets.iter();
        each.position(|secret| token.is_fingerprint_of(secret))
    };
    let current = place(evidence.secrets).map(in_use);
    current.or_else(|| place(evidence.retired).map(Secret::Retired))
}

/// The name of another header that may be meant.
fn other_signature(headers: &[(String, String)], missing: &str) -> Option<String> {
    let telling = ["signature", "secret", "authorization"];
    headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .find(|name| name != missing && telling.iter().any(|part| name.contains(part)))
}

#[cfg(test)]
#[path = "diagnose/tests.rs"]
mod tests;
