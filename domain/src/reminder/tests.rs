use jiff::SignedDuration;

use super::*;
use crate::{settings::Settings, zone};

/// Thursday 14 January 2027, 14:00 in London; the call is planned a day before.
const STARTS_AT: &str = "2027-01-14T14:00:00Z";
const PLANNED: &str = "2027-01-13T14:00:00Z";
/// An hour before the appointment.
const LATEST: &str = "2027-01-14T13:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn facts() -> ReminderFacts {
    ReminderFacts {
        appointment: AppointmentFacts {
            status: AppointmentStatus::Scheduled,
            starts_at: at(STARTS_AT),
            known_at: at("2027-01-01T09:00:00Z"),
            call_before_hours: None,
            zones: vec![zone::find("Europe/London").unwrap()],
        },
        contact: ContactFacts {
            number: NumberState::Callable,
            opted_out: false,
            best_hour: None,
        },
        attempts: Vec::new(),
        deferral: None,
    }
}

fn called(outcome: CallOutcome) -> ReminderFacts {
    let attempt = ended(PLANNED, outcome);
    ReminderFacts {
        attempts: vec![attempt],
        ..facts()
    }
}

fn ended(dialed_at: &str, outcome: CallOutcome) -> Attempt {
    let dialed_at = at(dialed_at);
    let at = dialed_at + SignedDuration::from_mins(1);
    Attempt {
        dialed_at,
        ended: Some(AttemptEnd { outcome, at }),
    }
}

fn with_status(status: AppointmentStatus, mut facts: ReminderFacts) -> ReminderFacts {
    facts.appointment.status = status;
    facts
}

fn deferred(reason: Reason, until: &str) -> ReminderFacts {
    ReminderFacts {
        deferral: Some(Deferral {
            reason,
            until: at(until),
        }),
        ..facts()
    }
}

fn with_number(number: NumberState, mut facts: ReminderFacts) -> ReminderFacts {
    facts.contact.number = number;
    facts
}

fn step(now: &str, facts: &ReminderFacts) -> Step {
    next_step(at(now), facts, &Settings::default())
}

fn wait(until: &str, reason: Option<Reason>) -> Step {
    Step::Wait {
        until: at(until),
        reason,
    }
}

fn finish(ending: Ending, reason: Reason) -> Step {
    Step::Finish {
        ending,
        reason: Some(reason),
    }
}

#[test]
fn a_reminder_waits_for_its_plan_and_then_dials() {
    assert_eq!(step("2027-01-10T00:00:00Z", &facts()), wait(PLANNED, None));
    assert_eq!(
        step("2027-01-13T13:59:59.999Z", &facts()),
        wait(PLANNED, None)
    );
    assert_eq!(step(PLANNED, &facts()), Step::Dial { attempt: 1 });
}

#[test]
fn a_plan_that_was_moved_says_what_moved_it() {
    let mut facts = facts();
    facts.appointment.starts_at = at("2027-01-11T15:00:00Z");
    assert_eq!(
        step("2027-01-08T00:00:00Z", &facts),
        wait("2027-01-11T08:00:00Z", Some(Reason::ClosedDay))
    );
}

#[test]
fn a_reminder_that_slept_too_long_dials_at_once_or_moves_forward() {
    assert_eq!(
        step("2027-01-13T17:00:00Z", &facts()),
        Step::Dial { attempt: 1 }
    );
    assert_eq!(
        step("2027-01-13T20:00:00Z", &facts()),
        wait("2027-01-14T08:00:00Z", Some(Reason::OutsideHours))
    );
    assert_eq!(step(LATEST, &facts()), Step::Dial { attempt: 1 });
    assert_eq!(
        step("2027-01-14T13:00:01Z", &facts()),
        finish(Ending::Refused, Reason::NoOpenTime)
    );
    assert_eq!(
        step(STARTS_AT, &facts()),
        finish(Ending::Refused, Reason::AppointmentPast)
    );
}

#[test]
fn a_refused_plan_ends_the_reminder() {
    let mut facts = facts();
    facts.appointment.known_at = at("2027-01-14T13:30:00Z");
    assert_eq!(
        step("2027-01-14T13:30:00Z", &facts),
        finish(Ending::Refused, Reason::NoOpenTime)
    );
    facts.appointment.known_at = at("2027-01-15T13:30:00Z");
    assert_eq!(
        step("2027-01-15T13:30:00Z", &facts),
        finish(Ending::Refused, Reason::AppointmentPast)
    );
}

#[test]
fn a_cancelled_appointment_is_not_called() {
    for status in [AppointmentStatus::Cancelled, AppointmentStatus::Deleted] {
        let expected = finish(Ending::NotNeeded, Reason::AppointmentCancelled);
        assert_eq!(step(PLANNED, &with_status(status, facts())), expected);
        assert_eq!(
            step(PLANNED, &with_status(status, called(CallOutcome::NoAnswer))),
            expected
        );
        let by_call = finish(Ending::Cancelled, Reason::AppointmentCancelled);
        assert_eq!(
            step(
                PLANNED,
                &with_status(status, called(CallOutcome::Cancelled))
            ),
            by_call
        );
    }
    let unsettled = called(CallOutcome::Cancelled);
    assert_eq!(
        step(PLANNED, &unsettled),
        finish(Ending::Cancelled, Reason::AppointmentCancelled)
    );
}

#[test]
fn a_confirmed_appointment_is_not_called() {
    let confirmed = |facts| step(PLANNED, &with_status(AppointmentStatus::Confirmed, facts));
    assert_eq!(
        confirmed(facts()),
        finish(Ending::NotNeeded, Reason::AppointmentConfirmed)
    );
    assert_eq!(
        confirmed(called(CallOutcome::Confirmed)),
        finish(Ending::Confirmed, Reason::AppointmentConfirmed)
    );
    assert_eq!(
        step(PLANNED, &called(CallOutcome::Confirmed)),
        finish(Ending::Confirmed, Reason::AppointmentConfirmed)
    );
}

#[test]
fn a_wish_for_another_time_waits_for_it_until_the_appointment() {
    for facts in [
        with_status(AppointmentStatus::RescheduleRequested, facts()),
        with_status(
            AppointmentStatus::RescheduleRequested,
            called(CallOutcome::Rescheduled),
        ),
        called(CallOutcome::Rescheduled),
    ] {
        assert_eq!(
            step(PLANNED, &facts),
            wait(STARTS_AT, Some(Reason::AwaitingReschedule))
        );
        assert_eq!(
            step(STARTS_AT, &facts),
            finish(Ending::Rescheduled, Reason::AwaitingReschedule)
        );
    }
}

#[test]
fn an_open_call_is_followed_whatever_else_changed() {
    let open = Attempt {
        dialed_at: at(PLANNED),
        ended: None,
    };
    let mut facts = ReminderFacts {
        attempts: vec![open],
        ..facts()
    };
    facts.contact.opted_out = true;
    facts.contact.number = NumberState::Invalid;
    for status in AppointmentStatus::ALL {
        assert_eq!(
            step(PLANNED, &with_status(*status, facts.clone())),
            Step::Follow
        );
    }
}

#[test]
fn nobody_who_opted_out_is_called() {
    let expected = finish(Ending::Refused, Reason::OptedOut);
    let mut early = facts();
    early.contact.opted_out = true;
    assert_eq!(step("2027-01-02T00:00:00Z", &early), expected);
    assert_eq!(step(PLANNED, &called(CallOutcome::DoNotCall)), expected);
    let mut later = called(CallOutcome::NoAnswer);
    later.contact.opted_out = true;
    assert_eq!(step(PLANNED, &later), expected);
}

#[test]
fn a_confirmation_with_an_opt_out_still_counts_as_confirmed() {
    let mut facts = called(CallOutcome::Confirmed);
    facts.contact.opted_out = true;
    assert_eq!(
        step(PLANNED, &facts),
        finish(Ending::Confirmed, Reason::AppointmentConfirmed)
    );
}

#[test]
fn a_call_that_cancelled_and_opted_out_counts_as_cancelled() {
    let mut facts = with_status(AppointmentStatus::Cancelled, called(CallOutcome::DoNotCall));
    facts.contact.opted_out = true;
    assert_eq!(
        step(PLANNED, &facts),
        finish(Ending::Cancelled, Reason::AppointmentCancelled)
    );
}

#[test]
fn a_number_that_cannot_be_called_ends_the_reminder() {
    let expected = finish(Ending::Refused, Reason::NumberInvalid);
    assert_eq!(
        step(
            "2027-01-02T00:00:00Z",
            &with_number(NumberState::Invalid, facts())
        ),
        expected
    );
    assert_eq!(step(PLANNED, &called(CallOutcome::InvalidNumber)), expected);
}

#[test]
fn a_missing_number_is_waited_for_as_long_as_a_call_is_possible() {
    let missing = with_number(NumberState::Missing, facts());
    assert_eq!(
        step("2027-01-02T00:00:00Z", &missing),
        wait(LATEST, Some(Reason::NumberMissing))
    );
    assert_eq!(
        step(PLANNED, &missing),
        wait(LATEST, Some(Reason::NumberMissing))
    );
    assert_eq!(
        step(LATEST, &missing),
        finish(Ending::Refused, Reason::NumberMissing)
    );
    // Nobody is called on the morning of an eight o'clock appointment, so the evening before decides.
    let mut early = missing.clone();
    early.appointment.starts_at = at("2027-01-14T08:00:00Z");
    assert_eq!(
        step("2027-01-02T00:00:00Z", &early),
        wait("2027-01-13T20:00:00Z", Some(Reason::NumberMissing))
    );
    assert_eq!(
        step("2027-01-13T20:00:00Z", &early),
        finish(Ending::Refused, Reason::NumberMissing)
    );
}

#[test]
fn a_deferred_reminder_waits_and_tries_again_in_open_hours() {
    let soon = deferred(Reason::Limit15Minutes, "2027-01-13T14:10:00Z");
    assert_eq!(
        step(PLANNED, &soon),
        wait("2027-01-13T14:10:00Z", Some(Reason::Limit15Minutes))
    );
    assert_eq!(
        step("2027-01-13T14:10:00Z", &soon),
        Step::Dial { attempt: 1 }
    );
    let evening = deferred(Reason::LimitDay, "2027-01-13T21:00:00Z");
    assert_eq!(
        step(PLANNED, &evening),
        wait("2027-01-13T21:00:00Z", Some(Reason::LimitDay))
    );
    assert_eq!(
        step("2027-01-13T21:00:00Z", &evening),
        wait("2027-01-14T08:00:00Z", Some(Reason::OutsideHours))
    );
}

#[test]
fn a_deferral_that_outlasts_the_appointment_ends_with_its_own_reason() {
    let held = deferred(Reason::TenantNotLive, "2027-02-01T00:00:00Z");
    assert_eq!(
        step(PLANNED, &held),
        wait(LATEST, Some(Reason::TenantNotLive))
    );
    assert_eq!(
        step(LATEST, &held),
        finish(Ending::Refused, Reason::TenantNotLive)
    );
    assert_eq!(
        step("2027-01-15T00:00:00Z", &held),
        finish(Ending::Refused, Reason::TenantNotLive)
    );
    let elapsed = deferred(Reason::TenantPaused, LATEST);
    assert_eq!(step(LATEST, &elapsed), Step::Dial { attempt: 1 });
    assert_eq!(
        step("2027-01-14T13:00:01Z", &elapsed),
        finish(Ending::Refused, Reason::TenantPaused)
    );
}

#[test]
fn an_unanswered_call_is_repeated_after_its_delay() {
    let facts = called(CallOutcome::NoAnswer);
    assert_eq!(
        step("2027-01-13T14:01:00Z", &facts),
        wait("2027-01-13T16:01:00Z", None)
    );
    assert_eq!(
        step("2027-01-13T16:01:00Z", &facts),
        Step::Dial { attempt: 2 }
    );
    assert_eq!(
        step("2027-01-13T22:00:00Z", &facts),
        wait("2027-01-14T08:00:00Z", Some(Reason::OutsideHours))
    );
    assert_eq!(
        step("2027-01-14T13:00:01Z", &facts),
        finish(Ending::ManualReview, Reason::TooClose)
    );
}

#[test]
fn a_retry_that_hours_moved_says_so() {
    let facts = called(CallOutcome::Voicemail);
    assert_eq!(
        step("2027-01-13T14:01:00Z", &facts),
        wait("2027-01-14T08:00:00Z", Some(Reason::OutsideHours))
    );
}

#[test]
fn a_deferred_retry_that_runs_out_of_time_goes_to_a_person() {
    let deferral = Some(Deferral {
        reason: Reason::CapPerDay,
        until: at("2027-02-01T00:00:00Z"),
    });
    let facts = ReminderFacts {
        deferral,
        ..called(CallOutcome::NoAnswer)
    };
    assert_eq!(
        step("2027-01-13T16:01:00Z", &facts),
        wait(LATEST, Some(Reason::CapPerDay))
    );
    assert_eq!(
        step(LATEST, &facts),
        finish(Ending::ManualReview, Reason::TooClose)
    );
}

#[test]
fn other_outcomes_end_the_reminder_for_a_person_to_look() {
    let end = |outcome| step("2027-01-13T14:01:00Z", &called(outcome));
    assert_eq!(
        end(CallOutcome::NoClearAnswer),
        finish(Ending::ManualReview, Reason::NoClearAnswer)
    );
    assert_eq!(
        end(CallOutcome::Uncertain),
        finish(Ending::ManualReview, Reason::DialUncertain)
    );
    assert_eq!(
        end(CallOutcome::SystemicFailure),
        finish(Ending::TechnicalReview, Reason::SystemicFailure)
    );
}

#[test]
fn spent_retries_end_in_manual_review() {
    let mut facts = called(CallOutcome::NoAnswer);
    facts
        .attempts
        .push(ended("2027-01-13T16:01:00Z", CallOutcome::Busy));
    assert_eq!(
        step("2027-01-13T17:02:00Z", &facts),
        Step::Dial { attempt: 3 }
    );
    facts
        .attempts
        .push(ended("2027-01-13T17:02:00Z", CallOutcome::NoAnswer));
    assert_eq!(
        step("2027-01-13T17:03:00Z", &facts),
        finish(Ending::ManualReview, Reason::RetriesSpent)
    );
}

#[test]
fn a_call_that_was_never_placed_is_no_attempt() {
    assert_eq!(
        step(PLANNED, &called(CallOutcome::NotPlaced)),
        Step::Dial { attempt: 1 }
    );
}

#[test]
fn every_decision_has_words() {
    let mut all: Vec<ReminderFacts> = CallOutcome::ALL
        .iter()
        .map(|outcome| called(*outcome))
        .collect();
    all.extend(
        AppointmentStatus::ALL
            .iter()
            .map(|status| with_status(*status, facts())),
    );
    all.push(with_number(NumberState::Missing, facts()));
    all.push(deferred(Reason::TenantNotLive, "2027-02-01T00:00:00Z"));
    for facts in all {
        for now in [
            "2027-01-02T00:00:00Z",
            "2027-01-13T14:01:00Z",
            LATEST,
            STARTS_AT,
        ] {
            let decided = decide(at(now), &facts, &Settings::default());
            assert_eq!(decided.step, step(now, &facts));
            assert!(!decided.notes.is_empty(), "{facts:?}");
            if let Step::Wait { until, .. } = decided.step {
                assert!(until > at(now), "{facts:?}");
            }
        }
    }
}

#[test]
fn a_dry_run_shows_the_calls_that_would_be_made() {
    let run = dry_run(at("2027-01-02T00:00:00Z"), &facts(), &Settings::default());
    assert_eq!(run.next_call, run.plan.planned);
    assert_eq!(
        run.retries_if_unanswered,
        [at("2027-01-13T16:00:00Z"), at("2027-01-14T08:00:00Z")]
    );
    assert_eq!(
        (run.ending, run.reason),
        (Ending::ManualReview, Some(Reason::RetriesSpent))
    );
}

#[test]
fn a_dry_run_from_the_middle_goes_on_from_there() {
    let run = dry_run(
        at("2027-01-13T14:30:00Z"),
        &called(CallOutcome::Busy),
        &Settings::default(),
    );
    assert_eq!(run.next_call, Some(at("2027-01-13T15:01:00Z")));
    assert_eq!(run.retries_if_unanswered, [at("2027-01-14T08:00:00Z")]);
    let open = Attempt {
        dialed_at: at(PLANNED),
        ended: None,
    };
    let followed = ReminderFacts {
        attempts: vec![open],
        ..facts()
    };
    let run = dry_run(at("2027-01-13T14:30:00Z"), &followed, &Settings::default());
    assert_eq!(run.next_call, Some(at("2027-01-13T16:30:00Z")));
}

#[test]
fn a_dry_run_without_a_call_says_why() {
    let run = dry_run(
        at("2027-01-02T00:00:00Z"),
        &with_number(NumberState::Missing, facts()),
        &Settings::default(),
    );
    assert_eq!(
        (run.next_call, run.reason),
        (None, Some(Reason::NumberMissing))
    );
    assert_eq!(run.retries_if_unanswered, []);
    assert!(
        run.moments
            .iter()
            .all(|moment| !moment.decided.notes.is_empty())
    );
}
