//! The facts that a wish is decided from, read in the transaction that acts on it.

use domain::{
    call::Direction,
    desk::{Appointment, DeskFacts, Identity, Person, Proof, Wish},
    ids::ContactId,
    inbound::Caller,
    phone::PhoneNumber,
    settings::{Identify, Settings},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use store::{Booked, Recognised, Result, TenantTx};

use super::Place;
use crate::{appointment::Zoned, times::Times};

/// Days from now within which appointments are believed in.
const FAR: i64 = 3 * 366;
/// So long after its time an appointment may still be spoken of.
const LATELY: SignedDuration = SignedDuration::from_hours(3 * 24);

pub(super) struct Facts {
    caller: Caller,
    number: Option<PhoneNumber>,
    contact: Option<Someone>,
    others: Vec<Someone>,
    earlier: Vec<Identity>,
    /// For the wish, once they are read.
    pub(super) times: Times,
}

/// A person whose appointments' zones are read.
struct Someone {
    id: ContactId,
    name: String,
    appointments: Vec<Zoned>,
}

impl Facts {
    pub(super) async fn of(
        tx: &mut TenantTx,
        wish: &Wish,
        place: &Place,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Facts> {
        let recognised = tx.recognise(place.number.as_deref(), settings).await?;
        let number = match &recognised.number {
            domain::inbound::CallerNumber::Given(number) => Some(number.clone()),
            domain::inbound::CallerNumber::Withheld => None,
        };
        let (caller, contact) = callee(place, &recognised);
        let earlier = match &place.call {
            Some(call) => tx.earlier_identities(call.id).await?,
            None => Vec::new(),
        };
        let mut others = match wish.proof() {
            Some(proof) if may_prove(&proof, settings, now) => {
                tx.contacts_on(&proof.days()).await?
            }
            _ => Vec::new(),
        };
        others.extend(earlier.iter().filter_map(|identity| identity.contact()));
        let since = now - LATELY;
        let contact: Vec<ContactId> = contact.into_iter().collect();
        let contact = tx.booked(&contact, since).await?.into_iter().next();
        Ok(Facts {
            caller,
            number,
            contact: contact.map(Someone::of),
            // Only an appointment to come proves anything.
            others: tx
                .booked(&others, now)
                .await?
                .into_iter()
                .map(Someone::of)
                .collect(),
            earlier,
            times: Times::none(),
        })
    }

    /// Hands out the facts as the domain takes them.
    pub(super) fn with_view<T>(
        &self,
        place: &Place,
        decide: impl FnOnce(&DeskFacts<'_>) -> T,
    ) -> T {
        let contact = self.contact.as_slice();
        let (of_contact, of_others) = (appointments(contact), appointments(&self.others));
        let others = people(&self.others, &of_others);
        decide(&DeskFacts {
            line: place.line,
            call: place.on_call,
            caller: self.caller,
            number: self.number.as_ref(),
            contact: people(contact, &of_contact).into_iter().next(),
            others: &others,
            earlier: &self.earlier,
            about: place.call.as_ref().and_then(|call| call.appointment),
            calendar: &self.times.calendar,
            taken: &self.times.taken,
            looked_through: self.times.looked_through,
        })
    }
}

fn appointments(of: &[Someone]) -> Vec<Vec<Appointment<'_>>> {
    of.iter().map(Someone::appointments).collect()
}

fn people<'a>(of: &'a [Someone], appointments: &'a [Vec<Appointment<'a>>]) -> Vec<Person<'a>> {
    of.iter()
        .zip(appointments)
        .map(|(someone, appointments)| Person {
            id: someone.id,
            name: &someone.name,
            appointments,
        })
        .collect()
}

/// In a call that we placed it is the person whom we called, whoever else has the number.
fn callee(place: &Place, recognised: &Recognised) -> (Caller, Option<ContactId>) {
    let called = place
        .call
        .as_ref()
        .filter(|call| call.direction == Direction::Outbound)
        .and_then(|call| call.contact);
    match called {
        Some(contact) => (Caller::Known, Some(contact)),
        None => (
            recognised.caller,
            recognised.person.as_ref().map(|person| person.id),
        ),
    }
}

/// Whether the tenant lets words prove who calls, and the day is one on which anybody can have an appointment.
fn may_prove(proof: &Proof<'_>, settings: &Settings, now: Timestamp) -> bool {
    let around = |days: i64| {
        let there = now.checked_add(SignedDuration::from_hours(24 * days));
        there.map(|there| TimeZone::UTC.to_datetime(there).date())
    };
    let [first, _, last] = proof.days();
    settings.booking.identify != Identify::Number
        && around(-2).is_ok_and(|from| first >= from)
        && around(FAR).is_ok_and(|until| last <= until)
}

impl Someone {
    fn of(booked: Booked) -> Someone {
        Someone {
            id: booked.id,
            name: booked.name,
            appointments: booked.appointments.into_iter().map(Zoned::from).collect(),
        }
    }

    fn appointments(&self) -> Vec<Appointment<'_>> {
        self.appointments
            .iter()
            .map(|each| Appointment {
                id: each.stored.id,
                version: each.stored.version,
                status: each.stored.status,
                facts: each.facts(),
            })
            .collect()
    }
}
