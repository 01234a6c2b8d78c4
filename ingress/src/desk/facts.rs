//! The facts that a wish is decided from, read in the transaction that acts on it.

use domain::{
    call::Direction,
    context::AppointmentFacts,
    desk::{Appointment, DeskFacts, Identity, Person, Taken, Wish},
    ids::ContactId,
    inbound::Caller,
    phone::PhoneNumber,
    settings::Settings,
    slots::{Calendar, Span},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use store::{Booked, Recognised, Result, TenantTx};

use super::Place;

/// So long after its time an appointment may still be spoken of.
const LATELY: SignedDuration = SignedDuration::from_hours(3 * 24);

pub(super) struct Facts {
    caller: Caller,
    number: Option<PhoneNumber>,
    contact: Option<Someone>,
    others: Vec<Someone>,
    earlier: Vec<Identity>,
    calendar: Calendar,
    taken: Vec<Taken>,
}

/// A person whose appointments' zones are read.
struct Someone {
    booked: Booked,
    zones: Vec<TimeZone>,
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
        let (caller, contact) = callee(tx, place, recognised).await?;
        let earlier = match &place.call {
            Some(call) => tx.earlier_identities(call.id).await?,
            None => Vec::new(),
        };
        let mut others: Vec<ContactId> = match wish.proof() {
            Some(proof) => tx.contacts_on(&proof.days()).await?,
            None => Vec::new(),
        };
        others.extend(earlier.iter().filter_map(|identity| identity.contact()));
        let since = now - LATELY;
        let contact: Vec<ContactId> = contact.into_iter().collect();
        let contact = tx.booked(&contact, since).await?.into_iter().next();
        Ok(Facts {
            caller,
            number,
            contact: contact.map(Someone::of),
            others: tx
                .booked(&others, since)
                .await?
                .into_iter()
                .map(Someone::of)
                .collect(),
            earlier,
            calendar: Calendar::NotKept,
            taken: taken(tx, settings, now).await?,
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
            calendar: &self.calendar,
            taken: &self.taken,
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
            id: someone.booked.id,
            name: &someone.booked.name,
            appointments,
        })
        .collect()
}

/// In a call that we placed it is the person whom we called, whoever else has the number.
async fn callee(
    tx: &mut TenantTx,
    place: &Place,
    recognised: Recognised,
) -> Result<(Caller, Option<ContactId>)> {
    let outbound = place
        .call
        .as_ref()
        .filter(|call| call.direction == Direction::Outbound);
    if let Some(appointment) = outbound.and_then(|call| call.appointment)
        && let Some(contact) = tx.contact_of(appointment).await?
    {
        return Ok((Caller::Known, Some(contact)));
    }
    let contact = recognised.person.map(|person| person.id);
    Ok((recognised.caller, contact))
}

async fn taken(tx: &mut TenantTx, settings: &Settings, now: Timestamp) -> Result<Vec<Taken>> {
    let horizon = SignedDuration::from_hours(24 * i64::from(settings.booking.horizon_days));
    let taken = tx.taken(now, now + horizon).await?;
    Ok(taken
        .into_iter()
        .map(|each| {
            let minutes = settings.booking.minutes(each.duration_minutes);
            Taken {
                appointment: each.appointment,
                span: Span {
                    from: each.starts_at,
                    until: each.starts_at + SignedDuration::from_mins(minutes.into()),
                },
            }
        })
        .collect())
}

impl Someone {
    fn of(booked: Booked) -> Someone {
        let zone = |name: &str| TimeZone::get(name).unwrap_or(TimeZone::UTC);
        Someone {
            // Stored zones were checked when they came in; an unknown one would be spoken as UTC.
            zones: booked
                .appointments
                .iter()
                .map(|(_, each)| zone(&each.time_zone))
                .collect(),
            booked,
        }
    }

    fn appointments(&self) -> Vec<Appointment<'_>> {
        self.booked
            .appointments
            .iter()
            .zip(&self.zones)
            .map(|((version, each), zone)| Appointment {
                id: each.id,
                version: *version,
                status: each.status,
                facts: AppointmentFacts {
                    starts_at: each.starts_at,
                    zone,
                    kind: each.kind.as_deref(),
                    provider: each.practitioner.as_deref(),
                    location: each.location.as_deref(),
                    instructions: each.instructions.as_deref(),
                    duration_minutes: each.duration_minutes,
                },
            })
            .collect()
    }
}
