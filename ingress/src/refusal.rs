//! Why a webhook is not taken, and what its sender is told: the status, and nothing of our inside.

use std::time::Duration;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use providers::source::{ParseProblem, SignatureProblem};
use serde_json::json;

use crate::{batch::NotStored, keeper::NotKept};

/// A sender of a provider tries again by itself; this is how long we ask it to wait when something is away.
const AWAY_RETRY: Duration = Duration::from_secs(5);
/// When there is merely too much at once.
const BUSY_RETRY: Duration = Duration::from_secs(1);

/// Why a webhook is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("no enabled source has this key")]
    UnknownSource,
    #[error("more webhooks in flight than allowed")]
    Busy,
    #[error("the bodies in flight fill the memory set aside for them")]
    MemoryFull,
    #[error("the source sends more than it may")]
    SourceRate { wait: Duration },
    #[error("the tenant's sources send more than they may")]
    TenantRate { wait: Duration },
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: usize },
    #[error("the body did not arrive in time")]
    BodyTooSlow,
    #[error("the body broke off")]
    BodyBroken,
    #[error("the source could not be looked up")]
    SourceUnavailable,
    /// A newer program has made this source.
    #[error("this version does not know the source's provider")]
    UnknownProvider,
    #[error("not verified: {0}")]
    Unverified(SignatureProblem),
    #[error("verified, but not an event: {0}")]
    Unreadable(ParseProblem),
    #[error("not stored: {0:?}")]
    NotStored(NotStored),
    #[error("a question was not answered")]
    NotAnswered,
    #[error("not stored, as the database takes nothing, and not kept in the spool: {0:?}")]
    NotKept(NotKept),
}

impl Refusal {
    /// The metric's label, and the word to search the log for.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::UnknownSource => "unknown_source",
            Self::Busy => "busy",
            Self::MemoryFull => "memory_full",
            Self::SourceRate { .. } => "source_rate",
            Self::TenantRate { .. } => "tenant_rate",
            Self::TooLarge { .. } => "too_large",
            Self::BodyTooSlow => "body_too_slow",
            Self::BodyBroken => "body_broken",
            Self::SourceUnavailable => "source_unavailable",
            Self::UnknownProvider => "unknown_provider",
            Self::Unverified(problem) => problem.code(),
            Self::Unreadable(problem) => problem.code(),
            Self::NotStored(problem) => match problem {
                NotStored::QueueFull => "queue_full",
                NotStored::Away => "database_away",
                NotStored::TimedOut => "database_slow",
                NotStored::Failed => "database_failed",
                NotStored::Refused => "database_refused",
            },
            Self::NotAnswered => "not_answered",
            Self::NotKept(NotKept::Full) => "spool_full",
            Self::NotKept(NotKept::Failed) => "spool_failed",
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::UnknownSource => StatusCode::NOT_FOUND,
            Self::SourceRate { .. } | Self::TenantRate { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::BodyBroken | Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            // Ours to mend: the sender has done nothing wrong, and should try again.
            Self::Unverified(SignatureProblem::MissingOption(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unverified(_) => StatusCode::UNAUTHORIZED,
            Self::NotStored(NotStored::Refused) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Busy
            | Self::MemoryFull
            | Self::SourceUnavailable
            | Self::UnknownProvider
            | Self::NotAnswered
            | Self::NotKept(_)
            | Self::NotStored(
                NotStored::QueueFull | NotStored::Away | NotStored::TimedOut | NotStored::Failed,
            ) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether the source's secrets, read again, could change this.
    pub(crate) fn may_be_a_new_secret(&self) -> bool {
        matches!(
            self,
            Self::Unverified(SignatureProblem::NoMatch | SignatureProblem::NoSecret)
        )
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::SourceRate { wait } | Self::TenantRate { wait } => Some(*wait),
            Self::Busy | Self::MemoryFull | Self::NotStored(NotStored::QueueFull) => {
                Some(BUSY_RETRY)
            }
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => Some(AWAY_RETRY),
            _ => None,
        }
    }

    /// Only a sender that has proved who it is learns what is wrong with what it sent.
    fn detail(&self) -> Option<String> {
        match self {
            Self::Unreadable(problem) => Some(problem.to_string()),
            _ => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = problem(self.status(), self.detail());
        if let Some(wait) = self.retry_after() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

/// An answer in the form of RFC 9457.
pub(crate) fn problem(status: StatusCode, detail: Option<String>) -> Response {
    let mut body =
        json!({ "title": status.canonical_reason().unwrap_or("Error"), "status": status.as_u16() });
    if let (Some(detail), Some(body)) = (detail, body.as_object_mut()) {
        body.insert("detail".to_owned(), detail.into());
    }
    const JSON: (HeaderName, &str) = (header::CONTENT_TYPE, "application/problem+json");
    (status, [JSON], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_may_try_again_is_told_when() {
        let wait = Duration::from_millis(1_200);
        for (refusal, seconds) in [
            (Refusal::SourceRate { wait }, Some("2")),
            (
                Refusal::TenantRate {
                    wait: Duration::from_millis(3),
                },
                Some("1"),
            ),
            (Refusal::Busy, Some("1")),
            (Refusal::NotStored(NotStored::Away), Some("5")),
            (Refusal::NotStored(NotStored::Failed), Some("5")),
            (Refusal::NotKept(NotKept::Full), Some("5")),
            (Refusal::UnknownProvider, Some("5")),
            (
                Refusal::Unverified(SignatureProblem::MissingOption("public_base_url")),
                Some("5"),
            ),
            (Refusal::UnknownSource, None),
            (Refusal::NotStored(NotStored::Refused), None),
        ] {
            let response = refusal.clone().into_response();
            let told = response
                .headers()
                .get(header::RETRY_AFTER)
                .map(|value| value.to_str().unwrap());
            assert_eq!(told, seconds, "{refusal}");
        }
    }

    #[test]
    fn an_unverified_sender_is_told_nothing_but_the_status() {
        let problems = [
            SignatureProblem::NoSecret,
            SignatureProblem::MissingHeader("x-retell-signature".into()),
            SignatureProblem::OutsideTolerance { off_by_ms: 400_000 },
            SignatureProblem::NoMatch,
        ];
        for problem in problems {
            let refusal = Refusal::Unverified(problem);
            assert_eq!(
                (refusal.status(), refusal.detail()),
                (StatusCode::UNAUTHORIZED, None)
            );
        }
    }
}
