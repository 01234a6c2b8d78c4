//! Scenario files: what becomes of calls, and what goes wrong.

mod faults;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use crate::scenario::ScenarioError;
use crate::scenario::{self, Checked, invalid, positive, range};
pub use faults::{
    CallFaults, CreateFault, CreateFaults, Faults, ReadFaults, WebhookFault, WebhookFaults,
};

/// What becomes of calls, and what goes wrong. Every part has a default: calls take their natural
/// time, most are confirmed, and nothing fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The same seed makes the same run, call by call.
    pub seed: u64,
    /// The key of the post-call analysis that holds the person's decision.
    pub outcome_field: String,
    /// Calls at once; one more is answered 429.
    pub concurrency_limit: usize,
    pub timing: Timing,
    pub webhooks: Sending,
    /// Weights: twice the weight, twice as often. Outcomes that are not named do not happen.
    pub outcomes: BTreeMap<Outcome, f64>,
    pub faults: Faults,
    /// Scripts for single numbers, which go before the chances above.
    #[serde(rename = "number", skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<NumberScript>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            outcome_field: "appointment_action".into(),
            concurrency_limit: 100_000,
            timing: Timing::default(),
            webhooks: Sending::default(),
            outcomes: BTreeMap::from([
                (Outcome::Confirmed, 55.0),
                (Outcome::Cancelled, 6.0),
                (Outcome::Rescheduled, 8.0),
                (Outcome::NoClearAnswer, 4.0),
                (Outcome::NoAnswer, 13.0),
                (Outcome::Busy, 4.0),
                (Outcome::Voicemail, 7.0),
                (Outcome::Failed, 2.0),
                (Outcome::DoNotCall, 1.0),
            ]),
            faults: Faults::default(),
            numbers: Vec::new(),
        }
    }
}

/// How long things take, in seconds before the speed is applied; ranges are evenly spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// How many times faster than life: 60 makes a minute's talk last a second. The durations that
    /// calls report stay those of life.
    pub speed: f64,
    pub ring_seconds: [f64; 2],
    pub talk_seconds: [f64; 2],
    /// From the end of a call to its analysis.
    pub analysis_seconds: [f64; 2],
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            speed: 1.0,
            ring_seconds: [4.0, 15.0],
            talk_seconds: [20.0, 75.0],
            analysis_seconds: [3.0, 12.0],
        }
    }
}

/// How webhooks are sent. Not affected by the speed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sending {
    pub timeout_seconds: f64,
    /// Further tries after the first, until a 2xx.
    pub retries: u32,
    /// Before the first retry; it doubles each time.
    pub backoff_seconds: f64,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            timeout_seconds: 10.0,
            retries: 3,
            backoff_seconds: 1.0,
        }
    }
}

/// How a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Confirmed,
    Cancelled,
    Rescheduled,
    NoClearAnswer,
    NoAnswer,
    /// Rejected while ringing.
    Declined,
    Busy,
    Voicemail,
    /// The line could not be set up.
    Failed,
    /// The line broke in mid-conversation.
    Dropped,
    InvalidNumber,
    /// The person asks not to be called again.
    DoNotCall,
    /// The person cancels, and asks not to be called again.
    CancelledAndDoNotCall,
    /// The account cannot pay: it would meet every call.
    NoPayment,
    /// Ends for a reason that nobody has heard of.
    StrangeReason,
}

/// What happens to one number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberScript {
    /// In E.164.
    pub to: String,
    /// The calls placed to this number, one after another; the last serves for all that follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallScript>,
    /// The requests to dial this number, one after another; those that follow are accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub creates: Vec<CreateFault>,
}

/// One scripted call: an outcome alone (`"no_answer"`), or a table with it. What is left out is
/// left to chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "CallScriptText")]
pub struct CallScript {
    pub outcome: Outcome,
    /// How long it is talked, before the speed is applied, unless somebody ends the talk.
    pub talk_seconds: Option<f64>,
    /// For ever `ongoing`, without a further event.
    pub stuck: Option<bool>,
    pub no_analysis: Option<bool>,
    pub call_started: Option<WebhookFault>,
    pub call_ended: Option<WebhookFault>,
    pub call_analyzed: Option<WebhookFault>,
    /// What the person says besides, one after another. It stands in the transcript.
    pub says: Vec<String>,
}

impl From<Outcome> for CallScript {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            talk_seconds: None,
            stuck: None,
            no_analysis: None,
            call_started: None,
            call_ended: None,
            call_analyzed: None,
            says: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected an outcome such as \"no_answer\", or a table with `outcome` and optionally `talk_seconds`, `stuck`, `no_analysis`, `call_started`, `call_ended`, `call_analyzed`, `says`"
)]
enum CallScriptText {
    Outcome(Outcome),
    Table(CallScriptTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallScriptTable {
    outcome: Outcome,
    talk_seconds: Option<f64>,
    stuck: Option<bool>,
    no_analysis: Option<bool>,
    call_started: Option<WebhookFault>,
    call_ended: Option<WebhookFault>,
    call_analyzed: Option<WebhookFault>,
    #[serde(default)]
    says: Vec<String>,
}

impl From<CallScriptText> for CallScript {
    fn from(text: CallScriptText) -> Self {
        match text {
            CallScriptText::Outcome(outcome) => outcome.into(),
            CallScriptText::Table(table) => Self {
                outcome: table.outcome,
                talk_seconds: table.talk_seconds,
                stuck: table.stuck,
                no_analysis: table.no_analysis,
                call_started: table.call_started,
                call_ended: table.call_ended,
                call_analyzed: table.call_analyzed,
                says: table.says,
            },
        }
    }
}

/// The scenarios that come with the simulator, by name.
const BUILT_IN: &[(&str, &str)] = &[
    (
        "lost-webhooks",
        include_str!("../../scenarios/lost-webhooks.toml"),
    ),
    (
        "no-payment",
        include_str!("../../scenarios/no-payment.toml"),
    ),
    (
        "rate-limits",
        include_str!("../../scenarios/rate-limits.toml"),
    ),
    (
        "stuck-calls",
        include_str!("../../scenarios/stuck-calls.toml"),
    ),
    (
        "uncertain-dials",
        include_str!("../../scenarios/uncertain-dials.toml"),
    ),
];

impl Scenario {
    /// The names of the scenarios that come with the simulator.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A scenario that comes with the simulator; `None` when there is none of that name.
    pub fn built_in(name: &str) -> Option<Result<Self, ScenarioError>> {
        BUILT_IN
            .iter()
            .find(|(each, _)| *each == name)
            .map(|(_, text)| Self::from_toml(text))
    }

    /// Reads and checks a scenario file.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        scenario::from_toml(text)
    }

    /// Reads and checks a scenario in JSON, of the same shape.
    pub fn from_json(text: &str) -> Result<Self, ScenarioError> {
        scenario::from_json(text)
    }

    /// This scenario at another speed.
    pub fn at_speed(mut self, speed: f64) -> Self {
        self.timing.speed = speed;
        self
    }

    /// This scenario with every call ending alike.
    pub fn always(mut self, outcome: Outcome) -> Self {
        self.outcomes = BTreeMap::from([(outcome, 1.0)]);
        self
    }

    /// This scenario with the calls to a number going as told.
    pub fn with_calls(mut self, to: &str, calls: &[Outcome]) -> Self {
        self.numbers.push(NumberScript {
            to: to.to_owned(),
            calls: calls.iter().copied().map(CallScript::from).collect(),
            creates: Vec::new(),
        });
        self
    }

    /// Whether the numbers make sense; names the first field that does not.
    pub fn check(&self) -> Result<(), ScenarioError> {
        let timing = &self.timing;
        positive("timing.speed", timing.speed)?;
        range("timing.ring_seconds", timing.ring_seconds)?;
        range("timing.talk_seconds", timing.talk_seconds)?;
        range("timing.analysis_seconds", timing.analysis_seconds)?;
        positive("webhooks.timeout_seconds", self.webhooks.timeout_seconds)?;
        range(
            "webhooks.backoff_seconds",
            [0.0, self.webhooks.backoff_seconds],
        )?;
        scenario::weights("outcomes", self.outcomes.values().copied())?;
        self.faults.check()?;
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), ScenarioError> {
        let mut seen = BTreeSet::new();
        for script in &self.numbers {
            if !super::call::is_e164(&script.to) {
                return Err(invalid(
                    "number.to",
                    &format!("{:?} is not a number like +447700900123", script.to),
                ));
            }
            if !seen.insert(&script.to) {
                return Err(invalid("number.to", &format!("has {} twice", script.to)));
            }
            for seconds in script.calls.iter().filter_map(|call| call.talk_seconds) {
                range("number.calls.talk_seconds", [seconds; 2])?;
            }
        }
        Ok(())
    }

    pub(super) fn script(&self, to: &str) -> Option<&NumberScript> {
        self.numbers.iter().find(|script| script.to == to)
    }
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        Self::check(self)
    }
}

#[cfg(test)]
#[path = "scenario_tests.rs"]
mod tests;
