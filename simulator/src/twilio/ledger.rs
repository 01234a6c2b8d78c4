//! What the fake Twilio saw and did, for tests to count.

use serde::{Deserialize, Serialize};

use super::scenario::Fault;
use crate::retell::WebhookFault;

/// Everything seen since the start. Times are milliseconds since 1970 by the wall clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub sends: Vec<SendSeen>,
    /// The messages that were taken, whatever was answered.
    pub messages: Vec<Message>,
    pub callbacks: Vec<CallbackSeen>,
    /// Messages on their way and callbacks to be sent.
    pub under_way: usize,
}

/// One request to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendSeen {
    pub at_ms: i64,
    pub to: Option<String>,
    pub fault: Fault,
    /// The status answered; `None` when no answer was given.
    pub status: Option<u16>,
    /// Twilio's number of what is wrong.
    pub code: Option<u32>,
    /// The message that was taken, whatever was answered.
    pub sid: Option<String>,
}

/// One message that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub sid: String,
    pub account: String,
    pub to: String,
    pub from: Option<String>,
    pub messaging_service: Option<String>,
    pub body: String,
    pub status: String,
    pub error_code: Option<u32>,
    pub created_ms: i64,
    pub sent_ms: Option<i64>,
    pub updated_ms: i64,
}

/// One callback that was due, and what became of it. A duplicate is a second entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackSeen {
    pub sid: String,
    pub status: String,
    pub fault: WebhookFault,
    pub sent: bool,
    /// The status answered, or else what went wrong.
    pub answer: Option<u16>,
    pub error: Option<String>,
}

impl Ledger {
    /// The texts that were taken for a number.
    pub fn texts(&self, to: &str) -> Vec<&str> {
        self.messages
            .iter()
            .filter(|message| message.to == to)
            .map(|message| message.body.as_str())
            .collect()
    }
}
