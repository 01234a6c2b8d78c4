//! The rules of a reminder, in the order in which they are asked.

use jiff::Timestamp;

use super::{Attempt, AttemptEnd, Deferral, Ending, NumberState, ReminderFacts, Step};
use crate::{
    Reason,
    appointment::AppointmentStatus,
    call::CallOutcome,
    hours::Hours,
    plan::{self, PlanRequest},
    retry::{self, Retry, RetryRequest},
    settings::Settings,
};

/// A step with the words for its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    pub step: Step,
    /// Plain words, without names or numbers. Never empty.
    pub notes: Vec<String>,
}

/// What the reminder does at `now`.
///
/// Depends on nothing but its arguments, and a wait always ends after `now`: whoever acts on the step, waits,
/// and asks again with the same facts comes to an end.
pub fn next_step(now: Timestamp, facts: &ReminderFacts, settings: &Settings) -> Step {
    let hours = Hours::new(settings, &facts.appointment.zones);
    Case {
        now,
        facts,
        settings,
        hours: &hours,
    }
    .step()
}

/// As [`next_step`], explained.
pub fn decide(now: Timestamp, facts: &ReminderFacts, settings: &Settings) -> Decided {
    let hours = Hours::new(settings, &facts.appointment.zones);
    Case {
        now,
        facts,
        settings,
        hours: &hours,
    }
    .decided()
}

/// One question: these facts at this time.
pub(super) struct Case<'a> {
    pub(super) now: Timestamp,
    pub(super) facts: &'a ReminderFacts,
    pub(super) settings: &'a Settings,
    pub(super) hours: &'a Hours,
}

/// What becomes of a reminder for which no permitted time is left.
#[derive(Clone, Copy)]
struct NoneLeft {
    ending: Ending,
    reason: Reason,
}

impl Case<'_> {
    pub(super) fn step(&self) -> Step {
        // Nothing else is decided while a phone may be ringing.
        if self.attempts().any(|attempt| attempt.ended.is_none()) {
            return Step::Follow;
        }
        if let Some(step) = self.settled() {
            return step;
        }
        if self.facts.contact.opted_out {
            return finish(Ending::Refused, Reason::OptedOut);
        }
        if self.facts.contact.number == NumberState::Invalid {
            return finish(Ending::Refused, Reason::NumberInvalid);
        }
        match self.last_attempt() {
            None => self.before_the_first_call(),
            Some((attempt, end)) => self.after_a_call(attempt, end),
        }
    }

    pub(super) fn decided(&self) -> Decided {
        let step = self.step();
        let notes = self.notes(&step);
        Decided { step, notes }
    }

    /// The appointment needs no call any more: by what the business says of it, or by what a call brought.
    fn settled(&self) -> Option<Step> {
        let brought = self.last_attempt().map(|(_, end)| end.outcome);
        let by_our_call = |outcome, ending| {
            // Somebody who settles the appointment and asks not to be called again is heard as the latter.
            if brought == Some(outcome) || brought == Some(CallOutcome::DoNotCall) {
                ending
            } else {
                Ending::NotNeeded
            }
        };
        match (self.facts.appointment.status, brought) {
            (AppointmentStatus::Cancelled | AppointmentStatus::Deleted, _)
            | (AppointmentStatus::Scheduled, Some(CallOutcome::Cancelled)) => Some(finish(
                by_our_call(CallOutcome::Cancelled, Ending::Cancelled),
                Reason::AppointmentCancelled,
            )),
            (AppointmentStatus::Confirmed, _)
            | (AppointmentStatus::Scheduled, Some(CallOutcome::Confirmed)) => Some(finish(
                by_our_call(CallOutcome::Confirmed, Ending::Confirmed),
                Reason::AppointmentConfirmed,
            )),
            (AppointmentStatus::RescheduleRequested, _)
            | (AppointmentStatus::Scheduled, Some(CallOutcome::Rescheduled)) => {
                Some(self.awaiting_reschedule())
            }
            (AppointmentStatus::Scheduled, _) => None,
        }
    }

    /// The new time is a new version of the appointment, and its reminder starts afresh. Until then nobody is called.
    fn awaiting_reschedule(&self) -> Step {
        let starts_at = self.facts.appointment.starts_at;
        if self.now < starts_at {
            return wait(starts_at, Some(Reason::AwaitingReschedule));
        }
        finish(Ending::Rescheduled, Reason::AwaitingReschedule)
    }

    fn before_the_first_call(&self) -> Step {
        let schedule = plan::schedule(&self.plan_request(), self.hours);
        let planned = match (schedule.planned, schedule.refused) {
            (Some(planned), _) => planned,
            (None, refused) => {
                return finish(Ending::Refused, refused.unwrap_or(Reason::NoOpenTime));
            }
        };
        let is_past = self.facts.appointment.starts_at <= self.now;
        let reason = match self.facts.deferral {
            Some(deferral) => deferral.reason,
            None if is_past => Reason::AppointmentPast,
            None => Reason::NoOpenTime,
        };
        let moved = (planned != schedule.ideal_at)
            .then(|| self.hours.closed_reason(schedule.ideal_at))
            .flatten();
        self.approach(
            planned,
            moved,
            NoneLeft {
                ending: Ending::Refused,
                reason,
            },
        )
    }

    fn after_a_call(&self, attempt: &Attempt, end: AttemptEnd) -> Step {
        match retry::next(&self.retry_request(attempt, end)) {
            Retry::At(retry) => {
                let none_left = NoneLeft {
                    ending: Ending::ManualReview,
                    reason: Reason::TooClose,
                };
                self.approach(retry.at, retry.reason(self.hours), none_left)
            }
            Retry::ManualReview(reason) => finish(Ending::ManualReview, reason),
            Retry::TechnicalReview(reason) => finish(Ending::TechnicalReview, reason),
            Retry::Refused(reason) => finish(Ending::Refused, reason),
            // Seen by `settled` before, which also knows the appointment's status.
            Retry::Settled => finish(Ending::NotNeeded, Reason::AppointmentConfirmed),
        }
    }

    /// Dials once `due` has come, at the first instant that nothing forbids.
    fn approach(&self, due: Timestamp, why_then: Option<Reason>, none_left: NoneLeft) -> Step {
        if self.facts.contact.number == NumberState::Missing {
            return self.hold(
                Timestamp::MAX,
                Reason::NumberMissing,
                Ending::Refused,
                Reason::NumberMissing,
            );
        }
        if self.now < due {
            return wait(due, why_then);
        }
        if let Some(Deferral { reason, until }) = self.facts.deferral
            && self.now < until
        {
            return self.hold(until, reason, none_left.ending, none_left.reason);
        }
        match self.hours.first_open_at_or_after(self.now, self.latest()) {
            Some(at) if at == self.now => Step::Dial {
                attempt: self.number_of_next(),
            },
            Some(at) => wait(at, self.hours.closed_reason(self.now)),
            None => finish(none_left.ending, none_left.reason),
        }
    }

    /// Waits for something else than the hours, as long as a call could still come of it.
    fn hold(&self, until: Timestamp, reason: Reason, ending: Ending, in_the_end: Reason) -> Step {
        match self.hours.open_until(self.latest(), self.now) {
            Some(last) if self.now < last => wait(until.min(last), Some(reason)),
            _ => finish(ending, in_the_end),
        }
    }

    fn latest(&self) -> Timestamp {
        plan::latest(self.facts.appointment.starts_at, self.settings)
    }

    /// The calls that reached the provider, or may have.
    fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        let was_placed = |attempt: &&Attempt| {
            attempt
                .ended
                .is_none_or(|end| end.outcome != CallOutcome::NotPlaced)
        };
        self.facts.attempts.iter().filter(was_placed)
    }

    fn last_attempt(&self) -> Option<(&Attempt, AttemptEnd)> {
        let last = self.attempts().last()?;
        Some((last, last.ended?))
    }

    fn number_of_next(&self) -> u32 {
        u32::try_from(self.attempts().count())
            .unwrap_or(u32::MAX)
            .saturating_add(1)
    }

    fn plan_request(&self) -> PlanRequest<'_> {
        let appointment = &self.facts.appointment;
        PlanRequest {
            starts_at: appointment.starts_at,
            known_at: appointment.known_at,
            call_before_hours: appointment.call_before_hours,
            zones: &appointment.zones,
            settings: self.settings,
        }
    }

    fn retry_request(&self, attempt: &Attempt, end: AttemptEnd) -> RetryRequest<'_> {
        RetryRequest {
            settings: self.settings,
            hours: self.hours,
            starts_at: self.facts.appointment.starts_at,
            best_hour: self.facts.contact.best_hour,
            outcome: end.outcome,
            retry: self.number_of_next() - 1,
            dialed_at: attempt.dialed_at,
            ended_at: end.at.max(attempt.dialed_at),
        }
    }

    fn notes(&self, step: &Step) -> Vec<String> {
        let zone = self.hours.first_zone();
        match *step {
            Step::Follow => vec!["a call is open".to_owned()],
            Step::Dial { attempt } => {
                let mut notes = self.timing();
                notes.push(format!("call {attempt} may start now"));
                notes
            }
            Step::Wait { until, reason } => {
                let mut notes = match reason {
                    Some(Reason::AwaitingReschedule) => Vec::new(),
                    _ => self.timing(),
                };
                notes.extend(reason.map(|reason| reason.words().to_owned()));
                notes.push(format!("waiting until {}", plan::local_words(until, zone)));
                notes
            }
            Step::Finish { ending, reason } => {
                let mut notes = match reason {
                    Some(Reason::NoOpenTime | Reason::LateBooking | Reason::AppointmentPast) => {
                        self.timing()
                    }
                    _ => Vec::new(),
                };
                notes.push(reason.map_or(ending.code(), Reason::words).to_owned());
                notes
            }
        }
    }

    /// How the time of the next call came about.
    fn timing(&self) -> Vec<String> {
        let Some((attempt, end)) = self.last_attempt() else {
            return plan::explained(&self.plan_request(), self.hours).reasons;
        };
        let request = self.retry_request(attempt, end);
        match retry::next(&request) {
            Retry::At(retry) => retry.words(&request),
            _ => Vec::new(),
        }
    }
}

fn wait(until: Timestamp, reason: Option<Reason>) -> Step {
    Step::Wait { until, reason }
}

fn finish(ending: Ending, reason: Reason) -> Step {
    Step::Finish {
        ending,
        reason: Some(reason),
    }
}
