//! The zones of a feed, found by their name: of the IANA database, of Windows, or as the feed defines them.

use std::{collections::HashMap, sync::Arc};

use jiff::{
    civil::{Date, DateTime, Time},
    tz::{Offset, TimeZone},
};

use super::{
    line::Line,
    rule::{Frequency, Rule},
    time::{When, offset},
    windows,
};

/// A `VTIMEZONE`.
#[derive(Debug, Default)]
pub(super) struct Definition {
    /// What another program calls it: `X-LIC-LOCATION`.
    location: Option<String>,
    observances: Vec<Observance>,
}

/// A `STANDARD` or `DAYLIGHT`: since when, or from which day of each year, clocks have an offset.
#[derive(Debug)]
pub(super) struct Observance {
    is_daylight: bool,
    since: Option<DateTime>,
    offset: Option<Offset>,
    change: Change,
    until: Option<Date>,
}

/// How clocks come to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Once,
    /// On the weekday (Sunday 0) of a week of the month; the fifth is the last.
    Yearly {
        month: i16,
        week: i16,
        weekday: i8,
    },
    /// In a way that is not understood.
    Unclear,
}

impl Definition {
    pub(super) fn read(&mut self, line: &Line) {
        if line.name == "X-LIC-LOCATION" {
            self.location = Some(line.text());
        }
    }

    pub(super) fn add(&mut self, observance: Option<Observance>) {
        self.observances.extend(observance);
    }

    /// The zone as it is between two days. `None` when it is not understood, or becomes another one meanwhile.
    fn zone(&self, from: Date, to: Date) -> Option<TimeZone> {
        if let Some(zone) = self.location.as_deref().and_then(by_name) {
            return Some(zone);
        }
        let (mut standard, mut daylight) = (None, None);
        for observance in &self.observances {
            let since = observance.since?;
            let until = observance.until.unwrap_or(Date::MAX);
            if since.date() > to || until < from {
                continue;
            }
            if since.date() >= from || until <= to {
                return None;
            }
            let latest = match observance.is_daylight {
                true => &mut daylight,
                false => &mut standard,
            };
            // The last to begin is the one that holds.
            if latest.is_none_or(|(begun, _)| begun <= since) {
                *latest = Some((since, observance));
            }
        }
        match (standard, daylight) {
            (Some((_, standard)), None) => standard.offset.map(TimeZone::fixed),
            (Some((_, standard)), Some((_, daylight))) => two_times(standard, daylight),
            (None, _) => None,
        }
    }
}

impl Observance {
    pub(super) fn new(is_daylight: bool) -> Observance {
        Observance {
            is_daylight,
            since: None,
            offset: None,
            change: Change::Once,
            until: None,
        }
    }

    pub(super) fn read(&mut self, line: &Line) {
        match line.name.as_str() {
            "DTSTART" => self.since = When::of(line).map(|when| when.local()),
            "TZOFFSETTO" => self.offset = offset(&line.value),
            "RRULE" => {
                let rule = Rule::parse(&line.value);
                self.until = rule
                    .as_ref()
                    .and_then(|rule| rule.until.as_ref())
                    .map(|until| until.local().date());
                self.change = rule.map_or(Change::Unclear, |rule| yearly(&rule));
            }
            "RDATE" => self.change = Change::Unclear,
            _ => {}
        }
    }
}

/// The change that a rule makes each year.
fn yearly(rule: &Rule) -> Change {
    let ([month], [(nth, weekday)]) = (&rule.by_month[..], &rule.by_day[..]) else {
        return Change::Unclear;
    };
    let is_plain = rule.frequency == Frequency::Yearly
        && (rule.interval, rule.count) == (1, None)
        && rule.by_set_pos.is_empty()
        && rule.by_year_day.is_empty();
    let week = match (nth, &rule.by_month_day[..]) {
        (1..=4, []) => *nth,
        (-1, []) => 5,
        // Seven days in a row hold each weekday once.
        (0, [first @ (1 | 8 | 15 | 22), .., last]) if is_week(&rule.by_month_day, *last) => {
            (first - 1) / 7 + 1
        }
        _ => return Change::Unclear,
    };
    match is_plain {
        true => Change::Yearly {
            month: *month,
            week,
            weekday: (weekday + 1) % 7,
        },
        false => Change::Unclear,
    }
}

fn is_week(days: &[i16], last: i16) -> bool {
    days.len() == 7 && days.first().is_some_and(|first| last - first == 6)
}

/// A zone that goes to and fro between two offsets, by way of the text that POSIX has for it.
fn two_times(standard: &Observance, daylight: &Observance) -> Option<TimeZone> {
    let text = format!(
        "<STD>{}<DST>{},{},{}",
        posix_offset(standard.offset?),
        posix_offset(daylight.offset?),
        posix_change(daylight)?,
        posix_change(standard)?,
    );
    TimeZone::posix(&text).ok()
}

/// West of Greenwich is above zero.
fn posix_offset(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds > 0 { '-' } else { '+' };
    let seconds = seconds.abs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{sign}{hours:02}:{minutes:02}:{:02}", seconds % 60)
}

fn posix_change(observance: &Observance) -> Option<String> {
    let Change::Yearly {
        month,
        week,
        weekday,
    } = observance.change
    else {
        return None;
    };
    let at: Time = observance.since?.time();
    let (hour, minute, second) = (at.hour(), at.minute(), at.second());
    Some(format!(
        "M{month}.{week}.{weekday}/{hour:02}:{minute:02}:{second:02}"
    ))
}

/// A zone of the IANA database or of Windows. Some programs put a path before the name.
pub(super) fn by_name(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let known = |name: &str| TimeZone::get(name).ok().filter(|zone| !zone.is_unknown());
    let mut parts = name.rsplitn(4, '/');
    let last_two = parts.next().zip(parts.next());
    let last_three = last_two.zip(parts.next());
    known(name)
        .or_else(|| windows::iana(name).and_then(known))
        .or_else(|| {
            let ((city, state), area) = last_three?;
            known(&format!("{area}/{state}/{city}"))
        })
        .or_else(|| {
            let (city, area) = last_two?;
            known(&format!("{area}/{city}"))
        })
}

/// Finds the zones of a feed, each once.
pub(super) struct Zones<'a> {
    definitions: &'a HashMap<String, Definition>,
    /// Of times without a zone.
    pub(super) own: TimeZone,
    /// The days for which they are wanted.
    days: (Date, Date),
    found: HashMap<Arc<str>, Option<TimeZone>>,
}

impl<'a> Zones<'a> {
    /// `own` of the calendar comes first, else the tenant's is used.
    pub(super) fn new(
        definitions: &'a HashMap<String, Definition>,
        calendars: Option<&str>,
        tenants: &TimeZone,
        days: (Date, Date),
    ) -> Zones<'a> {
        let own = calendars
            .and_then(by_name)
            .unwrap_or_else(|| tenants.clone());
        Zones {
            definitions,
            own,
            days,
            found: HashMap::new(),
        }
    }

    /// The zone whose clocks show a time; `None` when its name says nothing.
    pub(super) fn of(&mut self, when: &When) -> Option<TimeZone> {
        match when {
            When::Utc(_) => Some(TimeZone::UTC),
            When::Day(_) | When::Local(_, None) => Some(self.own.clone()),
            When::Local(_, Some(name)) => {
                if let Some(found) = self.found.get(name) {
                    return found.clone();
                }
                let found = self.look_up(name);
                self.found.insert(name.clone(), found.clone());
                found
            }
        }
    }

    fn look_up(&self, name: &str) -> Option<TimeZone> {
        let defined = || self.definitions.get(name)?.zone(self.days.0, self.days.1);
        by_name(name).or_else(defined)
    }
}

#[cfg(test)]
#[path = "zone_tests.rs"]
mod tests;
