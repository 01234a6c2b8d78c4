//! The step from a source's provider to the code that knows its webhooks.

use std::time::Duration;

use axum::http::HeaderMap;
use domain::ids::CallId;
use providers::retell::webhook as retell;
use store::Source;

use crate::refusal::Refusal;

/// A provider whose webhooks this version can verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Retell,
}

/// What ingress needs to know of a verified event.
pub(crate) struct Outline {
    pub(crate) event_type: String,
    pub(crate) dedupe_key: String,
    pub(crate) call: Option<CallId>,
    pub(crate) provider_call_id: Option<String>,
}

impl Provider {
    pub(crate) fn of(source: &Source) -> Result<Self, Refusal> {
        match source.provider.as_str() {
            "retell" => Ok(Self::Retell),
            _ => Err(Refusal::UnknownProvider),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Retell => "retell",
        }
    }

    /// Whether one of the source's secrets signed exactly these bytes, not too long ago.
    pub(crate) fn verify(
        self,
        source: &Source,
        headers: &HeaderMap,
        body: &[u8],
        tolerance: Duration,
    ) -> Result<(), Refusal> {
        let now = jiff::Timestamp::now().as_millisecond();
        match self {
            Self::Retell => {
                // Text that is not ASCII is no signature; it must count as malformed, not as missing.
                let signature = headers
                    .get(retell::SIGNATURE_HEADER)
                    .map(|value| value.to_str().unwrap_or("?"));
                retell::verify(body, signature, &source.secrets, now, tolerance)
                    .map(|_which| ())
                    .map_err(Refusal::Unverified)
            }
        }
    }

    /// Reads the little that is needed to store an event once; the rest is read later, where it can be retried.
    pub(crate) fn outline(self, body: &[u8]) -> Result<Outline, Refusal> {
        match self {
            Self::Retell => {
                let outline = retell::outline(body).map_err(Refusal::Unreadable)?;
                Ok(Outline {
                    event_type: column_text(&outline.event),
                    dedupe_key: column_text(&outline.dedupe_key),
                    call: outline.call_id,
                    provider_call_id: outline.provider_call_id.as_deref().map(column_text),
                })
            }
        }
    }
}

/// A provider's text in a form that a text column takes (no NUL) and that cannot forge a log line. The
/// dedupe key keeps apart what it must: it holds the body's hash.
fn column_text(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_column_never_gets_a_nul_or_a_line_break() {
        let outline = Provider::Retell
            .outline(br#"{"event":"odd\u0000\nname","call":{"call_id":"call\u0000"}}"#);
        let outline = outline.ok().unwrap();
        assert_eq!(outline.event_type, "odd\u{fffd}\u{fffd}name");
        assert_eq!(outline.provider_call_id.as_deref(), Some("call\u{fffd}"));
        assert!(!outline.dedupe_key.contains(char::is_control));
    }
}
