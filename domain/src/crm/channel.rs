//! The subscription to changes at the CRM, which ends unless it is renewed (CRM-4).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ChannelId;
use crate::hours::shift;

/// A subscription as the CRM answered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveChannel {
    pub id: ChannelId,
    /// When it was made or last renewed.
    pub since: Timestamp,
    /// The end that the CRM granted, which may be sooner than what it was asked for.
    pub expires_at: Timestamp,
}

/// Everything the next step is decided from; changed only by the functions below.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelFacts {
    /// Whether changes are to be heard of at all.
    pub wanted: bool,
    pub live: Option<LiveChannel>,
    /// Tries to make or renew it that failed, one after the other.
    pub failures: u32,
    pub failed_at: Option<Timestamp>,
    /// Since when nothing was heard because there was no channel. What changed since is found by a comparison.
    pub deaf_since: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelStep {
    /// Nothing is wanted and nothing is there.
    Nothing,
    Wait {
        until: Timestamp,
    },
    /// Make one, with a number of its own.
    Enable,
    Renew(ChannelId),
    Disable(ChannelId),
}

coded_enum! {
    /// What people are told of.
    ChannelAlarm {
        /// It was to be renewed, and was not; it still works.
        Expiring = "expiring",
        /// Nothing that changes at the CRM is heard of.
        Deaf = "deaf",
    }
}

/// What to do, and what stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelNext {
    pub step: ChannelStep,
    pub alarm: Option<ChannelAlarm>,
    /// Compare everything that changed since then, and then say so with [`ChannelFacts::caught_up`].
    pub catch_up_from: Option<Timestamp>,
}

const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(15);
/// The first of several failures is no news yet.
const QUIET_FAILURES: u32 = 2;

impl ChannelFacts {
    pub fn next_step(&self, now: Timestamp) -> ChannelNext {
        let live = self.live.as_ref().filter(|live| live.expires_at > now);
        let step = match (self.wanted, live) {
            (false, None) => ChannelStep::Nothing,
            (false, Some(live)) => {
                self.after_pause(now, now, ChannelStep::Disable(live.id.clone()))
            }
            (true, None) => self.after_pause(now, now, ChannelStep::Enable),
            (true, Some(live)) => {
                self.after_pause(now, live.half_life(), ChannelStep::Renew(live.id.clone()))
            }
        };
        ChannelNext {
            step,
            alarm: self.alarm(now, live),
            catch_up_from: self.deaf_since.filter(|_| self.wanted && live.is_some()),
        }
    }

    /// The CRM granted it until then.
    pub fn granted(&mut self, now: Timestamp, id: ChannelId, expires_at: Timestamp) {
        if let Some(before) = &self.live
            && before.expires_at <= now
        {
            self.deaf(before.expires_at);
        }
        self.live = Some(LiveChannel {
            id,
            since: now,
            expires_at,
        });
        (self.failures, self.failed_at) = (0, None);
    }

    /// The CRM ended it, or does not know it: nobody can say since when.
    pub fn lost(&mut self, now: Timestamp) {
        let since = self.live.take().map_or(now, |live| live.since.min(now));
        self.deaf(since);
        (self.failures, self.failed_at) = (0, None);
    }

    /// It was taken down because it is not wanted.
    pub fn disabled(&mut self) {
        *self = ChannelFacts {
            wanted: self.wanted,
            ..ChannelFacts::default()
        };
    }

    pub fn fail(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        self.failed_at = Some(now);
    }

    /// All that changed since then was compared.
    pub fn caught_up(&mut self, from: Timestamp) {
        if self.deaf_since.is_some_and(|since| since >= from) {
            self.deaf_since = None;
        }
    }

    fn deaf(&mut self, since: Timestamp) {
        self.deaf_since = Some(self.deaf_since.map_or(since, |before| before.min(since)));
    }

    /// The step when its time has come, and the pause after a failure has passed.
    fn after_pause(&self, now: Timestamp, due: Timestamp, step: ChannelStep) -> ChannelStep {
        let retry = self.failed_at.filter(|at| *at <= now).map(|at| {
            let doublings = 2_i32.saturating_pow(self.failures.saturating_sub(1).min(20));
            shift(at, FIRST_PAUSE.saturating_mul(doublings).min(LONGEST_PAUSE))
        });
        let until = retry.map_or(due, |retry| retry.max(due));
        match until > now {
            true => ChannelStep::Wait { until },
            false => step,
        }
    }

    fn alarm(&self, now: Timestamp, live: Option<&LiveChannel>) -> Option<ChannelAlarm> {
        let trouble = self.failures >= QUIET_FAILURES;
        match (self.wanted, live) {
            (false, _) => None,
            (true, Some(live)) => {
                let late = live.three_quarters() <= now;
                (late || (trouble && live.half_life() <= now)).then_some(ChannelAlarm::Expiring)
            }
            // One that was never there is not missed until it cannot be made.
            (true, None) => (self.live.is_some() || trouble).then_some(ChannelAlarm::Deaf),
        }
    }
}

impl LiveChannel {
    fn half_life(&self) -> Timestamp {
        self.after(2)
    }

    fn three_quarters(&self) -> Timestamp {
        self.after(3)
    }

    /// So many quarters of its life.
    fn after(&self, quarters: i32) -> Timestamp {
        let life = self.expires_at.duration_since(self.since);
        let quarter = life.checked_div(4).unwrap_or_default();
        shift(self.since, quarter.saturating_mul(quarters))
    }
}
