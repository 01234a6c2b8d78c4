//! What the fake Gemini answers, and what goes wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    ScenarioError,
    chance::{dice, happens},
    scenario::{self, Checked, invalid, probabilities},
};

/// What is answered, and what goes wrong. Without rules it finds nothing in anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The same seed makes the same run, request by request.
    pub seed: u64,
    /// The models there are; empty for any.
    pub models: Vec<String>,
    /// How often requests run into what, from 0 to 1; at most one each.
    pub faults: BTreeMap<Fault, f64>,
    /// What requests run into, one after another, before the chances above.
    pub sequence: Vec<Fault>,
    /// What `RetryInfo` says.
    pub retry_delay: String,
    /// What is found where. The first rule that fits counts.
    #[serde(rename = "rule", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            models: Vec::new(),
            faults: BTreeMap::new(),
            sequence: Vec::new(),
            retry_delay: "2s".to_owned(),
            rules: Vec::new(),
        }
    }
}

/// What is found in words that hold something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Without regard to case; empty for all words.
    pub contains: String,
    /// The values, by the names of the request's schema.
    pub finds: Map<String, Value>,
}

/// What one request runs into.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    #[default]
    None,
    /// 429 with `RetryInfo`.
    RateLimited,
    /// 429, and the quota of the day is spent.
    DaySpent,
    /// 500.
    ServerError,
    /// 503.
    Overloaded,
    /// Never answered.
    Hang,
    /// 400: no such key.
    KeyInvalid,
    /// 403.
    Forbidden,
    /// The words are blocked: no candidate.
    PromptBlocked,
    /// The answer is blocked.
    AnswerBlocked,
    /// The answer is cut off.
    Cut,
    /// `STOP` without a word.
    Empty,
    /// Words that are no JSON.
    Garbage,
    /// JSON in a fence: good, and rare.
    Fenced,
    /// JSON of another shape.
    OtherShape,
}

impl Scenario {
    /// Reads and checks a scenario file.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        scenario::from_toml(text)
    }

    /// This scenario with every request running into the same.
    pub fn always(mut self, fault: Fault) -> Self {
        self.faults = BTreeMap::from([(fault, 1.0)]);
        self
    }

    /// This scenario with requests running into these, one after another.
    pub fn with_faults(mut self, sequence: &[Fault]) -> Self {
        self.sequence = sequence.to_vec();
        self
    }

    /// This scenario with something found in words that hold something.
    pub fn finding(mut self, contains: &str, finds: Value) -> Self {
        self.rules.push(Rule {
            contains: contains.to_owned(),
            finds: finds.as_object().cloned().unwrap_or_default(),
        });
        self
    }

    /// What the `nth` request runs into, counted from 0.
    pub(super) fn fault(&self, nth: u64) -> Fault {
        let told = usize::try_from(nth)
            .ok()
            .and_then(|nth| self.sequence.get(nth));
        if let Some(fault) = told {
            return *fault;
        }
        let chances: Vec<_> = self.faults.iter().map(|(fault, p)| (*fault, *p)).collect();
        let mut dice = dice(self.seed, &["gemini", &nth.to_string()]);
        happens(&mut dice, &chances).unwrap_or_default()
    }

    pub(super) fn finds(&self, words: &str) -> Map<String, Value> {
        let words = words.to_lowercase();
        let mut rules = self.rules.iter();
        let rule = rules.find(|rule| words.contains(&rule.contains.to_lowercase()));
        rule.map(|rule| rule.finds.clone()).unwrap_or_default()
    }
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        probabilities("faults", self.faults.values().copied())?;
        match self.models.iter().any(String::is_empty) {
            true => Err(invalid("models", "has a model without a name")),
            false => Ok(()),
        }
    }
}
