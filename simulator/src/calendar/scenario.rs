//! What goes wrong at the fake calendars.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ScenarioError,
    chance::{dice, happens},
    scenario::{self, Checked, invalid, probabilities, range},
};

/// What goes wrong. Every part has a default: nothing does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The same seed makes the same run, door by door.
    pub seed: u64,
    /// What `Retry-After` says.
    pub retry_after_seconds: u64,
    /// How long a slow answer takes.
    pub slow_seconds: f64,
    /// How long an access token is said to hold.
    pub token_seconds: u64,
    /// The length of Cal.com's slots, 1 to 1440.
    pub slot_minutes: u16,
    /// How often what happens, from 0 to 1; at most one to each request.
    pub faults: BTreeMap<Fault, f64>,
    /// Scripts for single doors, which go before the chances above.
    #[serde(rename = "door", skip_serializing_if = "Vec::is_empty")]
    pub doors: Vec<DoorScript>,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            retry_after_seconds: 1,
            slow_seconds: 1.0,
            token_seconds: 3599,
            slot_minutes: 30,
            faults: BTreeMap::new(),
            doors: Vec::new(),
        }
    }
}

/// Where something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Google's access tokens.
    Token,
    /// Google's taken times.
    FreeBusy,
    /// Cal.com's slots.
    Slots,
    /// The feed.
    Feed,
}

impl Door {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::FreeBusy => "free_busy",
            Self::Slots => "slots",
            Self::Feed => "feed",
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
    /// 403 which means too many requests, at Google.
    UsageLimit,
    /// 500.
    ServerError,
    /// 503 with a `Retry-After`.
    Overloaded,
    /// Never answered.
    Hang,
    /// Answered late.
    Slow,
    /// 200, and the answer breaks off in the middle.
    CutOff,
    /// 200, and something quite different.
    Nonsense,
    /// What proves who asks was withdrawn: `invalid_grant` for a token, else 401.
    Revoked,
    /// The diary may not be seen: at Google an error inside a 200, else 404.
    Hidden,
}

/// What the requests at one door run into, one after another; those that follow are answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorScript {
    pub door: Door,
    pub answers: Vec<Fault>,
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

    /// This scenario with the requests at a door answered as told, one after another.
    pub fn with_answers(mut self, door: Door, answers: &[Fault]) -> Self {
        self.doors.push(DoorScript {
            door,
            answers: answers.to_vec(),
        });
        self
    }

    /// What the `nth` request at a door runs into, counted from 0.
    pub(super) fn fault(&self, door: Door, nth: u64) -> Fault {
        if let Some(script) = self.doors.iter().find(|script| script.door == door) {
            return usize::try_from(nth)
                .ok()
                .and_then(|nth| script.answers.get(nth).copied())
                .unwrap_or_default();
        }
        let chances: Vec<_> = self.faults.iter().map(|(fault, p)| (*fault, *p)).collect();
        let mut dice = dice(self.seed, &["calendar", door.code(), &nth.to_string()]);
        happens(&mut dice, &chances).unwrap_or_default()
    }
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        probabilities("faults", self.faults.values().copied())?;
        range("slow_seconds", [0.0, self.slow_seconds])?;
        match self.slot_minutes {
            1..=1440 => Ok(()),
            _ => Err(invalid("slot_minutes", "must be 1 to 1440")),
        }
    }
}
