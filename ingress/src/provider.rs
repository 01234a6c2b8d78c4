//! The step from a source to the code that knows its webhooks.

use std::time::Duration;

use axum::http::{HeaderMap, Uri};
use domain::{event::Priority, event::priority_of, ids::CallId};
use providers::{
    retell,
    source::{self, Request, SourceKind, SourceOptions},
};
use store::Source;

use crate::refusal::Refusal;

/// Whose webhooks a source receives, and how they are verified.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    kind: SourceKind,
    options: SourceOptions,
}

/// What somebody on the line waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// What the agent is told of a caller.
    Caller,
    /// That a function is carried out.
    Function,
}

/// What ingress needs to know of a verified event.
pub(crate) struct Outline {
    pub(crate) event_type: String,
    pub(crate) dedupe_key: String,
    pub(crate) priority: Priority,
    pub(crate) call: Option<CallId>,
    pub(crate) provider_call_id: Option<String>,
}

/// A request as far as signatures cover it.
#[derive(Clone, Copy)]
pub(crate) struct Head<'a> {
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
}

impl Provider {
    /// Options that cannot be read were written by a newer program, as an unknown kind was.
    pub(crate) fn of(source: &Source) -> Result<Self, Refusal> {
        let kind = SourceKind::from_code(&source.provider).ok_or(Refusal::UnknownProvider)?;
        let options = SourceOptions::read(kind, source.options.clone())
            .map_err(|_| Refusal::UnknownProvider)?;
        Ok(Self { kind, options })
    }

    pub(crate) fn kind(&self) -> SourceKind {
        self.kind
    }

    pub(crate) fn name(&self) -> &'static str {
        self.kind.code()
    }

    /// Whether one of the source's secrets proves exactly these bytes.
    pub(crate) fn verify(
        &self,
        source: &Source,
        head: Head<'_>,
        body: &[u8],
        tolerance: Duration,
    ) -> Result<(), Refusal> {
        let request = Request {
            headers: head.headers,
            path_and_query: head.uri.path_and_query().map_or("/", |path| path.as_str()),
            body,
            now_ms: jiff::Timestamp::now().as_millisecond(),
        };
        source::verify(
            self.kind,
            &self.options,
            &request,
            &source.secrets,
            tolerance,
        )
        .map(|_which| ())
        .map_err(Refusal::Unverified)
    }

    /// Reads the little that is needed to store an event once; the rest is read later, where it can be retried.
    pub(crate) fn outline(
        &self,
        source: &Source,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Outline, Refusal> {
        let outline = source::outline(self.kind, headers, body).map_err(Refusal::Unreadable)?;
        let event_type = column_text(&outline.event_type);
        let dedupe_key = column_text(&outline.dedupe_key);
        Ok(Outline {
            priority: priority_of(self.kind.code(), &event_type),
            event_type,
            // Two senders of such a kind choose their ids without knowing of each other, and none may take another's.
            dedupe_key: match self.kind {
                SourceKind::StandardWebhooks | SourceKind::Agent | SourceKind::Vapi => {
                    format!("{}:{dedupe_key}", source.id)
                }
                _ => dedupe_key,
            },
            call: outline.call_id,
            provider_call_id: outline.provider_call_id.as_deref().map(column_text),
        })
    }

    /// What its sender waits for an answer to, if it is a question and no event.
    pub(crate) fn asks(&self, event_type: &str) -> Option<Question> {
        match (self.kind, event_type) {
            (SourceKind::Retell, "call_inbound") => Some(Question::Caller),
            (SourceKind::Retell, retell::function::KIND) => Some(Question::Function),
            (SourceKind::Vapi, "assistant-request") => Some(Question::Caller),
            (SourceKind::Vapi, "tool-calls" | "function-call") => Some(Question::Function),
            _ => None,
        }
    }

    /// The body as it may be stored: without a secret that travels in it.
    pub(crate) fn stored_body(&self, body: Vec<u8>) -> Vec<u8> {
        match source::stored_body(self.kind, &body) {
            std::borrow::Cow::Borrowed(_) => body,
            std::borrow::Cow::Owned(cleared) => cleared,
        }
    }
}

/// A provider's text in a form that a text column takes (no NUL) and that cannot forge a log line. The
/// dedupe key keeps apart what it must: it holds the body's hash, or an id that no sender makes of such signs.
pub(crate) fn column_text(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use domain::ids::{SourceId, TenantId};

    use super::*;

    fn source(provider: &str) -> Source {
        Source {
            id: SourceId::generate(),
            tenant: TenantId::generate(),
            provider: provider.to_owned(),
            options: serde_json::json!({}),
            secrets: Vec::new(),
            vapi: None,
        }
    }

    #[test]
    fn a_text_column_never_gets_a_nul_or_a_line_break() {
        let source = source("retell");
        let outline = Provider::of(&source).ok().unwrap().outline(
            &source,
            &HeaderMap::new(),
            br#"{"event":"odd\u0000\nname","call":{"call_id":"call\u0000"}}"#,
        );
        let outline = outline.ok().unwrap();
        assert_eq!(outline.event_type, "odd\u{fffd}\u{fffd}name");
        assert_eq!(outline.provider_call_id.as_deref(), Some("call\u{fffd}"));
        assert!(!outline.dedupe_key.contains(char::is_control));
    }

    #[test]
    fn two_senders_with_the_same_id_are_two_events() {
        let body = br#"{"type":"contact.created","timestamp":"2026-01-01T00:00:00Z","data":{}}"#;
        let headers = [("webhook-id", "msg_1")];
        let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let headers = HeaderMap::from_iter(headers);
        let key = |source: &Source| {
            let provider = Provider::of(source).ok().unwrap();
            provider
                .outline(source, &headers, body)
                .ok()
                .unwrap()
                .dedupe_key
        };
        let (one, other) = (source("standard_webhooks"), source("standard_webhooks"));
        assert_ne!(key(&one), key(&other));
        assert_eq!(key(&one), key(&one));
    }
}
