//! What goes wrong at the fake Slack, and the limits it keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ScenarioError,
    chance::{dice, happens},
    scenario::{self, Checked, invalid, probabilities},
};

/// What goes wrong. Every part has a default: nothing does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The same seed makes the same run, hook by hook.
    pub seed: u64,
    /// What `Retry-After` says.
    pub retry_after_seconds: u64,
    /// How often what happens, from 0 to 1; at most one to each request.
    pub faults: BTreeMap<Fault, f64>,
    pub limits: Limits,
    /// Other statuses than the usual for an answered word, such as `no_service`.
    pub statuses: BTreeMap<String, u16>,
    /// Scripts for single hooks, which go before the chances above.
    #[serde(rename = "hook", skip_serializing_if = "Vec::is_empty")]
    pub hooks: Vec<HookScript>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            retry_after_seconds: 1,
            faults: BTreeMap::new(),
            limits: Limits::default(),
            statuses: BTreeMap::new(),
            hooks: Vec::new(),
        }
    }
}

/// What one request runs into.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    #[default]
    None,
    /// 429 with a `Retry-After`.
    RateLimited,
    /// 429 without one.
    RateLimitedSilently,
    /// 500, and no message.
    ServerError,
    /// 500, and the message stands in the channel.
    ServerErrorAfter,
    /// Never answered, and no message.
    Hang,
    /// Never answered, and the message stands in the channel.
    HangAfter,
    /// `invalid_payload`, whatever was sent.
    InvalidPayload,
    /// `invalid_blocks`, if there are any; without blocks the message is taken.
    InvalidBlocks,
    /// `action_prohibited`.
    Forbidden,
    /// `no_service`: the hook was removed.
    NoService,
    /// `channel_is_archived`.
    Archived,
}

/// What the requests to one hook run into, one after another; those that follow are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookScript {
    /// `T…/B…/X…` of the address.
    pub key: String,
    pub answers: Vec<Fault>,
}

/// The longest that is taken; lengths are in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A longer text is cut, not refused.
    pub text: usize,
    pub blocks: usize,
    pub header: usize,
    pub section: usize,
    pub fields: usize,
    pub field: usize,
    pub context_elements: usize,
    pub action_elements: usize,
    pub button: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text: 40_000,
            blocks: 50,
            header: 150,
            section: 3_000,
            fields: 10,
            field: 2_000,
            context_elements: 10,
            action_elements: 25,
            button: 75,
        }
    }
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

    /// This scenario with the requests to a hook answered as told, one after another.
    pub fn with_answers(mut self, hook: &str, answers: &[Fault]) -> Self {
        self.hooks.push(HookScript {
            key: hook.to_owned(),
            answers: answers.to_vec(),
        });
        self
    }

    /// What the `nth` request to a hook runs into, counted from 0.
    pub(super) fn fault(&self, hook: &str, nth: u64) -> Fault {
        if let Some(script) = self.hooks.iter().find(|script| script.key == hook) {
            return usize::try_from(nth)
                .ok()
                .and_then(|nth| script.answers.get(nth).copied())
                .unwrap_or_default();
        }
        let chances: Vec<_> = self.faults.iter().map(|(fault, p)| (*fault, *p)).collect();
        let mut dice = dice(self.seed, &["slack", hook, &nth.to_string()]);
        happens(&mut dice, &chances).unwrap_or_default()
    }

    /// The status that goes with a word. The pairs are not the vendor's promise, so a scenario can change them.
    pub(super) fn status(&self, word: &str) -> u16 {
        self.statuses.get(word).copied().unwrap_or(match word {
            "ok" => 200,
            "action_prohibited" => 403,
            "no_service" | "no_team" => 404,
            "channel_is_archived" => 410,
            "rate_limited" => 429,
            "rollup_error" => 500,
            _ => 400,
        })
    }
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        probabilities("faults", self.faults.values().copied())?;
        match self
            .statuses
            .iter()
            .find(|(_, status)| !(200..=599).contains(*status))
        {
            Some((word, _)) => Err(invalid(
                "statuses",
                &format!("has no HTTP status for {word}"),
            )),
            None => Ok(()),
        }
    }
}
