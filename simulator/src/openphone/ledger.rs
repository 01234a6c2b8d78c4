//! What the fake OpenPhone saw and did, for tests to count.

use serde::{Deserialize, Serialize};

use super::scenario::Fault;
use crate::retell::WebhookFault;

/// Everything seen since the start. Times are milliseconds since 1970 by the wall clock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub sends: Vec<SendSeen>,
    /// Both ways. A text from one line to another is there twice, once for each.
    pub messages: Vec<Message>,
    pub calls: Vec<Call>,
    pub webhooks: Vec<WebhookSeen>,
    /// How often sound was fetched.
    pub media_fetched: usize,
    /// Texts and calls that are not over, and webhooks to be sent.
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
    /// The vendor's code of what is wrong.
    pub code: Option<String>,
    /// The text that was taken, whatever was answered.
    pub message_id: Option<String>,
}

/// One text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: String,
    pub line_id: String,
    pub line: String,
    pub person: String,
    pub incoming: bool,
    pub body: String,
    pub status: String,
    pub created_ms: i64,
    pub updated_ms: i64,
}

/// One call, from a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub id: String,
    pub line_id: String,
    pub line: String,
    pub person: String,
    /// In the words of lists: `ringing`, `in-progress`, `completed`, `missed`.
    pub status: String,
    pub created_ms: i64,
    pub answered_ms: Option<i64>,
    pub completed_ms: Option<i64>,
    pub duration_s: i64,
    pub recording: bool,
    pub talk: Vec<Spoken>,
    pub summary: Vec<String>,
    pub voicemail: Option<String>,
}

/// One turn of a talk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// By the business.
    pub ours: bool,
    pub words: String,
}

/// One webhook that was due, and what became of it. Each try is an entry of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSeen {
    pub kind: String,
    /// The text or call it is about.
    pub subject: String,
    pub fault: WebhookFault,
    pub sent: bool,
    /// The status answered, or else what went wrong.
    pub answer: Option<u16>,
    pub error: Option<String>,
}

impl Ledger {
    /// The texts that were taken for a number, sent from a line.
    pub fn texts(&self, to: &str) -> Vec<&str> {
        let sent = self.messages.iter().filter(|message| !message.incoming);
        sent.filter(|message| message.person == to)
            .map(|message| message.body.as_str())
            .collect()
    }
}
