//! Lays the events of a feed out in time: where one is, and where one may be.

use std::collections::{HashMap, HashSet};

use domain::calendar::{FreeBusy, Span, tidy, without};
use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::{
    event::Event,
    expand::{Asked, Work, starts},
    feed::Feed,
    time::{End, Length, When, instant},
    zone::Zones,
};

/// Starts that are made for one feed: ten thousand birthdays, and a fraction of a second's work.
const MOST_WORK: u32 = 500_000;
/// How far any zone is from Greenwich, and a little more.
const ANY_ZONE: SignedDuration = SignedDuration::from_hours(16);

/// What replaces parts of a series.
#[derive(Default)]
struct Replaced {
    instants: HashSet<Timestamp>,
    /// From here on it may be anywhere.
    following: Option<Timestamp>,
}

pub(super) struct Lay<'a> {
    feed: &'a Feed,
    asked: Span,
    zones: Zones<'a>,
    /// By the id of the series.
    replaced: HashMap<&'a str, Replaced>,
    work: Work,
    busy: Vec<Span>,
    unknown: Vec<Span>,
}

/// An event of which zone and length are known.
struct Placed<'a> {
    event: &'a Event,
    start: DateTime,
    zone: TimeZone,
    length: Length,
    removed: HashSet<Timestamp>,
}

impl<'a> Lay<'a> {
    pub(super) fn new(feed: &'a Feed, asked: Span, zone: &TimeZone) -> Self {
        let day = |instant| TimeZone::UTC.to_datetime(instant).date();
        // Far from Greenwich it may be the day before or after.
        let before = day(asked.start).yesterday().unwrap_or(Date::MIN);
        let days = (before, day(asked.end).tomorrow().unwrap_or(Date::MAX));
        let mut lay = Self {
            feed,
            asked,
            zones: Zones::new(&feed.zones, feed.zone.as_deref(), zone, days),
            replaced: HashMap::new(),
            work: Work(MOST_WORK),
            busy: Vec::new(),
            unknown: Vec::new(),
        };
        lay.find_replaced();
        lay
    }

    pub(super) fn free_busy(mut self, read_at: Timestamp) -> FreeBusy {
        for event in self.feed.events.iter().filter(|event| !event.takes_no_time) {
            self.lay(event);
        }
        let known = match self.feed.is_unclear {
            true => Vec::new(),
            false => without(&[self.asked], &tidy(self.unknown)),
        };
        FreeBusy::new(self.busy, known, read_at)
    }

    fn find_replaced(&mut self) {
        for event in &self.feed.events {
            let Some(when) = event.replaces.as_ref().filter(|_| !event.id.is_empty()) else {
                continue;
            };
            // A name of a zone that says nothing replaces nothing: both are laid.
            let Some(zone) = self.zones.of(when) else {
                continue;
            };
            let replaced = self.replaced.entry(&event.id).or_default();
            let instant = instant(when.local(), &zone);
            if event.and_following {
                let earlier = replaced
                    .following
                    .map_or(instant, |other| other.min(instant));
                replaced.following = Some(earlier);
            } else {
                replaced.instants.insert(instant);
            }
        }
    }

    fn lay(&mut self, event: &'a Event) {
        let Some(start) = &event.start else {
            self.unknown.push(Span::ALWAYS);
            return;
        };
        let placed = match self.place(event, start) {
            Some(placed) if !event.is_unclear => placed,
            _ => return self.lay_unknown(event, start),
        };
        let of_series = self.replaced.get(event.id.as_str());
        let following = of_series.and_then(|replaced| replaced.following);
        if let Some(following) = following.filter(|_| event.replaces.is_none()) {
            self.unknown.push(Span::since(following));
        }
        self.lay_one(&placed, placed.start);
        self.lay_rules(&placed);
        self.lay_added(&placed);
    }

    /// Zone and length; `None` when either is not understood.
    fn place(&mut self, event: &'a Event, start: &When) -> Option<Placed<'a>> {
        let zone = self.zones.of(start)?;
        let length = self.length(start, &zone, event.end.as_ref())?;
        let removed = event.removed.iter();
        let removed = removed
            .filter_map(|when| Some(instant(when.local(), &self.zones.of(when)?)))
            .collect();
        Some(Placed {
            event,
            start: start.local(),
            zone,
            length,
            removed,
        })
    }

    /// Without an end, a day lasts a day and anything else no time at all.
    fn length(&mut self, start: &When, zone: &TimeZone, end: Option<&End>) -> Option<Length> {
        let days = |days| Length {
            days,
            elapsed: SignedDuration::ZERO,
        };
        let length = match end {
            None => days(i64::from(start.is_day())),
            Some(End::After(length)) => *length,
            Some(End::At(When::Day(end))) if start.is_day() => {
                let elapsed = end.duration_since(start.local().date());
                days(elapsed.as_hours() / 24)
            }
            Some(End::At(end)) => {
                let ends = instant(end.local(), &self.zones.of(end)?);
                Length {
                    days: 0,
                    elapsed: ends.duration_since(instant(start.local(), zone)),
                }
            }
        };
        (length.days >= 0 && !length.elapsed.is_negative()).then_some(length)
    }

    /// Of an event that is not understood, all the time that it may take.
    fn lay_unknown(&mut self, event: &Event, start: &When) {
        let utc = |local| instant(local, &TimeZone::UTC);
        let start = utc(start.local());
        let end = match &event.end {
            None if !event.is_unclear => start,
            Some(End::At(end)) => utc(end.local()),
            Some(End::After(length)) => {
                let local = TimeZone::UTC.to_datetime(start);
                length.end(local, &TimeZone::UTC)
            }
            None => Timestamp::MAX,
        };
        let since = start.min(end).checked_sub(ANY_ZONE);
        let until = start.max(end).checked_add(ANY_ZONE + ANY_ZONE);
        self.unknown.push(Span {
            start: since.unwrap_or(Timestamp::MIN),
            end: match event.repeats() || event.is_unclear {
                true => Timestamp::MAX,
                false => until.unwrap_or(Timestamp::MAX),
            },
        });
    }

    fn lay_one(&mut self, placed: &Placed<'_>, start: DateTime) {
        let begins = instant(start, &placed.zone);
        if !self.is_taken_out(placed, begins) {
            self.take(begins, placed.length.end(start, &placed.zone));
        }
    }

    /// Whether this one of a series is removed or replaced.
    fn is_taken_out(&self, placed: &Placed<'_>, begins: Timestamp) -> bool {
        let replaced = match placed.event.replaces {
            None => self.replaced.get(placed.event.id.as_str()),
            Some(_) => None,
        };
        placed.removed.contains(&begins)
            || replaced.is_some_and(|replaced| replaced.instants.contains(&begins))
    }

    fn take(&mut self, begins: Timestamp, ends: Timestamp) {
        let span = Span::new(begins, ends).and_then(|span| span.within(self.asked));
        self.busy.extend(span);
    }

    fn lay_rules(&mut self, placed: &Placed<'_>) {
        let local = |instant| placed.zone.to_datetime(instant);
        let longest = placed.length.most_days().saturating_add(2).min(366 * 400);
        let from = local(self.asked.start).checked_sub(longest.days());
        let from = from.unwrap_or(DateTime::MIN);
        let to = local(self.asked.end).checked_add(1.day());
        let to = to.unwrap_or(DateTime::MAX);
        for rule in &placed.event.rules {
            let asked = Asked {
                first: placed.start,
                until: rule.until.as_ref().map(|until| last(until, &placed.zone)),
                from,
                to,
            };
            let starts = starts(rule, asked, &mut self.work);
            for start in starts.found {
                self.lay_one(placed, start);
            }
            let unknown = starts.unknown_from;
            let unknown = unknown.map(|from| Span::since(instant(from, &placed.zone)));
            self.unknown.extend(unknown);
        }
    }

    fn lay_added(&mut self, placed: &Placed<'a>) {
        for (when, end) in &placed.event.added {
            let Some(zone) = self.zones.of(when) else {
                self.unknown.push(Span::ALWAYS);
                continue;
            };
            let length = match end {
                Some(_) => self.length(when, &zone, end.as_ref()),
                None => Some(placed.length),
            };
            let begins = instant(when.local(), &zone);
            if self.is_taken_out(placed, begins) {
                continue;
            }
            match length {
                Some(length) => self.take(begins, length.end(when.local(), &zone)),
                None => self.unknown.push(Span::since(begins)),
            }
        }
    }
}

/// The last local time that an `UNTIL` lets in; when in doubt the later one.
fn last(until: &When, zone: &TimeZone) -> DateTime {
    match until {
        When::Day(date) => date.at(23, 59, 59, 0),
        When::Local(local, _) => *local,
        When::Utc(utc) => zone.to_datetime(instant(*utc, &TimeZone::UTC)).max(*utc),
    }
}
