use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Minutes after an instant.
fn at(minutes: i64) -> Timestamp {
    Timestamp::constant(1_800_000_000, 0) + SignedDuration::from_mins(minutes)
}

fn span(start: i64, end: i64) -> Span {
    Span {
        start: at(start),
        end: at(end),
    }
}

fn read(busy: &[(i64, i64)], known: &[(i64, i64)], read_at: i64) -> FreeBusy {
    let spans = |list: &[(i64, i64)]| list.iter().map(|&(start, end)| span(start, end)).collect();
    FreeBusy::new(spans(busy), spans(known), at(read_at))
}

#[test]
fn what_any_calendar_says_is_busy_is_busy() {
    let one = read(&[(60, 90)], &[(0, 600)], 0);
    let other = read(&[(120, 150)], &[(0, 600)], 0);
    let merged = Availability::merged([Some(&one), Some(&other)], HOUR, at(10));
    for (asked, expected) in [
        ((60, 90), Answer::Busy),
        ((30, 61), Answer::Busy),
        ((140, 200), Answer::Busy),
        ((30, 60), Answer::Free),
        ((90, 120), Answer::Free),
        ((590, 600), Answer::Free),
        ((590, 601), Answer::Unknown),
        ((-1, 10), Answer::Unknown),
    ] {
        assert_eq!(merged.answer(span(asked.0, asked.1)), expected, "{asked:?}");
    }
}

#[test]
fn only_what_every_calendar_knows_is_known() {
    let one = read(&[], &[(0, 600)], 0);
    let other = read(&[], &[(0, 100), (200, 600)], 0);
    let merged = Availability::merged([Some(&one), Some(&other)], HOUR, at(0));
    assert_eq!(merged.answer(span(0, 100)), Answer::Free);
    assert_eq!(merged.answer(span(90, 110)), Answer::Unknown);
    assert_eq!(merged.answer(span(120, 150)), Answer::Unknown);
    assert_eq!(merged.answer(span(200, 600)), Answer::Free);
}

#[test]
fn a_calendar_that_was_never_read_leaves_nothing_free() {
    let one = read(&[(60, 90)], &[(0, 600)], 0);
    for calendars in [[Some(&one), None], [None, Some(&one)]] {
        let merged = Availability::merged(calendars, HOUR, at(0));
        assert_eq!(merged.answer(span(0, 30)), Answer::Unknown);
        assert_eq!(merged.answer(span(60, 90)), Answer::Busy);
    }
}

#[test]
fn what_was_read_too_long_ago_is_unknown() {
    let one = read(&[(60, 90)], &[(0, 600)], 0);
    let answer = |now| {
        let merged = Availability::merged([Some(&one)], HOUR, at(now));
        (merged.answer(span(0, 30)), merged.answer(span(60, 90)))
    };
    assert_eq!(answer(60), (Answer::Free, Answer::Busy));
    assert_eq!(answer(61), (Answer::Unknown, Answer::Unknown));
}

#[test]
fn a_tenant_without_calendars_has_nothing_unknown() {
    let merged = Availability::merged([], HOUR, at(0));
    assert_eq!(merged.answer(span(0, 30)), Answer::Free);
}

#[test]
fn what_is_too_much_to_keep_is_unknown_from_there_on() {
    let busy: Vec<Span> = (0..30_000).map(|n| span(2 * n, 2 * n + 1)).collect();
    let kept = FreeBusy::new(busy, vec![span(0, 100_000)], at(0));
    assert_eq!(kept.busy.len(), MOST_SPANS);
    assert_eq!(kept.known, [span(0, 40_000)]);
}

#[test]
fn a_reading_survives_its_own_json() {
    let kept = read(&[(60, 90)], &[(0, 600)], 7);
    let json = serde_json::to_string(&kept).unwrap();
    assert_eq!(serde_json::from_str::<FreeBusy>(&json).unwrap(), kept);
}

fn facts() -> RefreshFacts {
    RefreshFacts {
        read_at: Some(at(0)),
        failures: 0,
        failed_at: None,
        retry_after: None,
        refused: false,
        refresh_every: SignedDuration::from_mins(5),
    }
}

fn wait(minutes: i64) -> RefreshStep {
    RefreshStep::Wait { until: at(minutes) }
}

#[test]
fn a_calendar_is_read_at_once_and_then_regularly() {
    let never = RefreshFacts {
        read_at: None,
        ..facts()
    };
    assert_eq!(next_step(at(0), &never), RefreshStep::Read);
    assert_eq!(next_step(at(0), &facts()), wait(5));
    assert_eq!(next_step(at(4), &facts()), wait(5));
    assert_eq!(next_step(at(5), &facts()), RefreshStep::Read);
}

#[test]
fn pauses_grow_with_failures_and_have_an_end() {
    for (failures, pause) in [(1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (u32::MAX, 60)] {
        let failed = RefreshFacts {
            failures,
            failed_at: Some(at(10)),
            ..facts()
        };
        assert_eq!(next_step(at(10), &failed), wait(10 + pause), "{failures}");
        let later = at(10 + pause);
        assert_eq!(next_step(later, &failed), RefreshStep::Read, "{failures}");
    }
}

#[test]
fn a_provider_that_asks_for_a_longer_wait_gets_it() {
    for (minutes, until) in [(0, 12), (30, 40), (600, 610)] {
        let failed = RefreshFacts {
            failures: 2,
            failed_at: Some(at(10)),
            retry_after: Some(SignedDuration::from_mins(minutes)),
            ..facts()
        };
        assert_eq!(next_step(at(10), &failed), wait(until));
    }
}

#[test]
fn a_refusal_is_not_tried_again_soon() {
    let refused = RefreshFacts {
        failures: 1,
        failed_at: Some(at(10)),
        refused: true,
        ..facts()
    };
    assert_eq!(next_step(at(10), &refused), wait(70));
}

#[test]
fn a_failure_is_trouble_when_nothing_is_known_any_more_and_a_refusal_of_what_could_be_read_at_once()
{
    let failing = RefreshFacts {
        failures: 1,
        failed_at: Some(at(10)),
        ..facts()
    };
    let since = |facts: &RefreshFacts| trouble_since(facts, at(-5), HOUR);
    let read_at = failing.read_at.unwrap();
    assert_eq!(since(&facts()), None);
    assert_eq!(since(&failing), Some(read_at + HOUR));
    let never_read = RefreshFacts {
        read_at: None,
        ..failing.clone()
    };
    assert_eq!(since(&never_read), Some(at(-5) + HOUR));
    let not_set_up_yet = RefreshFacts {
        refused: true,
        ..never_read
    };
    assert_eq!(since(&not_set_up_yet), Some(at(-5) + HOUR));
    let refused = RefreshFacts {
        refused: true,
        ..failing
    };
    assert_eq!(since(&refused), Some(at(10)));
}

#[test]
fn a_clock_that_was_put_back_does_not_stop_the_reading() {
    assert_eq!(next_step(at(-10_000), &facts()), wait(-9_995));
}

fn some_spans() -> impl Strategy<Value = Vec<Span>> {
    let one = (0i64..60, -2i64..20).prop_map(|(start, length)| span(start, start + length));
    prop::collection::vec(one, 0..12)
}

fn has(spans: &[Span], minute: i64) -> bool {
    let minute = span(minute, minute + 1);
    spans.iter().any(|span| span.covers(minute))
}

proptest! {
    #[test]
    fn lists_of_spans_are_sets_of_time(one in some_spans(), other in some_spans()) {
        let (a, b) = (tidy(one.clone()), tidy(other));
        prop_assert!(a.windows(2).all(|pair| pair[0].end < pair[1].start));
        let (both, only) = (common(&a, &b), without(&a, &b));
        prop_assert_eq!(&tidy(both.clone()), &both);
        for minute in 0..80 {
            prop_assert_eq!(has(&a, minute), has(&one, minute));
            prop_assert_eq!(has(&both, minute), has(&a, minute) && has(&b, minute));
            prop_assert_eq!(has(&only, minute), has(&a, minute) && !has(&b, minute));
        }
    }

    #[test]
    fn nothing_busy_or_unknown_is_ever_free(busy in some_spans(), known in some_spans(), asked in 0i64..60) {
        let calendar = FreeBusy::new(busy.clone(), known.clone(), at(0));
        let merged = Availability::merged([Some(&calendar)], HOUR, at(0));
        if merged.answer(span(asked, asked + 2)) == Answer::Free {
            for minute in [asked, asked + 1] {
                prop_assert!(!has(&busy, minute) && has(&known, minute));
            }
        }
    }

    #[test]
    fn a_wait_is_always_for_later(
        now in -1_000i64..1_000,
        failures in 0u32..9,
        failed_at in prop::option::of(-1_000i64..1_000),
        refused in any::<bool>(),
    ) {
        let facts = RefreshFacts { failures, failed_at: failed_at.map(at), refused, ..facts() };
        if let RefreshStep::Wait { until } = next_step(at(now), &facts) {
            prop_assert!(until > at(now));
        }
    }
}
