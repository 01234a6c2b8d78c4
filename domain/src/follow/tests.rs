use super::*;
use crate::call::{Disconnection, Observation, ObservationKind, ProviderStatus};

mod provider;

const NOON: &str = "2027-01-12T12:00:00Z";

fn noon() -> Timestamp {
    NOON.parse().unwrap()
}

fn after(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

const MINUTE: i64 = 60;

/// Authorized, and nothing happened yet.
fn authorized_call() -> CallFacts {
    CallFacts {
        dial: DialState::Authorized,
        not_before: None,
        dialing_at: None,
        requests: 0,
        placed_at: None,
        ended_at: None,
        checks: 0,
        checked_at: None,
        outcome: None,
        heard: false,
        view: CallView::join(&[]),
    }
}

/// A request left at noon, and nothing came back.
fn dialing() -> CallFacts {
    CallFacts {
        dial: DialState::Dialing,
        dialing_at: Some(noon()),
        requests: 1,
        ..authorized_call()
    }
}

/// The provider has had it since noon.
fn placed() -> CallFacts {
    CallFacts {
        dial: DialState::Placed,
        placed_at: Some(noon()),
        ..dialing()
    }
}

/// Somebody talked to it, and it ended at noon.
fn ended() -> CallFacts {
    CallFacts {
        ended_at: Some(noon()),
        heard: true,
        view: CallView::join(&[talked()]),
        ..placed()
    }
}

fn talked() -> Observation {
    Observation {
        status: Some(ProviderStatus::Ended),
        disconnection: Some(Disconnection::Talked),
        ..Observation::bare(ObservationKind::Ended)
    }
}

fn checked(seconds: i64, checks: u32, facts: CallFacts) -> CallFacts {
    CallFacts {
        checks,
        checked_at: Some(after(seconds)),
        ..facts
    }
}

fn left_alone(until: i64, facts: CallFacts) -> CallFacts {
    CallFacts {
        not_before: Some(after(until)),
        ..facts
    }
}

fn heard(facts: CallFacts) -> CallFacts {
    CallFacts {
        heard: true,
        ..facts
    }
}

#[track_caller]
fn assert_step(seconds: i64, facts: &CallFacts, step: CallStep) {
    assert_eq!(next_step(after(seconds), facts), step);
}

fn wait(seconds: i64) -> CallStep {
    CallStep::Wait {
        until: after(seconds),
    }
}

#[test]
fn an_authorized_call_is_placed_at_once() {
    assert_step(0, &authorized_call(), CallStep::Place);
}

#[test]
fn a_request_that_was_turned_away_is_repeated_when_the_provider_permits() {
    let facts = left_alone(300, authorized_call());
    assert_step(0, &facts, wait(300));
    assert_step(299, &facts, wait(300));
    assert_step(300, &facts, CallStep::Place);
}

#[test]
fn requests_are_not_repeated_without_end() {
    let requests = |requests| CallFacts {
        requests,
        ..authorized_call()
    };
    assert_step(0, &requests(3), CallStep::Place);
    assert_step(0, &requests(4), CallStep::Finish(CallOutcome::Failed));
    // Without waiting for a pause that leads to nothing.
    let paused = left_alone(300, requests(4));
    assert_step(0, &paused, CallStep::Finish(CallOutcome::Failed));
}

#[test]
fn a_call_the_provider_speaks_of_is_never_placed() {
    let facts = heard(authorized_call());
    assert_step(0, &facts, CallStep::Finish(CallOutcome::Uncertain));
}

#[test]
fn an_abandoned_call_was_not_placed() {
    let facts = CallFacts {
        dial: DialState::Abandoned,
        ..authorized_call()
    };
    assert_step(0, &facts, CallStep::Finish(CallOutcome::NotPlaced));
}

#[test]
fn a_decided_outcome_stands() {
    for dial in DialState::ALL {
        let facts = CallFacts {
            dial: *dial,
            outcome: Some(CallOutcome::Busy),
            ..ended()
        };
        assert_step(0, &facts, CallStep::Finish(CallOutcome::Busy));
    }
}

#[test]
fn an_unanswered_request_is_searched_for_until_the_last_search_is_proof() {
    assert_step(0, &dialing(), CallStep::LookUp);
    assert_step(0, &checked(0, 1, dialing()), wait(20));
    assert_step(1, &checked(1, 1, dialing()), wait(20));
    assert_step(20, &checked(1, 1, dialing()), CallStep::LookUp);
    assert_step(20, &checked(20, 2, dialing()), wait(120));
    assert_step(121, &checked(121, 3, dialing()), wait(360));
    assert_step(359, &checked(359, 4, dialing()), wait(360));
    assert_step(360, &checked(359, 4, dialing()), CallStep::LookUp);
    assert_step(360, &checked(360, 4, dialing()), CallStep::DialAgain);
}

#[test]
fn a_search_after_a_long_stop_is_proof_as_well() {
    let day = 24 * 60 * MINUTE;
    assert_step(day, &dialing(), CallStep::LookUp);
    let clean = checked(day, 1, dialing());
    assert_step(day, &clean, CallStep::DialAgain);
}

#[test]
fn a_provider_that_cannot_be_searched_for_an_hour_leaves_the_dial_uncertain() {
    let refused_at = |seconds: i64| left_alone(seconds + 30, dialing());
    assert_step(1, &refused_at(0), wait(30));
    assert_step(30, &refused_at(0), CallStep::LookUp);
    assert_step(3599, &refused_at(3590), wait(3600));
    let uncertain = CallStep::Finish(CallOutcome::Uncertain);
    assert_step(3600, &refused_at(3590), uncertain);
    // Whoever was stopped over the hour searches once before giving up.
    assert_step(9000, &refused_at(60), CallStep::LookUp);
    assert_step(9000, &refused_at(9000), uncertain);
    // A pause beyond the hour is not waited for.
    assert_step(60, &left_alone(86_400, dialing()), wait(3600));
    assert_step(3600, &left_alone(86_400, dialing()), uncertain);
}

#[test]
fn a_search_that_failed_after_a_clean_one_proves_nothing() {
    let facts = left_alone(390, checked(120, 3, dialing()));
    assert_step(361, &facts, wait(390));
    assert_step(390, &facts, CallStep::LookUp);
}

#[test]
fn a_call_the_provider_speaks_of_and_does_not_list_is_never_dialed_again() {
    let facts = heard(checked(361, 4, dialing()));
    assert_step(361, &facts, wait(361 + 10 * MINUTE));
    let later = heard(checked(3599, 9, dialing()));
    assert_step(3599, &later, wait(3600));
    assert_step(3600, &later, CallStep::LookUp);
    let last = heard(checked(3600, 10, dialing()));
    assert_step(3600, &last, CallStep::Finish(CallOutcome::Uncertain));
}

#[test]
fn a_silent_call_is_read_after_5_10_20_and_40_minutes_and_then_every_20() {
    let minutes = |read: i64, checks| checked(read * MINUTE, checks, placed());
    assert_step(0, &placed(), wait(5 * MINUTE));
    assert_step(5 * MINUTE, &placed(), CallStep::Fetch);
    assert_step(5 * MINUTE, &minutes(5, 1), wait(10 * MINUTE));
    assert_step(10 * MINUTE, &minutes(10, 2), wait(20 * MINUTE));
    assert_step(20 * MINUTE, &minutes(20, 3), wait(40 * MINUTE));
    assert_step(40 * MINUTE, &minutes(40, 4), wait(60 * MINUTE));
    assert_step(140 * MINUTE, &minutes(140, 9), wait(150 * MINUTE));
    assert_step(150 * MINUTE, &minutes(140, 9), CallStep::Fetch);
    let uncertain = CallStep::Finish(CallOutcome::Uncertain);
    assert_step(150 * MINUTE, &minutes(150, 10), uncertain);
}

#[test]
fn a_call_that_outlived_everybody_is_read_before_it_is_given_up() {
    let day = 24 * 60 * MINUTE;
    assert_step(day, &placed(), CallStep::Fetch);
    let uncertain = CallStep::Finish(CallOutcome::Uncertain);
    assert_step(day, &checked(day, 1, placed()), uncertain);
    assert_step(day, &left_alone(day + 30, placed()), uncertain);
}

#[test]
fn an_ended_call_is_read_until_its_analysis_is_late() {
    let minutes = |read: i64, checks| checked(read * MINUTE, checks, ended());
    assert_step(0, &ended(), wait(2 * MINUTE));
    assert_step(2 * MINUTE, &ended(), CallStep::Fetch);
    assert_step(2 * MINUTE, &minutes(2, 1), wait(6 * MINUTE));
    assert_step(6 * MINUTE, &minutes(6, 2), wait(15 * MINUTE));
    assert_step(15 * MINUTE, &minutes(6, 2), CallStep::Fetch);
    let unclear = CallStep::Finish(CallOutcome::NoClearAnswer);
    assert_step(15 * MINUTE, &minutes(15, 3), unclear);
}

#[test]
fn reads_from_before_the_end_do_not_shorten_the_wait_for_the_analysis() {
    let facts = checked(-10, 3, ended());
    assert_step(0, &facts, wait(2 * MINUTE));
}

#[test]
fn the_end_counts_from_when_it_is_first_seen() {
    let facts = CallFacts {
        ended_at: None,
        ..ended()
    };
    assert_step(77, &facts, wait(77 + 2 * MINUTE));
}

#[test]
fn an_ended_call_whose_provider_is_down_is_settled_without_the_analysis() {
    let refused_at = |seconds: i64| left_alone(seconds + 30, ended());
    assert_step(2 * MINUTE, &refused_at(2 * MINUTE), wait(2 * MINUTE + 30));
    let unclear = CallStep::Finish(CallOutcome::NoClearAnswer);
    assert_step(15 * MINUTE, &refused_at(15 * MINUTE), unclear);
    // After a stop of ours, the analysis is asked for all the same: it may be a cancellation.
    assert_step(90 * MINUTE, &ended(), CallStep::Fetch);
}

#[test]
fn an_end_that_needs_no_analysis_is_the_end() {
    let facts = CallFacts {
        view: CallView::join(&[Observation {
            disconnection: Some(Disconnection::NoAnswer),
            ..Observation::bare(ObservationKind::Ended)
        }]),
        ..ended()
    };
    assert_step(0, &facts, CallStep::Finish(CallOutcome::NoAnswer));
}

#[test]
fn an_end_under_an_unknown_id_is_not_read_and_never_dialed() {
    for dial in [DialState::Authorized, DialState::Dialing] {
        let facts = CallFacts { dial, ..ended() };
        assert_step(0, &facts, wait(15 * MINUTE));
        let unclear = CallStep::Finish(CallOutcome::NoClearAnswer);
        assert_step(15 * MINUTE, &facts, unclear);
    }
}

#[test]
fn a_row_without_the_times_it_must_have_is_for_a_person() {
    let uncertain = CallStep::Finish(CallOutcome::Uncertain);
    let dialing = CallFacts {
        dialing_at: None,
        ..dialing()
    };
    assert_step(0, &dialing, uncertain);
    let placed = CallFacts {
        placed_at: None,
        dialing_at: None,
        ..placed()
    };
    assert_step(0, &placed, uncertain);
}
