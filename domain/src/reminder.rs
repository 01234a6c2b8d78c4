//! The reminder: from the facts and the time to the next step.

mod dry_run;
mod next;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{Reason, appointment::AppointmentStatus, call::CallOutcome};

pub use dry_run::{DryRun, Moment, dry_run};
pub use next::{Decided, decide, next_step};

/// Everything the reminder of one appointment is decided from.
#[derive(Debug, Clone)]
pub struct ReminderFacts {
    pub appointment: AppointmentFacts,
    pub contact: ContactFacts,
    /// Attempts for the current version of the appointment, oldest first. Calls that were never
    /// placed ([`CallOutcome::NotPlaced`]) are no attempts and are left out.
    pub attempts: Vec<Attempt>,
    /// What the last try to dial ran into, if the reminder is waiting because of it.
    pub deferral: Option<Deferral>,
}

#[derive(Debug, Clone)]
pub struct AppointmentFacts {
    pub status: AppointmentStatus,
    pub starts_at: Timestamp,
    /// When this version of the appointment became known: what "late booking" is judged by.
    pub known_at: Timestamp,
    /// Hours before the appointment, overriding the tenant's default.
    pub call_before_hours: Option<u16>,
    /// The zones whose calling hours must all be open: the contact's when known, else the
    /// appointment's. Never empty.
    pub zones: Vec<TimeZone>,
}

#[derive(Debug, Clone, Copy)]
pub struct ContactFacts {
    pub number: NumberState,
    pub opted_out: bool,
    pub best_hour: Option<BestHour>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberState {
    Callable,
    Missing,
    /// The provider or the numbering plan says that it cannot be called.
    Invalid,
}

/// The local hour (0–23) in which a contact has answered best, with a confidence from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BestHour {
    pub hour: u8,
    pub confidence: f64,
}

/// One decision to dial that reached the provider, or may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    pub dialed_at: Timestamp,
    /// `None` while the call is open.
    pub ended: Option<AttemptEnd>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptEnd {
    pub outcome: CallOutcome,
    /// When the reminder learnt of it: retry delays count from here.
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deferral {
    pub reason: Reason,
    pub until: Timestamp,
}

/// What the reminder does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing until then, or until a fact changes.
    Wait {
        until: Timestamp,
        reason: Option<Reason>,
    },
    /// Ask the dial gates now; `attempt` counts from 1.
    Dial { attempt: u32 },
    /// A call is open: follow it.
    Follow,
    Finish {
        ending: Ending,
        reason: Option<Reason>,
    },
}

coded_enum! {
    /// How a reminder ended.
    Ending {
        Confirmed = "confirmed",
        Cancelled = "cancelled",
        Rescheduled = "rescheduled",
        /// A person should look: retries spent, too close, uncertain, no clear answer.
        ManualReview = "manual_review",
        /// Every call fails: somebody technical should look.
        TechnicalReview = "technical_review",
        /// Confirmed, cancelled or deleted by the business before a call was needed.
        NotNeeded = "not_needed",
        /// No call was permitted; the reason says why.
        Refused = "refused",
    }
}

#[cfg(test)]
mod tests;
