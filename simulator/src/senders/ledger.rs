//! What was sent and how it was answered, for tests to count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::scenario::Fault;

/// Everything sent since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    pub totals: Totals,
    pub events: Vec<EventSeen>,
}

/// The ledger's counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub events: u64,
    /// Not yet acknowledged, given up or lost.
    pub pending: u64,
    /// Events that were answered with a 2xx at least once.
    pub acknowledged: u64,
    /// Events sent as often as the rule allows, and never acknowledged.
    pub gave_up: u64,
    /// Events of which no request was ever made.
    pub lost: u64,
    /// Requests, spoilt ones included.
    pub requests: u64,
    /// How often each status was answered.
    pub answers: BTreeMap<u16, u64>,
    /// Requests to which no answer came.
    pub unanswered: u64,
    /// What happened to how many events.
    pub faults: BTreeMap<Fault, u64>,
    /// Spoilt requests that were answered with a 2xx.
    pub spoilt_acknowledged: BTreeMap<Fault, u64>,
    /// Those among them that had to be refused, because nothing proved their sender: each is an alarm.
    pub forgeries_acknowledged: u64,
}

/// One event, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSeen {
    /// The source's place among the sources.
    pub source: usize,
    pub vendor: String,
    /// Which of the source's events, counted from 0.
    pub n: u64,
    /// As the vendor calls it.
    pub kind: String,
    /// The call, message, record or session it is about.
    pub subject: String,
    /// The same for the same event however often it is sent, and for no other.
    pub identity: String,
    pub fault: Fault,
    pub outcome: Outcome,
    /// Requests with the event as it is; spoilt ones are not counted here.
    pub sent: u16,
    /// Answered with a 2xx.
    pub acknowledged: u16,
    /// Answered with a 3xx or 4xx other than 429.
    pub refused: u16,
    /// Answered with a 429 or 5xx.
    pub failed: u16,
    pub unanswered: u16,
    /// The last status answered.
    pub last_status: Option<u16>,
    /// The status with which the spoilt request was answered.
    pub spoilt_status: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Pending,
    /// Answered with a 2xx at least once.
    Acknowledged,
    GaveUp,
    /// Never sent.
    Lost,
}
