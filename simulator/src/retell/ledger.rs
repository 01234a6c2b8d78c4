//! What the simulator saw and did, for tests to count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    call::Direction,
    scenario::{CreateFault, Outcome, WebhookFault},
};

/// The metadata keys under which Bellhop sends its own ids.
pub(super) const CALL_ID_KEY: &str = "bellhop_call_id";
pub(super) const ATTEMPT_KEY: &str = "bellhop_attempt";

/// Everything seen since the start. Times are milliseconds since 1970 by the wall clock.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub totals: Totals,
    /// How many calls were placed for each of our call ids: more than one is a double dial.
    pub dialed_per_call: BTreeMap<String, usize>,
    pub creates: Vec<CreateSeen>,
    pub calls: Vec<CallSeen>,
    pub webhooks: Vec<WebhookSeen>,
}

/// The ledger's counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Requests to dial, whatever came of them.
    pub create_requests: usize,
    pub calls_placed: usize,
    /// Calls that came in.
    pub calls_taken: usize,
    /// Calls placed beyond the first for the same one of our call ids.
    pub double_dials: usize,
    /// Calls placed while another to the same number was on the line.
    pub same_number_overlaps: usize,
    /// Most calls on the line at once.
    pub most_at_once: usize,
    pub calls_in_progress: usize,
    /// Calls that stay `ongoing` for ever. Not counted as in progress.
    pub calls_stuck: usize,
    pub webhooks_pending: usize,
    pub webhooks_acknowledged: usize,
    /// Never sent, because the scenario said so.
    pub webhooks_dropped: usize,
    /// Sent as often as the retries allow, and never acknowledged.
    pub webhooks_gave_up: usize,
    /// Badly signed ones that were acknowledged nevertheless: each is an alarm.
    pub bad_signatures_accepted: usize,
    pub calls_by_outcome: BTreeMap<Outcome, usize>,
    /// Whether nothing is under way and nothing is to be sent.
    pub quiet: bool,
}

/// One request to dial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSeen {
    pub at_ms: i64,
    pub to_number: Option<String>,
    /// Our call id in its metadata.
    pub call_id: Option<String>,
    pub attempt: Option<String>,
    pub fault: CreateFault,
    /// The status answered; `None` when no answer was given.
    pub status: Option<u16>,
    /// The call that was placed, whatever was answered.
    pub provider_call_id: Option<String>,
}

/// One call that was placed or came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallSeen {
    pub provider_call_id: String,
    pub call_id: Option<String>,
    pub attempt: Option<String>,
    pub direction: Direction,
    pub from_number: String,
    pub to_number: String,
    pub created_ms: i64,
    /// How it was planned to go.
    pub outcome: Outcome,
    pub stuck: bool,
    pub status: String,
    pub disconnection_reason: Option<String>,
}

/// One webhook that was due, and what became of it. A duplicate is a second entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSeen {
    pub provider_call_id: String,
    pub call_id: Option<String>,
    pub event: String,
    pub fault: WebhookFault,
    pub delivery: Delivery,
    pub tries: Vec<Try>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    Pending,
    /// Answered with a 2xx.
    Acknowledged,
    Dropped,
    GaveUp,
}

/// One request with a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    pub at_ms: i64,
    /// The status answered, or else what went wrong.
    pub status: Option<u16>,
    pub error: Option<String>,
}
