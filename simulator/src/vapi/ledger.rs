//! What the simulator saw and did, for tests to count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CreateSeen, Outcome};
pub use crate::retell::{CallSeen, Direction, WebhookSeen};

/// The keys under which Bellhop sends its own ids.
pub(super) const CALL_ID_KEY: &str = "bellhop_call_id";
pub(super) const ATTEMPT_KEY: &str = "bellhop_attempt";

/// Everything seen since the start. Times are milliseconds since 1970 by the wall clock.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    pub totals: Totals,
    /// How many calls were placed for each of our call ids: more than one is a double dial.
    pub dialed_per_call: BTreeMap<String, usize>,
    pub creates: Vec<CreateSeen>,
    /// Numbers of calls that came in are those of caller and called.
    pub calls: Vec<CallSeen>,
    /// Messages that need no answer. A status update is named by its status.
    pub webhooks: Vec<WebhookSeen>,
    pub questions: Vec<QuestionSeen>,
    pub tools: Vec<ToolSeen>,
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
    pub calls_in_progress: usize,
    /// Calls that stay on the line for ever. Not counted as in progress.
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

/// One question for an assistant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionSeen {
    pub provider_call_id: String,
    pub at_ms: i64,
    pub took_ms: u64,
    /// The status answered; `None` when there was no answer in time.
    pub status: Option<u16>,
    /// The answer, when it was JSON.
    pub answer: Option<Value>,
}

/// One tool call, and how it was answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolSeen {
    pub provider_call_id: String,
    /// Missing in the older message.
    pub tool_call_id: Option<String>,
    pub name: String,
    pub took_ms: u64,
    /// The status answered; `None` when there was no answer in time.
    pub status: Option<u16>,
    /// What the model is told, when it is told anything.
    pub result: Option<String>,
    /// What the model is told went wrong.
    pub error: Option<String>,
    /// Why the model is told nothing, or what Vapi would not have understood.
    pub problem: Option<String>,
}
