//! What is known of a caller, and what voice agents were told (MEM-3, MEM-7).

use domain::{
    appointment::AppointmentStatus,
    call::{CallOutcome, Direction, Sentiment},
    ids::{AppointmentId, CallId, ContactId, ContextId},
};
use jiff::Timestamp;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error, Result, TenantTx,
    instant::{from_db, to_db},
    reminders::known,
};

/// An appointment of a person who is spoken with.
#[derive(Debug, Clone)]
pub struct Upcoming {
    pub id: AppointmentId,
    pub version: i32,
    pub starts_at: Timestamp,
    /// IANA name; checked when it came in.
    pub time_zone: String,
    pub status: AppointmentStatus,
    pub kind: Option<String>,
    pub practitioner: Option<String>,
    pub duration_minutes: Option<u16>,
    pub location: Option<String>,
    pub instructions: Option<String>,
}

/// A call that is over.
#[derive(Debug, Clone)]
pub struct PastCall {
    pub at: Timestamp,
    pub direction: Direction,
    pub outcome: CallOutcome,
    /// A few words, and sentences: the provider's.
    pub topic: Option<String>,
    pub summary: Option<String>,
    pub sentiment: Option<Sentiment>,
}

/// What a voice agent is told: an answer to its question, or with the request to dial.
#[derive(Debug, Clone)]
pub struct ContextEntry<'a> {
    pub id: ContextId,
    pub provider: &'a str,
    pub provider_call_id: Option<&'a str>,
    /// When it is known already: of a call that we place.
    pub call: Option<CallId>,
    /// Code of who calls; `None` when it was not found out.
    pub caller: Option<&'a str>,
    pub contact: Option<ContactId>,
    pub e164: Option<&'a str>,
    pub line: Option<&'a str>,
    pub agent_id: Option<&'a str>,
    pub line_problem: Option<&'a str>,
    /// Exactly what is sent.
    pub answer: &'a Value,
    /// `timed_out`, `failed` or `unreadable`: why the answer is the empty one.
    pub failure: Option<&'a str>,
    /// Milliseconds from the question to this record.
    pub took_ms: u32,
    /// Of the webhook that asked.
    pub request_id: Option<&'a str>,
    pub trace_id: Option<&'a str>,
    pub asked_at: Timestamp,
}

/// An appointment as it is stored.
pub(crate) struct UpcomingRow {
    pub(crate) contact_id: Uuid,
    pub(crate) id: Uuid,
    pub(crate) version: i32,
    pub(crate) starts_at: OffsetDateTime,
    pub(crate) time_zone: String,
    pub(crate) status: String,
    pub(crate) kind: Option<String>,
    pub(crate) practitioner: Option<String>,
    pub(crate) duration_minutes: Option<i32>,
    pub(crate) location: Option<String>,
    pub(crate) instructions: Option<String>,
}

impl TryFrom<UpcomingRow> for Upcoming {
    type Error = Error;

    fn try_from(row: UpcomingRow) -> Result<Self> {
        Ok(Self {
            id: AppointmentId::from_uuid(row.id),
            version: row.version,
            starts_at: from_db(row.starts_at),
            time_zone: row.time_zone,
            status: known(
                "appointments.status",
                &row.status,
                AppointmentStatus::from_code,
            )?,
            kind: row.kind,
            practitioner: row.practitioner,
            duration_minutes: row
                .duration_minutes
                .and_then(|minutes| u16::try_from(minutes).ok()),
            location: row.location,
            instructions: row.instructions,
        })
    }
}

impl TenantTx {
    /// A person's next appointments, soonest first, without those that are called off.
    pub async fn upcoming(
        &mut self,
        contact: ContactId,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<Upcoming>> {
        let rows = sqlx::query_as!(
            UpcomingRow,
            "select contact_id, id, version, starts_at, time_zone, status, kind, practitioner, duration_minutes, location,
                    instructions
             from appointments
             where tenant_id = $1 and contact_id = $2 and starts_at > $3 and status not in ('cancelled', 'deleted')
             order by starts_at limit $4",
            self.tenant(),
            contact.uuid(),
            to_db(now),
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().map(Upcoming::try_from).collect()
    }

    /// A person's last calls that are over, newest first.
    pub async fn last_calls(&mut self, contact: ContactId, most: u32) -> Result<Vec<PastCall>> {
        let rows = sqlx::query!(
            r#"select authorized_at, direction, outcome as "outcome!", topic, summary, sentiment from calls
               where tenant_id = $1 and contact_id = $2 and outcome is not null
               order by authorized_at desc limit $3"#,
            self.tenant(),
            contact.uuid(),
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(PastCall {
                    at: from_db(row.authorized_at),
                    direction: known("calls.direction", &row.direction, Direction::from_code)?,
                    outcome: known("calls.outcome", &row.outcome, CallOutcome::from_code)?,
                    topic: row.topic,
                    summary: row.summary,
                    sentiment: row
                        .sentiment
                        .as_deref()
                        .map(|word| known("calls.sentiment", word, Sentiment::from_code))
                        .transpose()?,
                })
            })
            .collect()
    }

    /// Keeps an answer, before it is sent.
    pub async fn log_context(&mut self, entry: &ContextEntry<'_>) -> Result<()> {
        sqlx::query!(
            "insert into context_log (tenant_id, id, provider, provider_call_id, caller, contact_id, e164, line, agent_id,
                                      line_problem, answer, failure, took_ms, request_id, trace_id, asked_at, call_id)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
             on conflict (tenant_id, id) do update
             set answer = excluded.answer, failure = excluded.failure, took_ms = excluded.took_ms",
            self.tenant(),
            entry.id.uuid(),
            entry.provider,
            entry.provider_call_id,
            entry.caller,
            entry.contact.map(ContactId::uuid),
            entry.e164,
            entry.line,
            entry.agent_id,
            entry.line_problem,
            entry.answer,
            entry.failure,
            i32::try_from(entry.took_ms).unwrap_or(i32::MAX),
            entry.request_id,
            entry.trace_id,
            to_db(entry.asked_at),
            entry.call.map(CallId::uuid)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The call that an answer was for is known now.
    pub async fn context_belongs(
        &mut self,
        context: ContextId,
        provider: &str,
        provider_call_id: &str,
    ) -> Result<()> {
        sqlx::query!(
            "update context_log l set call_id = c.id, provider_call_id = c.provider_call_id from calls c
             where l.tenant_id = $1 and l.id = $2 and l.call_id is null
               and c.tenant_id = $1 and c.provider = $3 and c.provider_call_id = $4",
            self.tenant(),
            context.uuid(),
            provider,
            provider_call_id
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
