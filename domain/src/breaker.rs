//! A circuit breaker for one provider and tenant (OPS-4): a provider that keeps failing is left alone, asked
//! once in a while, and used again when it answers.
//!
//! Many worker processes share it, and `bellhop doctor` shows it, so its facts live in the database and change
//! in the transaction that asks or records. The libraries keep theirs in the memory of one process, which is
//! why none is used here.

use jiff::{SignedDuration, Timestamp};

use crate::hours::shift;

coded_enum! {
    BreakerState {
        /// The provider is asked.
        Closed = "closed",
        /// It is left alone.
        Open = "open",
        /// One request is on its way to find out.
        Probing = "probing",
    }
}

coded_enum! {
    /// What one request says about the provider.
    AskedOutcome {
        /// It answered, be it with a refusal of this one request: it works.
        Answered = "answered",
        /// 5xx, no answer in time, no connection.
        Failed = "failed",
        /// 429: it works, and asks to be left alone for a while.
        AskedToWait = "asked_to_wait",
    }
}

/// Everything the breaker decides from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BreakerFacts {
    pub state: BreakerState,
    /// Raised by every change of state. A request is recorded under the number it was permitted with, so that
    /// an answer from before the change says nothing about what came after.
    pub generation: u64,
    /// Failures one after the other.
    pub failures: u32,
    /// The current minute: when it began, and what was asked and failed in it.
    pub window_from: Timestamp,
    pub window_asked: u32,
    pub window_failed: u32,
    pub opened_at: Option<Timestamp>,
    /// How often it opened without closing in between.
    pub openings: u32,
    /// When a probe may go: at the end of the pause, or when the one that went is thought lost.
    pub probe_at: Option<Timestamp>,
    /// The provider asked to be left alone until then.
    pub not_before: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    Allowed,
    /// One request may go, once [`BreakerFacts::start_probe`] is recorded.
    Probe,
    Refused {
        until: Timestamp,
    },
}

/// Opens on so many failures one after the other …
const FAILURES: u32 = 5;
/// … or on this share of a minute's requests, if there were enough to speak of a share.
const FAILED_PERCENT: u64 = 50;
const ENOUGH_ASKED: u32 = 20;
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// The first pause; each further one is twice as long.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// A probe that has said nothing for so long is lost. Longer than any request may take.
const PROBE_PATIENCE: SignedDuration = SignedDuration::from_mins(2);
/// However long a provider asks to be left alone, it is asked again after this.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

impl BreakerFacts {
    pub const fn new(now: Timestamp) -> BreakerFacts {
        BreakerFacts {
            state: BreakerState::Closed,
            generation: 0,
            failures: 0,
            window_from: now,
            window_asked: 0,
            window_failed: 0,
            opened_at: None,
            openings: 0,
            probe_at: None,
            not_before: None,
        }
    }

    /// Whether the provider may be asked now. Changes nothing.
    pub fn may_ask(&self, now: Timestamp) -> Permit {
        let waiting = self.not_before.and_then(|at| ahead(now, at, LONGEST_WAIT));
        let pause = match self.state {
            BreakerState::Closed => None,
            BreakerState::Open | BreakerState::Probing => {
                self.probe_at.and_then(|at| ahead(now, at, LONGEST_PAUSE))
            }
        };
        match waiting.max(pause) {
            Some(until) => Permit::Refused { until },
            None if self.state == BreakerState::Closed => Permit::Allowed,
            None => Permit::Probe,
        }
    }

    /// The probe goes now; nothing else goes until it is back or lost.
    pub fn start_probe(&mut self, now: Timestamp) {
        self.enter(BreakerState::Probing);
        self.probe_at = Some(shift(now, PROBE_PATIENCE));
    }

    /// What became of a request that was permitted under this generation. `not_before`: until when a provider
    /// that asked to wait is to be left alone.
    pub fn record(
        &mut self,
        now: Timestamp,
        generation: u64,
        outcome: AskedOutcome,
        not_before: Option<Timestamp>,
    ) {
        if outcome == AskedOutcome::AskedToWait {
            let until = not_before.unwrap_or_else(|| shift(now, FIRST_PAUSE));
            let until = until.min(shift(now, LONGEST_WAIT));
            self.not_before = self.not_before.max(Some(until));
        }
        if generation != self.generation {
            return;
        }
        let failed = outcome == AskedOutcome::Failed;
        match self.state {
            BreakerState::Closed => self.count(now, failed),
            BreakerState::Probing if failed => self.open(now),
            BreakerState::Probing => self.close(now),
            BreakerState::Open => {}
        }
    }

    fn count(&mut self, now: Timestamp, failed: bool) {
        if shift(self.window_from, WINDOW) <= now || self.window_from > now {
            self.window_from = now;
            (self.window_asked, self.window_failed) = (0, 0);
        }
        self.window_asked = self.window_asked.saturating_add(1);
        self.failures = if failed {
            self.window_failed = self.window_failed.saturating_add(1);
            self.failures.saturating_add(1)
        } else {
            0
        };
        let share = u64::from(self.window_failed) * 100 / u64::from(self.window_asked.max(1));
        let too_many = self.window_asked >= ENOUGH_ASKED && share >= FAILED_PERCENT;
        if self.failures >= FAILURES || (failed && too_many) {
            self.open(now);
        }
    }

    fn open(&mut self, now: Timestamp) {
        self.enter(BreakerState::Open);
        self.opened_at = self.opened_at.or(Some(now));
        let doublings = 2_i32.saturating_pow(self.openings);
        let pause = FIRST_PAUSE.saturating_mul(doublings).min(LONGEST_PAUSE);
        self.openings = self.openings.saturating_add(1);
        self.probe_at = Some(shift(now, pause));
    }

    fn close(&mut self, now: Timestamp) {
        self.enter(BreakerState::Closed);
        *self = BreakerFacts {
            generation: self.generation,
            not_before: self.not_before,
            ..BreakerFacts::new(now)
        };
    }

    fn enter(&mut self, state: BreakerState) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1);
    }
}

/// The instant, if it lies ahead and no further than such an instant can: a clock that was wrong when it was
/// written must not close the way for ever.
fn ahead(now: Timestamp, at: Timestamp, furthest: SignedDuration) -> Option<Timestamp> {
    (at > now && at <= shift(now, furthest)).then_some(at)
}

#[cfg(test)]
mod tests;
