//! The minimal reading of a webhook at the door: enough to store it once and to know which call to wake.

mod pluck;

use domain::ids::CallId;
use serde_json::error::Category;
use sha2::{Digest, Sha256};

pub(crate) use pluck::{Plucked, pluck};

/// Longest event type and id taken as such, in bytes: they become part of a database key.
pub(crate) const MAX_NAME: usize = 128;

/// The type of an event that names none.
pub const UNTYPED: &str = "untyped";

/// What ingress needs to know of an event before it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The event's type as sent, known or not; [`UNTYPED`] where a sender need not give one. At most 128
    /// bytes, and may hold any character.
    pub event_type: String,
    /// The same for the same delivery sent again, within one source. How it is made and why, each vendor's
    /// `outline` says.
    pub dedupe_key: String,
    /// Our own id, when the call is one of ours and the vendor echoes it.
    pub call_id: Option<CallId>,
    /// The vendor's id of the call, in events about one.
    pub provider_call_id: Option<String>,
}

/// Why a body cannot be taken as an event. Says where, never what the body holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseProblem {
    #[error("the body is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("a field has an unexpected type (line {line}, column {column})")]
    WrongType { line: usize, column: usize },
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` is not of the expected form")]
    Unexpected(&'static str),
    #[error("`{0}` is longer than {MAX_NAME} bytes")]
    TooLong(&'static str),
}

impl ParseProblem {
    /// A stable word for it: a metric's label, and what to search a log for.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "not_json",
            Self::WrongType { .. } | Self::Unexpected(_) => "field_wrong_type",
            Self::Missing(_) => "field_missing",
            Self::TooLong(_) => "field_too_long",
        }
    }
}

impl From<serde_json::Error> for ParseProblem {
    fn from(error: serde_json::Error) -> Self {
        // The error's own text may quote the body, so only its place is kept.
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Data => Self::WrongType { line, column },
            Category::Io | Category::Syntax | Category::Eof => Self::NotJson { line, column },
        }
    }
}

/// A name that is not empty, when it is short enough for a key.
pub(crate) fn name(
    text: Option<&str>,
    field: &'static str,
) -> Result<Option<String>, ParseProblem> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.len() > MAX_NAME => Err(ParseProblem::TooLong(field)),
        text => Ok(text.map(str::to_owned)),
    }
}

/// The same, of a name that has to be there.
pub(crate) fn required(text: Option<&str>, field: &'static str) -> Result<String, ParseProblem> {
    name(text, field)?.ok_or(ParseProblem::Missing(field))
}

/// SHA-256 in hex.
pub(crate) fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
