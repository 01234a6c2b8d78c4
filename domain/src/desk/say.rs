//! The words of answers: plain short sentences in the tenant's manner of speaking.

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{Appointment, Refusal, Want, Wanted, Wish};
use crate::{
    context::{LONGEST_TEXT, text::clean},
    script::Mode,
    settings::{Booking, Identify, Settings},
    slots::Slot,
    spoken::{self, Locale},
};

mod list;
mod refusal;

use list::{either_of, times};

/// How many free times are spoken; more nobody remembers.
const MOST_SPOKEN: usize = 3;

pub(super) struct Words<'a> {
    pub(super) locale: Locale,
    /// The tenant's.
    zone: &'a TimeZone,
    booking: &'a Booking,
}

/// An appointment as the model is told of it. In health mode it has neither type nor provider nor place.
#[derive(Serialize)]
pub(super) struct ToldAppointment {
    id: String,
    #[serde(flatten)]
    time: Time,
    status: &'static str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_minutes: Option<u16>,
}

#[derive(Serialize)]
pub(super) struct Time {
    /// RFC 3339, with the offset of the place.
    starts_at: String,
    spoken: String,
}

impl<'a> Words<'a> {
    pub(super) fn of(settings: &'a Settings, zone: &'a TimeZone) -> Words<'a> {
        Words {
            locale: Locale::of(&settings.tenant.locale),
            zone,
            booking: &settings.booking,
        }
    }

    pub(super) fn appointment(&self, appointment: &Appointment<'_>, mode: Mode) -> ToldAppointment {
        let facts = &appointment.facts;
        let detail = |text: Option<&str>| {
            let text = clean(text.filter(|_| mode == Mode::General)?, LONGEST_TEXT);
            (!text.is_empty()).then_some(text)
        };
        ToldAppointment {
            id: appointment.id.to_string(),
            time: self.time(facts.starts_at, facts.zone),
            status: appointment.status.code(),
            kind: detail(facts.kind),
            provider: detail(facts.provider),
            location: detail(facts.location),
            duration_minutes: facts.duration_minutes,
        }
    }

    pub(super) fn time(&self, at: Timestamp, zone: &TimeZone) -> Time {
        Time {
            starts_at: at.display_with_offset(zone.to_offset(at)).to_string(),
            spoken: spoken::day_and_time(zone.to_datetime(at), self.locale),
        }
    }

    pub(super) fn free_times(&self, slots: &[Slot]) -> Vec<Time> {
        let slots = slots.iter();
        slots
            .map(|slot| self.time(slot.starts_at, self.zone))
            .collect()
    }

    pub(super) fn appointments(&self, ahead: &[&Appointment<'_>]) -> String {
        match ahead {
            [] => "You have no appointment to come.".to_owned(),
            [one] => format!("Your appointment is on {}.", self.when(one)),
            [next, later @ ..] => {
                let later: Vec<String> = later
                    .iter()
                    .take(MOST_SPOKEN)
                    .map(|each| self.when(each))
                    .collect();
                format!(
                    "You have {} appointments to come. The next is on {}. After that: {}.",
                    ahead.len(),
                    self.when(next),
                    later.join("; ")
                )
            }
        }
    }

    pub(super) fn confirmed(&self, appointment: &Appointment<'_>, already: bool) -> String {
        let already = if already { "already " } else { "" };
        let when = self.when(appointment);
        format!("Your appointment on {when} is {already}confirmed.")
    }

    pub(super) fn cancelled(&self, appointment: &Appointment<'_>, already: bool) -> String {
        let already = if already { "already " } else { "" };
        let (when, word) = (self.when(appointment), self.word_cancelled());
        format!("Your appointment on {when} is {already}{word}.")
    }

    pub(super) fn moved(&self, appointment: &Appointment<'_>, already: bool) -> String {
        let now = if already { "already" } else { "now" };
        format!("Your appointment is {now} on {}.", self.when(appointment))
    }

    pub(super) fn booked(&self, at: Timestamp, already: bool) -> String {
        let already = if already { "already " } else { "" };
        let when = self.time(at, self.zone).spoken;
        format!("You are {already}booked for {when}.")
    }

    pub(super) fn offered(&self, free: &[Slot]) -> String {
        let spoken: Vec<Slot> = free.iter().take(MOST_SPOKEN).copied().collect();
        format!("I could offer {}.", times(&spoken, self.zone, self.locale))
    }

    pub(super) fn noted(&self) -> String {
        "I have noted that for a colleague.".to_owned()
    }

    pub(super) fn opted_out(&self, is_person: bool) -> String {
        match is_person {
            true => "We will not call you any more.",
            false => "We will not call this number any more.",
        }
        .to_owned()
    }

    /// In the zone of the appointment.
    fn when(&self, appointment: &Appointment<'_>) -> String {
        let facts = &appointment.facts;
        self.time(facts.starts_at, facts.zone).spoken
    }

    fn word_cancelled(&self) -> &'static str {
        match self.locale {
            Locale::British => "cancelled",
            Locale::American => "canceled",
        }
    }
}
