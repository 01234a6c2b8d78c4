//! The facts that a wish is decided from, read in the transaction that acts on it.

use domain::{
    call::Direction,
    context::AppointmentFacts,
    desk::{Appointment, DeskFacts, Identity, Person, Proof, Taken, Want, Wish},
    ids::ContactId,
    inbound::Caller,
    phone::PhoneNumber,
    settings::{Identify, Settings},
    slots::{Calendar, Span},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use store::{Booked, Recognised, Result, TenantTx};

use super::Place;

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
            calendar: Calendar::NotKept,
            taken: taken(tx, wish, settings, now).await?,
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

async fn taken(
    tx: &mut TenantTx,
    wish: &Wish,
    settings: &Settings,
    now: Timestamp,
) -> Result<Vec<Taken>> {
    let needs_times = matches!(
        wish.want,
        Want::Book { .. } | Want::Reschedule { .. } | Want::FreeSlots(_)
    );
    if !needs_times || !settings.booking.enabled {
        return Ok(Vec::new());
    }
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
