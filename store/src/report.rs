//! Read-only views for people: summaries, timelines, what is open.

use domain::{
    Reason,
    ids::{AppointmentId, CallId},
    reminder::Ending,
};
use jiff::Timestamp;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
};

/// How many of the calls that were placed ended in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallCount {
    pub outcome: Option<String>,
    pub count: i64,
    /// Of them, tries after the first.
    pub retries: i64,
}

/// How reminders ended: ending (or state, when open), reason, how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub endings: Vec<(String, Option<String>, i64)>,
    pub calls: Vec<CallCount>,
    pub events: i64,
    pub duplicates: i64,
    pub unread_events: i64,
    /// Those that nothing can be made of, or that were given up.
    pub useless_events: i64,
}

/// One line of the answer to "why was this call made, or not?" (RULE-5).
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    pub made_at: Timestamp,
    pub verdict: String,
    pub reason: Option<String>,
    pub words: String,
    pub attempt: Option<i32>,
    pub facts: serde_json::Value,
}

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewEntry {
    /// `None` when the call was about no appointment.
    pub external_id: Option<String>,
    pub starts_at: Option<Timestamp>,
    /// How the reminder ended, or the call's [`domain::call::CallReview`].
    pub what: String,
    pub reason: Option<String>,
    /// The call to look at, when it is about one.
    pub call: Option<CallId>,
    pub recorded_at: Timestamp,
}

/// A process that is not finished, and when it looks again by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenProcess {
    Reminder {
        id: AppointmentId,
        next_at: Option<Timestamp>,
        state: String,
    },
    Call {
        id: CallId,
        next_at: Option<Timestamp>,
    },
}

impl TenantTx {
    pub async fn report(&mut self) -> Result<Report> {
        let endings = sqlx::query!(
            r#"select coalesce(ending, state) as "ending!", reason, count(*) as "count!" from reminders
               where tenant_id = $1 group by 1, 2 order by 3 desc, 1, 2"#,
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let calls = sqlx::query_as!(
            CallCount,
            r#"select outcome, count(*) as "count!", count(*) filter (where attempt > 1) as "retries!" from calls
               where tenant_id = $1 and direction = 'outbound' group by 1 order by 2 desc, 1"#,
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let events = sqlx::query!(
            r#"select count(*) as "count!", coalesce(sum(duplicates), 0)::bigint as "duplicates!",
                      count(*) filter (where state in ('received', 'queued', 'processing', 'failed')) as "unread!",
                      count(*) filter (where state in ('invalid', 'dead')) as "useless!"
               from events where tenant_id = $1 and source_id is not null"#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(Report {
            endings: endings
                .into_iter()
                .map(|row| (row.ending, row.reason, row.count))
                .collect(),
            calls,
            events: events.count,
            duplicates: events.duplicates,
            unread_events: events.unread,
            useless_events: events.useless,
        })
    }

    /// Every decision on an appointment, oldest first.
    pub async fn timeline(&mut self, appointment: AppointmentId) -> Result<Vec<TimelineEntry>> {
        let rows = sqlx::query!(
            "select made_at, verdict, reason, words, attempt, facts from decisions
             where tenant_id = $1 and appointment_id = $2 order by id",
            self.tenant(),
            appointment.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| TimelineEntry {
                made_at: from_db(row.made_at),
                verdict: row.verdict,
                reason: row.reason,
                words: row.words,
                attempt: row.attempt,
                facts: row.facts,
            })
            .collect())
    }

    /// What waits for a person, the earliest appointment first: reminders that could not do it, cancellations and
    /// wishes for another time that were heard in a call and belong into the business's calendar, and calls to look
    /// at. Of appointments that begin after `since`, and calls that were made after it.
    pub async fn waiting_for_a_person(&mut self, since: Timestamp) -> Result<Vec<ReviewEntry>> {
        let rows = sqlx::query!(
            r#"select external_id as "external_id?", starts_at as "starts_at?", what as "what!", reason as "reason?",
                      call_id as "call_id?", recorded_at as "recorded_at!"
               from (
                   select a.external_id, a.starts_at, coalesce(r.ending, r.reason) as what, r.reason, null::uuid as call_id, r.recorded_at
                   from reminders r join appointments a on a.tenant_id = $1 and a.id = r.appointment_id
                   where r.tenant_id = $1 and a.starts_at > $2
                     and (r.ending in ($3, $4, $5) or (r.state <> 'finished' and r.reason = $6))
                   union all
                   select a.external_id, a.starts_at, c.review, c.outcome, c.id, coalesce(c.outcome_at, c.authorized_at)
                   from calls c left join appointments a on a.tenant_id = $1 and a.id = c.appointment_id
                   where c.tenant_id = $1 and c.review is not null and (c.authorized_at > $2 or a.starts_at > $2)
               ) waiting
               order by starts_at, recorded_at"#,
            self.tenant(),
            to_db(since),
            Ending::ManualReview.code(),
            Ending::TechnicalReview.code(),
            Ending::Cancelled.code(),
            Reason::AwaitingReschedule.code()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| ReviewEntry {
                external_id: row.external_id,
                starts_at: row.starts_at.map(from_db),
                what: row.what,
                reason: row.reason,
                call: row.call_id.map(CallId::from_uuid),
                recorded_at: from_db(row.recorded_at),
            })
            .collect())
    }

    /// Type and provider's call id of every webhook that was received.
    pub async fn received_events(&mut self) -> Result<Vec<(String, Option<String>)>> {
        let rows = sqlx::query!(
            "select event_type, provider_call_id from events where tenant_id = $1 and source_id is not null",
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.event_type, row.provider_call_id))
            .collect())
    }

    /// Appointments whose reminder has not yet shown where it stands.
    pub async fn reminders_not_started(&mut self) -> Result<i64> {
        Ok(sqlx::query_scalar!(
            r#"select count(*) as "count!" from appointments a
               where tenant_id = $1 and not exists (
                   select from reminders r where r.tenant_id = $1 and r.appointment_id = a.id)"#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?)
    }

    /// Processes that are not finished, those that look again first in front. Always in the same order: whoever
    /// waits for a change compares one answer with the next.
    pub async fn open_processes(&mut self) -> Result<Vec<OpenProcess>> {
        let reminders = sqlx::query!(
            "select appointment_id, next_at, state from reminders
             where tenant_id = $1 and state <> 'finished' order by next_at nulls first, appointment_id",
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let calls = sqlx::query!(
            "select id, next_at from calls where tenant_id = $1 and outcome is null order by next_at nulls first, id",
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let calls = calls.into_iter().map(|row| OpenProcess::Call {
            id: CallId::from_uuid(row.id),
            next_at: row.next_at.map(from_db),
        });
        let reminders = reminders.into_iter().map(|row| OpenProcess::Reminder {
            id: AppointmentId::from_uuid(row.appointment_id),
            next_at: row.next_at.map(from_db),
            state: row.state,
        });
        Ok(calls.chain(reminders).collect())
    }
}
