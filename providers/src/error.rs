//! Why a provider did not do what was asked, sorted by what the caller can do about it.

use std::time::Duration;

/// Wait after a 429 that does not say how long.
pub const RATE_LIMITED_WAIT: Duration = Duration::from_secs(300);
/// Wait after a 5xx, or when the provider cannot be reached.
pub const SERVER_ERROR_WAIT: Duration = Duration::from_secs(300);
/// Wait after anything else that may pass.
pub const OTHER_WAIT: Duration = Duration::from_secs(600);

/// Why a call was not placed, or may not have been.
///
/// Messages carry no phone number and no key: both are masked where the answer is read.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The provider read the request and said no: nobody's phone rings.
    #[error("refused with status {status}: {message}")]
    Refused {
        status: u16,
        message: String,
        /// The cause would meet every call of this account (key, payment, address): alert, and stop.
        systemic: bool,
    },
    /// The provider turned the request away for now: nobody's phone rings.
    #[error("asked to slow down")]
    RateLimited { retry_after: Option<Duration> },
    /// The request provably never left, so that repeating it is safe.
    #[error("could not be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The request left, and the phone may be ringing: look the call up before anything else.
    #[error("may or may not have placed the call ({0})")]
    Uncertain(Doubt),
}

impl PlaceError {
    /// How long to wait before another request to dial, or `None` when none can help. After
    /// [`PlaceError::Uncertain`] the call must be looked up first, however long the wait.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::Refused {
                status: 400 | 401 | 402 | 403 | 422,
                ..
            } => None,
            Self::Refused { .. } => Some(OTHER_WAIT),
            Self::RateLimited { retry_after } => Some(retry_after.unwrap_or(RATE_LIMITED_WAIT)),
            Self::Unreachable(_) | Self::Uncertain(Doubt::Status { status: 500.., .. }) => {
                Some(SERVER_ERROR_WAIT)
            }
            Self::Uncertain(_) => Some(OTHER_WAIT),
        }
    }
}

/// What leaves a dial in doubt.
#[derive(Debug, thiserror::Error)]
pub enum Doubt {
    #[error("no answer in time")]
    Timeout(#[source] reqwest::Error),
    #[error("the connection broke after the request left")]
    Broken(#[source] reqwest::Error),
    #[error("answered with status {status}: {message}")]
    Status { status: u16, message: String },
    /// Accepted, in an answer that names no call.
    #[error("accepted, but the answer could not be read: {0}")]
    Unreadable(String),
}

/// Why a call could not be read or searched for. Reading again is always safe.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The provider has no such call, or does not like the request.
    #[error("refused with status {status}: {message}")]
    Refused {
        status: u16,
        message: String,
        /// The cause would meet every request of this account (key, payment): alert.
        systemic: bool,
    },
    #[error("asked to slow down")]
    RateLimited { retry_after: Option<Duration> },
    /// No answer, or a 5xx: it may pass.
    #[error("failed: {0}")]
    Failed(String),
    /// The answer was not what the provider documents.
    #[error("answered something unreadable: {0}")]
    Unreadable(String),
    /// The search had to stop before the end of the list, so nothing can be concluded from it.
    #[error("the list of calls did not end within {pages} pages")]
    TooMany { pages: u32 },
}

/// The client could not be made from its configuration.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("the base address is not an http or https URL")]
    BaseUrl,
    #[error("the HTTP client could not be started")]
    Http(#[from] reqwest::Error),
}
