//! How many requests a tenant may make of its CRM now: its own limits, and the waits that the CRM asks for. What an
//! outage has left to do goes through the same gate, so it does not flood.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::SKEW;
use crate::{hours::shift, settings::Crm};

/// A tenant's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    pub per_minute: u32,
    /// In a window of 24 hours.
    pub per_day: u32,
}

/// What was spent; changed only by the functions below, in the transaction that spends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetFacts {
    pub minute_from: Option<Timestamp>,
    pub minute_spent: u32,
    pub day_from: Option<Timestamp>,
    pub day_spent: u32,
    /// The CRM asked to be left alone until then.
    pub not_before: Option<Timestamp>,
    /// How often it asked, one after the other.
    pub asked: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spend {
    /// So many requests, at least one.
    Most(u32),
    Wait {
        until: Timestamp,
    },
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// The first wait when the CRM does not say how long; each further one is twice as long.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// Longest wait that is believed, or made up.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(30);

impl Budget {
    pub fn of(crm: &Crm) -> Budget {
        Budget {
            per_minute: crm.requests_per_minute,
            per_day: crm.requests_per_day,
        }
    }
}

impl BudgetFacts {
    /// How many requests may go now. Changes nothing.
    pub fn may_spend(&self, now: Timestamp, budget: Budget) -> Spend {
        let waits = [
            self.not_before
                .filter(|until| *until <= shift(now, LONGEST_WAIT.saturating_add(SKEW))),
            ends(now, self.minute_from, MINUTE).filter(|_| self.minute_spent >= budget.per_minute),
            ends(now, self.day_from, DAY).filter(|_| self.day_spent >= budget.per_day),
        ];
        let until = waits.into_iter().flatten().max();
        if let Some(until) = until.filter(|until| *until > now) {
            return Spend::Wait { until };
        }
        let left = |from, length, spent, most: u32| match ends(now, from, length) {
            Some(_) => most.saturating_sub(spent),
            None => most,
        };
        let minute = left(
            self.minute_from,
            MINUTE,
            self.minute_spent,
            budget.per_minute,
        );
        let day = left(self.day_from, DAY, self.day_spent, budget.per_day);
        // Just after it asked for a wait, one request finds out whether that was enough.
        let most = if self.asked > 0 { 1 } else { minute.min(day) };
        Spend::Most(most.max(1))
    }

    /// So many requests go now.
    pub fn spend(&mut self, now: Timestamp, requests: u32) {
        if ends(now, self.minute_from, MINUTE).is_none() {
            (self.minute_from, self.minute_spent) = (Some(now), 0);
        }
        if ends(now, self.day_from, DAY).is_none() {
            (self.day_from, self.day_spent) = (Some(now), 0);
        }
        self.minute_spent = self.minute_spent.saturating_add(requests);
        self.day_spent = self.day_spent.saturating_add(requests);
    }

    /// The CRM asked to be left alone, for so long if it said so.
    pub fn told_to_wait(&mut self, now: Timestamp, wait: Option<SignedDuration>) {
        let doublings = 2_i32.saturating_pow(self.asked.min(20));
        self.asked = self.asked.saturating_add(1);
        let wait = wait.unwrap_or(FIRST_WAIT.saturating_mul(doublings));
        let until = shift(now, wait.clamp(FIRST_WAIT, LONGEST_WAIT));
        self.not_before = self.not_before.max(Some(until));
    }

    /// The CRM answered, be it with a refusal.
    pub fn answered(&mut self) {
        self.asked = 0;
    }
}

/// When a window ends; `None` when none is open. One that begins far in the future was written by a wrong clock.
fn ends(now: Timestamp, from: Option<Timestamp>, length: SignedDuration) -> Option<Timestamp> {
    let from = from.filter(|from| *from <= shift(now, SKEW))?;
    Some(shift(from, length)).filter(|end| *end > now)
}
