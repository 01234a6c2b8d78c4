//! What the fake Gemini was asked, for tests to count.

use serde::{Deserialize, Serialize};

use super::scenario::Fault;

/// Everything seen since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub requests: Vec<RequestSeen>,
    pub prompt_tokens: u64,
    pub answer_tokens: u64,
}

/// One request. Times are milliseconds since 1970 by the wall clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSeen {
    pub at_ms: i64,
    pub model: String,
    pub instruction: String,
    /// What stands beside the instruction.
    pub input: String,
    pub fault: Fault,
    /// The status answered; `None` when no answer was given.
    pub status: Option<u16>,
    /// What was answered, if it was a text.
    pub output: Option<String>,
}
