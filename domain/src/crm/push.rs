//! When one contact is to be written to the CRM next. Changes are not queued: a contact that changed ten times is
//! written once, with what it then holds.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hours::shift;

coded_enum! {
    /// Why a request to the CRM came to nothing.
    Failure {
        /// No connection, no answer, or a 5xx. Not the contact's fault, however long it lasts.
        Unavailable = "unavailable",
        /// Asked to slow down.
        RateLimited = "rate_limited",
        /// The CRM refuses this account: key, permission, plan. Somebody has to mend it.
        Denied = "denied",
        /// It left, and what became of it is not known.
        Uncertain = "uncertain",
        /// The record changed since it was read.
        Changed = "changed",
        /// Somebody holds the record: locked, in approval.
        Locked = "locked",
        /// The record is gone.
        Gone = "gone",
        /// The CRM read these values and does not take them.
        Refused = "refused",
    }
}

/// What the next step of one contact is decided from; changed only by the functions below.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushFacts {
    /// When it changed first and last since it was last compared; `None` when it did not.
    pub changed: Option<(Timestamp, Timestamp)>,
    /// Raised by every change. What was compared is done only if nothing changed meanwhile.
    pub generation: u64,
    pub failed: Option<(Failure, Timestamp)>,
    /// Of the same kind, one after the other.
    pub failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushStep {
    Nothing,
    Wait {
        until: Timestamp,
    },
    /// Read the record, compare, and write what differs.
    Compare,
    /// A person has to look; another change begins anew.
    AskPerson(Failure),
}

/// A change waits so long for the next …
const SETTLES: SignedDuration = SignedDuration::from_secs(10);
/// … but not longer than this after the first.
const AT_MOST: SignedDuration = SignedDuration::from_mins(2);

impl PushFacts {
    /// It changed, here or there.
    pub fn change(&mut self, now: Timestamp) {
        let first = self.changed.map_or(now, |(first, _)| first);
        self.changed = Some((first, now));
        self.generation = self.generation.wrapping_add(1);
        if self
            .failed
            .is_some_and(|(failure, _)| failure.is_of_the_values())
        {
            (self.failed, self.failures) = (None, 0);
        }
    }

    /// It was compared and written, as it was at this generation.
    pub fn done(&mut self, generation: u64) {
        (self.failed, self.failures) = (None, 0);
        if generation == self.generation {
            self.changed = None;
        }
    }

    pub fn fail(&mut self, now: Timestamp, failure: Failure) {
        let again = self.failed.is_some_and(|(last, _)| last == failure);
        self.failures = if again {
            self.failures.saturating_add(1)
        } else {
            1
        };
        self.failed = Some((failure, now));
    }

    pub fn next_step(&self, now: Timestamp) -> PushStep {
        let Some((first, last)) = self.changed else {
            return PushStep::Nothing;
        };
        let settled = shift(last, SETTLES).min(shift(first, AT_MOST));
        let until = match self.failed {
            None => settled,
            Some((failure, at)) => match failure.pause(self.failures) {
                None => return PushStep::AskPerson(failure),
                Some(pause) => settled.max(shift(at, pause)),
            },
        };
        match until > now {
            true => PushStep::Wait { until },
            false => PushStep::Compare,
        }
    }
}

impl Failure {
    /// Whether other values may be taken where these were not.
    pub const fn is_of_the_values(self) -> bool {
        matches!(self, Failure::Refused | Failure::Gone)
    }

    /// Whether it says something about the CRM as a whole rather than about one record.
    pub const fn is_of_the_crm(self) -> bool {
        matches!(
            self,
            Failure::Unavailable | Failure::RateLimited | Failure::Denied
        )
    }

    /// The wait after so many of this kind (1 for the first). `None` when only a person can help.
    fn pause(self, failures: u32) -> Option<SignedDuration> {
        let (first, longest, tries) = match self {
            Failure::Unavailable | Failure::RateLimited => (SECONDS_30, MINUTES_30, u32::MAX),
            Failure::Denied => (MINUTES_5, HOUR, u32::MAX),
            Failure::Uncertain => (SECONDS_30, MINUTES_30, u32::MAX),
            Failure::Changed => (SECONDS_1, SECONDS_30, u32::MAX),
            Failure::Locked => (HOUR, HOURS_6, 28),
            Failure::Gone | Failure::Refused => return None,
        };
        let doublings = 2_i32.saturating_pow(failures.saturating_sub(1).min(20));
        (failures <= tries).then(|| first.saturating_mul(doublings).min(longest))
    }
}

const SECONDS_1: SignedDuration = SignedDuration::from_secs(1);
const SECONDS_30: SignedDuration = SignedDuration::from_secs(30);
const MINUTES_5: SignedDuration = SignedDuration::from_mins(5);
const MINUTES_30: SignedDuration = SignedDuration::from_mins(30);
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const HOURS_6: SignedDuration = SignedDuration::from_hours(6);
