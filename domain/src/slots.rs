//! Times that can be booked: inside the hours, early enough, and known to be free.
//!
//! **A slot starts where the clock on the wall shows the opening of one of the day's windows or a whole number of
//! `slot_minutes` after it.** A start that the clocks skip does not exist, and where they show it twice only the first counts.
//! Time of which a calendar has told nothing fresh is unknown: never offered, and never accepted.

mod calendar;
mod span;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp, civil::Date};

use crate::{
    Reason,
    hours::{Hours, Open, shift},
    settings::Settings,
    zone,
};

use calendar::Known;
pub use calendar::{Calendar, Reading};
pub use span::Span;
use span::Spans;

/// A time that can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    pub starts_at: Timestamp,
    pub ends_at: Timestamp,
}

coded_enum! {
    /// Why a time cannot be booked.
    NotFree {
        Past = "past",
        /// Within the notice that the business needs.
        TooSoon = "too_soon",
        /// Beyond the horizon.
        TooFar = "too_far",
        ClosedDay = "closed_day",
        Holiday = "holiday",
        /// It would start or end outside the hours.
        OutsideHours = "outside_hours",
        /// Open, but no appointment starts then.
        NotAStart = "not_a_start",
        Busy = "busy",
        /// No calendar has told freshly whether it is free.
        Unknown = "calendar_unknown",
    }
}

/// What can be offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// At least one, soonest first.
    Free(Vec<Slot>),
    NothingFree,
    /// Nothing is known to be free, and of some of the time nothing is known.
    Unknown,
}

/// The times of one business at one moment.
pub struct Slots {
    now: Timestamp,
    hours: Hours,
    slot_minutes: u16,
    buffer: SignedDuration,
    bookable: Span,
    calendar: Option<Known>,
    /// When no place is left, as our own appointments have it.
    full: Spans,
}

impl Slots {
    /// `taken`: the appointments that stand, from those that ended a buffer ago to those at the horizon; or those that
    /// reach into the time that the slots are kept [`within`](Slots::within).
    pub fn new(now: Timestamp, settings: &Settings, calendar: &Calendar, taken: &[Span]) -> Slots {
        let booking = settings.booking.limited();
        let buffer = SignedDuration::from_mins(booking.buffer_minutes.into());
        let hours = |hours: i64| shift(now, SignedDuration::from_hours(hours));
        let horizon = match booking.enabled {
            true => hours(i64::from(booking.horizon_days) * 24),
            false => now,
        };
        // An appointment needs its place until the buffer after it is over.
        let occupied: Vec<Span> = taken.iter().map(|span| span.longer_by(buffer)).collect();
        Slots {
            now,
            hours: Hours::new(settings, &[]),
            slot_minutes: booking.slot_minutes,
            buffer,
            bookable: Span {
                from: hours(booking.notice_hours.into()),
                until: horizon,
            },
            calendar: Known::of(calendar),
            full: Spans::where_at_least(booking.capacity.into(), &occupied),
        }
    }

    /// The same where nothing starts outside of that time.
    pub fn within(mut self, span: Span) -> Slots {
        self.bookable = self.bookable.both(span);
        self
    }

    /// From the end of the notice to before the horizon, where booking is on: every start lies in it.
    pub fn bookable(&self) -> Span {
        self.bookable
    }

    /// The free slots of that length that start in the span, soonest first.
    pub fn free(&self, within: Span, minutes: u16) -> impl Iterator<Item = Slot> {
        let slots = self.starts(within).map(move |start| slot(start, minutes));
        // What is taken is the cheaper question.
        slots.filter(|slot| self.is_free(*slot).is_ok() && self.is_open(*slot).is_ok())
    }

    /// The first free slots of that length that start in the span, `most` at the most.
    pub fn offer(&self, within: Span, minutes: u16, most: usize) -> Offer {
        let free: Vec<Slot> = self.free(within, minutes).take(most).collect();
        if !free.is_empty() {
            return Offer::Free(free);
        }
        let mut starts = self.starts(within);
        if starts.any(|start| self.check(start, minutes) == Err(NotFree::Unknown)) {
            Offer::Unknown
        } else {
            Offer::NothingFree
        }
    }

    /// The slot that starts at this instant, or why it cannot be booked.
    pub fn judge(&self, start: Timestamp, minutes: u16) -> Result<Slot, NotFree> {
        let slot = self.check(start, minutes);
        let is_a_start = || {
            let date = self.hours.first_zone().to_datetime(start).date();
            self.starts_of(date).any(|each| each == start)
        };
        match slot {
            Ok(_) | Err(NotFree::Busy | NotFree::Unknown) if !is_a_start() => {
                Err(NotFree::NotAStart)
            }
            slot => slot,
        }
    }

    /// The free slots nearest to the instant, within two weeks of it, in order; else the first that are free.
    pub fn near(&self, wanted: Timestamp, minutes: u16, most: usize) -> Vec<Slot> {
        let fortnight = SignedDuration::from_hours(14 * 24);
        let until = shift(wanted, fortnight);
        let from = shift(wanted, -fortnight);
        let span = |from, until| Span { from, until };
        let mut near: Vec<Slot> = self.free(span(wanted, until), minutes).take(most).collect();
        let before: Vec<Slot> = self.free(span(from, wanted), minutes).collect();
        near.extend(before.iter().rev().take(most));
        near.sort_by_key(|slot| slot.starts_at.duration_since(wanted).abs());
        near.truncate(most);
        near.sort_unstable();
        if near.is_empty() {
            near.extend(self.free(self.bookable, minutes).take(most));
        }
        near
    }

    /// Everything but whether a slot starts then.
    fn check(&self, start: Timestamp, minutes: u16) -> Result<Slot, NotFree> {
        let slot = slot(start, minutes);
        if start <= self.now {
            return Err(NotFree::Past);
        }
        if start < self.bookable.from {
            return Err(NotFree::TooSoon);
        }
        if start >= self.bookable.until {
            return Err(NotFree::TooFar);
        }
        self.is_open(slot)?;
        self.is_free(slot)?;
        Ok(slot)
    }

    fn is_open(&self, slot: Slot) -> Result<(), NotFree> {
        match self.hours.closed_reason(slot.starts_at) {
            Some(Reason::ClosedDay) => return Err(NotFree::ClosedDay),
            Some(Reason::Holiday) => return Err(NotFree::Holiday),
            Some(_) => return Err(NotFree::OutsideHours),
            None => {}
        }
        let whole = Open {
            from: slot.starts_at,
            until: slot.ends_at,
        };
        let opening = self.hours.openings(slot.starts_at, slot.ends_at).next();
        if opening == Some(whole) {
            Ok(())
        } else {
            Err(NotFree::OutsideHours)
        }
    }

    fn is_free(&self, slot: Slot) -> Result<(), NotFree> {
        let span = Span {
            from: slot.starts_at,
            until: shift(slot.ends_at, self.buffer),
        };
        if self.full.meets(span) {
            return Err(NotFree::Busy);
        }
        let with_buffers = Span {
            from: shift(slot.starts_at, -self.buffer),
            ..span
        };
        match &self.calendar {
            Some(calendar) => calendar.is_free(with_buffers),
            None => Ok(()),
        }
    }

    /// Where slots start in the span, as far as it can be booked.
    fn starts(&self, within: Span) -> impl Iterator<Item = Timestamp> {
        let span = self.bookable.both(within);
        let date = |instant| self.hours.first_zone().to_datetime(instant).date();
        let (first, last) = (date(span.from), date(span.until));
        // Where the clocks are put back over midnight, the end of the span may show the day before its last start.
        let last = last.tomorrow().unwrap_or(last);
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok())
            .take_while(move |day| *day <= last && !span.is_empty());
        days.flat_map(move |day| self.starts_of(day))
            .filter(move |start| span.holds(*start) && *start > self.now)
    }

    /// Where slots start on that date, in order.
    fn starts_of(&self, date: Date) -> impl Iterator<Item = Timestamp> {
        let windows = match self.hours.holiday(date) {
            Some(_) => &[],
            None => self.hours.windows(date),
        };
        let zone = self.hours.first_zone();
        let at = move |minute: u16| {
            let (hour, minute) = (
                i8::try_from(minute / 60).ok()?,
                i8::try_from(minute % 60).ok()?,
            );
            let local = date.to_datetime(jiff::civil::Time::new(hour, minute, 0, 0).ok()?);
            let (start, _) = zone::local_to_instant(local, zone).ok()?;
            Some(start)
        };
        windows
            .iter()
            .flat_map(|window| (window.from()..window.to()).step_by(self.slot_minutes.into()))
            .filter_map(at)
    }
}

fn slot(starts_at: Timestamp, minutes: u16) -> Slot {
    Slot {
        starts_at,
        ends_at: shift(starts_at, SignedDuration::from_mins(minutes.max(1).into())),
    }
}
