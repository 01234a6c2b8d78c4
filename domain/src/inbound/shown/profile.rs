//! What an agent is told of a person beside the usual: how they are reached, what they prefer, and what was before.
//!
//! The tenant chooses each; in health mode none of it is told.

use jiff::civil::Date;
use serde::Serialize;

use super::{Choice, LONGEST_TOPIC, past_day};
use crate::{
    call::Direction,
    context::{LONGEST_INSTRUCTIONS, LONGEST_TEXT},
    inbound::{EarlierCall, PastAppointment, sensitive::is_sensitive},
    script::Mode,
    settings::Told,
};

const MOST_NUMBERS: usize = 4;
const MOST_PAST: usize = 5;

#[derive(Default, Serialize)]
pub(in crate::inbound) struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::inbound) contact: Option<Contact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::inbound) preferences: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::inbound) past_appointments: Vec<Past>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::inbound) calls: Vec<Call>,
}

#[derive(Serialize)]
pub(in crate::inbound) struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::inbound) email: Option<String>,
    /// As people write them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::inbound) numbers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::inbound) address: Option<String>,
}

#[derive(Serialize)]
pub(in crate::inbound) struct Past {
    date: Date,
    #[serde(skip)]
    pub(in crate::inbound) day: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(in crate::inbound) kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    pub(in crate::inbound) status: &'static str,
}

#[derive(Serialize)]
pub(in crate::inbound) struct Call {
    date: Date,
    #[serde(skip)]
    pub(in crate::inbound) day: String,
    pub(in crate::inbound) direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::inbound) topic: Option<String>,
    pub(in crate::inbound) outcome: &'static str,
}

impl Call {
    pub(in crate::inbound) fn is_inbound(&self) -> bool {
        self.direction == Direction::Inbound.code()
    }
}

impl Choice<'_> {
    pub(super) fn profile(&self) -> Profile {
        if self.facts.mode == Mode::Health {
            return Profile::default();
        }
        let (on_file, zone) = (&self.facts.profile, self.facts.zone);
        let past = on_file.appointments.iter();
        let calls = on_file.calls.iter();
        Profile {
            contact: self.contact(),
            preferences: self.preferences(),
            past_appointments: past
                .filter(|_| self.tells(Told::PastAppointments))
                .take(MOST_PAST)
                .map(|each| self.past(each))
                .collect(),
            calls: calls
                .filter(|_| self.tells(Told::Calls))
                .take(MOST_PAST)
                .map(|each| self.call(each, zone.to_datetime(each.at).date()))
                .collect(),
        }
    }

    fn contact(&self) -> Option<Contact> {
        let facts = self.facts;
        let on_file = facts.profile;
        let text = |text: Option<&str>| self.discretion.text(text?, LONGEST_TEXT);
        let numbers = on_file.numbers.iter().take(MOST_NUMBERS);
        let contact = Contact {
            // A mail address mostly is a name.
            email: text(on_file.email.filter(|_| self.tells(Told::Name))),
            numbers: numbers
                .map(|number| number.for_people(facts.business.country))
                .collect(),
            address: text(on_file.address),
        };
        let is_empty =
            contact.email.is_none() && contact.numbers.is_empty() && contact.address.is_none();
        (self.tells(Told::Contact) && !is_empty).then_some(contact)
    }

    /// Nobody clears remarks: what sounds like a complaint is never told.
    fn preferences(&self) -> Option<String> {
        let remarks = self
            .facts
            .profile
            .remarks
            .filter(|text| self.tells_of_the_past(Told::Preferences) && !is_sensitive(text))?;
        self.discretion.phrase(remarks, LONGEST_INSTRUCTIONS)
    }

    fn past(&self, past: &PastAppointment<'_>) -> Past {
        let detail = |text: Option<&str>| self.discretion.detail(text?, LONGEST_TEXT);
        let date = past.zone.to_datetime(past.starts_at).date();
        Past {
            date,
            day: self.day(date),
            kind: detail(past.kind),
            provider: detail(past.provider),
            status: past.status.code(),
        }
    }

    fn call(&self, call: &EarlierCall<'_>, date: Date) -> Call {
        let topic = call.topic.filter(|_| self.tells_of_the_past(Told::Calls));
        Call {
            date,
            day: self.day(date),
            direction: call.direction.code(),
            topic: topic.and_then(|topic| self.discretion.phrase(topic, LONGEST_TOPIC)),
            outcome: call.outcome.code(),
        }
    }

    pub(super) fn day(&self, date: Date) -> String {
        let today = self.facts.zone.to_datetime(self.now).date();
        past_day(date, today, self.facts.locale)
    }
}
