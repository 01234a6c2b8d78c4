use proptest::prelude::*;

use super::*;

fn after(seconds: i64) -> Timestamp {
    let noon: Timestamp = "2027-01-12T12:00:00Z".parse().unwrap();
    noon + SignedDuration::from_secs(seconds)
}

fn closed() -> BreakerFacts {
    BreakerFacts::new(after(0))
}

fn record(facts: &mut BreakerFacts, seconds: i64, outcome: AskedOutcome) {
    record_at(facts, after(seconds), outcome);
}

fn record_at(facts: &mut BreakerFacts, now: Timestamp, outcome: AskedOutcome) {
    facts.record(now, facts.generation, outcome, None);
}

/// Five failures, the last at noon.
fn open() -> BreakerFacts {
    let mut facts = closed();
    for _ in 0..5 {
        record(&mut facts, 0, AskedOutcome::Failed);
    }
    facts
}

fn refused(seconds: i64) -> Permit {
    Permit::Refused {
        until: after(seconds),
    }
}

#[test]
fn five_failures_in_a_row_open_it() {
    let mut facts = closed();
    for _ in 0..4 {
        record(&mut facts, 0, AskedOutcome::Failed);
    }
    assert_eq!(facts.may_ask(after(0)), Permit::Allowed);
    record(&mut facts, 0, AskedOutcome::Failed);
    assert_eq!(facts.state, BreakerState::Open);
    assert_eq!(facts.may_ask(after(0)), refused(30));
    assert_eq!(facts.may_ask(after(29)), refused(30));
    assert_eq!(facts.may_ask(after(30)), Permit::Probe);
}

#[test]
fn an_answer_between_failures_begins_the_count_anew() {
    let mut facts = closed();
    for n in 0..50 {
        let outcome = if n % 5 == 4 {
            AskedOutcome::Answered
        } else {
            AskedOutcome::Failed
        };
        record(&mut facts, n * 20, outcome);
    }
    assert_eq!(facts.state, BreakerState::Closed);
}

#[test]
fn half_of_a_minutes_requests_failing_open_it() {
    let alternate = |seconds_apart: i64| {
        let mut facts = closed();
        for n in 0..40 {
            let outcome = if n % 2 == 0 {
                AskedOutcome::Answered
            } else {
                AskedOutcome::Failed
            };
            record(&mut facts, n * seconds_apart, outcome);
        }
        facts.state
    };
    assert_eq!(alternate(1), BreakerState::Open);
    // Four a minute are too few to speak of a share.
    assert_eq!(alternate(15), BreakerState::Closed);
}

#[test]
fn one_probe_goes_at_a_time_and_its_answer_closes_it() {
    let mut facts = open();
    facts.start_probe(after(30));
    assert_eq!(facts.may_ask(after(30)), refused(150));
    record(&mut facts, 31, AskedOutcome::Answered);
    assert_eq!(facts.may_ask(after(31)), Permit::Allowed);
    assert_eq!(
        (facts.failures, facts.openings, facts.opened_at),
        (0, 0, None)
    );
}

#[test]
fn a_probe_that_fails_doubles_the_pause_up_to_ten_minutes() {
    let mut facts = open();
    let mut now = 30;
    for pause in [60, 120, 240, 480, 600, 600] {
        facts.start_probe(after(now));
        record(&mut facts, now, AskedOutcome::Failed);
        assert_eq!(facts.may_ask(after(now)), refused(now + pause));
        now += pause;
    }
    assert_eq!(facts.opened_at, Some(after(0)));
}

#[test]
fn a_probe_that_never_comes_back_is_followed_by_another() {
    let mut facts = open();
    facts.start_probe(after(30));
    let lost = facts.generation;
    assert_eq!(facts.may_ask(after(149)), refused(150));
    assert_eq!(facts.may_ask(after(150)), Permit::Probe);
    facts.start_probe(after(150));
    // What the first one says at last is nothing to the second.
    facts.record(after(151), lost, AskedOutcome::Failed, None);
    assert_eq!(facts.state, BreakerState::Probing);
}

#[test]
fn answers_from_before_the_opening_say_nothing_about_it() {
    let mut facts = closed();
    let early = facts.generation;
    for _ in 0..5 {
        record(&mut facts, 0, AskedOutcome::Failed);
    }
    let opened = facts;
    facts.record(after(1), early, AskedOutcome::Failed, None);
    facts.record(after(1), early, AskedOutcome::Answered, None);
    assert_eq!(facts, opened);
}

#[test]
fn being_asked_to_wait_is_a_pause_and_no_failure() {
    let mut facts = closed();
    for _ in 0..10 {
        facts.record(
            after(0),
            facts.generation,
            AskedOutcome::AskedToWait,
            Some(after(90)),
        );
    }
    assert_eq!(facts.state, BreakerState::Closed);
    assert_eq!(facts.may_ask(after(0)), refused(90));
    assert_eq!(facts.may_ask(after(90)), Permit::Allowed);
}

#[test]
fn a_probe_that_is_asked_to_wait_finds_a_provider_that_works() {
    let mut facts = open();
    facts.start_probe(after(30));
    facts.record(
        after(30),
        facts.generation,
        AskedOutcome::AskedToWait,
        Some(after(100)),
    );
    assert_eq!(facts.state, BreakerState::Closed);
    assert_eq!(facts.may_ask(after(31)), refused(100));
}

#[test]
fn an_absurd_wait_is_cut_to_an_hour() {
    let mut facts = closed();
    facts.record(after(0), 0, AskedOutcome::AskedToWait, Some(Timestamp::MAX));
    assert_eq!(facts.may_ask(after(0)), refused(3600));
}

#[test]
fn an_instant_written_by_a_wrong_clock_closes_no_way() {
    let mut facts = open();
    facts.probe_at = Some(after(1_000_000));
    assert_eq!(facts.may_ask(after(0)), Permit::Probe);
    let mut facts = closed();
    facts.not_before = Some(after(1_000_000));
    assert_eq!(facts.may_ask(after(0)), Permit::Allowed);
}

/// A request that was permitted, with its number.
struct Asked {
    generation: u64,
    probe: bool,
    at: Timestamp,
}

#[derive(Debug, Clone, Copy)]
enum Move {
    Ask,
    /// The request at this place (counted around) ends so.
    End(usize, AskedOutcome, i64),
    Passes(i64),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => Just(Move::Ask),
        4 => (0..50usize, prop::sample::select(AskedOutcome::ALL), 0..10_000i64)
            .prop_map(|(place, outcome, wait)| Move::End(place, outcome, wait)),
        2 => (0..200i64).prop_map(Move::Passes),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn one_probe_at_a_time_and_never_refused_for_ever(moves in prop::collection::vec(any_move(), 1..200)) {
        let (mut facts, mut now) = (closed(), after(0));
        let mut under_way: Vec<Asked> = Vec::new();
        for each in moves {
            match each {
                Move::Passes(seconds) => now += SignedDuration::from_secs(seconds),
                Move::End(place, outcome, wait) if !under_way.is_empty() => {
                    let asked = under_way.swap_remove(place % under_way.len());
                    let not_before = now + SignedDuration::from_secs(wait);
                    facts.record(now, asked.generation, outcome, Some(not_before));
                }
                Move::End(..) => {}
                Move::Ask => match facts.may_ask(now) {
                    Permit::Refused { until } => {
                        prop_assert!(until > now);
                        prop_assert!(until <= now + LONGEST_WAIT);
                        // Whatever has happened: if nobody asks until then, it is let through.
                        let still_refused = matches!(facts.may_ask(until), Permit::Refused { .. });
                        prop_assert!(!still_refused);
                    }
                    permit => {
                        let probe = permit == Permit::Probe;
                        if probe {
                            let lively = |asked: &Asked| {
                                asked.probe && asked.generation == facts.generation
                                    && now.duration_since(asked.at) < PROBE_PATIENCE
                            };
                            prop_assert!(!under_way.iter().any(lively), "two probes at a time");
                            facts.start_probe(now);
                        } else {
                            prop_assert_eq!(facts.state, BreakerState::Closed);
                        }
                        under_way.push(Asked { generation: facts.generation, probe, at: now });
                    }
                },
            }
        }
    }

    #[test]
    fn a_provider_that_works_again_is_used_again(moves in prop::collection::vec(any_move(), 1..100)) {
        let (mut facts, mut now) = (closed(), after(0));
        for each in moves {
            match each {
                Move::Passes(seconds) => now += SignedDuration::from_secs(seconds),
                Move::End(_, outcome, _) => facts.record(now, facts.generation, outcome, None),
                Move::Ask if facts.may_ask(now) == Permit::Probe => facts.start_probe(now),
                Move::Ask => {}
            }
        }
        for _ in 0..3 {
            match facts.may_ask(now) {
                Permit::Refused { until } => now = until,
                Permit::Probe => {
                    facts.start_probe(now);
                    record_at(&mut facts, now, AskedOutcome::Answered);
                }
                Permit::Allowed => {}
            }
        }
        prop_assert_eq!(facts.may_ask(now), Permit::Allowed);
    }
}
