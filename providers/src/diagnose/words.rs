//! A diagnosis in words.

use std::fmt;

use super::{Diagnosis, Finding, Secret, settings};
use crate::source::SourceKind;

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Finding::Signed(Secret::Newest | Secret::Older(_)), Some(off)) =
            (&self.finding, self.off_by_ms)
        {
            return write!(f, "clock drift: the signature is right, but {}", Drift(off));
        }
        self.tell(f)?;
        match self.off_by_ms {
            Some(off) => write!(f, "; besides, {}", Drift(off)),
            None => Ok(()),
        }
    }
}

impl Diagnosis {
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sender = self.kind.name();
        match &self.finding {
            Finding::NoSecret => f.write_str("no secret was given to check with"),
            Finding::MissingOption(option) => write!(
                f,
                "the source's option {option} is not set, and nothing can be checked without it"
            ),
            Finding::MissingHeader {
                header,
                instead: None,
            } => {
                write!(
                    f,
                    "the {header} header is missing: this was not sent by {sender}, or a proxy removed it"
                )
            }
            Finding::MissingHeader {
                header,
                instead: Some(other),
            } => {
                write!(
                    f,
                    "the {header} header is missing; there is {other} instead: another provider's webhook?"
                )
            }
            Finding::MalformedHeader { header, form } => {
                write!(f, "the {header} header is not of the form {form}")
            }
            Finding::MissingToken => write!(
                f,
                "the body holds no token: this was not sent by {sender}, or the channel was made without one"
            ),
            Finding::Signed(Secret::Newest) => f.write_str("valid"),
            Finding::Signed(Secret::Older(place)) => {
                write!(
                    f,
                    "valid, but signed with secret {} of those in use: the sender has not changed to the newest",
                    place + 1
                )
            }
            Finding::Signed(secret) => write!(
                f,
                "rotated secret: signed with {secret}, which is no longer accepted"
            ),
            Finding::Stored(secret) => write!(
                f,
                "this is the body as it was stored, with a fingerprint in the token's place: it came with {secret}"
            ),
            Finding::BodyRewritten { secret, written } => write!(
                f,
                "the body was rewritten on the way: the signature (with {secret}) fits it {written}; check and store the \
                 bytes as received"
            ),
            Finding::SecretMistyped { secret, slip } => write!(f, "wrong key: {secret} {slip}"),
            Finding::SettingDiffers {
                secret,
                option,
                fits,
            } if *option == settings::URL => {
                write!(
                    f,
                    "wrong address: the signature (with {secret}) fits it {fits}"
                )
            }
            Finding::SettingDiffers {
                secret,
                option,
                fits,
            } => {
                write!(
                    f,
                    "the option {option} is not as the sender has it: the webhook fits (with {secret}) {fits}"
                )
            }
            Finding::NoMatch => no_match(self.kind, f),
        }
    }
}

fn no_match(kind: SourceKind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(match kind {
        SourceKind::Retell => {
            "wrong key, or another body: no secret gives this signature; at Retell, only the API key with the webhook \
             badge signs"
        }
        SourceKind::Vapi => {
            "wrong key, another body or other options: nothing that was tried gives what the webhook proves itself with; \
             compare the credential at Vapi, field by field"
        }
        SourceKind::OpenPhone => {
            "wrong key, or another body: no secret gives this signature; at OpenPhone each webhook has a signing secret \
             of its own"
        }
        SourceKind::Quo => {
            "wrong key, or another body: no secret gives this signature; at Quo each webhook has a key of its own, shown \
             once when it is made or rotated"
        }
        SourceKind::StandardWebhooks => {
            "wrong key, or another body: no secret gives this signature; each endpoint at the sender has a secret of its own"
        }
        SourceKind::Twilio => {
            "wrong key, another body or another address: no secret gives this signature; Twilio signs with the account's \
             primary auth token, of the account that sent the message, and never with an API key"
        }
        SourceKind::Zoho => {
            "wrong token: it is none of those given; each channel at Zoho has the token that it was made with"
        }
        SourceKind::Agent => "wrong token: it is none of those given",
    })
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
