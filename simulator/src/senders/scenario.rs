//! How webhooks are sent, and what goes wrong with them.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::vendor::Vendor;
use crate::{
    ScenarioError,
    chance::{dice, happens, within},
    scenario::{self, Checked, invalid, positive, probabilities, range},
};

/// How webhooks are sent. Every part has a default: one after another in life's time, and nothing goes wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The same seed makes the same events, with the same faults.
    pub seed: u64,
    /// When the first story happens. What signatures say is the time of sending.
    pub start: Timestamp,
    /// Requests at once.
    pub concurrency: usize,
    /// Events a second at most, of all sources together; what is sent again comes on top. `None` for as fast
    /// as they are answered.
    pub per_second: Option<f64>,
    /// How many times sooner than in life an event is sent again.
    pub speed: f64,
    pub tries: Tries,
    /// Seconds before each further try, by vendor, in place of the vendor's own.
    pub pauses: BTreeMap<String, Vec<f64>>,
    /// How long an answer is awaited, in place of the vendor's own. Not affected by the speed.
    pub timeout_seconds: Option<f64>,
    /// How often what happens to an event, from 0 to 1; at most one each.
    pub faults: BTreeMap<Fault, f64>,
    /// How long a delayed one is held back. Not affected by the speed.
    pub delay_seconds: [f64; 2],
    /// How old a stale signature is.
    pub stale_seconds: f64,
    /// How soon one that hangs up does so.
    pub hang_up_seconds: f64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            start: Timestamp::from_second(1_767_225_600).unwrap_or_default(),
            concurrency: 1,
            per_second: None,
            speed: 1.0,
            tries: Tries::Vendor,
            pauses: BTreeMap::new(),
            timeout_seconds: None,
            faults: BTreeMap::new(),
            delay_seconds: [0.5, 3.0],
            stale_seconds: 3600.0,
            hang_up_seconds: 0.005,
        }
    }
}

/// How often an event is sent until it is answered with a 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tries {
    /// As often as the vendor would.
    Vendor,
    /// Without end; the vendor's last pause goes on.
    UntilAcknowledged,
    /// So often in all.
    AtMost(u32),
}

/// What happens to one event. A fault of which nobody can tell (a stale time where none is signed) is none.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    #[default]
    None,
    /// Sent twice at once.
    Duplicate,
    /// Sent after the source's next event.
    Reorder,
    Delay,
    /// The first try does not arrive; what follows is the vendor's rule.
    Drop,
    /// The sender does not wait for the answer, and sends it again.
    HangUp,
    /// Preceded by one that is signed with a wrong secret.
    BadSignature,
    /// Preceded by one that was signed long ago.
    Stale,
    /// Preceded by the first part of itself, under the signature of the whole.
    Truncated,
    /// Preceded by nonsense that is signed well.
    Garbage,
    /// Preceded by itself under a content type that is wrong.
    ContentType,
}

impl Fault {
    /// Whether a 2xx to the spoilt request says that the receiver was taken in.
    pub(super) fn is_forgery(self, vendor: &Vendor) -> bool {
        match self {
            Self::BadSignature | Self::Stale => true,
            Self::Truncated => vendor.signs_body(),
            _ => false,
        }
    }
}

impl Scenario {
    /// Reads and checks a scenario file.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        scenario::from_toml(text)
    }

    /// This scenario with the same happening to every event.
    pub fn always(mut self, fault: Fault) -> Self {
        self.faults = BTreeMap::from([(fault, 1.0)]);
        self
    }

    /// This scenario with redeliveries sooner than in life.
    pub fn at_speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// From one fresh event to the next.
    pub(super) fn apart(&self) -> Option<Duration> {
        self.per_second
            .map(|rate| Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::MAX))
    }

    /// What happens to the `n`th event of the source at a place, and how long it is held back if that is delay.
    pub(super) fn fault(&self, vendor: &Vendor, place: usize, n: u64) -> (Fault, f64) {
        let mut dice = dice(
            self.seed,
            &["fault", vendor.code(), &place.to_string(), &n.to_string()],
        );
        let chances: Vec<_> = self.faults.iter().map(|(fault, p)| (*fault, *p)).collect();
        let drawn = happens(&mut dice, &chances).unwrap_or_default();
        let delay = within(&mut dice, self.delay_seconds);
        match drawn {
            Fault::Stale if !vendor.signs_time() => (Fault::None, delay),
            drawn => (drawn, delay),
        }
    }

    /// Seconds before an event that was tried so often is tried again; `None` when it is not. `retry_after` is
    /// what the receiver asked for.
    pub(super) fn pause(
        &self,
        vendor: &Vendor,
        tried: u32,
        retry_after: Option<f64>,
    ) -> Option<f64> {
        let rule = vendor.rule();
        let pauses = match self.pauses.get(vendor.code()) {
            Some(pauses) => pauses,
            None => rule.pauses,
        };
        let next = usize::try_from(tried)
            .ok()
            .and_then(|tried| pauses.get(tried.saturating_sub(1)).copied());
        let for_ever = || next.or(pauses.last().copied()).unwrap_or(1.0);
        let planned = match self.tries {
            Tries::Vendor => next?,
            Tries::UntilAcknowledged => for_ever(),
            Tries::AtMost(most) if tried < most => for_ever(),
            Tries::AtMost(_) => return None,
        };
        let asked = retry_after.filter(|_| rule.heeds_retry_after);
        Some(planned.max(asked.unwrap_or_default()) / self.speed)
    }
}

impl Checked for Scenario {
    fn check(&self) -> Result<(), ScenarioError> {
        positive("speed", self.speed)?;
        if let Some(rate) = self.per_second {
            positive("per_second", rate)?;
        }
        probabilities("faults", self.faults.values().copied())?;
        range("delay_seconds", self.delay_seconds)?;
        range("stale_seconds", [0.0, self.stale_seconds])?;
        range("hang_up_seconds", [0.0, self.hang_up_seconds])?;
        if let Some(seconds) = self.timeout_seconds {
            positive("timeout_seconds", seconds)?;
            range("timeout_seconds", [0.0, seconds])?;
        }
        for (code, pauses) in &self.pauses {
            if !Vendor::CODES.contains(&code.as_str()) {
                return Err(invalid("pauses", &format!("knows no vendor {code:?}")));
            }
            for pause in pauses {
                range("pauses", [0.0, *pause])?;
            }
        }
        match (1..=4096).contains(&self.concurrency) {
            true => Ok(()),
            false => Err(invalid("concurrency", "must be between 1 and 4096")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senders::{AgentAuth, HeaderFamily, VapiAuth};

    fn pauses(scenario: &Scenario, vendor: &Vendor) -> Vec<f64> {
        (1..)
            .map_while(|tried| scenario.pause(vendor, tried, None))
            .take(20)
            .collect()
    }

    #[test]
    fn pauses_are_the_vendors_shortened() {
        let table: [(Vendor, &[f64]); 5] = [
            (Vendor::Retell, &[1.0, 2.0, 4.0]),
            (
                Vendor::Quo,
                &[5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 36000.0],
            ),
            (Vendor::Vapi(VapiAuth::default()), &[]),
            (Vendor::Twilio, &[]),
            (
                Vendor::Agent(AgentAuth::Bearer),
                &[0.2, 0.4, 60.0, 300.0, 900.0, 3600.0, 7200.0],
            ),
        ];
        for (vendor, expected) in table {
            assert_eq!(pauses(&Scenario::default(), &vendor), expected);
            let ten_times = expected.iter().map(|pause| pause / 10.0);
            let ten_times: Vec<f64> = ten_times.collect();
            assert_eq!(
                pauses(&Scenario::default().at_speed(10.0), &vendor),
                ten_times
            );
        }
    }

    #[test]
    fn the_last_pause_goes_on_where_tries_are_not_the_vendors() {
        let scenario = |tries| Scenario {
            tries,
            ..Scenario::default()
        };
        let endless = pauses(&scenario(Tries::UntilAcknowledged), &Vendor::Retell);
        assert_eq!((endless.len(), endless.last()), (20, Some(&4.0)));
        let five = pauses(&scenario(Tries::AtMost(5)), &Vendor::Twilio);
        assert_eq!(five, [1.0; 4]);
    }

    #[test]
    fn a_longer_pause_is_kept_by_those_who_heed_it() {
        let scenario = Scenario::default().at_speed(2.0);
        let pause = |vendor, asked| scenario.pause(vendor, 1, asked);
        let standard = Vendor::Standard(HeaderFamily::Webhook);
        assert_eq!(pause(&standard, None), Some(2.5));
        assert_eq!(pause(&standard, Some(1.0)), Some(2.5));
        assert_eq!(pause(&standard, Some(60.0)), Some(30.0));
        assert_eq!(pause(&Vendor::Quo, Some(60.0)), Some(2.5));
    }
}
