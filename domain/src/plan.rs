//! When the reminder of an appointment calls (REM-1 to REM-5), and why then.
//!
//! *Ideal* is the appointment less N elapsed hours. *Forward* is the first open instant from then on. It is the
//! plan when it leaves the minimum lead; else the call moves *backward*, to the latest open instant that is early
//! enough before closing; else forward all the same if that respects the buffer; else there is no call.
//!
//! The buffer's own first instant is still permitted: with a buffer of one hour, a call exactly one hour before
//! the appointment may start. A buffer of 0 hours still keeps the last minute.

mod words;

use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    Reason,
    hours::{Hours, shift},
    settings::{LateBooking, Settings},
};

pub use words::{local_words, wait_words};

/// The whole hours before an appointment at which it may be called.
pub const CALL_BEFORE_HOURS: RangeInclusive<u16> = 1..=168;

/// The choices a person is offered first.
pub const CALL_BEFORE_PRESETS: [u16; 6] = [1, 2, 6, 24, 48, 168];

/// What a plan is made from.
#[derive(Debug, Clone)]
pub struct PlanRequest<'a> {
    pub starts_at: Timestamp,
    /// When this version of the appointment became known: nothing is planned before it.
    pub known_at: Timestamp,
    /// The appointment's own hours before, instead of the tenant's. Import refuses what is outside
    /// [`CALL_BEFORE_HOURS`]; here the nearest permitted number is taken, and said.
    pub call_before_hours: Option<u16>,
    /// All must be open; the first is the one in which times are told.
    pub zones: &'a [TimeZone],
    pub settings: &'a Settings,
}

coded_enum! {
    /// How a plan differs from what was asked.
    Adjustment {
        None = "none",
        Forward = "forward",
        Backward = "backward",
        /// Booked after its reminder was due, whatever came of it.
        Late = "late",
    }
}

/// When the first call is made, or why none is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    pub ideal_at: Timestamp,
    /// `None` exactly when `refused` says why.
    pub planned: Option<Timestamp>,
    pub adjustment: Adjustment,
    pub refused: Option<Reason>,
    /// Plain words, in the order in which the plan was made. Never empty.
    pub reasons: Vec<String>,
}

/// The plan without its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    pub ideal_at: Timestamp,
    /// The last instant at which the buffer permits a call.
    pub latest_at: Timestamp,
    pub planned: Option<Timestamp>,
    pub adjustment: Adjustment,
    pub refused: Option<Reason>,
    /// The first open instant from the ideal one, if the buffer permits it: what a plan that does not use it
    /// has to explain.
    forward: Option<Timestamp>,
}

/// The plan of an appointment, explained.
pub fn plan(request: &PlanRequest<'_>) -> Plan {
    explained(request, &Hours::new(request.settings, request.zones))
}

/// As [`plan`], with the hours at hand; they must be those of the request's settings and zones.
pub fn explained(request: &PlanRequest<'_>, hours: &Hours) -> Plan {
    let schedule = schedule(request, hours);
    Plan {
        ideal_at: schedule.ideal_at,
        planned: schedule.planned,
        adjustment: schedule.adjustment,
        refused: schedule.refused,
        reasons: words::reasons(request, hours, &schedule),
    }
}

/// As [`explained`], without the words.
pub fn schedule(request: &PlanRequest<'_>, hours: &Hours) -> Schedule {
    let reminders = &request.settings.reminders;
    let ideal_at = shift(request.starts_at, -hours_long(request.hours_before()));
    let latest_at = latest(request.starts_at, request.settings);
    let draft = Schedule {
        ideal_at,
        latest_at,
        planned: None,
        adjustment: Adjustment::None,
        refused: None,
        forward: None,
    };
    if request.starts_at <= request.known_at {
        return draft.refuse(Reason::AppointmentPast);
    }
    if ideal_at < request.known_at {
        let late = Schedule {
            adjustment: Adjustment::Late,
            ..draft
        };
        return match reminders.late_booking {
            LateBooking::Skip => late.refuse(Reason::LateBooking),
            LateBooking::CallSoon => {
                match hours.first_open_at_or_after(request.known_at, latest_at) {
                    Some(soon) => Schedule {
                        planned: Some(soon),
                        ..late
                    },
                    None => late.refuse(Reason::NoOpenTime),
                }
            }
        };
    }

    let forward = hours.first_open_at_or_after(ideal_at, latest_at);
    let draft = Schedule { forward, ..draft };
    let lead = reminders
        .minimum_lead_hours
        .max(reminders.appointment_buffer_hours);
    let early_enough = shift(request.starts_at, -hours_long(lead));
    if let Some(forward) = forward.filter(|forward| *forward <= early_enough) {
        return draft.at(forward);
    }
    // The buffer bounds the way back too: the ideal instant itself may lie inside it.
    let from = ideal_at.min(latest_at);
    let backward =
        hours.last_start_at_or_before(from, reminders.last_start_minutes, request.known_at);
    match backward.or(forward) {
        Some(planned) => draft.at(planned),
        None => draft.refuse(Reason::NoOpenTime),
    }
}

/// The last instant at which the buffer permits a call before an appointment.
pub fn latest(starts_at: Timestamp, settings: &Settings) -> Timestamp {
    let buffer = hours_long(settings.reminders.appointment_buffer_hours);
    shift(starts_at, -buffer.max(SignedDuration::from_mins(1)))
}

impl PlanRequest<'_> {
    /// Hours before the appointment that are asked for, as far as permitted.
    pub fn hours_before(&self) -> u16 {
        let asked = self
            .call_before_hours
            .unwrap_or(self.settings.reminders.call_before_hours);
        asked.clamp(*CALL_BEFORE_HOURS.start(), *CALL_BEFORE_HOURS.end())
    }
}

impl Schedule {
    fn at(self, planned: Timestamp) -> Schedule {
        let adjustment = match planned.cmp(&self.ideal_at) {
            std::cmp::Ordering::Less => Adjustment::Backward,
            std::cmp::Ordering::Equal => Adjustment::None,
            std::cmp::Ordering::Greater => Adjustment::Forward,
        };
        Schedule {
            planned: Some(planned),
            adjustment,
            ..self
        }
    }

    fn refuse(self, reason: Reason) -> Schedule {
        Schedule {
            refused: Some(reason),
            ..self
        }
    }
}

fn hours_long(hours: u16) -> SignedDuration {
    SignedDuration::from_hours(hours.into())
}

#[cfg(test)]
mod tests;
