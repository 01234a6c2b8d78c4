//! The dial gates (RULE-1 to RULE-4): asked in the transaction that authorizes a call, from facts read there.
//!
//! What belongs to the appointment itself (status, version, calling hours, buffer) was judged a moment
//! before, in the same transaction, by [`crate::reminder::next_step`].

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    Reason,
    appointment::AppointmentStatus,
    hours::Hours,
    reminder::{NumberState, ReminderFacts},
    settings::{Limits, Settings},
};

/// What a dial is permitted or refused by. Stored with the decision, so it names no person.
#[derive(Debug, Clone, Serialize)]
pub struct GateFacts {
    pub tenant_live: bool,
    pub tenant_paused: bool,
    /// Agent and number to call from are set and a provider key is stored.
    pub configuration_complete: bool,
    pub consent_required: bool,
    pub consent_recorded: bool,
    /// Calls a second the provider accepts; 0 for no limit.
    pub calls_per_second: u32,
    pub limits: Limits,
    /// Until when nobody may be called any more (appointment less the buffer).
    pub latest: Timestamp,
    /// Calls that are open now.
    pub open_calls: u32,
    /// When this number was last dialed by this tenant.
    pub number_last_dialed: Option<Timestamp>,
    /// Dials of the tenant, newest first, as many as its largest limit needs, within a day and up to
    /// [`CLOCKS_APART`] after now.
    #[serde(skip)]
    pub tenant_dials: Vec<Timestamp>,
    /// Dials to this number within a week and up to [`CLOCKS_APART`] after now, newest first.
    pub number_dials: Vec<Timestamp>,
    /// Reminders that stand before this one behind each limit.
    pub waiting: Waiting,
}

/// How many reminders of the tenant wait behind each limit and come before the one that asks: all of them
/// when it is new there, else those whose turn comes before its own.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Waiting {
    pub pace: u32,
    pub limit_15_minutes: u32,
    pub limit_day: u32,
    pub concurrent: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Dial,
    Later { reason: Reason, until: Timestamp },
}

/// Every reminder goes by its own process's time, so a dial that was committed before this question was asked
/// may be stamped a little after it. It counts all the same, or two could dial one number in the same second.
pub const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(2);

/// How long a reminder that met the limit of simultaneous calls waits, unless an ending call wakes it first.
const CONCURRENT_PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// Whether this number may be dialed now, else when to ask again.
///
/// What only a person can change (not live, paused, incomplete, consent) waits until the last permitted
/// moment; whoever changes it wakes the reminder.
pub fn judge(now: Timestamp, facts: &GateFacts) -> Verdict {
    if let Some(reason) = held(facts) {
        return Verdict::Later {
            reason,
            until: facts.latest.max(after(now, SignedDuration::from_secs(1))),
        };
    }
    number_gates(now, facts)
        .or_else(|| tenant_gates(now, facts))
        .unwrap_or(Verdict::Dial)
}

fn held(facts: &GateFacts) -> Option<Reason> {
    if !facts.tenant_live {
        Some(Reason::TenantNotLive)
    } else if facts.tenant_paused {
        Some(Reason::TenantPaused)
    } else if !facts.configuration_complete {
        Some(Reason::ConfigurationIncomplete)
    } else if facts.consent_required && !facts.consent_recorded {
        Some(Reason::ConsentMissing)
    } else {
        None
    }
}

fn number_gates(now: Timestamp, facts: &GateFacts) -> Option<Verdict> {
    let limits = &facts.limits;
    let cooldown = SignedDuration::from_mins(limits.same_number_cooldown_minutes.into());
    let cooled = facts.number_last_dialed.map(|last| after(last, cooldown));
    if let Some(until) = cooled.filter(|until| *until > now) {
        return Some(Verdict::Later {
            reason: Reason::SameNumberCooldown,
            until,
        });
    }
    let dials = &facts.number_dials;
    let day = Window {
        limit: limits.per_contact_per_day,
        length: SignedDuration::from_hours(24),
        waiting: 0,
    };
    let week = Window {
        limit: limits.per_contact_per_week,
        length: SignedDuration::from_hours(7 * 24),
        waiting: 0,
    };
    day.later(now, dials, Reason::CapPerDay)
        .or_else(|| week.later(now, dials, Reason::CapPerWeek))
}

fn tenant_gates(now: Timestamp, facts: &GateFacts) -> Option<Verdict> {
    let (limits, dials, waiting) = (&facts.limits, &facts.tenant_dials, facts.waiting);
    let day = Window {
        limit: limits.per_day,
        length: SignedDuration::from_hours(24),
        waiting: waiting.limit_day,
    };
    let quarter = Window {
        limit: limits.per_15_minutes,
        length: SignedDuration::from_mins(15),
        waiting: waiting.limit_15_minutes,
    };
    let pace = Window {
        limit: facts.calls_per_second,
        length: SignedDuration::from_secs(1),
        waiting: waiting.pace,
    };
    day.later(now, dials, Reason::LimitDay)
        .or_else(|| quarter.later(now, dials, Reason::Limit15Minutes))
        .or_else(|| concurrent(now, facts))
        .or_else(|| pace.later(now, dials, Reason::ProviderPace))
}

fn concurrent(now: Timestamp, facts: &GateFacts) -> Option<Verdict> {
    let limit = facts.limits.concurrent;
    if limit == 0 || facts.open_calls < limit {
        return None;
    }
    let until = after(
        now,
        rounds_of(CONCURRENT_PATIENCE, facts.waiting.concurrent, limit),
    );
    Some(Verdict::Later {
        reason: Reason::LimitConcurrent,
        until,
    })
}

/// At most `limit` dials in any `length`; `waiting` others are already put off behind it.
struct Window {
    limit: u32,
    length: SignedDuration,
    waiting: u32,
}

impl Window {
    /// When a place is free: the dial whose place it takes leaves the window then. Those who wait already
    /// come first, a window's worth at a time, so a rush is spread and asks no more than once or twice.
    fn later(&self, now: Timestamp, newest_first: &[Timestamp], reason: Reason) -> Option<Verdict> {
        if self.limit == 0 {
            return None;
        }
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let counts =
            |dial: &Timestamp| *dial <= after(now, CLOCKS_APART) && after(*dial, self.length) > now;
        let recent: Vec<_> = newest_first
            .iter()
            .copied()
            .filter(counts)
            .take(limit)
            .collect();
        if recent.len() < limit {
            return None;
        }
        let before = usize::try_from(self.waiting % self.limit).unwrap_or_default();
        let leaves = recent.get(limit - 1 - before).copied().unwrap_or(now);
        let until = after(leaves, rounds_of(self.length, self.waiting, self.limit));
        Some(Verdict::Later { reason, until })
    }
}

/// The wait of somebody who has `waiting` others before them, of whom `limit` are let in each `round`.
fn rounds_of(round: SignedDuration, waiting: u32, limit: u32) -> SignedDuration {
    let rounds = (waiting / limit).saturating_add(1);
    round.saturating_mul(i32::try_from(rounds).unwrap_or(i32::MAX))
}

/// Beyond the end of time is its end: an absurd number must not open a gate.
fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// What is judged once more when the request to dial is about to leave: hours may have passed since the
/// call was authorized, and facts may have changed.
#[derive(Debug)]
pub struct PlacementFacts<'a> {
    pub reminder: &'a ReminderFacts,
    pub settings: &'a Settings,
    pub tenant_live: bool,
    pub tenant_paused: bool,
    /// The call was authorized for this version of the appointment, and for this number.
    pub same_version: bool,
    pub same_number: bool,
}

/// Why an authorized call must not be placed now after all; `None` lets it go.
///
/// The limits are not asked again: the authorized call itself holds its place in them.
pub fn placement_refused(now: Timestamp, facts: &PlacementFacts<'_>) -> Option<Reason> {
    let appointment = &facts.reminder.appointment;
    let standing = match appointment.status {
        AppointmentStatus::Cancelled | AppointmentStatus::Deleted => {
            Some(Reason::AppointmentCancelled)
        }
        AppointmentStatus::Confirmed => Some(Reason::AppointmentConfirmed),
        AppointmentStatus::RescheduleRequested => Some(Reason::AwaitingReschedule),
        AppointmentStatus::Scheduled => None,
    };
    let buffer =
        SignedDuration::from_hours(facts.settings.reminders.appointment_buffer_hours.into());
    let checks = [
        (
            !facts.same_version || !facts.same_number,
            Reason::AppointmentMoved,
        ),
        (facts.reminder.contact.opted_out, Reason::OptedOut),
        (
            facts.reminder.contact.number == NumberState::Invalid,
            Reason::NumberInvalid,
        ),
        (!facts.tenant_live, Reason::TenantNotLive),
        (facts.tenant_paused, Reason::TenantPaused),
        (now >= appointment.starts_at, Reason::AppointmentPast),
        (
            after(now, buffer) > appointment.starts_at,
            Reason::InsideBuffer,
        ),
    ];
    standing
        .or_else(|| {
            checks
                .into_iter()
                .find(|(refused, _)| *refused)
                .map(|(_, reason)| reason)
        })
        .or_else(|| Hours::new(facts.settings, &appointment.zones).closed_reason(now))
}

#[cfg(test)]
mod tests;
