//! How the fake Zoho behaves, and what goes wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ScenarioError,
    chance::{dice, happens},
    outbound::now_ms,
    retell::WebhookFaults,
    scenario::{self, Checked, invalid, positive, probabilities, range},
};

/// Every part has a default: nothing goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The same seed makes the same run, request by request.
    pub seed: u64,
    /// How often requests run into what, from 0 to 1; at most one each.
    pub faults: BTreeMap<Fault, f64>,
    /// What the next requests run into, one after another; those that follow are left to chance.
    pub next: Vec<Fault>,
    /// The same for requests for tokens.
    pub token_faults: BTreeMap<TokenFault, f64>,
    pub token_next: Vec<TokenFault>,
    /// Everything is answered with 503.
    pub maintenance: bool,
    /// What `Retry-After` says.
    pub retry_after_seconds: u64,
    /// How long the fault `slow` takes.
    pub slow_seconds: f64,
    /// Requests after which all are refused with 429; 0 for no limit.
    pub credits: u64,
    /// How long a token is good.
    pub token_seconds: u32,
    /// Tokens in ten minutes.
    pub tokens: u32,
    /// The longest life that a channel is granted.
    pub channel_seconds: u32,
    /// Records on one page, at most.
    pub page_size: u32,
    /// How long it takes until a search finds what was made.
    pub search_lag_seconds: f64,
    /// Each write is so much later than the one before: the fake's clock may be ahead of the wall's then.
    pub step_seconds: u32,
    /// The fake's clock is so far ahead of the wall's: with it channels and tokens run out, and writes are late.
    pub clock_ahead_seconds: u32,
    /// Fields of which no two records of a module have the same value.
    pub unique: Vec<String>,
    /// Values that are refused wherever they are written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refuse: Vec<Refusal>,
    /// What happens to notifications. They are sent once: nobody documents that Zoho repeats them.
    pub notifications: WebhookFaults,
    pub notification_timeout_seconds: f64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            faults: BTreeMap::new(),
            next: Vec::new(),
            token_faults: BTreeMap::new(),
            token_next: Vec::new(),
            maintenance: false,
            retry_after_seconds: 1,
            slow_seconds: 1.0,
            credits: 0,
            token_seconds: 3_600,
            tokens: 10,
            channel_seconds: 24 * 3_600,
            page_size: 200,
            search_lag_seconds: 0.0,
            step_seconds: 0,
            clock_ahead_seconds: 0,
            unique: Vec::new(),
            refuse: Vec::new(),
            notifications: WebhookFaults::default(),
            notification_timeout_seconds: 15.0,
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
    /// Answered, after a while.
    Slow,
    /// 429 with a `Retry-After`.
    RateLimited,
    /// 429 without one, as Zoho does.
    RateLimitedSilently,
    /// 500, and nothing done.
    ServerError,
    /// 500, and it is done.
    ServerErrorAfter,
    /// Never answered, and nothing done.
    Hang,
    /// Never answered, and it is done.
    HangAfter,
    /// 401, and the token is good no more.
    TokenInvalid,
    /// 403.
    Denied,
}

/// What one request for a token runs into.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum TokenFault {
    #[default]
    None,
    /// The refresh token was revoked. With a 200, as Zoho does.
    Revoked,
    WrongClient,
    /// Too many.
    AccessDenied,
    ServerError,
    Hang,
}

/// A value that is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    pub field: String,
    pub value: String,
    /// Such as `INVALID_DATA` or `RECORD_LOCKED`.
    pub code: String,
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

    /// This scenario with the next requests going as told, one after another.
    pub fn with_next(mut self, faults: &[Fault]) -> Self {
        self.next = faults.to_vec();
        self
    }

    /// This scenario with the next requests for tokens going as told.
    pub fn with_next_tokens(mut self, faults: &[TokenFault]) -> Self {
        self.token_next = faults.to_vec();
        self
    }

    /// This scenario with a value refused wherever it is written.
    pub fn refusing(mut self, field: &str, value: &str, code: &str) -> Self {
        self.refuse.push(Refusal {
            field: field.to_owned(),
            value: value.to_owned(),
            code: code.to_owned(),
        });
        self
    }

    /// Milliseconds since 1970 by the fake's own clock.
    pub(super) fn now_ms(&self) -> i64 {
        now_ms() + i64::from(self.clock_ahead_seconds) * 1000
    }

    /// What the `nth` request runs into, left to chance.
    pub(super) fn fault(&self, nth: u64) -> Fault {
        chance(self.seed, "zoho", nth, &self.faults)
    }

    pub(super) fn token_fault(&self, nth: u64) -> TokenFault {
        chance(self.seed, "zoho token", nth, &self.token_faults)
    }
}

fn chance<F: Copy + Default>(seed: u64, what: &str, nth: u64, faults: &BTreeMap<F, f64>) -> F {
    let chances: Vec<_> = faults.iter().map(|(fault, p)| (*fault, *p)).collect();
    let mut dice = dice(seed, &[what, &nth.to_string()]);
    happens(&mut dice, &chances).unwrap_or_default()
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        probabilities("faults", self.faults.values().copied())?;
        probabilities("token_faults", self.token_faults.values().copied())?;
        self.notifications.check("notifications")?;
        for (field, seconds) in [
            ("slow_seconds", self.slow_seconds),
            ("search_lag_seconds", self.search_lag_seconds),
        ] {
            range(field, [0.0, seconds])?;
        }
        let timeout = self.notification_timeout_seconds;
        positive("notification_timeout_seconds", timeout)?;
        range("notification_timeout_seconds", [0.0, timeout])?;
        match self.page_size {
            1..=200 => Ok(()),
            _ => Err(invalid("page_size", "must be 1 to 200")),
        }
    }
}
