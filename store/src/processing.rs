//! Events that belong to no call, on their way from received to an end (HOOK-5, HOOK-6).

use domain::{
    call::Observation,
    event::{ErrorClass, EventState, RetryScope},
    ids::{CallId, EventId},
};
use jiff::Timestamp;

use crate::{
    Error, Result, TenantTx,
    events::{FETCHED, StoredEvent},
    instant::{from_db, to_db},
    reminders::known,
};

/// What there is to do about an event.
#[derive(Debug)]
pub enum Claim {
    /// Nothing: it has ended, or its call reads it.
    Settled(EventState),
    NotBefore(Timestamp),
    /// It is `processing` now, and this try was counted.
    Try(Box<EventTry>),
}

/// One try of an event.
#[derive(Debug)]
pub struct EventTry {
    pub event: StoredEvent,
    pub call: Option<CallId>,
    /// Which of the tries that began this is: a later one takes its place.
    pub start: u32,
    /// Tries that came to a result before.
    pub tries: u32,
    /// Tries that began and came to no result: a worker died in them, or the database went away.
    pub interrupted: u32,
    /// What the operator wants done who asked for it; `None` for the first processing.
    pub scope: Option<RetryScope>,
}

/// What came of a try.
#[derive(Debug)]
pub struct TryResult<'a> {
    pub state: EventState,
    pub error_class: Option<ErrorClass>,
    /// For people; never of the body.
    pub detail: Option<&'a str>,
    pub next_try_at: Option<Timestamp>,
    /// Whether it was one of the tries that are limited.
    pub counted: bool,
    /// What the event says about its call.
    pub observation: Option<&'a Observation>,
}

impl TryResult<'_> {
    pub fn succeeded() -> Self {
        Self {
            state: EventState::Succeeded,
            error_class: None,
            detail: None,
            next_try_at: None,
            counted: true,
            observation: None,
        }
    }
}

impl TenantTx {
    /// Begins a try. To be committed before anything is tried, so that an event that kills its worker is
    /// counted too.
    pub async fn claim_event(&mut self, event: EventId, now: Timestamp) -> Result<Claim> {
        let Some(row) = sqlx::query!(
            "select state, starts, tries, next_try_at, scope, call_id, provider, event_type, provider_call_id,
                    request_id, trace_id, span_id, received_at, body
             from events where tenant_id = $1 and id = $2 for update",
            self.tenant(),
            event.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        else {
            // Erased since.
            return Ok(Claim::Settled(EventState::Invalid));
        };
        let state = known("events.state", &row.state, EventState::from_code)?;
        let scope = row
            .scope
            .as_deref()
            .map(|scope| known("events.scope", scope, RetryScope::from_code))
            .transpose()?;
        if state.is_settled() || (row.call_id.is_some() && scope.is_none()) {
            return Ok(Claim::Settled(state));
        }
        if let Some(at) = row.next_try_at.map(from_db).filter(|at| *at > now) {
            return Ok(Claim::NotBefore(at));
        }
        sqlx::query!(
            "update events set state = $3, starts = starts + 1, started_at = clock_timestamp(),
                               queued_at = coalesce(queued_at, clock_timestamp())
             where tenant_id = $1 and id = $2",
            self.tenant(),
            event.uuid(),
            EventState::Processing.code()
        )
        .execute(&mut *self.tx)
        .await?;
        let number = |value: i32| u32::try_from(value).unwrap_or_default();
        Ok(Claim::Try(Box::new(EventTry {
            event: StoredEvent {
                id: event,
                provider: row.provider,
                event_type: row.event_type,
                provider_call_id: row.provider_call_id,
                request_id: row.request_id,
                trace_id: row.trace_id,
                span_id: row.span_id,
                received_at: from_db(row.received_at),
                body: row.body,
            },
            call: row.call_id.map(CallId::from_uuid),
            start: number(row.starts).saturating_add(1),
            tries: number(row.tries),
            interrupted: number(row.starts - row.tries),
            scope,
        })))
    }

    /// The database went away in a try, which is not the event's fault.
    pub async fn release_try(&mut self, each: &EventTry) -> Result<()> {
        sqlx::query!(
            "update events set starts = starts - 1
             where tenant_id = $1 and id = $2 and state = 'processing' and starts = $3",
            self.tenant(),
            each.event.id.uuid(),
            i32::try_from(each.start).unwrap_or(i32::MAX)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Ends a try, in the transaction of what it did. Fails with [`Error::TooLate`] when another took its place,
    /// so that what it did is undone.
    pub async fn end_try(&mut self, each: &EventTry, result: &TryResult<'_>) -> Result<()> {
        let event = each.event.id;
        let ended = sqlx::query!(
            "with ended as (
                update events set state = $3, error_class = $4, detail = $5, next_try_at = $6,
                    observation = coalesce($7, observation), tries = tries + $9, starts = tries + $9,
                    processed_at = case when $8 then clock_timestamp() else processed_at end
                where tenant_id = $1 and id = $2 and state = 'processing' and starts = $11
                returning id, operator_retries, scope, started_at
             )
             insert into event_attempts (tenant_id, event_id, number, key, asked_by, scope, started_at, ended_at,
                                         outcome, error_class, detail)
             select $1, $2,
                    1 + (select count(*) from event_attempts where tenant_id = $1 and event_id = $2)::int,
                    $10 || case when operator_retries > 0 then ':retry:' || operator_retries else '' end,
                    case when operator_retries > 0 then 'operator' else 'system' end, scope,
                    coalesce(started_at, clock_timestamp()), clock_timestamp(), $3, $4, $5
             from ended",
            self.tenant(),
            event.uuid(),
            result.state.code(),
            result.error_class.map(|class| class.code()),
            result.detail,
            result.next_try_at.map(to_db),
            result.observation.map(serde_json::to_value).transpose()?,
            result.state.is_settled(),
            i32::from(result.counted),
            event.to_string(),
            i32::try_from(each.start).unwrap_or(i32::MAX)
        )
        .execute(&mut *self.tx)
        .await?;
        if ended.rows_affected() == 0 {
            return Err(Error::TooLate);
        }
        Ok(())
    }

    /// An operator wants an event processed once more, under a key of its own. Refused while it is on its way
    /// anyway, and where it would do less than what happens by itself.
    pub async fn retry_event(&mut self, event: EventId, scope: RetryScope) -> Result<()> {
        let Some(row) = sqlx::query!(
            "select state, priority, event_type from events where tenant_id = $1 and id = $2 for update",
            self.tenant(),
            event.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        else {
            return Err(Error::NotFound { what: "the event" });
        };
        let state = known("events.state", &row.state, EventState::from_code)?;
        let priority = known(
            "events.priority",
            &row.priority,
            domain::event::Priority::from_code,
        )?;
        if !state.may_be_retried() {
            return Err(Error::UnderWay { state: row.state });
        }
        if state == EventState::Failed && scope == RetryScope::StateOnly {
            return Err(Error::TriedByItself);
        }
        if row.event_type == FETCHED {
            return Err(Error::NoWebhook);
        }
        sqlx::query!(
            "update events set state = 'received', starts = 0, tries = 0, next_try_at = null, scope = $3,
                               operator_retries = operator_retries + 1
             where tenant_id = $1 and id = $2",
            self.tenant(),
            event.uuid(),
            scope.code()
        )
        .execute(&mut *self.tx)
        .await?;
        self.wake_event(event, priority).await
    }
}
