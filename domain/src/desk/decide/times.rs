//! Free times, and the times that were asked for.

use jiff::{Timestamp, civil::Date};

use super::{Act, Desk, Met, Outcome, Refusal, Refused, changes::MOST_ALTERNATIVES};
use crate::{
    desk::{Search, Want, Wanted},
    slots::{Offer, Slot, Slots, Span},
};

/// How many free times are told to the model; fewer are spoken.
pub(in crate::desk) const MOST_FREE_TIMES: usize = 8;

impl<'a> Desk<'a> {
    pub(super) fn free_slots(&self, search: &Search) -> Outcome<'a> {
        if !self.settings.booking.enabled {
            return Err(self.follow_up(Refusal::BookingOff, None, None));
        }
        let slots = self.slots(|_| true);
        let minutes = self.settings.booking.minutes(None);
        let within = self.days(search.from, search.until);
        let suits = |slot: &Slot| {
            let hour = self.zone.to_datetime(slot.starts_at).hour();
            search.part.is_none_or(|part| part.holds(hour))
        };
        let free: Vec<Slot> = slots
            .free(within, minutes)
            .filter(suits)
            .take(MOST_FREE_TIMES)
            .collect();
        if free.is_empty() {
            return Err(Refused {
                free: slots.near(within.from, minutes, MOST_ALTERNATIVES),
                ..self.why_not(&slots, within, minutes).into()
            });
        }
        let mut answer = self.met(self.words.offered(&free));
        answer.tell("free_times", self.words.free_times(&free));
        Ok(Met {
            act: Act::Nothing,
            answer,
        })
    }

    /// Why nothing is free in the span.
    pub(super) fn why_not(&self, slots: &Slots, within: Span, minutes: u16) -> Refusal {
        if within.until <= self.now {
            Refusal::Past
        } else if within.from >= slots.bookable().until {
            Refusal::TooFar
        } else if slots.offer(within, minutes, 1) == Offer::Unknown {
            Refusal::CalendarUnknown
        } else {
            Refusal::NothingFree
        }
    }

    /// From the start of the first day to the end of the last, by the tenant's clocks.
    pub(super) fn days(&self, first: Option<Date>, last: Option<Date>) -> Span {
        let start = |date: Date| {
            let start = date.to_zoned(self.zone.clone());
            start.map_or(Timestamp::MAX, |start| start.timestamp())
        };
        Span {
            from: first.map_or(self.now, start),
            until: last.map_or(Timestamp::MAX, |last| {
                last.tomorrow().map_or(Timestamp::MAX, start)
            }),
        }
    }

    /// The time that was asked for, for a person to read.
    pub(super) fn wanted_time(&self) -> Option<String> {
        match &self.wish.want {
            Want::Book { at: wanted, .. } | Want::Reschedule { to: wanted } => match (*wanted)? {
                Wanted::Day(day) => Some(day.to_string()),
                Wanted::At(at, _) => {
                    let local = self.zone.to_datetime(at);
                    Some(local.strftime("%Y-%m-%d %H:%M").to_string())
                }
            },
            Want::FreeSlots(search) => match (search.from, search.until) {
                (Some(from), Some(until)) if from == until => Some(from.to_string()),
                (Some(from), _) => Some(from.to_string()),
                (None, _) => None,
            },
            _ => None,
        }
    }
}
