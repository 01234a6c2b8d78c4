//! What a reminder would do if nobody ever answered (REM-11).

use jiff::Timestamp;

use super::{Attempt, AttemptEnd, Decided, Ending, ReminderFacts, Step, next::Case};
use crate::{
    Reason,
    call::CallOutcome,
    hours::Hours,
    plan::{self, Plan, PlanRequest},
    settings::Settings,
};

/// More steps than any reminder takes: a wait, a dial and an answer for each of six calls, and the end.
const MOST_STEPS: usize = 64;

/// The reminder's course from `now` if every call rings out, found by the very rules it will run by.
///
/// Limits, pauses and what people do meanwhile are not foreseen: they are judged when the time comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRun {
    /// The first call as planned when the appointment became known, whatever happened since.
    pub plan: Plan,
    /// The next call that would really be made.
    pub next_call: Option<Timestamp>,
    /// The calls that would follow it.
    pub retries_if_unanswered: Vec<Timestamp>,
    pub ending: Ending,
    pub reason: Option<Reason>,
    pub ended_at: Timestamp,
    /// Each step with its words, in order.
    pub moments: Vec<Moment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    pub at: Timestamp,
    pub decided: Decided,
}

pub fn dry_run(now: Timestamp, facts: &ReminderFacts, settings: &Settings) -> DryRun {
    let hours = Hours::new(settings, &facts.appointment.zones);
    let mut clock = now;
    let mut facts = facts.clone();
    let mut calls = Vec::new();
    let mut moments = Vec::new();
    let mut end = (Ending::ManualReview, None);
    for _ in 0..MOST_STEPS {
        let decided = Case {
            now: clock,
            facts: &facts,
            settings,
            hours: &hours,
        }
        .decided();
        let step = decided.step.clone();
        moments.push(Moment { at: clock, decided });
        match step {
            Step::Wait { until, .. } => clock = until,
            Step::Follow => ring_out(&mut facts.attempts, clock),
            Step::Dial { .. } => {
                calls.push(clock);
                facts.attempts.push(Attempt {
                    dialed_at: clock,
                    ended: None,
                });
                ring_out(&mut facts.attempts, clock);
                facts.deferral = None;
            }
            Step::Finish { ending, reason } => {
                end = (ending, reason);
                break;
            }
        }
    }
    let mut calls = calls.into_iter();
    DryRun {
        plan: plan_of(&facts, settings, &hours),
        next_call: calls.next(),
        retries_if_unanswered: calls.collect(),
        ending: end.0,
        reason: end.1,
        ended_at: clock,
        moments,
    }
}

fn ring_out(attempts: &mut [Attempt], at: Timestamp) {
    for attempt in attempts
        .iter_mut()
        .filter(|attempt| attempt.ended.is_none())
    {
        attempt.ended = Some(AttemptEnd {
            outcome: CallOutcome::NoAnswer,
            at,
        });
    }
}

fn plan_of(facts: &ReminderFacts, settings: &Settings, hours: &Hours) -> Plan {
    let appointment = &facts.appointment;
    let request = PlanRequest {
        starts_at: appointment.starts_at,
        known_at: appointment.known_at,
        call_before_hours: appointment.call_before_hours,
        zones: &appointment.zones,
        settings,
    };
    plan::explained(&request, hours)
}
