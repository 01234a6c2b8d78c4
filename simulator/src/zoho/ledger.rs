//! What the fake Zoho saw and did, for tests to count.

use serde::{Deserialize, Serialize};

use super::scenario::{Fault, TokenFault};
use crate::retell::WebhookFault;

/// Everything seen since the start. Times are milliseconds since 1970 by the wall clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub requests: Vec<RequestSeen>,
    pub tokens: Vec<TokenSeen>,
    /// What was carried out, whatever was answered.
    pub writes: Vec<WriteSeen>,
    pub notifications: Vec<NotificationSeen>,
    /// Notifications to be sent.
    pub under_way: usize,
}

/// One request for data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSeen {
    pub at_ms: i64,
    pub method: String,
    /// Below `/crm/v8`, without what was asked of it.
    pub path: String,
    pub fault: Fault,
    /// The status answered; `None` when no answer was given.
    pub status: Option<u16>,
}

/// One request for a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSeen {
    pub at_ms: i64,
    pub fault: TokenFault,
    pub granted: bool,
}

/// One record that was made, changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteSeen {
    pub at_ms: i64,
    /// The user.
    pub by: String,
    pub module: String,
    pub id: String,
    /// `insert`, `update` or `delete`.
    pub operation: String,
    pub fields: Vec<String>,
}

/// One notification that was due, and what became of it. A duplicate is a second entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationSeen {
    pub channel_id: String,
    pub operation: String,
    pub ids: Vec<String>,
    pub fault: WebhookFault,
    pub sent: bool,
    /// The status answered, or else what went wrong.
    pub answer: Option<u16>,
    pub error: Option<String>,
}

impl Ledger {
    /// What a user wrote.
    pub fn writes_by(&self, user: &str) -> Vec<&WriteSeen> {
        let writes = self.writes.iter();
        writes.filter(|write| write.by == user).collect()
    }
}
