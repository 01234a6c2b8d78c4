mod changes;
mod reach;
mod reading;
mod times;
mod who;
mod words;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    appointment::AppointmentStatus,
    context::AppointmentFacts,
    ids::{AppointmentId, ContactId},
    inbound::{Caller, Line},
    phone::PhoneNumber,
    settings::{Booking, Settings},
    slots::{Calendar, Span},
};

/// A Monday morning in London, an hour ahead of UTC.
pub(super) const NOW: &str = "2027-04-05T08:00:00Z";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn apt(number: u128) -> AppointmentId {
    AppointmentId::from_uuid(Uuid::from_u128(number))
}

pub(super) fn con(number: u128) -> ContactId {
    ContactId::from_uuid(Uuid::from_u128(number))
}

/// An appointment: its number, when it starts, where it stands.
pub(super) type Visit = (u128, &'static str, AppointmentStatus);

pub(super) const SCHEDULED: AppointmentStatus = AppointmentStatus::Scheduled;
pub(super) const CONFIRMED: AppointmentStatus = AppointmentStatus::Confirmed;
pub(super) const CANCELLED: AppointmentStatus = AppointmentStatus::Cancelled;

#[derive(Clone)]
pub(super) struct Contact {
    pub(super) id: ContactId,
    pub(super) name: &'static str,
    pub(super) visits: Vec<Visit>,
}

/// A call to the desk, and everything that is known at that moment.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) now: &'static str,
    pub(super) settings: Settings,
    pub(super) line: Line,
    pub(super) call: OnCall,
    pub(super) caller: Caller,
    pub(super) number: Option<PhoneNumber>,
    pub(super) contact: Option<Contact>,
    pub(super) others: Vec<Contact>,
    pub(super) earlier: Vec<Identity>,
    pub(super) about: Option<AppointmentId>,
    pub(super) calendar: Calendar,
    pub(super) taken: Vec<Taken>,
    pub(super) looked_through: Span,
}

/// Ada Lovelace, with one appointment on Thursday at ten, calls a business that books for itself.
pub(super) fn given() -> Given {
    let mut settings = Settings::default();
    settings.tenant.name = "Harbour Accounts".to_owned();
    settings.tenant.health_mode = false;
    settings.booking = Booking {
        enabled: true,
        ..Booking::default()
    };
    Given {
        now: NOW,
        settings,
        line: Line::Ours,
        call: OnCall::Live,
        caller: Caller::Known,
        number: Some(PhoneNumber::from_e164("+447700900123").unwrap()),
        contact: Some(Contact {
            id: con(1),
            name: "LOVELACE, Ada",
            visits: vec![(1, "2027-04-08T09:00:00Z", SCHEDULED)],
        }),
        others: Vec::new(),
        earlier: Vec::new(),
        about: None,
        calendar: Calendar::NotKept,
        taken: vec![taken(1, "2027-04-08T09:00:00Z")],
        looked_through: Span {
            from: Timestamp::MIN,
            until: Timestamp::MAX,
        },
    }
}

/// The same call from a number that tells nothing.
pub(super) fn stranger(caller: Caller) -> Given {
    let mut given = given();
    given.caller = caller;
    given.others.extend(given.contact.take());
    if caller == Caller::Withheld {
        given.number = None;
    }
    given
}

pub(super) fn taken(number: u128, from: &str) -> Taken {
    Taken {
        appointment: apt(number),
        span: Span::of_minutes(at(from), 30),
    }
}

impl Given {
    pub(super) fn visits(mut self, visits: &[Visit]) -> Given {
        let contact = self.contact.as_mut().or(self.others.first_mut());
        contact.unwrap().visits = visits.to_vec();
        self.taken = visits
            .iter()
            .map(|(number, at, _)| taken(*number, at))
            .collect();
        self
    }

    pub(super) fn read(&self, function: &str, arguments: Value) -> Result<Wish, Misunderstanding> {
        let arguments = arguments.as_object().unwrap();
        Wish::read(function, arguments, at(self.now), &self.settings)
    }

    /// What is done about a wish that can be read.
    pub(super) fn deed(&self, function: &str, arguments: Value) -> Deed {
        let wish = self
            .read(function, arguments)
            .unwrap_or_else(|why| panic!("{why:?}"));
        self.decided(&wish, &self.settings)
    }

    pub(super) fn decided(&self, wish: &Wish, settings: &Settings) -> Deed {
        let zone = TimeZone::get("Europe/London").unwrap();
        let appointments = |contact: &Contact| -> Vec<Appointment<'_>> {
            let visits = contact.visits.iter();
            visits.map(|visit| appointment(*visit, &zone)).collect()
        };
        let own: Option<Vec<_>> = self.contact.as_ref().map(appointments);
        let theirs: Vec<Vec<_>> = self.others.iter().map(appointments).collect();
        let others: Vec<Person<'_>> = self
            .others
            .iter()
            .zip(&theirs)
            .map(|(contact, appointments)| person(contact, appointments))
            .collect();
        let facts = DeskFacts {
            line: self.line,
            call: self.call,
            caller: self.caller,
            number: self.number.as_ref(),
            contact: self
                .contact
                .as_ref()
                .zip(own.as_ref())
                .map(|(contact, appointments)| person(contact, appointments)),
            others: &others,
            earlier: &self.earlier,
            about: self.about,
            calendar: &self.calendar,
            taken: &self.taken,
            looked_through: self.looked_through,
        };
        decide(at(self.now), wish, &facts, settings)
    }

    /// What is said.
    pub(super) fn say(&self, function: &str, arguments: Value) -> String {
        self.deed(function, arguments).answer.spoken
    }

    /// Why the wish is not met.
    pub(super) fn refusal(&self, function: &str, arguments: Value) -> Option<Refusal> {
        self.deed(function, arguments).refusal
    }
}

fn person<'a>(contact: &Contact, appointments: &'a [Appointment<'a>]) -> Person<'a> {
    Person {
        id: contact.id,
        name: contact.name,
        appointments,
    }
}

fn appointment(visit: Visit, zone: &TimeZone) -> Appointment<'_> {
    let (number, starts_at, status) = visit;
    Appointment {
        id: apt(number),
        version: 7,
        status,
        facts: AppointmentFacts {
            starts_at: at(starts_at),
            zone,
            kind: Some("Tax return"),
            provider: Some("Mr Charles Babbage"),
            location: Some("12 Quay Street"),
            instructions: Some("Bring the receipts."),
            duration_minutes: None,
        },
    }
}

/// What a deed does, as it is stored.
pub(super) fn act(deed: &Deed) -> Value {
    serde_json::to_value(&deed.act).unwrap()
}

#[test]
fn every_function_is_called_by_its_name_and_by_others() {
    for function in Function::ALL {
        assert_eq!(Function::named(function.code()), Some(*function));
    }
    for (name, function) in [
        ("lookUp", Function::LookUp),
        ("LookupCaller", Function::LookUp),
        ("get-appointments", Function::LookUp),
        ("cancel_appointment", Function::Cancel),
        ("checkAvailability", Function::FreeSlots),
        ("book_appointment", Function::Book),
        ("take_message", Function::Note),
        ("do_not_call", Function::OptOut),
    ] {
        assert_eq!(Function::named(name), Some(function), "{name}");
    }
    for name in ["", "cance", "cancelall", "delete", "transfer_call"] {
        assert_eq!(Function::named(name), None, "{name}");
    }
}

#[test]
fn no_name_stands_for_two_functions() {
    let mut names: Vec<String> = Function::ALL
        .iter()
        .map(|each| squeezed(each.code()))
        .collect();
    for (_, others) in OTHER_NAMES {
        names.extend(others.iter().map(|name| (*name).to_owned()));
    }
    let count = names.len();
    assert!(names.iter().all(|name| *name == squeezed(name)));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn a_deed_can_be_kept() {
    let given = given();
    let mut deeds = vec![
        given.deed("confirm", json!({})),
        given.deed("cancel", json!({ "reason": "ill" })),
        given.deed(
            "reschedule",
            json!({ "date": "2027-04-09", "time": "11:00" }),
        ),
        given.deed(
            "book",
            json!({ "date": "2027-04-09", "time": "11:00", "type": "Audit" }),
        ),
        given.deed("free_slots", json!({})),
        given.deed(
            "note",
            json!({ "text": "Ring the bell", "phone": "07700 900456" }),
        ),
        given.deed("note", json!({ "text": "Ring the bell" })),
        given.deed("opt_out", json!({})),
        given.deed("look_up", json!({})),
    ];
    deeds.push(stranger(Caller::Unknown).deed("book", json!({ "date": "2027-04-09" })));
    for deed in deeds {
        let kept = serde_json::to_string(&deed).unwrap();
        let read: Deed = serde_json::from_str(&kept).unwrap();
        assert!(read == deed, "{kept}");
    }
}
