//! What callers have done in a call: the facts it is decided from, the changes, and the record (MEM-4).

use std::time::Duration;

use domain::{
    appointment::AppointmentStatus,
    call::Direction,
    desk::{Identity, NoteKind},
    ids::{AppointmentId, CallId, ContactId, NoteId},
};
use jiff::{Timestamp, civil::Date};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Result, TenantTx,
    context_log::{Upcoming, UpcomingRow},
    instant::{from_db, to_db},
    reminders::known,
};

/// The call in which something is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedIn {
    pub id: CallId,
    pub direction: Direction,
    /// Who is on the other end; `None` when it is withheld.
    pub e164: Option<String>,
    /// Our number that was called.
    pub line: Option<String>,
    /// Whom we called, or whom the number that calls belongs to.
    pub contact: Option<ContactId>,
    /// What a reminder's call is about.
    pub appointment: Option<AppointmentId>,
    pub is_over: bool,
}

/// Somebody with appointments. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct Booked {
    pub id: ContactId,
    pub name: String,
    /// Soonest first, cancelled ones included.
    pub appointments: Vec<Upcoming>,
}

/// Time that an appointment takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenTime {
    pub appointment: AppointmentId,
    pub starts_at: Timestamp,
    pub duration_minutes: Option<u16>,
}

/// A new appointment that was made in a call.
#[derive(Debug, Clone)]
pub struct Booking<'a> {
    pub contact: ContactId,
    pub starts_at: Timestamp,
    /// IANA name.
    pub time_zone: &'a str,
    pub first_of_two: bool,
    pub minutes: u16,
    pub kind: Option<&'a str>,
}

/// Another time for an appointment.
#[derive(Debug, Clone, Copy)]
pub struct Moved {
    pub appointment: AppointmentId,
    /// The version that was moved; another one is left alone.
    pub version: i32,
    pub starts_at: Timestamp,
    pub first_of_two: bool,
}

/// Something that a person has to read. It holds personal data and so has no `Debug`.
#[derive(Clone, Default)]
pub struct NewNote<'a> {
    pub kind: NoteKind,
    pub contact: Option<ContactId>,
    pub call: Option<CallId>,
    pub name: Option<&'a str>,
    /// The number to call back.
    pub e164: Option<&'a str>,
    pub body: &'a str,
    pub urgent: bool,
    /// No agent hears of it until a person has cleared it.
    pub held: bool,
    pub wants_answer: bool,
}

/// A function that an agent asked for, and what came of it. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct FunctionEntry<'a> {
    pub provider: &'a str,
    pub invocation: &'a str,
    pub provider_call_id: Option<&'a str>,
    pub call: Option<CallId>,
    pub name: &'a str,
    pub arguments: &'a Value,
    pub identity: Option<&'a Value>,
    pub act: Option<&'a Value>,
    pub refusal: Option<&'a str>,
    /// Exactly what is sent.
    pub answer: &'a str,
    /// Milliseconds from the question to this record.
    pub took_ms: u32,
    pub request_id: &'a str,
    pub trace_id: &'a str,
    pub asked_at: Timestamp,
}

impl TenantTx {
    /// The answer that the same question was given before, if it changed something. Whoever asks the same at the same
    /// time waits for the end of this transaction. `while_newest`: only while nothing else was asked in that call since.
    pub async fn answered_before(
        &mut self,
        provider: &str,
        invocation: &str,
        while_newest: bool,
    ) -> Result<Option<String>> {
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended($1::text || $2, 0))",
            self.tenant().to_string(),
            invocation
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let answer = sqlx::query_scalar!(
            "select answer from call_functions f where tenant_id = $1 and provider = $2 and invocation = $3
               and act ->> 'do' <> 'nothing'
               and not ($4 and exists (select from call_functions later
                                       where later.tenant_id = $1 and later.provider_call_id = f.provider_call_id
                                         and later.position > f.position))
             order by position desc limit 1",
            self.tenant(),
            provider,
            invocation,
            while_newest
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(answer)
    }

    /// Those who give away time go one after another, until the end of this transaction: two callers cannot have
    /// the same slot.
    pub async fn lock_slots(&mut self) -> Result<()> {
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended('slots ' || $1::text, 0))",
            self.tenant().to_string()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The call that a provider's question is about: ours by its own id, or by the provider's.
    pub async fn asked_in(
        &mut self,
        provider: &str,
        call: Option<CallId>,
        provider_call_id: &str,
    ) -> Result<Option<AskedIn>> {
        let row = sqlx::query!(
            r#"select id, direction, e164, line, contact_id, appointment_id, (outcome is not null or ended_at is not null) as "is_over!"
               from calls
               where tenant_id = $1 and provider = $2
                 and (provider_call_id = $3 or (id = $4 and provider_call_id is null))
               order by recorded_at desc limit 1"#,
            self.tenant(),
            provider,
            provider_call_id,
            call.map(CallId::uuid)
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|row| {
            Ok(AskedIn {
                id: CallId::from_uuid(row.id),
                direction: known("calls.direction", &row.direction, Direction::from_code)?,
                e164: row.e164,
                line: row.line,
                contact: row.contact_id.map(ContactId::from_uuid),
                appointment: row.appointment_id.map(AppointmentId::from_uuid),
                is_over: row.is_over,
            })
        })
        .transpose()
    }

    /// Whom earlier functions of the call took the caller for, oldest first.
    pub async fn earlier_identities(&mut self, call: CallId) -> Result<Vec<Identity>> {
        let rows = sqlx::query_scalar!(
            r#"select identity as "identity!" from call_functions
               where tenant_id = $1 and call_id = $2 and identity is not null order by position"#,
            self.tenant(),
            call.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| Ok(serde_json::from_value(row)?))
            .collect()
    }

    /// Everybody with an appointment on one of these days, by the clocks of its place. Nobody where they are more
    /// than 500, for then none of them could be told from the others.
    pub async fn contacts_on(&mut self, days: &[Date]) -> Result<Vec<ContactId>> {
        let days: Vec<String> = days.iter().map(Date::to_string).collect();
        let rows = sqlx::query_scalar!(
            "select distinct contact_id from appointments
             where tenant_id = $1 and (starts_at at time zone time_zone)::date::text = any($2)
               and starts_at between (select min(day::date) - 2 from unnest($2) as d (day))::timestamptz
                                 and (select max(day::date) + 3 from unnest($2) as d (day))::timestamptz
             limit 501",
            self.tenant(),
            &days
        )
        .fetch_all(&mut *self.tx)
        .await?;
        if rows.len() > 500 {
            return Ok(Vec::new());
        }
        Ok(rows.into_iter().map(ContactId::from_uuid).collect())
    }

    /// These people with their appointments since an instant.
    pub async fn booked(
        &mut self,
        contacts: &[ContactId],
        since: Timestamp,
    ) -> Result<Vec<Booked>> {
        let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.uuid()).collect();
        let people = sqlx::query!(
            "select id, name from contacts where tenant_id = $1 and id = any($2) order by id",
            self.tenant(),
            &ids
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let mut booked: Vec<Booked> = people
            .into_iter()
            .map(|row| Booked {
                id: ContactId::from_uuid(row.id),
                name: row.name,
                appointments: Vec::new(),
            })
            .collect();
        let rows = sqlx::query_as!(
            UpcomingRow,
            "select contact_id, id, version, starts_at, time_zone, status, kind, practitioner, duration_minutes, location,
                    instructions
             from appointments where tenant_id = $1 and contact_id = any($2) and starts_at > $3 order by starts_at",
            self.tenant(),
            &ids,
            to_db(since)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        for row in rows {
            let contact = ContactId::from_uuid(row.contact_id);
            if let Some(person) = booked.iter_mut().find(|person| person.id == contact) {
                person.appointments.push(row.try_into()?);
            }
        }
        Ok(booked)
    }

    /// Who turned out to be on the other end of a call that came in: what is said in it is remembered of them.
    pub async fn call_is_with(&mut self, call: CallId, contact: Option<ContactId>) -> Result<()> {
        sqlx::query!(
            "update calls set contact_id = $3
             where tenant_id = $1 and id = $2 and direction = 'inbound' and contact_id is distinct from $3",
            self.tenant(),
            call.uuid(),
            contact.map(ContactId::uuid)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Locks a call's row, for whoever goes on to what comes after calls in the order of `locks`.
    pub async fn lock_call_row(&mut self, call: CallId) -> Result<()> {
        sqlx::query!(
            "select id from calls where tenant_id = $1 and id = $2 for no key update",
            self.tenant(),
            call.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// From here on no statement of the transaction, and no wait for a lock in it, takes longer.
    pub async fn hurry(&mut self, limit: Duration) -> Result<()> {
        let limit = format!("{}ms", limit.as_millis().max(1));
        sqlx::query!(
            "select set_config('statement_timeout', $1, true) as statements, set_config('lock_timeout', $1, true) as locks",
            limit
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// All appointments that stand and start in a time, with those that began up to a day before it.
    pub async fn taken(&mut self, from: Timestamp, until: Timestamp) -> Result<Vec<TakenTime>> {
        let rows = sqlx::query!(
            "select id, starts_at, duration_minutes from appointments
             where tenant_id = $1 and starts_at >= $2::timestamptz - interval '1 day' and starts_at < $3
               and status not in ('cancelled', 'deleted')",
            self.tenant(),
            to_db(from),
            to_db(until)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let taken = rows.into_iter().map(|row| TakenTime {
            appointment: AppointmentId::from_uuid(row.id),
            starts_at: from_db(row.starts_at),
            duration_minutes: row
                .duration_minutes
                .and_then(|minutes| u16::try_from(minutes).ok()),
        });
        Ok(taken.collect())
    }

    /// Changes where this version of an appointment stands, and wakes its reminder. `false` when it is another
    /// version by now, or was called off.
    pub async fn change_status(
        &mut self,
        appointment: AppointmentId,
        version: i32,
        status: AppointmentStatus,
    ) -> Result<bool> {
        let changed = sqlx::query!(
            "update appointments set status = $4
             where tenant_id = $1 and id = $2 and version = $3 and (status = $4 or status not in ($5, $6))",
            self.tenant(),
            appointment.uuid(),
            version,
            status.code(),
            AppointmentStatus::Cancelled.code(),
            AppointmentStatus::Deleted.code()
        )
        .execute(&mut *self.tx)
        .await?;
        let is_changed = changed.rows_affected() > 0;
        if is_changed {
            self.wake_reminder(appointment).await?;
        }
        Ok(is_changed)
    }

    /// Gives an appointment another time, as a new version, and wakes its reminder to plan anew. `false` when it is
    /// another version by now, or was called off.
    pub async fn move_appointment(&mut self, moved: &Moved, now: Timestamp) -> Result<bool> {
        let changed = sqlx::query!(
            "update appointments
             set starts_at = $4, first_of_two = $5, status = $6, version = version + 1, known_at = $7
             where tenant_id = $1 and id = $2 and version = $3 and status not in ($8, $9)",
            self.tenant(),
            moved.appointment.uuid(),
            moved.version,
            to_db(moved.starts_at),
            moved.first_of_two,
            AppointmentStatus::Scheduled.code(),
            to_db(now),
            AppointmentStatus::Cancelled.code(),
            AppointmentStatus::Deleted.code()
        )
        .execute(&mut *self.tx)
        .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "update reminders set deferral_reason = null, deferral_until = null
             where tenant_id = $1 and appointment_id = $2",
            self.tenant(),
            moved.appointment.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        self.wake_reminder(moved.appointment).await?;
        Ok(true)
    }

    /// Makes an appointment, and wakes its reminder.
    pub async fn book(&mut self, booking: &Booking<'_>, now: Timestamp) -> Result<AppointmentId> {
        let id = AppointmentId::generate();
        sqlx::query!(
            "insert into appointments (tenant_id, id, external_id, contact_id, starts_at, time_zone, first_of_two, kind,
                                       duration_minutes, known_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            self.tenant(),
            id.uuid(),
            // Of our own making: no file has it.
            id.to_string(),
            booking.contact.uuid(),
            to_db(booking.starts_at),
            booking.time_zone,
            booking.first_of_two,
            booking.kind,
            i32::from(booking.minutes),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        self.wake_reminder(id).await?;
        Ok(id)
    }

    /// Whether these words were left in a call.
    pub async fn call_has_note(&mut self, call: CallId, body: &str) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from notes where tenant_id = $1 and call_id = $2 and body = $3) as "has!""#,
            self.tenant(),
            call.uuid(),
            body
        )
        .fetch_one(&mut *self.tx)
        .await?)
    }

    pub async fn add_note(&mut self, note: &NewNote<'_>, now: Timestamp) -> Result<()> {
        let id = NoteId::generate();
        sqlx::query!(
            "insert into notes (tenant_id, id, contact_id, call_id, name, e164, body, urgent, held, wants_answer, made_at, kind)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            self.tenant(),
            id.uuid(),
            note.contact.map(ContactId::uuid),
            note.call.map(CallId::uuid),
            note.name,
            note.e164,
            note.body,
            note.urgent,
            note.held,
            note.wants_answer,
            to_db(now),
            note.kind.code()
        )
        .execute(&mut *self.tx)
        .await?;
        match note.contact {
            Some(contact) => self.crm_note_made(id, contact, now).await,
            None => Ok(()),
        }
    }

    /// Keeps what an agent asked for and what came of it, before it is answered.
    pub async fn keep_function(&mut self, entry: &FunctionEntry<'_>) -> Result<()> {
        sqlx::query!(
            "insert into call_functions (tenant_id, provider, invocation, provider_call_id, call_id, name, arguments,
                                         identity, act, refusal, answer, took_ms, request_id, trace_id, asked_at, id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            self.tenant(),
            entry.provider,
            entry.invocation,
            entry.provider_call_id,
            entry.call.map(CallId::uuid),
            entry.name,
            entry.arguments,
            entry.identity,
            entry.act,
            entry.refusal,
            entry.answer,
            i32::try_from(entry.took_ms).unwrap_or(i32::MAX),
            entry.request_id,
            entry.trace_id,
            to_db(entry.asked_at),
            Uuid::now_v7()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What functions of the call have done, in order, by the code of each act: of an appointment, or of any.
    pub async fn done_in_call(
        &mut self,
        call: CallId,
        appointment: Option<AppointmentId>,
    ) -> Result<Vec<String>> {
        let done = sqlx::query_scalar!(
            r#"select act ->> 'do' as "act!" from call_functions
               where tenant_id = $1 and call_id = $2 and act ->> 'do' in ('confirm', 'cancel', 'move', 'book', 'follow_up')
                 and ($3::text is null or act ->> 'appointment' = $3)
               order by position"#,
            self.tenant(),
            call.uuid(),
            appointment.map(|appointment| appointment.to_string())
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(done)
    }
}
