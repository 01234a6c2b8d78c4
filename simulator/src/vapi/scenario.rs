//! Scenario files: what becomes of calls, and what goes wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Outcome, Timing, WebhookFault, tools::ToolUse};
pub use crate::scenario::ScenarioError;
use crate::{
    retell::{self, CreateFault, Faults, is_e164},
    scenario::{self, Checked, invalid, positive, range},
};

/// What becomes of calls, and what goes wrong. Every part has a default: calls take their natural time, most are
/// confirmed, and nothing fails.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The same seed makes the same run, call by call.
    pub seed: u64,
    /// The key of the structured data that holds the person's decision.
    pub outcome_field: String,
    /// Calls at once; one more is refused with 400, in the vendor's words.
    pub concurrency_limit: usize,
    /// Whether calls are shown with the overrides of their assistant. The vendor does not say.
    pub shows_overrides: bool,
    pub analysis: Analysis,
    pub artifact: ArtifactPlace,
    /// An assistant that is not named by then is not waited for. Not affected by the speed.
    pub question_seconds: f64,
    pub timing: Timing,
    pub messages: Sending,
    /// Weights: twice the weight, twice as often. Outcomes that are not named do not happen.
    pub outcomes: BTreeMap<Outcome, f64>,
    pub faults: Faults,
    /// Scripts for single numbers, which go before the chances above.
    #[serde(rename = "number", skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<NumberScript>,
}

impl Default for Scenario {
    fn default() -> Self {
        let retell::Scenario {
            seed,
            outcome_field,
            concurrency_limit,
            timing,
            outcomes,
            faults,
            ..
        } = retell::Scenario::default();
        Self {
            seed,
            outcome_field,
            concurrency_limit,
            shows_overrides: true,
            analysis: Analysis::StructuredData,
            artifact: ArtifactPlace::Artifact,
            question_seconds: 7.5,
            timing,
            messages: Sending::default(),
            outcomes,
            faults,
            numbers: Vec::new(),
        }
    }
}

/// How the assistant is set up to say what the conversation came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Analysis {
    /// By the analysis plan.
    StructuredData,
    /// By a structured output for each value.
    StructuredOutputs,
}

/// Where a report has what was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactPlace {
    /// In the message's artifact.
    Artifact,
    /// On the message itself, as older deliveries.
    Message,
    /// In the call's artifact.
    Call,
}

/// How messages are sent that need no answer. Not affected by the speed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sending {
    pub timeout_seconds: f64,
    /// Further tries after the first, until a 2xx: none, as at Vapi, unless a backoff plan is set up.
    pub retries: u32,
    /// Before the first retry; it doubles each time.
    pub backoff_seconds: f64,
}

impl Default for Sending {
    fn default() -> Self {
        Self {
            timeout_seconds: 20.0,
            retries: 0,
            backoff_seconds: 1.0,
        }
    }
}

/// What happens to one number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberScript {
    /// The number of the person, in E.164.
    pub number: String,
    /// The calls with this number, one after another; the last serves for all that follow.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<CallScript>,
    /// The requests to dial this number, one after another; those that follow are accepted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub creates: Vec<CreateFault>,
}

/// One scripted call: an outcome alone (`"no_answer"`), or a table with it. What is left out is left to chance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "CallScriptText")]
pub struct CallScript {
    pub outcome: Outcome,
    /// For ever on the line, without a further message.
    pub stuck: Option<bool>,
    pub no_analysis: Option<bool>,
    /// What happens to messages, by `ringing`, `in-progress`, `ended` or `end-of-call-report`.
    pub messages: BTreeMap<String, WebhookFault>,
    /// What the assistant wants carried out, one after another.
    pub tools: Vec<ToolUse>,
    /// What the person says besides, one after another. It stands in the transcript.
    pub says: Vec<String>,
}

impl From<Outcome> for CallScript {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcome,
            stuck: None,
            no_analysis: None,
            messages: BTreeMap::new(),
            tools: Vec::new(),
            says: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected an outcome such as \"no_answer\", or a table with `outcome` and optionally `stuck`, `no_analysis`, `messages`, `tools`, `says`"
)]
enum CallScriptText {
    Outcome(Outcome),
    Table(CallScriptTable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallScriptTable {
    outcome: Outcome,
    stuck: Option<bool>,
    no_analysis: Option<bool>,
    #[serde(default)]
    messages: BTreeMap<String, WebhookFault>,
    #[serde(default)]
    tools: Vec<ToolUse>,
    #[serde(default)]
    says: Vec<String>,
}

impl From<CallScriptText> for CallScript {
    fn from(text: CallScriptText) -> Self {
        match text {
            CallScriptText::Outcome(outcome) => outcome.into(),
            CallScriptText::Table(table) => Self {
                outcome: table.outcome,
                stuck: table.stuck,
                no_analysis: table.no_analysis,
                messages: table.messages,
                tools: table.tools,
                says: table.says,
            },
        }
    }
}

/// The messages that faults may be scripted for.
const MESSAGES: [&str; 4] = ["ringing", "in-progress", "ended", "end-of-call-report"];

impl Scenario {
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

    /// This scenario with the calls with a person's number going as told.
    pub fn with_calls(mut self, number: &str, calls: impl IntoIterator<Item = CallScript>) -> Self {
        self.numbers.push(NumberScript {
            number: number.to_owned(),
            calls: calls.into_iter().collect(),
            creates: Vec::new(),
        });
        self
    }

    /// This scenario with the requests to dial a number meeting these faults.
    pub fn with_creates(mut self, number: &str, creates: &[CreateFault]) -> Self {
        self.numbers.push(NumberScript {
            number: number.to_owned(),
            calls: Vec::new(),
            creates: creates.to_vec(),
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
        positive("question_seconds", self.question_seconds)?;
        range("question_seconds", [0.0, self.question_seconds])?;
        positive("messages.timeout_seconds", self.messages.timeout_seconds)?;
        range(
            "messages.timeout_seconds",
            [0.0, self.messages.timeout_seconds],
        )?;
        range(
            "messages.backoff_seconds",
            [0.0, self.messages.backoff_seconds],
        )?;
        scenario::weights("outcomes", self.outcomes.values().copied())?;
        self.faults.check()?;
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<(), ScenarioError> {
        let mut seen = BTreeSet::new();
        for script in &self.numbers {
            let number = &script.number;
            if !is_e164(number) {
                let problem = format!("{number:?} is not a number like +447700900123");
                return Err(invalid("number.number", &problem));
            }
            if !seen.insert(number) {
                return Err(invalid("number.number", &format!("has {number} twice")));
            }
            let mut messages = script.calls.iter().flat_map(|call| call.messages.keys());
            if let Some(unknown) = messages.find(|name| !MESSAGES.contains(&name.as_str())) {
                let problem = format!("has {unknown:?}, which is none of {}", MESSAGES.join(", "));
                return Err(invalid("number.calls.messages", &problem));
            }
        }
        Ok(())
    }

    pub(super) fn script(&self, number: &str) -> Option<&NumberScript> {
        self.numbers.iter().find(|script| script.number == number)
    }
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        Self::check(self)
    }
}
