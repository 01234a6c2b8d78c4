//! The values of a feed that are times: dates, times of day with and without zone, lengths, periods.

use std::sync::Arc;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::{Offset, TimeZone},
};

use super::line::Line;

/// Longest name of a zone, in bytes.
const LONGEST_ZONE: usize = 255;

/// A point in time as it is written. What it means may need the zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    /// A whole day.
    Day(Date),
    Utc(DateTime),
    /// By the clocks of the named zone; without a name, of the calendar's.
    Local(DateTime, Option<Arc<str>>),
}

/// How long an event takes: days by the calendar, then elapsed time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) days: i64,
    pub(super) elapsed: SignedDuration,
}

/// One entry of a list of dates or periods.
pub(super) type Entry = (When, Option<End>);

/// Where something ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    At(When),
    After(Length),
}

impl When {
    /// Of `DTSTART` and its like. `None` when it is no such value.
    pub(super) fn of(line: &Line) -> Option<When> {
        When::parse(line.value.trim(), zone_of(line)?.as_ref())
    }

    pub(super) fn parse(text: &str, zone: Option<&Arc<str>>) -> Option<When> {
        let (date, time) = match text.split_once('T') {
            None => return Some(When::Day(date(text)?)),
            Some((day, time)) => (date(day)?, time),
        };
        let (time, is_utc) = match time.strip_suffix('Z') {
            Some(time) => (time, true),
            None => (time, false),
        };
        let local = date.to_datetime(time_of_day(time)?);
        Some(match is_utc {
            true => When::Utc(local),
            false => When::Local(local, zone.cloned()),
        })
    }

    /// What the clocks of its zone show; of a day, its first instant.
    pub(super) fn local(&self) -> DateTime {
        match self {
            When::Day(date) => date.to_datetime(jiff::civil::Time::midnight()),
            When::Utc(local) | When::Local(local, _) => *local,
        }
    }

    pub(super) const fn is_day(&self) -> bool {
        matches!(self, When::Day(_))
    }
}

/// The instant of a local time: of two the first, and of one that the clocks skip, as if they had not yet been
/// put forward. Beyond the years that are known it is the last instant there is.
pub(super) fn instant(local: DateTime, zone: &TimeZone) -> Timestamp {
    let beyond = if local.year() < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    zone.to_ambiguous_timestamp(local)
        .compatible()
        .unwrap_or(beyond)
}

/// The zone that a line names, if any; `None` for a name that cannot be one.
fn zone_of(line: &Line) -> Option<Option<Arc<str>>> {
    match line.param("TZID") {
        Some(name) if name.len() > LONGEST_ZONE => None,
        name => Some(name.map(Arc::from)),
    }
}

/// `20270329`
fn date(text: &str) -> Option<Date> {
    let digits = digits(text, 8)?;
    Date::new(
        digits.get(..4)?.parse().ok()?,
        digits.get(4..6)?.parse().ok()?,
        digits.get(6..)?.parse().ok()?,
    )
    .ok()
}

/// `090000`; the second 60 is the one before.
fn time_of_day(text: &str) -> Option<jiff::civil::Time> {
    let digits = digits(text, 6)?;
    let second: i8 = digits.get(4..)?.parse().ok()?;
    jiff::civil::Time::new(
        digits.get(..2)?.parse().ok()?,
        digits.get(2..4)?.parse().ok()?,
        if second == 60 { 59 } else { second },
        0,
    )
    .ok()
}

fn digits(text: &str, count: usize) -> Option<&str> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

impl Length {
    /// `P1DT2H30M`, `P2W`. One that goes backward is none.
    pub(super) fn parse(text: &str) -> Option<Length> {
        let text = text.strip_prefix('+').unwrap_or(text).strip_prefix('P')?;
        let (days, time) = text.split_once('T').unwrap_or((text, ""));
        let mut length = Length::default();
        let mut any = false;
        for (number, unit) in parts(days)?.into_iter().chain(parts(time)?) {
            let seconds = match unit {
                'W' => {
                    length.days = length.days.checked_add(number.checked_mul(7)?)?;
                    0
                }
                'D' => {
                    length.days = length.days.checked_add(number)?;
                    0
                }
                'H' => number.checked_mul(3600)?,
                'M' => number.checked_mul(60)?,
                'S' => number,
                _ => return None,
            };
            let elapsed = SignedDuration::from_secs(seconds);
            length.elapsed = length.elapsed.checked_add(elapsed)?;
            any = true;
        }
        any.then_some(length)
    }

    /// Where something of this length ends that starts at a local time.
    pub(super) fn end(self, start: DateTime, zone: &TimeZone) -> Timestamp {
        let days = self.days.clamp(0, 366 * 400);
        let last = start.checked_add(days.days());
        let last = last.map_or(Timestamp::MAX, |last| instant(last, zone));
        last.checked_add(self.elapsed).unwrap_or(Timestamp::MAX)
    }

    /// At most how many days it covers.
    pub(super) fn most_days(self) -> i64 {
        let elapsed = self.elapsed.as_secs() / (24 * 3600);
        self.days.saturating_add(elapsed).saturating_add(1)
    }
}

/// Numbers, each with its unit.
fn parts(text: &str) -> Option<Vec<(i64, char)>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(|char: char| !char.is_ascii_digit()) {
        let (number, unit) = rest.split_at(at);
        let char = unit.chars().next()?;
        found.push((number.parse().ok()?, char));
        rest = unit.get(char.len_utf8()..)?;
    }
    rest.is_empty().then_some(found)
}

/// The entries of `EXDATE`, `RDATE` and `FREEBUSY`, `None` for one that cannot be read.
pub(super) fn entries(line: &Line) -> impl Iterator<Item = Option<Entry>> {
    let zone = zone_of(line);
    line.value
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .map(move |text| entry(text, zone.as_ref()?.as_ref()))
}

fn entry(text: &str, zone: Option<&Arc<str>>) -> Option<Entry> {
    let Some((start, end)) = text.split_once('/') else {
        return Some((When::parse(text, zone)?, None));
    };
    let end = match end.starts_with(['P', '+']) {
        true => End::After(Length::parse(end)?),
        false => End::At(When::parse(end, zone)?),
    };
    Some((When::parse(start, zone)?, Some(end)))
}

/// `+0100`, `-023000`
pub(super) fn offset(text: &str) -> Option<Offset> {
    let text = text.trim();
    let (sign, digits) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        (Some(digits), _) => (-1, digits),
        (None, Some(digits)) => (1, digits),
        (None, None) => return None,
    };
    if !matches!(digits.len(), 4 | 6) {
        return None;
    }
    let part = |range| {
        digits
            .get::<std::ops::Range<usize>>(range)?
            .parse::<u8>()
            .ok()
    };
    let seconds = if digits.len() == 6 { part(4..6)? } else { 0 };
    let seconds = i32::from(part(0..2)?) * 3600 + i32::from(part(2..4)?) * 60 + i32::from(seconds);
    Offset::from_seconds(sign * seconds).ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date as day;

    use super::*;

    #[test]
    fn each_way_to_write_a_time_is_read() {
        let nine = day(2027, 3, 29).at(9, 0, 0, 0);
        let london: Arc<str> = "Europe/London".into();
        for (text, expected) in [
            ("20270329", Some(When::Day(day(2027, 3, 29)))),
            ("20270329T090000Z", Some(When::Utc(nine))),
            (
                "20270329T090000",
                Some(When::Local(nine, Some(london.clone()))),
            ),
            (
                "20161231T235960Z",
                Some(When::Utc(day(2016, 12, 31).at(23, 59, 59, 0))),
            ),
            ("2027-03-29", None),
            ("20270230", None),
            ("20270329T0900", None),
            ("20270329T+90000", None),
            ("20270329T250000", None),
            ("", None),
            ("T", None),
        ] {
            assert_eq!(When::parse(text, Some(&london)), expected, "{text}");
        }
    }

    #[test]
    fn lengths_are_days_and_time() {
        let length = |days, minutes| {
            Some(Length {
                days,
                elapsed: SignedDuration::from_mins(minutes),
            })
        };
        for (text, expected) in [
            ("PT30M", length(0, 30)),
            ("P1DT2H30M", length(1, 150)),
            ("+P2W", length(14, 0)),
            ("P", None),
            ("PT", None),
            ("-PT30M", None),
            ("PT30", None),
            ("P1X", None),
            ("PT99999999999999999999H", None),
            ("P9223372036854775807W", None),
            ("Pé", None),
        ] {
            assert_eq!(Length::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn offsets_have_a_sign_and_maybe_seconds() {
        for (text, expected) in [
            ("+0100", Some(3600)),
            ("-0330", Some(-12_600)),
            ("+001020", Some(620)),
            ("0100", None),
            ("+01:00", None),
            ("+9900", None),
            ("+é0", None),
        ] {
            assert_eq!(offset(text).map(Offset::seconds), expected, "{text}");
        }
    }
}
