//! Notes and call records: made once at the CRM, which knows no idempotency key for them. Each carries a mark of ours,
//! by which one that may have been made is found again.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::RecordId;
use crate::hours::shift;

/// What the next step of one is decided from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendFacts {
    /// When the last request left. Stored before it leaves.
    pub sent_at: Option<Timestamp>,
    #[serde(default)]
    pub sent_as: Option<SentAs>,
    /// The CRM said no, or was provably not reached: it was not made.
    pub not_made: bool,
    /// When it was last looked for and not found.
    pub missed_at: Option<Timestamp>,
    /// It is there.
    pub made: bool,
}

/// What one was sent with that may be another by now, and that the CRM is searched by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentAs {
    pub person: RecordId,
    /// Of a call.
    pub started_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendStep {
    Done,
    /// Note the time, then send.
    Send,
    /// Look whether it is there.
    Look,
    Wait {
        until: Timestamp,
    },
}

/// A record may be found only some time after it was made.
const LAG: SignedDuration = SignedDuration::from_mins(5);

impl AppendFacts {
    pub fn next_step(&self, now: Timestamp) -> AppendStep {
        let Some(sent_at) = self.sent_at.filter(|_| !self.made) else {
            return if self.made {
                AppendStep::Done
            } else {
                AppendStep::Send
            };
        };
        let visible = shift(sent_at, LAG);
        match self.missed_at {
            _ if self.not_made => AppendStep::Send,
            Some(missed) if missed >= visible => AppendStep::Send,
            _ if now < visible => AppendStep::Wait { until: visible },
            _ => AppendStep::Look,
        }
    }

    /// A request leaves.
    pub fn send(&mut self, now: Timestamp, sent_as: SentAs) {
        *self = AppendFacts {
            sent_at: Some(now),
            sent_as: Some(sent_as),
            ..AppendFacts::default()
        };
    }
}
