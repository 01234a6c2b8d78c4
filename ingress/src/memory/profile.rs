//! What is read of a person only for the tenants that have it told.

use domain::{
    appointment::AppointmentStatus,
    call::CallOutcome,
    ids::ContactId,
    inbound::{EarlierCall, PastAppointment, Profile},
    phone::PhoneNumber,
    settings::{Settings, Told},
};
use jiff::{Timestamp, tz::TimeZone};
use store::{BookedEntry, OnFile, PastCall, TenantTx};

/// More than are ever told, for some may have been taken out of the calendar.
const MOST_PAST: u32 = 8;

#[derive(Default)]
pub(super) struct More {
    on_file: Option<OnFile>,
    numbers: Vec<PhoneNumber>,
    past: Vec<(BookedEntry, TimeZone)>,
}

impl More {
    pub(super) async fn of(
        tx: &mut TenantTx,
        person: ContactId,
        settings: &Settings,
        now: Timestamp,
    ) -> store::Result<Self> {
        let tells = |what| !settings.tenant.health_mode && settings.inbound.tell.contains(&what);
        let mut more = Self::default();
        if tells(Told::Contact) || tells(Told::Preferences) {
            more.on_file = tx.on_file(person).await?;
        }
        if tells(Told::PastAppointments) {
            let past = tx.appointments_before(person, now, MOST_PAST).await?;
            more.past = past.into_iter().map(zoned).collect();
        }
        let numbers = more.on_file.iter().flat_map(|on_file| &on_file.numbers);
        more.numbers = numbers
            .filter_map(|number| PhoneNumber::from_e164(number).ok())
            .collect();
        Ok(more)
    }

    pub(super) fn past_appointments(&self) -> Vec<PastAppointment<'_>> {
        let past = self.past.iter();
        past.filter(|(stored, _)| stored.status != AppointmentStatus::Deleted)
            .map(|(stored, zone)| PastAppointment {
                starts_at: stored.starts_at,
                zone,
                kind: stored.kind.as_deref(),
                provider: stored.practitioner.as_deref(),
                status: stored.status,
            })
            .collect()
    }

    pub(super) fn facts<'a>(
        &'a self,
        appointments: &'a [PastAppointment<'a>],
        calls: &'a [EarlierCall<'a>],
    ) -> Profile<'a> {
        let on_file = self.on_file.as_ref();
        Profile {
            email: on_file.and_then(|on_file| on_file.email.as_deref()),
            numbers: &self.numbers,
            address: on_file.and_then(|on_file| on_file.address.as_deref()),
            remarks: on_file.and_then(|on_file| on_file.remarks.as_deref()),
            appointments,
            calls,
        }
    }
}

/// The calls in which a phone rang.
pub(super) fn earlier(calls: &[PastCall]) -> Vec<EarlierCall<'_>> {
    calls
        .iter()
        .filter(|call| call.outcome != CallOutcome::NotPlaced)
        .map(|call| EarlierCall {
            at: call.at,
            direction: call.direction,
            topic: call.topic.as_deref(),
            outcome: call.outcome,
        })
        .collect()
}

fn zoned(stored: BookedEntry) -> (BookedEntry, TimeZone) {
    // Stored zones were checked when they came in.
    let zone = TimeZone::get(&stored.time_zone).unwrap_or(TimeZone::UTC);
    (stored, zone)
}
