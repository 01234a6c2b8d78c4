//! What becomes of texts and calls at the fake OpenPhone, and what goes wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Spoken;
use crate::{
    ScenarioError,
    chance::{dice, happens, weighted},
    retell::{ReadFaults, WebhookFaults, is_e164},
    scenario::{self, Checked, invalid, positive, probabilities, range},
};

/// What becomes of texts and calls, and what goes wrong. Every part has a default: all arrive.
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
    /// What goes wrong when something is listed or looked up.
    pub read: ReadFaults,
    pub media: MediaPlay,
    pub webhooks: WebhookFaults,
    /// How often a webhook is sent that is not answered with a 2xx.
    pub webhook_tries: u32,
    pub webhook_timeout_seconds: f64,
    /// Scripts for single numbers, which go before the chances above.
    #[serde(rename = "number", skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<NumberScript>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            timing: Timing::default(),
            outcomes: BTreeMap::from([(Outcome::Delivered, 1.0)]),
            faults: BTreeMap::new(),
            retry_after_seconds: 1,
            read: ReadFaults::default(),
            media: MediaPlay::default(),
            webhooks: WebhookFaults::default(),
            webhook_tries: 8,
            webhook_timeout_seconds: 10.0,
            numbers: Vec::new(),
        }
    }
}

/// How long one step of a text or call takes, in seconds before the speed is applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// How many times faster than life.
    pub speed: f64,
    pub step_seconds: [f64; 2],
    /// From the end of a call to its recording, and on to summary and transcript.
    pub material_seconds: [f64; 2],
    /// Until a webhook that failed is sent again.
    pub retry_seconds: f64,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            speed: 1.0,
            step_seconds: [0.5, 3.0],
            material_seconds: [20.0, 120.0],
            retry_seconds: 5.0,
        }
    }
}

/// How far a text comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Delivered,
    /// Sent, and nothing more is ever heard of it.
    Sent,
    Undelivered,
    /// Not even sent.
    Failed,
    /// Between two lines of the workspace: sent, and it never comes in.
    Lost,
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
    /// 500, and no text.
    ServerError,
    /// 500, and the text is sent.
    ServerErrorAfter,
    /// Never answered, and no text.
    Hang,
    /// Never answered, and the text is sent.
    HangAfter,
    /// 401.
    Unauthorized,
    /// 402 with 0200402.
    NoCredits,
    /// 400 with 0206400: not registered with the carriers.
    NotRegistered,
    /// 400 of another kind.
    Refused,
}

/// What is served as sound.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaPlay {
    pub bytes: usize,
    pub content_type: String,
    /// 200, or 403 for an address that has expired.
    pub status: u16,
}

impl Default for MediaPlay {
    fn default() -> Self {
        Self {
            bytes: 4096,
            content_type: "audio/mpeg".to_owned(),
            status: 200,
        }
    }
}

/// What happens to the texts to one number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NumberScript {
    /// In E.164.
    pub to: String,
    /// The requests to send to it, one after another; those that follow are taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sends: Vec<Fault>,
    /// How far its texts come; left to chance when absent.
    pub ends: Option<Outcome>,
}

/// A call that a person makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallStory {
    pub answered: bool,
    pub duration_s: i64,
    /// What the person says to the machine, if nobody answers.
    pub voicemail: Option<String>,
    pub recording: bool,
    pub talk: Vec<Spoken>,
    pub summary: Vec<String>,
}

impl Default for CallStory {
    fn default() -> Self {
        Self {
            answered: true,
            duration_s: 55,
            voicemail: None,
            recording: true,
            talk: Vec::new(),
            summary: Vec::new(),
        }
    }
}

impl CallStory {
    /// A call that nobody answers.
    pub fn missed() -> Self {
        Self {
            answered: false,
            recording: false,
            ..Self::default()
        }
    }

    /// A call that nobody answers, and a message.
    pub fn voicemail(words: &str) -> Self {
        Self {
            voicemail: Some(words.to_owned()),
            ..Self::missed()
        }
    }
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

    /// This scenario with every request to send running into the same.
    pub fn always(mut self, fault: Fault) -> Self {
        self.faults = BTreeMap::from([(fault, 1.0)]);
        self
    }

    /// This scenario with every text coming as far as said.
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
        let mut dice = dice(self.seed, &["openphone", to, &nth.to_string()]);
        happens(&mut dice, &chances).unwrap_or_default()
    }

    /// How far the `nth` text to a number comes.
    pub(super) fn outcome(&self, to: &str, nth: u64) -> Outcome {
        let weights: Vec<_> = self.outcomes.iter().map(|(end, w)| (*end, *w)).collect();
        let mut dice = dice(self.seed, &["text", to, &nth.to_string()]);
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
        range("timing.material_seconds", self.timing.material_seconds)?;
        range("timing.retry_seconds", [0.0, self.timing.retry_seconds])?;
        scenario::weights("outcomes", self.outcomes.values().copied())?;
        probabilities("faults", self.faults.values().copied())?;
        self.read.check("read")?;
        self.webhooks.check("webhooks")?;
        positive("webhook_timeout_seconds", self.webhook_timeout_seconds)?;
        range(
            "webhook_timeout_seconds",
            [0.0, self.webhook_timeout_seconds],
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
