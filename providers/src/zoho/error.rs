//! Why Zoho did not do what was asked, sorted by what the caller can do about it. Nothing here holds a value of a
//! record, a token or an address: `code` is Zoho's word, `field` the name of a field.

use std::time::Duration;

use domain::crm::{Failure, RecordId, TokenProblem};

use crate::channel::SendError;

/// The wait after too many refreshes: Zoho counts them over ten minutes.
const TOKEN_LIMIT_WAIT: Duration = Duration::from_secs(600);

/// Why a request came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrmError {
    /// The token is not valid (any more): refresh it once, and ask once more.
    #[error("the access token was not taken")]
    TokenInvalid,
    /// Any request like it would be refused until an operator changes something: permission, scope, plan.
    #[error("not permitted ({code})")]
    Denied { code: String },
    /// Zoho read it and said no to it.
    #[error("refused: {0}")]
    Refused(RecordProblem),
    /// The record changed since it was read: read it again.
    #[error("changed meanwhile")]
    Changed,
    /// Not done, for now: too many requests at once or in all. `None` when the answer does not say how long to wait.
    #[error("asked to slow down")]
    RateLimited { retry_after: Option<Duration> },
    /// Not done, or it was only to be read. It may pass.
    #[error("not available")]
    Unavailable,
    /// The write left, and whether it was carried out is not known.
    #[error("may or may not have been carried out")]
    Uncertain,
    /// The answer was not what Zoho documents.
    #[error("answered something unreadable ({0})")]
    Unreadable(&'static str),
    /// No request can go this way until an operator changes something: address, certificate.
    #[error("not configured ({detail})")]
    Misconfigured { detail: String },
    /// More than Zoho takes in one request. Nothing was sent.
    #[error("more than {most} at once")]
    TooMany { most: usize },
}

impl CrmError {
    /// What it means for the contact that was to be written.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Refused(problem) => problem.failure(),
            Self::Changed => Failure::Changed,
            Self::RateLimited { .. } => Failure::RateLimited,
            Self::TokenInvalid | Self::Unavailable | Self::Unreadable(_) => Failure::Unavailable,
            Self::Uncertain => Failure::Uncertain,
            Self::Denied { .. } | Self::Misconfigured { .. } => Failure::Denied,
            Self::TooMany { .. } => Failure::Refused,
        }
    }

    /// Whether it was provably not carried out.
    pub fn is_not_done(&self) -> bool {
        !matches!(self, Self::Uncertain | Self::Unreadable(_))
    }
}

/// What is wrong with one record of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct RecordProblem {
    pub kind: ProblemKind,
    /// Zoho's word for it.
    pub code: String,
    /// Zoho's name of the field that it is about.
    pub field: Option<String>,
    /// The record that is there already.
    pub duplicate_of: Option<RecordId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// There is one already, often named: as good as made.
    Duplicate,
    /// A value that it does not take, or one that is missing.
    Values,
    /// There is no such record, or channel.
    NotFound,
    /// Locked, in approval, or in another's process.
    Locked,
    /// It changed since it was read.
    Changed,
    Denied,
    /// It may pass.
    Passing,
    Other,
}

impl RecordProblem {
    pub fn failure(&self) -> Failure {
        match self.kind {
            ProblemKind::NotFound => Failure::Gone,
            ProblemKind::Locked => Failure::Locked,
            ProblemKind::Changed => Failure::Changed,
            ProblemKind::Denied => Failure::Denied,
            ProblemKind::Passing => Failure::Unavailable,
            ProblemKind::Duplicate | ProblemKind::Values | ProblemKind::Other => Failure::Refused,
        }
    }
}

/// Why there is no access token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The refresh token is not valid any more: somebody has to connect the CRM again.
    #[error("the refresh token was revoked")]
    Revoked,
    /// The client's id or secret is wrong.
    #[error("the client is not known")]
    WrongClient,
    /// More than ten tokens in ten minutes.
    #[error("too many tokens were asked for")]
    TooMany { retry_after: Option<Duration> },
    #[error("not available")]
    Unavailable,
    /// Refused with a word that is not known here.
    #[error("refused ({code})")]
    Refused { code: String },
    #[error("answered something unreadable ({0})")]
    Unreadable(&'static str),
    #[error("not configured ({detail})")]
    Misconfigured { detail: String },
}

impl TokenError {
    /// What only an operator can mend.
    pub fn problem(&self) -> Option<TokenProblem> {
        match self {
            Self::Revoked => Some(TokenProblem::Revoked),
            Self::WrongClient => Some(TokenProblem::WrongClient),
            _ => None,
        }
    }

    /// How long Zoho wants to be left alone, if it does.
    pub fn wait(&self) -> Option<Duration> {
        match self {
            Self::TooMany { retry_after } => Some(retry_after.unwrap_or(TOKEN_LIMIT_WAIT)),
            _ => None,
        }
    }
}

/// A refresh is repeated at will, so that a lost answer is no more than no answer.
impl From<SendError> for TokenError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Misconfigured { detail } => Self::Misconfigured { detail },
            _ => Self::Unavailable,
        }
    }
}

/// Zoho's word for an error, when it is only that.
pub(super) fn code_word(text: &str) -> Option<String> {
    let is_word = !text.is_empty()
        && text.len() <= 60
        && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_');
    is_word.then(|| text.to_owned())
}
