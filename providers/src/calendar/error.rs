//! Why a calendar was not read, sorted by what the caller can do about it.

use std::time::Duration;

use crate::channel::SendError;

/// Why a calendar was not read. Reading again is always safe.
///
/// Holds no address, key or text of an event, so it may be logged, stored and shown: `detail` is a word of ours
/// or a provider's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// Until an operator changes something: the key, the calendar's id, its address, what is shared with whom.
    #[error("refused ({detail})")]
    Refused { detail: String },
    /// `None` when the answer does not say how long to wait.
    #[error("asked to slow down")]
    RateLimited { retry_after: Option<Duration> },
    /// Out of order, or not reached. It may pass.
    #[error("not available")]
    Unavailable { retry_after: Option<Duration> },
    /// The answer was not what the provider documents.
    #[error("answered something unreadable ({detail})")]
    Unreadable { detail: &'static str },
}

impl CalendarError {
    /// The code that is stored: `refused`, `rate_limited`, `unavailable` or `unreadable`.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable { .. } => "unavailable",
            Self::Unreadable { .. } => "unreadable",
        }
    }

    /// Whether only a person can mend it.
    pub const fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    /// How long the provider asked to wait.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Unavailable { retry_after } => *retry_after,
            Self::Refused { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// What was wrong, in a word of ours or a provider's code, where there is one.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Refused { detail } => Some(detail),
            Self::Unreadable { detail } => Some(detail),
            Self::RateLimited { .. } | Self::Unavailable { .. } => None,
        }
    }

    pub(super) fn refused(detail: impl Into<String>) -> Self {
        Self::Refused {
            detail: detail.into(),
        }
    }

    pub(super) const fn unreadable(detail: &'static str) -> Self {
        Self::Unreadable { detail }
    }
}

/// A request without an answer.
impl From<SendError> for CalendarError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Misconfigured { detail } | SendError::Refused { detail, .. } => {
                Self::Refused { detail }
            }
            SendError::RateLimited { retry_after } => Self::RateLimited { retry_after },
            SendError::Unavailable | SendError::Uncertain => {
                Self::Unavailable { retry_after: None }
            }
        }
    }
}
