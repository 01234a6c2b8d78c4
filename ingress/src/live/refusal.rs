//! Why a question about a call is not answered. Nothing in an answer tells a tenant or a call that is not the asker's from one
//! that does not exist.

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::refusal::problem;

/// How long whoever asks is to wait when the database is away or slow, or every place is taken.
const AWAY_RETRY: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No token, or none that is known.
    Unauthorized,
    /// No such call under the token's tenant, or the path names another one.
    NotFound,
    TooOften {
        wait: Duration,
    },
    /// As many streams are open as may be.
    Full,
    /// The database does not answer in time.
    Away,
}

impl Refusal {
    /// The metric's label.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::NotFound => "not_found",
            Self::TooOften { .. } => "too_often",
            Self::Full => "streams_full",
            Self::Away => "database_away",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Full | Self::Away => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooOften { wait } => Some(*wait),
            Self::Full | Self::Away => Some(AWAY_RETRY),
            Self::Unauthorized | Self::NotFound => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = problem(self.status(), None);
        let headers = response.headers_mut();
        if self == Self::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}
