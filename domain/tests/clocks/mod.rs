//! Every change of every zone's clocks in the years, against the oracle.

use std::collections::BTreeSet;

use domain::{
    call::CallOutcome,
    holidays::HolidayCalendar,
    hours::Hours,
    reminder::BestHour,
    retry::{self, Retry, RetryRequest},
    settings::{DAY_MINUTES, Settings, WeekHours, Window},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    cases::{ZONES, changes},
    oracle::{Oracle, UnluckyCall},
};

#[test]
fn every_change_of_every_zone_opens_what_the_wall_clock_opens() {
    let mut seen = 0;
    for zone in ZONES.iter() {
        for change in changes(zone) {
            let windows = windows_around(change, zone);
            let mut settings = Settings::default();
            every_day(&mut settings, &windows);
            let zones = [zone.clone()];
            let hours = Hours::new(&settings, &zones);
            let oracle = Oracle {
                settings: &settings,
                zones: &zones,
                holidays: &Default::default(),
            };
            let (begin, end) = (
                change - SignedDuration::from_mins(150),
                change + SignedDuration::from_mins(150),
            );
            let found: Vec<(Timestamp, Timestamp)> = hours
                .openings(begin, end)
                .map(|open| (open.from, open.until))
                .collect();
            assert_eq!(
                found,
                walked(&oracle, begin, end),
                "{:?} at {change}, {windows:?}",
                zone.iana_name()
            );
            seen += 1;
        }
    }
    assert!(seen > 4_000, "only {seen} changes");
}

#[test]
fn the_best_hour_is_found_at_every_change_of_the_clocks() {
    let settings = around_the_clock();
    let mut seen = BTreeSet::new();
    for zone in ZONES.iter() {
        let zones = [zone.clone()];
        let hours = Hours::new(&settings, &zones);
        let oracle = Oracle {
            settings: &settings,
            zones: &zones,
            holidays: &Default::default(),
        };
        for change in changes(zone) {
            let wall = |minutes| zone.to_datetime(change + SignedDuration::from_mins(minutes));
            let changed = (wall(-1), wall(0));
            // Zones of one kind change alike; each change is worth asking once.
            if !seen.insert((change, changed)) {
                continue;
            }
            for (hour, minutes_ago) in [(wall(0).hour(), 180), (wall(-1).hour(), 20)] {
                let dialed_at = change - SignedDuration::from_mins(minutes_ago);
                let starts_at = change + SignedDuration::from_hours(80);
                let best = BestHour {
                    hour: hour.try_into().unwrap(),
                    confidence: 0.9,
                };
                let request = RetryRequest {
                    settings: &settings,
                    hours: &hours,
                    starts_at,
                    best_hour: Some(best),
                    outcome: CallOutcome::NoAnswer,
                    retry: 2,
                    dialed_at,
                    ended_at: dialed_at,
                };
                let call = UnluckyCall {
                    starts_at,
                    outcome: CallOutcome::NoAnswer,
                    retry: 2,
                    dialed_at,
                    ended_at: dialed_at,
                    best_hour: Some(best),
                };
                let Retry::At(found) = retry::next(&request) else {
                    panic!("{:?} at {change}", zone.iana_name());
                };
                let expected = oracle.retry(&call);
                assert_eq!(Ok(found.at), expected, "{:?} at {change}", zone.iana_name());
            }
        }
    }
    assert!(seen.len() > 500, "only {} changes", seen.len());
}

#[test]
fn the_clocks_change_on_whole_minutes_in_these_years() {
    for zone in ZONES.iter() {
        for change in changes(zone) {
            assert_eq!(change.as_second() % 60, 0, "{:?}", zone.iana_name());
            assert_eq!(
                zone.to_offset(change).seconds() % 60,
                0,
                "{:?}",
                zone.iana_name()
            );
        }
    }
}

/// Windows whose edges lie before, in and after the local times of a change, on every day.
fn windows_around(change: Timestamp, zone: &TimeZone) -> Vec<Window> {
    let mut edges: Vec<u16> = [-45, -15, 0, 15, 30, 75]
        .into_iter()
        .map(|minutes| {
            let wall = zone.to_datetime(change + SignedDuration::from_mins(minutes));
            u16::try_from(wall.hour()).unwrap() * 60 + u16::try_from(wall.minute()).unwrap()
        })
        .collect();
    edges.push(edges[2].wrapping_sub(30) % 1440);
    edges.push((edges[2] + 1440 - 40) % 1440);
    edges.sort_unstable();
    edges.dedup();
    edges
        .chunks_exact(2)
        .map(|pair| Window::new(pair[0], pair[1]))
        .collect()
}

fn around_the_clock() -> Settings {
    let mut settings = Settings::default();
    settings.limits.same_number_cooldown_minutes = 0;
    every_day(&mut settings, &[Window::new(0, DAY_MINUTES)]);
    settings
}

/// The same windows on every day, and no holidays.
fn every_day(settings: &mut Settings, windows: &[Window]) {
    let day = windows.to_vec();
    settings.hours = WeekHours {
        monday: day.clone(),
        tuesday: day.clone(),
        wednesday: day.clone(),
        thursday: day.clone(),
        friday: day.clone(),
        saturday: day.clone(),
        sunday: day,
        holidays: HolidayCalendar::None,
    };
}

fn walked(oracle: &Oracle<'_>, begin: Timestamp, end: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let minute = SignedDuration::from_mins(1);
    let mut openings: Vec<(Timestamp, Timestamp)> = Vec::new();
    let mut instant = begin;
    while instant < end {
        let next = instant + minute;
        if oracle.is_open(instant) {
            match openings.last_mut() {
                Some((_, until)) if *until == instant => *until = next,
                _ => openings.push((instant, next)),
            }
        }
        instant = next;
    }
    openings
}
