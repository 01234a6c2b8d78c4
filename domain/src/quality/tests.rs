use proptest::prelude::*;

use super::*;

fn answered(milliseconds: Option<u64>) -> CallView {
    CallView {
        answered: true,
        duration_ms: milliseconds,
        ..CallView::join(&[])
    }
}

fn standing(tally: CallTally, limits: &Quality) -> Vec<QualityProblem> {
    let all = tally.problems(Direction::Outbound, limits).into_iter();
    all.filter_map(|(problem, words)| words.map(|_| problem))
        .collect()
}

#[test]
fn calls_that_came_in_are_told_of_as_such() {
    let limits = Quality {
        least_calls: 2,
        ..Quality::default()
    };
    let mut tally = CallTally::default();
    tally.add(CallOutcome::NoClearAnswer, Some(CallFlag::Short), 2);
    tally.add(CallOutcome::Failed, None, 2);
    let told = |direction| {
        let all = tally.problems(direction, &limits).into_iter();
        all.filter_map(|(_, words)| words).collect::<Vec<_>>()
    };
    assert_eq!(
        told(Direction::Inbound),
        [
            "2 of the last 2 conversations that came in took less than 10 seconds",
            "2 of the last 4 calls that came in failed",
        ]
    );
    assert_eq!(
        told(Direction::Outbound),
        [
            "2 of the last 2 conversations took less than 10 seconds",
            "2 of the last 4 calls failed",
        ]
    );
}

#[test]
fn a_conversation_is_flagged_under_ten_seconds_over_three_and_over_five_minutes() {
    let limits = Quality::default();
    for (milliseconds, expected) in [
        (0, Some(CallFlag::Short)),
        (9_999, Some(CallFlag::Short)),
        (10_000, None),
        (180_000, None),
        (180_001, Some(CallFlag::Long)),
        (300_000, Some(CallFlag::Long)),
        (300_001, Some(CallFlag::VeryLong)),
        (u64::MAX, Some(CallFlag::VeryLong)),
    ] {
        let found = flag(
            &answered(Some(milliseconds)),
            CallOutcome::Confirmed,
            &limits,
        );
        assert_eq!(found, expected, "{milliseconds} ms");
    }
}

#[test]
fn only_calls_that_were_answered_and_whose_length_is_known_are_flagged() {
    let limits = Quality::default();
    let unanswered = CallView {
        answered: false,
        ..answered(Some(3_000))
    };
    for (view, outcome) in [
        (answered(None), CallOutcome::NoClearAnswer),
        (unanswered, CallOutcome::DoNotCall),
        (answered(Some(3_000)), CallOutcome::Voicemail),
        (answered(Some(3_000)), CallOutcome::Failed),
        (answered(Some(0)), CallOutcome::NoAnswer),
        (answered(Some(0)), CallOutcome::Busy),
    ] {
        assert_eq!(flag(&view, outcome, &limits), None, "{outcome}");
    }
    // To talk to a machine for minutes is no better than to talk to nobody.
    let stuck = flag(&answered(Some(301_000)), CallOutcome::Voicemail, &limits);
    assert_eq!(stuck, Some(CallFlag::VeryLong));
}

#[test]
fn a_share_stands_over_its_limit_and_not_at_it_nor_of_few_calls() {
    let limits = Quality::default();
    let tally = |made, failed, conversations, short| CallTally {
        made,
        failed,
        conversations,
        short,
    };
    for (counted, expected) in [
        (tally(20, 0, 20, 12), &[][..]),
        (tally(20, 0, 20, 13), &[QualityProblem::TooShort]),
        (tally(40, 0, 19, 19), &[]),
        (tally(20, 8, 0, 0), &[]),
        (tally(20, 9, 0, 0), &[QualityProblem::TooManyFailed]),
        (tally(19, 19, 0, 0), &[]),
        (
            tally(40, 20, 20, 20),
            &[QualityProblem::TooShort, QualityProblem::TooManyFailed],
        ),
    ] {
        assert_eq!(standing(counted, &limits), expected, "{counted:?}");
    }
}

#[test]
fn a_limit_of_a_hundred_percent_never_stands() {
    let limits = Quality {
        short_percent: 100,
        failure_percent: 100,
        least_calls: 1,
        ..Quality::default()
    };
    let mut tally = CallTally::default();
    tally.add(CallOutcome::Failed, None, 50);
    assert_eq!(standing(tally, &limits), []);
}

fn calls() -> impl Strategy<Value = Vec<(CallOutcome, Option<CallFlag>)>> {
    let outcome = proptest::sample::select(CallOutcome::ALL);
    let flag = proptest::option::of(proptest::sample::select(CallFlag::ALL));
    proptest::collection::vec((outcome, flag), 0..80)
}

proptest! {
    #[test]
    fn parts_never_exceed_their_whole_and_order_does_not_matter(mut calls in calls()) {
        let count = |calls: &[(CallOutcome, Option<CallFlag>)]| {
            let mut tally = CallTally::default();
            for (outcome, flag) in calls {
                tally.add(*outcome, *flag, 1);
            }
            tally
        };
        let tally = count(&calls);
        prop_assert!(tally.short <= tally.conversations);
        prop_assert!(tally.failed + tally.conversations <= tally.made);
        calls.reverse();
        prop_assert_eq!(tally, count(&calls));
    }

    #[test]
    fn one_more_failure_never_ends_a_problem(calls in calls(), percent in 1u8..=100, least in 1u16..50) {
        let limits = Quality { failure_percent: percent, least_calls: least, ..Quality::default() };
        let mut tally = CallTally::default();
        for (outcome, flag) in calls {
            tally.add(outcome, flag, 1);
        }
        let before = standing(tally, &limits).contains(&QualityProblem::TooManyFailed);
        tally.add(CallOutcome::Failed, None, 1);
        let after = standing(tally, &limits).contains(&QualityProblem::TooManyFailed);
        prop_assert!(after || !before);
    }

    #[test]
    fn a_call_that_was_never_placed_counts_for_nothing(flag in proptest::option::of(proptest::sample::select(CallFlag::ALL)), many: u32) {
        let mut tally = CallTally::default();
        tally.add(CallOutcome::NotPlaced, flag, many.into());
        prop_assert_eq!(tally, CallTally::default());
    }
}
