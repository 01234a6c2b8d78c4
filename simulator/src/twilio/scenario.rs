//! What becomes of messages at the fake Twilio, and what goes wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ScenarioError,
    chance::{dice, happens, weighted},
    retell::{ReadFaults, WebhookFaults, is_e164},
    scenario::{self, Checked, invalid, positive, probabilities, range},
};

/// What becomes of messages, and what goes wrong. Every part has a default: nearly all arrive.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The same seed makes the same run, number by number.
    pub seed: u64,
    pub timing: Timing,
    /// Weights. What is not named does not happen.
    pub outcomes: BTreeMap<Outcome, f64>,
    /// How often requests to send run into what, from 0 to 1; at most one each.
    pub faults: BTreeMap<Fault, f64>,
    /// What `Retry-After` says.
    pub retry_after_seconds: u64,
    /// The code of the fault `refused`.
    pub refused_code: u32,
    /// The code of messages that do not arrive.
    pub undelivered_code: u32,
    /// Longest text, in characters.
    pub longest_body: usize,
    /// What goes wrong when messages are listed or looked up.
    pub read: ReadFaults,
    /// What happens to status callbacks. They are sent once: Twilio does not repeat them by itself.
    pub callbacks: WebhookFaults,
    pub callback_timeout_seconds: f64,
    /// Scripts for single numbers, which go before the chances above.
    #[serde(rename = "number", skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<NumberScript>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            timing: Timing::default(),
            outcomes: BTreeMap::from([
                (Outcome::Delivered, 95.0),
                (Outcome::Sent, 3.0),
                (Outcome::Undelivered, 1.0),
                (Outcome::Failed, 1.0),
            ]),
            faults: BTreeMap::new(),
            retry_after_seconds: 1,
            refused_code: 21610,
            undelivered_code: 30003,
            longest_body: 1600,
            read: ReadFaults::default(),
            callbacks: WebhookFaults::default(),
            callback_timeout_seconds: 15.0,
            numbers: Vec::new(),
        }
    }
}

/// How long a message takes from one state to the next, in seconds before the speed is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// How many times faster than life.
    pub speed: f64,
    pub step_seconds: [f64; 2],
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            speed: 1.0,
            step_seconds: [0.5, 3.0],
        }
    }
}

/// How far a message comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Delivered,
    /// Sent, and nothing more is ever heard of it.
    Sent,
    Undelivered,
    /// Not even sent.
    Failed,
}

/// What one request to send runs into.
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
    /// 500, and the message is sent.
    ServerErrorAfter,
    /// Never answered, and no message.
    Hang,
    /// Never answered, and the message is sent.
    HangAfter,
    /// 401.
    Unauthorized,
    /// 400 with 21211: no such number.
    InvalidTo,
    /// 400 with the scenario's `refused_code`.
    Refused,
}

/// What happens to the messages to one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberScript {
    /// In E.164.
    pub to: String,
    /// The requests to send to it, one after another; those that follow are taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sends: Vec<Fault>,
    /// How far its messages come; left to chance when absent.
    pub ends: Option<Outcome>,
}

impl Scenario {
    /// Reads and checks a scenario file.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        scenario::from_toml(text)
    }

    /// This scenario at another speed.
    pub fn at_speed(mut self, speed: f64) -> Self {
        self.timing.speed = speed;
        self
    }

    /// This scenario with every request running into the same.
    pub fn always(mut self, fault: Fault) -> Self {
        self.faults = BTreeMap::from([(fault, 1.0)]);
        self
    }

    /// This scenario with every message coming as far as said.
    pub fn ending(mut self, outcome: Outcome) -> Self {
        self.outcomes = BTreeMap::from([(outcome, 1.0)]);
        self
    }

    /// This scenario with the requests to send to a number going as told, one after another.
    pub fn with_sends(mut self, to: &str, sends: &[Fault]) -> Self {
        self.numbers.push(NumberScript {
            to: to.to_owned(),
            sends: sends.to_vec(),
            ends: None,
        });
        self
    }

    fn script(&self, to: &str) -> Option<&NumberScript> {
        self.numbers.iter().find(|script| script.to == to)
    }

    /// What the `nth` request to send to a number runs into, counted from 0.
    pub(super) fn fault(&self, to: &str, nth: u64) -> Fault {
        if let Some(script) = self.script(to).filter(|script| !script.sends.is_empty()) {
            return usize::try_from(nth)
                .ok()
                .and_then(|nth| script.sends.get(nth).copied())
                .unwrap_or_default();
        }
        let chances: Vec<_> = self.faults.iter().map(|(fault, p)| (*fault, *p)).collect();
        let mut dice = dice(self.seed, &["twilio", to, &nth.to_string()]);
        happens(&mut dice, &chances).unwrap_or_default()
    }

    /// How far the `nth` message to a number comes.
    pub(super) fn outcome(&self, to: &str, nth: u64) -> Outcome {
        let weights: Vec<_> = self.outcomes.iter().map(|(end, w)| (*end, *w)).collect();
        let mut dice = dice(self.seed, &["sms", to, &nth.to_string()]);
        let drawn = weighted(&mut dice, &weights).unwrap_or(Outcome::Delivered);
        self.script(to)
            .and_then(|script| script.ends)
            .unwrap_or(drawn)
    }
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        positive("timing.speed", self.timing.speed)?;
        range("timing.step_seconds", self.timing.step_seconds)?;
        scenario::weights("outcomes", self.outcomes.values().copied())?;
        probabilities("faults", self.faults.values().copied())?;
        self.read.check("read")?;
        self.callbacks.check("callbacks")?;
        positive("callback_timeout_seconds", self.callback_timeout_seconds)?;
        range(
            "callback_timeout_seconds",
            [0.0, self.callback_timeout_seconds],
        )?;
        match self.numbers.iter().find(|script| !is_e164(&script.to)) {
            Some(script) => Err(invalid(
                "number.to",
                &format!("{:?} is not a number like +447700900123", script.to),
            )),
            None => Ok(()),
        }
    }
}
