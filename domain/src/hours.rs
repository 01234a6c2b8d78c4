//! Calling hours: which instants are open.
//!
//! **An instant is open when, in every zone, the clock on the wall then shows a time inside a window of a day
//! that is no holiday.** Windows are half-open. What the clocks do follows from that sentence: a window's edge
//! inside a gap moves to the gap's end, and where an hour happens twice, both readings of it count and nothing
//! outside the window ever does, so a window whose edge lies in the repeated hour is open in two parts.
//!
//! Windows that touch are one, also across midnight: "before the window closes" means before calling really ends.

mod clock;

use std::borrow::Cow;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

use self::clock::Clock;
use crate::{
    Reason,
    holidays::HolidayCalendar,
    settings::{Settings, Window},
};

/// The calling hours of a week in one or several zones, all of which must be open.
#[derive(Debug, Clone)]
pub struct Hours {
    week: Week,
    zones: Vec<TimeZone>,
}

/// The windows of each weekday as written on the wall, and the holidays.
#[derive(Debug, Clone)]
struct Week {
    /// Monday first; sorted, none empty, none overlapping.
    days: [Vec<Window>; 7],
    holidays: HolidayCalendar,
}

/// A stretch of open time: from the first instant to before the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// Why an instant is closed, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed<'h> {
    pub reason: Reason,
    pub zone: &'h TimeZone,
    pub date: Date,
    pub time: Time,
}

impl Hours {
    /// The tenant's hours, judged in these zones; without any, in the tenant's own.
    pub fn new(settings: &Settings, zones: &[TimeZone]) -> Hours {
        let zones = match zones {
            [] => vec![settings.tenant.zone_or_utc()],
            zones => zones.to_vec(),
        };
        let days = settings.hours.days().map(|(_, windows)| joined(windows));
        Hours {
            week: Week {
                days,
                holidays: settings.hours.holidays.clone(),
            },
            zones,
        }
    }

    /// Where the hours are judged. Never empty.
    pub fn zones(&self) -> &[TimeZone] {
        &self.zones
    }

    /// The zone in which times are told to people.
    pub fn first_zone(&self) -> &TimeZone {
        static UTC: TimeZone = TimeZone::UTC;
        self.zones.first().unwrap_or(&UTC)
    }

    pub fn is_open(&self, instant: Timestamp) -> bool {
        self.closed(instant).is_none()
    }

    /// Why nobody is called at this instant; `None` when it is open.
    pub fn closed_reason(&self, instant: Timestamp) -> Option<Reason> {
        self.closed(instant).map(|closed| closed.reason)
    }

    /// The first zone in which this instant is closed, and why.
    pub fn closed(&self, instant: Timestamp) -> Option<Closed<'_>> {
        self.zones.iter().find_map(|zone| {
            let local = zone.to_datetime(instant);
            let reason = self.week.closed_reason(local.date(), local.time())?;
            Some(Closed {
                reason,
                zone,
                date: local.date(),
                time: local.time(),
            })
        })
    }

    /// The windows of that date's weekday, holiday or not.
    pub fn windows(&self, date: Date) -> &[Window] {
        self.week.windows(date.weekday())
    }

    pub fn holiday(&self, date: Date) -> Option<Cow<'static, str>> {
        self.week.holidays.name_of(date)
    }

    /// The first open instant from `instant` to `limit`, both included.
    pub fn first_open_at_or_after(
        &self,
        instant: Timestamp,
        limit: Timestamp,
    ) -> Option<Timestamp> {
        self.first_piece(&mut self.clocks(), instant, limit)
            .map(|piece| piece.from)
    }

    /// The latest instant from `earliest` to `instant`, both included, that is open and stays open for
    /// `minutes` more. With 0 minutes, an instant that is itself open, else the last whole minute before closing.
    pub fn last_start_at_or_before(
        &self,
        instant: Timestamp,
        minutes: u16,
        earliest: Timestamp,
    ) -> Option<Timestamp> {
        if minutes == 0 && instant >= earliest && self.is_open(instant) {
            return Some(instant);
        }
        let needed = SignedDuration::from_mins(minutes.max(1).into());
        let end = shift(instant, needed);
        let mut days = 1;
        loop {
            // An opening that is cut off at this beginning is met whole by the next, longer look back.
            let begin = shift(instant, SignedDuration::from_hours(-24 * days)).max(earliest);
            let starts = self.openings(begin, end).filter_map(|open| {
                let start = shift(open.until, -needed);
                (open.from <= start).then_some(start)
            });
            if let Some(last) = starts.last() {
                return Some(last);
            }
            if begin <= earliest {
                return None;
            }
            days *= 2;
        }
    }

    /// The end of the last open stretch at or before `instant`: nobody can be called from then to `instant`.
    /// `instant` itself when it is open; `None` when nothing is open since `earliest`.
    pub fn open_until(&self, instant: Timestamp, earliest: Timestamp) -> Option<Timestamp> {
        if self.is_open(instant) {
            return Some(instant);
        }
        self.openings(earliest, instant)
            .last()
            .map(|open| open.until)
    }

    /// The open stretches between two instants, in order, none touching another; cut off at both ends.
    pub fn openings(&self, begin: Timestamp, end: Timestamp) -> impl Iterator<Item = Open> {
        let mut clocks = self.clocks();
        let mut at = begin;
        std::iter::from_fn(move || {
            let mut open = self
                .first_piece(&mut clocks, at, end)
                .filter(|piece| piece.from < end)?;
            while open.until < end
                && let Some(next) = self.first_piece(&mut clocks, open.until, open.until)
            {
                open.until = next.until;
            }
            open.until = open.until.min(end);
            at = open.until;
            Some(open)
        })
    }

    fn clocks(&self) -> Vec<Clock<'_>> {
        self.zones.iter().map(Clock::new).collect()
    }

    /// The first stretch, at or after `from` and starting by `limit`, that is open in every zone. It may go on
    /// in a touching one.
    fn first_piece(
        &self,
        clocks: &mut [Clock<'_>],
        from: Timestamp,
        limit: Timestamp,
    ) -> Option<Open> {
        let mut at = from;
        'moved: loop {
            let mut until = Timestamp::MAX;
            for clock in &mut *clocks {
                let piece = clock.first_piece(&self.week, at, limit)?;
                if piece.from > at {
                    at = piece.from;
                    continue 'moved;
                }
                until = until.min(piece.until);
            }
            return Some(Open { from: at, until });
        }
    }
}

impl Week {
    fn windows(&self, weekday: Weekday) -> &[Window] {
        let index = usize::from(weekday.to_monday_zero_offset().unsigned_abs());
        self.days.get(index).map_or(&[], Vec::as_slice)
    }

    /// The windows in which calls are made on that date: none on a holiday.
    fn open_windows(&self, date: Date) -> &[Window] {
        match self.windows(date.weekday()) {
            [] => &[],
            _ if self.holidays.contains(date) => &[],
            windows => windows,
        }
    }

    fn closed_reason(&self, date: Date, time: Time) -> Option<Reason> {
        let windows = self.windows(date.weekday());
        if windows.is_empty() {
            return Some(Reason::ClosedDay);
        }
        if self.holidays.contains(date) {
            return Some(Reason::Holiday);
        }
        let minute =
            u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs());
        let is_open = windows
            .iter()
            .any(|window| (window.from()..window.to()).contains(&minute));
        (!is_open).then_some(Reason::OutsideHours)
    }
}

/// The windows in order, without empty ones; those that touch or overlap as one.
fn joined(windows: &[Window]) -> Vec<Window> {
    let mut sorted: Vec<Window> = windows
        .iter()
        .copied()
        .filter(|window| window.minutes() > 0)
        .collect();
    sorted.sort_unstable();
    let mut joined: Vec<Window> = Vec::with_capacity(sorted.len());
    for window in sorted {
        match joined.last_mut() {
            Some(last) if window.from() <= last.to() => {
                *last = Window::new(last.from(), last.to().max(window.to()))
            }
            _ => joined.push(window),
        }
    }
    joined
}

/// The instant that much later (earlier when negative), or the end of time.
pub(crate) fn shift(instant: Timestamp, by: SignedDuration) -> Timestamp {
    let end = if by.is_negative() {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    instant.checked_add(by).unwrap_or(end)
}

#[cfg(test)]
mod tests;
