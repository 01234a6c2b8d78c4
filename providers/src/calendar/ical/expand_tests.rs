use jiff::civil::date;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn expanded(rule: &str, first: DateTime, from: DateTime, to: DateTime) -> Starts {
    let rule = Rule::parse(rule).unwrap();
    let until = rule.until.as_ref().map(super::super::time::When::local);
    let asked = Asked {
        first,
        until,
        from,
        to,
    };
    starts(&rule, asked, &mut Work(MOST_PER_RULE))
}

/// The examples of RFC 5545 and random rules, with what python-dateutil 2.9 makes of them.
#[test]
fn rules_make_the_starts_that_another_library_makes() {
    let text = include_str!("../../../tests/fixtures/calendar/rules.json");
    let vectors: Vec<(String, String, String, String, Vec<String>)> =
        serde_json::from_str(text).unwrap();
    assert!(vectors.len() > 400);
    let mut unknown = 0;
    for (rule, first, from, to, expected) in vectors {
        let starts = expanded(&rule, at(&first), at(&from), at(&to));
        let found: Vec<String> = starts.found.iter().map(ToString::to_string).collect();
        // Those that have to be counted minute by minute for years are too much work.
        let known_to = starts.unknown_from.map(|from| from.to_string());
        let known = |start: &String| known_to.as_ref().is_none_or(|from| start < from);
        let expected: Vec<String> = expected.into_iter().filter(known).collect();
        assert_eq!(found, expected, "{rule} since {first}, {from} to {to}");
        unknown += usize::from(known_to.is_some());
    }
    assert!(unknown < 20, "{unknown}");
}

#[test]
fn a_week_without_a_day_means_the_weekday_of_the_first() {
    let starts = expanded(
        "FREQ=YEARLY;BYWEEKNO=20",
        at("1997-05-12T09:00:00"),
        at("1998-01-01T00:00:00"),
        at("1998-12-31T00:00:00"),
    );
    assert_eq!(starts.found, [date(1998, 5, 11).at(9, 0, 0, 0)]);
}

#[test]
fn an_endless_rule_is_entered_near_the_window_however_long_ago_it_began() {
    for (rule, count) in [
        ("FREQ=SECONDLY", 3601),
        ("FREQ=MINUTELY", 61),
        ("FREQ=HOURLY", 2),
        ("FREQ=DAILY;BYHOUR=9,10", 2),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR=9", 1),
    ] {
        let starts = expanded(
            rule,
            at("0001-01-01T00:00:00"),
            at("2027-03-29T09:00:00"),
            at("2027-03-29T10:00:00"),
        );
        assert_eq!(starts.found.len(), count, "{rule}");
        assert_eq!(starts.unknown_from, None, "{rule}");
    }
}

#[test]
fn what_is_too_much_work_is_unknown_from_there_on() {
    let everything = format!(
        "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR={};BYMINUTE={};BYSECOND={}",
        list(24),
        list(60),
        list(60)
    );
    let first = at("2027-01-01T00:00:00");
    for (rule, since) in [
        ("FREQ=SECONDLY", "2027-01-01T13:53:20"),
        ("FREQ=SECONDLY;COUNT=4000000000", "2027-01-01T13:53:20"),
        (&everything, "2027-01-01T00:00:00"),
        (&format!("{everything};BYSETPOS=-1"), "2027-01-01T00:00:00"),
        (
            "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
            "2027-01-02T03:46:39",
        ),
    ] {
        let starts = expanded(rule, first, first, at("2028-01-01T00:00:00"));
        let from = starts.unknown_from.unwrap();
        assert!(from <= at(since), "{rule}: {from}");
        assert!(starts.found.len() <= MOST_PER_RULE as usize);
    }
}

fn list(count: u8) -> String {
    let numbers: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    numbers.join(",")
}

#[test]
fn the_work_of_all_rules_together_has_an_end() {
    let rule = Rule::parse("FREQ=SECONDLY").unwrap();
    let first = at("2027-01-01T00:00:00");
    let asked = Asked {
        first,
        until: None,
        from: first,
        to: at("2028-01-01T00:00:00"),
    };
    let mut work = Work(MOST_PER_RULE + 10);
    assert!(starts(&rule, asked, &mut work).found.len() > 10_000);
    assert!(starts(&rule, asked, &mut work).found.len() <= 10);
    let nothing = starts(&rule, asked, &mut work);
    assert_eq!(
        (nothing.found.len(), nothing.unknown_from),
        (0, Some(first))
    );
}

fn any_rule() -> impl Strategy<Value = String> {
    let frequency = prop::sample::select(vec![
        "SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY",
    ]);
    let part = prop_oneof![
        (1u32..=u32::MAX).prop_map(|n| format!("INTERVAL={n}")),
        (1u64..=u64::MAX).prop_map(|n| format!("COUNT={n}")),
        (-366i16..=366).prop_map(|n| format!("BYYEARDAY={n}")),
        (-31i16..=31).prop_map(|n| format!("BYMONTHDAY={n}")),
        (-53i16..=53).prop_map(|n| format!("BYWEEKNO={n}")),
        (-366i16..=366).prop_map(|n| format!("BYSETPOS={n}")),
        (1u8..=12).prop_map(|n| format!("BYMONTH={n}")),
        (0u8..=60).prop_map(|n| format!("BYSECOND={n}")),
        (-53i16..=53).prop_map(|n| format!("BYDAY={n}SU,TU")),
        Just("BYDAY=MO,FR".to_owned()),
        Just("WKST=TH".to_owned()),
    ];
    (frequency, prop::collection::vec(part, 0..5))
        .prop_map(|(frequency, parts)| format!("FREQ={frequency};{}", parts.join(";")))
}

fn any_time() -> impl Strategy<Value = DateTime> {
    (-9999i16..=9999, 1i8..=12, 1i8..=28, 0i8..24, 0i8..60)
        .prop_map(|(year, month, day, hour, minute)| date(year, month, day).at(hour, minute, 0, 0))
}

proptest! {
    #[test]
    fn no_rule_does_harm(rule in any_rule(), first in any_time(), from in any_time(), to in any_time()) {
        if let Some(rule) = Rule::parse(&rule) {
            let mut work = Work(5_000);
            let starts = starts(&rule, Asked { first, until: None, from, to }, &mut work);
            prop_assert!(starts.found.iter().all(|start| *start >= first && *start >= from && *start <= to));
            prop_assert!(starts.found.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    #[test]
    fn a_window_shows_what_a_wider_one_shows(rule in any_rule(), days in 0i64..2000, length in 0i64..60) {
        let Some(rule) = Rule::parse(&rule) else { return Ok(()) };
        let first = at("2020-02-29T09:30:00");
        let from = first.checked_add(days.days()).unwrap();
        let to = from.checked_add(length.days()).unwrap();
        let near = starts(&rule, Asked { first, until: None, from, to }, &mut Work(3_000));
        let wide = starts(&rule, Asked { first, until: None, from: first, to }, &mut Work(3_000));
        if (near.unknown_from, wide.unknown_from) == (None, None) {
            let wide: Vec<_> = wide.found.into_iter().filter(|start| *start >= from).collect();
            prop_assert_eq!(near.found, wide);
        }
    }
}
