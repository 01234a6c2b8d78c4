//! Why a webhook's signature was not accepted: for `bellhop doctor signature`, never for the sender.

mod variants;

use std::{fmt, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use crate::retell::webhook::{SIGNATURE_HEADER, Signature};

/// Whose webhook it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    Retell,
}

/// A webhook as received, and what we know of its source.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    pub kind: SourceKind,
    /// The secrets the source has, newest first.
    pub secrets: &'a [SecretString],
    /// Secrets it had once and no longer accepts.
    pub retired: &'a [SecretString],
    /// Names in any case.
    pub headers: &'a [(String, String)],
    pub body: &'a [u8],
    /// When it came in, in milliseconds since 1970.
    pub now_ms: i64,
    pub tolerance: Duration,
}

/// What was found. Its text is for the operator, and holds neither secret nor body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub finding: Finding,
    /// How far the signature's time is from the time of receipt, when that is beyond the tolerance;
    /// positive when the signature is the older.
    pub off_by_ms: Option<i128>,
}

/// What the signature was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    NoSecret,
    /// The header is absent; another that looks like a signature may be there.
    MissingHeader {
        instead: Option<String>,
    },
    MalformedHeader,
    /// Made with this secret over this body.
    Signed(Secret),
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
            Finding::MissingHeader { .. } => "missing_header",
            Finding::MalformedHeader => "malformed_header",
            Finding::Signed(Secret::Retired(_)) => "rotated_secret",
            Finding::Signed(_) if self.off_by_ms.is_some() => "clock_drift",
            Finding::Signed(Secret::Older(_)) => "valid_older_secret",
            Finding::Signed(Secret::Newest) => "valid",
            Finding::BodyRewritten { .. } => "body_rewritten",
            Finding::SecretMistyped { .. } => "secret_mistyped",
            Finding::NoMatch => "wrong_key",
        }
    }
}

/// Finds out whether a webhook is accepted, and if not, the likely cause.
pub fn diagnose(evidence: &Evidence<'_>) -> Diagnosis {
    let SourceKind::Retell = evidence.kind;
    let found = |finding| Diagnosis {
        finding,
        off_by_ms: None,
    };
    if evidence.secrets.is_empty() && evidence.retired.is_empty() {
        return found(Finding::NoSecret);
    }
    let Some(header) = header(evidence.headers, SIGNATURE_HEADER) else {
        return found(Finding::MissingHeader {
            instead: other_signature(evidence.headers),
        });
    };
    let Some(signature) = Signature::parse(header) else {
        return found(Finding::MalformedHeader);
    };
    let off_by_ms = signature.age_ms(evidence.now_ms);
    Diagnosis {
        finding: cause(evidence, &signature),
        off_by_ms: Some(off_by_ms)
            .filter(|off| off.unsigned_abs() > evidence.tolerance.as_millis()),
    }
}

fn cause(evidence: &Evidence<'_>, signature: &Signature<'_>) -> Finding {
    if let Some(secret) = matching(evidence, signature, evidence.body) {
        return Finding::Signed(secret);
    }
    if let Some((secret, slip)) = mistyped(evidence, signature) {
        return Finding::SecretMistyped { secret, slip };
    }
    for (written, body) in variants::of(evidence.body) {
        if let Some(secret) = matching(evidence, signature, &body) {
            return Finding::BodyRewritten { secret, written };
        }
    }
    Finding::NoMatch
}

fn matching(evidence: &Evidence<'_>, signature: &Signature<'_>, body: &[u8]) -> Option<Secret> {
    let current = signature
        .matching(body, evidence.secrets)
        .map(|place| match place {
            0 => Secret::Newest,
            place => Secret::Older(place),
        });
    current.or_else(|| {
        signature
            .matching(body, evidence.retired)
            .map(Secret::Retired)
    })
}

/// A secret that fits once a usual slip of the hand is taken back.
fn mistyped(evidence: &Evidence<'_>, signature: &Signature<'_>) -> Option<(Secret, &'static str)> {
    SLIPS.iter().find_map(|(slip, corrected)| {
        let correct = |secrets: &[SecretString]| -> Vec<SecretString> {
            secrets
                .iter()
                .map(|secret| corrected(secret.expose_secret()).into())
                .collect()
        };
        let (secrets, retired) = (correct(evidence.secrets), correct(evidence.retired));
        let corrected = Evidence {
            secrets: &secrets,
            retired: &retired,
            ..*evidence
        };
        matching(&corrected, signature, evidence.body).map(|secret| (secret, *slip))
    })
}

type Slip = (&'static str, fn(&str) -> String);

/// What goes wrong when a key is copied, and how to take it back.
const SLIPS: &[Slip] = &[
    ("has white space around it", |secret| {
        secret.trim().to_owned()
    }),
    ("has quotation marks around it", |secret| {
        secret.trim().trim_matches(['"', '\'', '`']).to_owned()
    }),
    ("starts with the word Bearer", |secret| {
        secret.trim().trim_start_matches("Bearer").trim().to_owned()
    }),
    ("lacks its start, key_", |secret| format!("key_{secret}")),
    ("starts with key_, which does not belong to it", |secret| {
        secret.strip_prefix("key_").unwrap_or(secret).to_owned()
    }),
];

fn header<'a>(headers: &'a [(String, String)], wanted: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.as_str())
}

/// The name of another header that may be meant as the signature.
fn other_signature(headers: &[(String, String)]) -> Option<String> {
    headers
        .iter()
        .map(|(name, _)| name.to_ascii_lowercase())
        .find(|name| name.contains("signature"))
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.finding, self.off_by_ms) {
            (Finding::Signed(Secret::Newest | Secret::Older(_)), Some(off)) => {
                return write!(f, "clock drift: the signature is right, but {}", Drift(off));
            }
            (finding, _) => finding.fmt(f)?,
        }
        match self.off_by_ms {
            Some(off) => write!(f, "; besides, {}", Drift(off)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSecret => f.write_str("no secret was given to check with"),
            Self::MissingHeader { instead: None } => {
                write!(f, "the {SIGNATURE_HEADER} header is missing: the sender is not Retell, or a proxy removed it")
            }
            Self::MissingHeader { instead: Some(other) } => {
                write!(f, "the {SIGNATURE_HEADER} header is missing; there is {other} instead: another provider's webhook?")
            }
            Self::MalformedHeader => {
                write!(f, "the {SIGNATURE_HEADER} header is not of the form v=<milliseconds>,d=<64 hex digits>")
            }
            Self::Signed(Secret::Newest) => f.write_str("valid"),
            Self::Signed(Secret::Older(place)) => {
                write!(f, "valid, but signed with secret {} of those in use: the sender has not changed to the newest", place + 1)
            }
            Self::Signed(secret) => write!(f, "rotated secret: signed with {secret}, which is no longer accepted"),
            Self::BodyRewritten { secret, written } => write!(
                f,
                "the body was rewritten on the way: the signature (with {secret}) fits it {written}; check and store the \
                 bytes as received"
            ),
            Self::SecretMistyped { secret, slip } => write!(f, "wrong key: {secret} {slip}"),
            Self::NoMatch => f.write_str(
                "wrong key, or another body: no secret gives this signature; at Retell, only the API key with the webhook \
                 badge signs",
            ),
        }
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest => f.write_str("the newest secret"),
            Self::Older(place) => write!(f, "secret {} of those in use", place + 1),
            Self::Retired(place) => write!(f, "retired secret {}", place + 1),
        }
    }
}

/// How far a signature is off, in words.
struct Drift(i128);

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.unsigned_abs().div_ceil(1000);
        let far = match seconds {
            0..120 => format!("{seconds} s"),
            120..7200 => format!("{} min {} s", seconds / 60, seconds % 60),
            7200..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
            _ => format!("{} days", seconds / 86400),
        };
        match self.0 > 0 {
            true => write!(
                f,
                "it was made {far} before it came in: it was held up or sent again, or our clock is fast"
            ),
            false => write!(f, "it was made {far} after it came in: our clock is slow"),
        }
    }
}

#[cfg(test)]
#[path = "diagnose/tests.rs"]
mod tests;
