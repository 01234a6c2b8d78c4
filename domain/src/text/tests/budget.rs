use jiff::{Timestamp, civil::date, tz::TimeZone};
use proptest::prelude::*;

use super::at;
use crate::{
    settings::Extraction,
    text::{
        ExtractionFacts, ExtractionStep, ExtractionStop, MonthOfUse, Usage, extraction_step,
        month_of,
    },
};

const NOW: &str = "2027-03-22T09:00:00Z";

fn london() -> TimeZone {
    TimeZone::get("Europe/London").unwrap()
}

fn on() -> Extraction {
    Extraction {
        enabled: true,
        monthly_tokens: 1000,
        ..Extraction::default()
    }
}

fn waiting(waiting: u32, read_last_hour: u32, oldest: &str) -> ExtractionFacts {
    ExtractionFacts {
        waiting,
        oldest_waiting: Some(at(oldest)),
        read_last_hour,
        ..ExtractionFacts::default()
    }
}

fn step(facts: &ExtractionFacts) -> ExtractionStep {
    extraction_step(at(NOW), facts, &on(), &london())
}

#[test]
fn up_to_a_hundred_an_hour_are_read_one_by_one_and_more_together() {
    let fresh = "2027-03-22T08:59:00Z";
    for (facts, expected) in [
        (ExtractionFacts::default(), ExtractionStep::Idle),
        (waiting(1, 0, fresh), ExtractionStep::Read { passages: 1 }),
        (waiting(1, 99, fresh), ExtractionStep::Read { passages: 1 }),
        (
            waiting(1, 100, fresh),
            ExtractionStep::Wait {
                until: at("2027-03-22T09:04:00Z"),
            },
        ),
        (
            waiting(1, 100, "2027-03-22T08:55:00Z"),
            ExtractionStep::Read { passages: 1 },
        ),
        (
            waiting(20, 100, fresh),
            ExtractionStep::Read { passages: 20 },
        ),
        (
            waiting(500, 0, fresh),
            ExtractionStep::Read { passages: 20 },
        ),
        (
            ExtractionFacts {
                not_before: Some(at("2027-03-22T09:00:21Z")),
                ..waiting(1, 0, fresh)
            },
            ExtractionStep::Wait {
                until: at("2027-03-22T09:00:21Z"),
            },
        ),
    ] {
        assert_eq!(step(&facts), expected, "{facts:?}");
    }
}

fn used(month: jiff::civil::Date, tokens: u64) -> MonthOfUse {
    let mut use_ = MonthOfUse::new(month);
    let usage = Usage {
        input: tokens,
        output: 0,
    };
    use_.add(usage, 1);
    use_
}

#[test]
fn a_spent_month_stops_reading_until_the_next() {
    let stop = ExtractionStep::Stop {
        why: ExtractionStop::MonthlyLimit,
        // Summer time has begun by then.
        until: Some(at("2027-03-31T23:00:00Z")),
    };
    let read = ExtractionStep::Read { passages: 1 };
    for (month, expected) in [
        (used(date(2027, 3, 1), 999), read),
        (used(date(2027, 3, 1), 1000), stop),
        (used(date(2027, 2, 1), 5000), read),
    ] {
        let facts = ExtractionFacts {
            month: Some(month),
            ..waiting(1, 0, NOW)
        };
        assert_eq!(step(&facts), expected);
        let unlimited = Extraction {
            monthly_tokens: 0,
            ..on()
        };
        assert_eq!(
            extraction_step(at(NOW), &facts, &unlimited, &london()),
            read
        );
    }
}

#[test]
fn nothing_is_read_when_it_is_switched_off() {
    let off = Extraction {
        enabled: false,
        ..on()
    };
    let step = extraction_step(at(NOW), &waiting(1, 0, NOW), &off, &london());
    let why = ExtractionStop::SwitchedOff;
    assert_eq!(step, ExtractionStep::Stop { why, until: None });
}

#[test]
fn a_month_begins_by_the_tenants_clocks() {
    for (now, zone, month) in [
        ("2027-03-31T22:59:59Z", "Europe/London", date(2027, 3, 1)),
        ("2027-03-31T23:00:00Z", "Europe/London", date(2027, 4, 1)),
        ("2027-04-01T03:59:59Z", "America/New_York", date(2027, 3, 1)),
    ] {
        let zone = TimeZone::get(zone).unwrap();
        assert_eq!(month_of(at(now), &zone), month);
    }
}

#[test]
fn counts_stop_at_the_top_and_do_not_turn_over() {
    let mut month = MonthOfUse::new(date(2027, 3, 1));
    let most = Usage {
        input: u64::MAX,
        output: u64::MAX,
    };
    month.add(most, u64::MAX);
    month.add(most, 1);
    assert_eq!((month.usage.total(), month.requests), (u64::MAX, 2));
}

proptest! {
    #[test]
    fn a_wait_ends_later_and_a_request_is_never_too_large(
        waiting in 0_u32..1000, read_last_hour in 0_u32..1000, age in 0_i64..3600,
    ) {
        let now = at(NOW);
        let oldest = Timestamp::from_second(now.as_second() - age).unwrap();
        let facts = ExtractionFacts {
            waiting, read_last_hour, oldest_waiting: Some(oldest), ..ExtractionFacts::default()
        };
        match step(&facts) {
            ExtractionStep::Wait { until } => prop_assert!(until > now),
            ExtractionStep::Read { passages } => prop_assert!((1..=20).contains(&passages) && passages <= waiting),
            ExtractionStep::Idle => prop_assert_eq!(waiting, 0),
            ExtractionStep::Stop { .. } => prop_assert!(false),
        }
    }
}
