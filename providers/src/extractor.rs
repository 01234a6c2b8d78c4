//! Whoever reads values out of people's words: a small trait, so that the vendor can be replaced.

use std::{fmt, pin::Pin, time::Duration};

use domain::text::{Found, Passage, Usage};

/// Reads passages. Asking again is always safe, and costs again.
pub trait Extractor: Send + Sync {
    /// What stands in each passage, in the order of the passages. Several go in one request.
    fn extract<'a>(
        &'a self,
        passages: &'a [Passage],
    ) -> Pin<Box<dyn Future<Output = Result<Extraction, ExtractFailure>> + Send + 'a>>;
}

/// What one request gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extraction {
    /// One for each passage; empty where nothing was found.
    pub found: Vec<Found>,
    pub usage: Usage,
    /// The version that answered, as the vendor names it.
    pub model: Option<String>,
}

/// A request that gave nothing, and what it cost all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtractFailure {
    pub error: ExtractError,
    pub usage: Usage,
}

/// Why nothing was read, sorted by what the caller can do about it. Holds nothing of the words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// The vendor will not read these words, or not answer to them.
    #[error("blocked ({reason})")]
    Blocked { reason: String },
    /// The answer was longer than permitted: read fewer passages at once.
    #[error("the answer was cut off")]
    Cut,
    /// No answer in the form that was asked for. Another try may give one.
    #[error("the answer could not be read ({detail})")]
    Unreadable { detail: &'static str },
    #[error("asked to slow down")]
    RateLimited {
        retry_after: Option<Duration>,
        /// The quota of the day is spent: nothing is read before tomorrow.
        for_today: bool,
    },
    /// No answer, or none for now.
    #[error("not available")]
    Unavailable,
    #[error("refused ({detail})")]
    Refused { detail: String },
    /// Nothing is read until an operator changes something: key, model, billing.
    #[error("not configured to read ({detail})")]
    Misconfigured { detail: String },
}

impl ExtractError {
    /// Whether the same passages may be read by asking again later.
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Unreadable { .. } | Self::RateLimited { .. } | Self::Unavailable
        )
    }

    /// Whether one passage of several may be what is wrong, so that each should be asked for alone.
    pub const fn is_of_one_passage(&self) -> bool {
        matches!(
            self,
            Self::Blocked { .. } | Self::Cut | Self::Unreadable { .. } | Self::Refused { .. }
        )
    }

    /// The code that is stored.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Blocked { .. } => "blocked",
            Self::Cut => "cut",
            Self::Unreadable { .. } => "unreadable",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Refused { .. } => "refused",
            Self::Misconfigured { .. } => "misconfigured",
        }
    }
}

impl From<ExtractError> for ExtractFailure {
    /// A failure that cost nothing.
    fn from(error: ExtractError) -> Self {
        Self {
            error,
            usage: Usage::default(),
        }
    }
}

impl fmt::Display for ExtractFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for ExtractFailure {}
