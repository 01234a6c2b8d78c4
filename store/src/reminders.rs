//! The facts of one reminder, and what its process decided.

use domain::{
    Reason,
    appointment::AppointmentStatus,
    call::CallOutcome,
    follow::DialState,
    ids::{AppointmentId, CallId, DecisionId},
    reminder::{
        AppointmentFacts, Attempt, AttemptEnd, BestHour, ContactFacts, Deferral, Ending,
        NumberState, ReminderFacts,
    },
};
use jiff::{Timestamp, tz::TimeZone};

use crate::{
    Error, Result, TenantTx,
    instant::{from_db, to_db},
};

/// A reminder's facts with the keys needed to act on them.
#[derive(Debug, Clone)]
pub struct ReminderRow {
    pub facts: ReminderFacts,
    pub appointment_version: i32,
    /// The call that is open for this appointment, whatever version it was made for.
    pub open_call: Option<CallId>,
    /// The number to dial, in E.164.
    pub e164: Option<String>,
}

/// Why a call was made, put off or refused; kept for people (RULE-5).
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    pub appointment: AppointmentId,
    pub call: Option<CallId>,
    pub attempt: Option<u32>,
    pub made_at: Timestamp,
    pub verdict: &'static str,
    pub reason: Option<Reason>,
    pub words: &'a str,
    /// The exact data it was decided from; names no person.
    pub facts: serde_json::Value,
}

impl TenantTx {
    /// Reads and locks everything a reminder is decided from. Calls whose outcome the reminder has not
    /// yet taken notice of are settled at `now`, which is when retry delays begin.
    pub async fn lock_reminder(
        &mut self,
        appointment: AppointmentId,
        now: Timestamp,
    ) -> Result<Option<ReminderRow>> {
        // Locked first and read after it: a row that changed while it was waited for is judged by the old contact.
        sqlx::query!(
            "select id from appointments where tenant_id = $1 and id = $2 for no key update",
            self.tenant(),
            appointment.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        let Some(row) = sqlx::query!(
            r#"select a.status, a.version, a.starts_at, a.known_at, a.call_before_hours, a.time_zone,
                      c.e164, c.zones, c.best_hour,
                      exists (select from invalid_numbers i where i.tenant_id = $1 and i.e164 = c.e164) as "number_invalid!",
                      exists (select from opt_outs_of_people o where o.tenant_id = $1 and o.contact_id = c.id)
                        or exists (select from platform_opt_outs o where o.e164 = any(p.numbers)) as "opted_out!",
                      p.numbers as "numbers!"
               from appointments a join contacts c on c.tenant_id = $1 and c.id = a.contact_id
               cross join lateral (
                   select coalesce(array_agg(n.e164), '{}') as numbers from numbers_of_people n
                   where n.tenant_id = $1 and n.contact_id = c.id
               ) p
               where a.tenant_id = $1 and a.id = $2"#,
            self.tenant(),
            appointment.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        else {
            return Ok(None);
        };
        let opted_out = row.opted_out || self.any_marked(&row.numbers).await?;
        let (attempts, open_call) = self.settled_attempts(appointment, row.version, now).await?;
        let number = match (&row.e164, row.number_invalid) {
            (None, _) => NumberState::Missing,
            (_, true) => NumberState::Invalid,
            _ => NumberState::Callable,
        };
        let zones = if row.zones.is_empty() {
            std::slice::from_ref(&row.time_zone)
        } else {
            &row.zones
        };
        let facts = ReminderFacts {
            appointment: AppointmentFacts {
                status: known(
                    "appointments.status",
                    &row.status,
                    AppointmentStatus::from_code,
                )?,
                starts_at: from_db(row.starts_at),
                known_at: from_db(row.known_at),
                call_before_hours: row
                    .call_before_hours
                    .and_then(|hours| u16::try_from(hours).ok()),
                zones: zones.iter().map(|name| zone(name)).collect::<Result<_>>()?,
            },
            contact: ContactFacts {
                number,
                opted_out,
                best_hour: row
                    .best_hour
                    .map(serde_json::from_value::<BestHour>)
                    .transpose()?,
            },
            attempts,
            deferral: self.deferral(appointment).await?,
        };
        Ok(Some(ReminderRow {
            facts,
            appointment_version: row.version,
            open_call,
            e164: row.e164,
        }))
    }

    async fn settled_attempts(
        &mut self,
        appointment: AppointmentId,
        version: i32,
        now: Timestamp,
    ) -> Result<(Vec<Attempt>, Option<CallId>)> {
        sqlx::query!(
            "update calls set settled_at = $3
             where tenant_id = $1 and appointment_id = $2 and outcome is not null and settled_at is null",
            self.tenant(),
            appointment.uuid(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        let rows = sqlx::query!(
            "select id, appointment_version, authorized_at, outcome, settled_at from calls
             where tenant_id = $1 and appointment_id = $2 and dial_state <> $3 order by id",
            self.tenant(),
            appointment.uuid(),
            DialState::Abandoned.code()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let open = rows
            .iter()
            .find(|row| row.outcome.is_none())
            .map(|row| CallId::from_uuid(row.id));
        let attempts = rows
            .iter()
            .filter(|row| row.appointment_version == Some(version) || row.outcome.is_none())
            .map(|row| {
                let ended = match (&row.outcome, row.settled_at) {
                    (Some(outcome), Some(at)) => Some(AttemptEnd {
                        outcome: known("calls.outcome", outcome, CallOutcome::from_code)?,
                        at: from_db(at),
                    }),
                    _ => None,
                };
                Ok(Attempt {
                    dialed_at: from_db(row.authorized_at),
                    ended,
                })
            })
            .collect::<Result<_>>()?;
        Ok((attempts, open))
    }

    async fn deferral(&mut self, appointment: AppointmentId) -> Result<Option<Deferral>> {
        let row = sqlx::query!(
            "select deferral_reason, deferral_until from reminders where tenant_id = $1 and appointment_id = $2",
            self.tenant(),
            appointment.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        let Some((reason, until)) = row.and_then(|row| row.deferral_reason.zip(row.deferral_until))
        else {
            return Ok(None);
        };
        let reason = known("reminders.deferral_reason", &reason, Reason::from_code)?;
        Ok(Some(Deferral {
            reason,
            until: from_db(until),
        }))
    }

    /// Puts the next try to dial off; the reminder keeps its place until then, and its turn for as long as it
    /// is put off for the same reason.
    pub async fn defer_reminder(
        &mut self,
        appointment: AppointmentId,
        deferral: Option<Deferral>,
    ) -> Result<()> {
        sqlx::query!(
            "insert into reminders as r (tenant_id, appointment_id, state, deferral_reason, deferral_until, deferral_turn)
             values ($1, $2, 'waiting', $3, $4, $4)
             on conflict (tenant_id, appointment_id) do update
             set deferral_turn = case when r.deferral_reason = excluded.deferral_reason
                                      then coalesce(r.deferral_turn, excluded.deferral_turn)
                                      else excluded.deferral_turn end,
                 deferral_reason = excluded.deferral_reason, deferral_until = excluded.deferral_until",
            self.tenant(),
            appointment.uuid(),
            deferral.map(|deferral| deferral.reason.code()),
            deferral.map(|deferral| to_db(deferral.until))
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Records where the reminder stands, for people.
    pub async fn reminder_stands(
        &mut self,
        appointment: AppointmentId,
        state: &'static str,
        next_at: Option<Timestamp>,
        reason: Option<Reason>,
        ending: Option<Ending>,
    ) -> Result<()> {
        sqlx::query!(
            "insert into reminders (tenant_id, appointment_id, state, next_at, reason, ending)
             values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant_id, appointment_id) do update
             set state = excluded.state, next_at = excluded.next_at, reason = excluded.reason,
                 ending = excluded.ending, recorded_at = now()",
            self.tenant(),
            appointment.uuid(),
            state,
            next_at.map(to_db),
            reason.map(Reason::code),
            ending.map(Ending::code)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Records a decision, unless the newest one for this appointment says the same: a process that looks
    /// again and changes its mind about nothing adds nothing.
    pub async fn record_decision(&mut self, decision: &Decision<'_>) -> Result<()> {
        sqlx::query!(
            "insert into decisions
                (tenant_id, id, appointment_id, call_id, attempt, made_at, verdict, reason, words, facts)
             select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
             where not exists (
                select from (
                    select call_id, verdict, reason, words from decisions
                    where tenant_id = $1 and appointment_id = $3 order by id desc limit 1
                ) newest
                where (newest.call_id, newest.verdict, newest.reason, newest.words)
                    is not distinct from ($4::uuid, $7::text, $8::text, $9::text)
             )",
            self.tenant(),
            DecisionId::generate().uuid(),
            decision.appointment.uuid(),
            decision.call.map(CallId::uuid),
            decision.attempt.and_then(|attempt| i32::try_from(attempt).ok()),
            to_db(decision.made_at),
            decision.verdict,
            decision.reason.map(Reason::code),
            decision.words,
            decision.facts
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

fn zone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|_| Error::Unknown {
        column: "time_zone",
        value: name.to_owned(),
    })
}

pub(crate) fn known<T>(
    column: &'static str,
    value: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T> {
    read(value).ok_or_else(|| Error::Unknown {
        column,
        value: value.to_owned(),
    })
}
