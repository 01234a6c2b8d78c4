//! Why an alert was not sent, or may not have been, sorted by what the caller can do about it.

use std::{error::Error, io, time::Duration};

use super::address::ResolveError;

/// Why a message was not sent.
///
/// Holds no address, number, key or text, so it may be logged, stored and shown: `detail` is a word of
/// ours or a vendor's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The message was read and not taken. `permanent`: the same message will not be taken later either.
    #[error("refused ({detail})")]
    Refused { permanent: bool, detail: String },
    /// Not taken for now. `None` when the answer does not say how long to wait.
    #[error("asked to slow down")]
    RateLimited { retry_after: Option<Duration> },
    /// Not taken, because the channel could not be reached or says that it is out of order.
    #[error("not available")]
    Unavailable,
    /// The message left, and whether it was taken is not known.
    #[error("may or may not have been sent")]
    Uncertain,
    /// No message can go this way until an operator changes something: key, address, sender, certificate.
    #[error("not configured to send ({detail})")]
    Misconfigured { detail: String },
}

impl SendError {
    /// The code that is stored: `refused`, `rate_limited`, `unavailable`, `uncertain` or `misconfigured`.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::RateLimited { .. } => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Uncertain => "uncertain",
            Self::Misconfigured { .. } => "misconfigured",
        }
    }

    /// Whether the same message may be sent again later and be taken. After [`SendError::Uncertain`] it may
    /// arrive twice.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Refused { permanent, .. } => !*permanent,
            Self::RateLimited { .. } | Self::Unavailable | Self::Uncertain => true,
            Self::Misconfigured { .. } => false,
        }
    }

    /// Why there is no connection: something that an operator must mend, or else that may pass.
    pub(crate) fn not_connected(error: &(dyn Error + 'static)) -> Self {
        for cause in causes(error) {
            if let Some(ResolveError::NotPublic(_)) = cause.downcast_ref() {
                return Self::misconfigured("address_not_public");
            }
            if let Some(rustls::Error::InvalidCertificate(_)) = cause.downcast_ref() {
                return Self::misconfigured("certificate");
            }
        }
        Self::Unavailable
    }

    /// What was wrong, in a word of ours or a vendor's code, where there is one.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Refused { detail, .. } | Self::Misconfigured { detail } => Some(detail),
            Self::RateLimited { .. } | Self::Unavailable | Self::Uncertain => None,
        }
    }

    pub(crate) fn misconfigured(detail: impl Into<String>) -> Self {
        Self::Misconfigured {
            detail: detail.into(),
        }
    }

    pub(crate) fn refused(permanent: bool, detail: impl Into<String>) -> Self {
        Self::Refused {
            permanent,
            detail: detail.into(),
        }
    }
}

/// An error and all that is behind it, also inside I/O errors, which hide what they carry.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let carried = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        match carried {
            Some(carried) => Some(carried as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_code_and_says_whether_it_may_pass() {
        let table = [
            (SendError::refused(true, "no_text"), "refused", false),
            (SendError::refused(false, "451"), "refused", true),
            (
                SendError::RateLimited { retry_after: None },
                "rate_limited",
                true,
            ),
            (SendError::Unavailable, "unavailable", true),
            (SendError::Uncertain, "uncertain", true),
            (SendError::misconfigured("key"), "misconfigured", false),
        ];
        for (error, class, may_pass) in table {
            assert_eq!((error.class(), error.may_pass()), (class, may_pass));
        }
    }
}
