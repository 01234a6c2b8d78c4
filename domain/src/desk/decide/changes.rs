//! Confirming, cancelling, moving and booking.

use jiff::Timestamp;

use super::{
    Act, Answer, Appointment, AppointmentStatus, Desk, FollowUp, LONGEST_KIND, Met, Outcome,
    Refusal, Refused, clean,
};
use crate::{
    desk::Wanted,
    slots::{Slot, Slots, Span},
    zone::LocalChoice,
};

/// How many other times are offered.
pub(in crate::desk) const MOST_ALTERNATIVES: usize = 3;

impl<'a> Desk<'a> {
    pub(super) fn confirm(&self) -> Outcome<'a> {
        let appointment = self.chosen_to_change(self.person()?)?;
        let already = appointment.status == AppointmentStatus::Confirmed;
        let act = if already {
            Act::Nothing
        } else {
            Act::Confirm {
                appointment: appointment.id,
                version: appointment.version,
            }
        };
        let spoken = self.words.confirmed(appointment, already);
        Ok(self.changed(act, appointment, AppointmentStatus::Confirmed, spoken))
    }

    pub(super) fn cancel(&self, reason: Option<&str>) -> Outcome<'a> {
        let appointment = match self.chosen(self.person()?)? {
            past if !self.is_ahead(past) => return Err(Refusal::AppointmentPast.into()),
            appointment => appointment,
        };
        let already = !appointment.stands();
        let act = if already {
            Act::Nothing
        } else {
            Act::Cancel {
                appointment: appointment.id,
                version: appointment.version,
                reason: reason.map(str::to_owned),
            }
        };
        let spoken = self.words.cancelled(appointment, already);
        Ok(self.changed(act, appointment, AppointmentStatus::Cancelled, spoken))
    }

    pub(super) fn reschedule(&self, to: Option<Wanted>) -> Outcome<'a> {
        let booking = &self.settings.booking;
        let appointment = match self.person() {
            Ok(person) => self.chosen_to_change(person)?,
            Err(_) if !booking.enabled => {
                return Err(self.follow_up(Refusal::BookingOff, None, None));
            }
            Err(why) => return Err(why.into()),
        };
        if !booking.enabled {
            return Err(self.follow_up(Refusal::BookingOff, Some(appointment), None));
        }
        let minutes = booking.minutes(appointment.facts.duration_minutes);
        let slots = self.slots(|taken| taken.appointment != appointment.id);
        let starts_at = appointment.facts.starts_at;
        let (slot, choice) = match to {
            // The time it has already is no time to look for.
            Some(Wanted::At(at, choice)) if at == starts_at => (None, choice),
            to => self
                .slot(&slots, to, minutes)
                .map(|(slot, choice)| (Some(slot), choice))?,
        };
        let act = slot.map_or(Act::Nothing, |slot| Act::Move {
            appointment: appointment.id,
            version: appointment.version,
            starts_at: slot.starts_at,
            minutes,
            choice,
        });
        let mut moved = *appointment;
        moved.facts.starts_at = slot.map_or(starts_at, |slot| slot.starts_at);
        let spoken = self.words.moved(&moved, slot.is_none());
        let status = if slot.is_some() {
            AppointmentStatus::Scheduled
        } else {
            appointment.status
        };
        Ok(self.changed(act, &moved, status, spoken))
    }

    pub(super) fn book(&self, at: Option<Wanted>, kind: Option<&str>) -> Outcome<'a> {
        let booking = &self.settings.booking;
        let kind = kind.map(|kind| clean(kind, LONGEST_KIND));
        let person = match self.person() {
            _ if !booking.enabled => {
                return Err(self.follow_up(Refusal::BookingOff, None, kind));
            }
            Ok(person) => person,
            Err(why) => return Err(self.follow_up(why, None, kind)),
        };
        let ahead = self.ahead(person);
        if let Some(Wanted::At(at, _)) = at
            && ahead.iter().any(|each| each.facts.starts_at == at)
        {
            return Ok(self.booked(Act::Nothing, at, true));
        }
        if ahead.len() >= usize::from(booking.most_ahead) {
            return Err(self.follow_up(Refusal::EnoughBooked, None, kind));
        }
        let minutes = booking.minutes(None);
        let (slot, choice) = self.slot(&self.slots(|_| true), at, minutes)?;
        let act = Act::Book {
            contact: person.id,
            starts_at: slot.starts_at,
            minutes,
            choice,
            kind,
        };
        Ok(self.booked(act, slot.starts_at, false))
    }

    /// The slot at the time that is wanted, or why there is none and which others there are.
    fn slot(
        &self,
        slots: &Slots,
        wanted: Option<Wanted>,
        minutes: u16,
    ) -> Result<(Slot, LocalChoice), Refused<'a>> {
        let refused = |why, free| Refused {
            free,
            ..Refused::from(why)
        };
        let first = |within| slots.free(within, minutes).take(MOST_ALTERNATIVES);
        match wanted {
            Some(Wanted::At(at, choice)) => {
                let judged = slots.judge(at, minutes).map(|slot| (slot, choice));
                judged
                    .map_err(|why| refused(why.into(), slots.near(at, minutes, MOST_ALTERNATIVES)))
            }
            Some(Wanted::Day(day)) => {
                let of_day = self.days(Some(day), Some(day));
                let free: Vec<Slot> = first(of_day).collect();
                if !free.is_empty() {
                    return Err(refused(Refusal::TimeMissing, free));
                }
                let near = slots.near(of_day.from, minutes, MOST_ALTERNATIVES);
                Err(refused(self.why_not(slots, of_day, minutes), near))
            }
            None => {
                let free = first(slots.bookable()).collect();
                Err(refused(Refusal::TimeMissing, free))
            }
        }
    }

    /// The times of the business, with only those appointments in the way.
    pub(super) fn slots(&self, counts: impl Fn(&crate::desk::Taken) -> bool) -> Slots {
        let taken = self.facts.taken.iter().filter(|taken| counts(taken));
        let taken: Vec<Span> = taken.map(|taken| taken.span).collect();
        Slots::new(self.now, self.settings, self.facts.calendar, &taken)
            .within(self.facts.looked_through)
    }

    /// A colleague calls back; if there is a number.
    pub(super) fn follow_up(
        &self,
        why: Refusal,
        appointment: Option<&Appointment<'_>>,
        kind: Option<String>,
    ) -> Refused<'a> {
        let Some(number) = self.wish.phone.as_ref().or(self.facts.number) else {
            return Refusal::NumberMissing.into();
        };
        let follow_up = FollowUp {
            wanted: self.wish.function(),
            contact: self.identity.contact(),
            name: self.wish.name.clone(),
            appointment: appointment.map(|each| (each.id, each.version)),
            time: self.wanted_time(),
            kind,
            number: number.clone(),
        };
        Refused {
            follow_up: Some(Box::new(follow_up)),
            ..why.into()
        }
    }

    fn changed(
        &self,
        act: Act,
        appointment: &Appointment<'_>,
        status: AppointmentStatus,
        spoken: String,
    ) -> Met {
        let mut answer = self.met(spoken);
        let now = Appointment {
            status,
            ..*appointment
        };
        answer.tell("changed", act != Act::Nothing);
        answer.tell("appointment", self.words.appointment(&now, self.mode()));
        Met { act, answer }
    }

    fn booked(&self, act: Act, at: Timestamp, already: bool) -> Met {
        let mut answer: Answer = self.met(self.words.booked(at, already));
        answer.tell("changed", !already);
        answer.tell("booked", self.words.time(at, self.zone));
        Met { act, answer }
    }
}
