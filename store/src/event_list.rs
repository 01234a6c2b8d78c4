//! Events as operators look at them: filtered, page by page, one with its whole story.

use domain::{
    event::EventState,
    ids::{CallId, EventId, SourceId, TenantId},
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    Result, Store, TenantTx,
    instant::{from_db, to_db},
};

/// Which events; what is not given does not matter.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// `duplicate` means: came more than once.
    pub states: Vec<EventState>,
    pub provider: Option<String>,
    pub event_type: Option<String>,
    pub error_class: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// One event without its body.
#[derive(Debug, Clone, serde::Serialize)]
pub struct EventEntry {
    pub id: EventId,
    pub source: Option<SourceId>,
    pub provider: String,
    pub event_type: String,
    pub priority: String,
    pub state: String,
    pub call: Option<CallId>,
    pub arrived_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub queued_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub processed_at: Option<Timestamp>,
    pub next_try_at: Option<Timestamp>,
    pub tries: i32,
    pub operator_retries: i32,
    pub duplicates: i32,
    pub error_class: Option<String>,
    pub detail: Option<String>,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
}

/// One try of an event.
#[derive(Debug, Clone, serde::Serialize)]
pub struct AttemptEntry {
    pub number: i32,
    pub key: String,
    pub asked_by: String,
    pub scope: Option<String>,
    pub started_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub outcome: Option<String>,
    pub error_class: Option<String>,
    pub detail: Option<String>,
}

/// One event as it came, for those who may see it.
#[derive(Debug, Clone)]
pub struct EventContent {
    pub headers: serde_json::Value,
    pub body: Vec<u8>,
}

struct Row {
    id: Uuid,
    source_id: Option<Uuid>,
    provider: String,
    event_type: String,
    priority: String,
    state: String,
    call_id: Option<Uuid>,
    arrived_at: Option<time::OffsetDateTime>,
    received_at: time::OffsetDateTime,
    queued_at: Option<time::OffsetDateTime>,
    started_at: Option<time::OffsetDateTime>,
    processed_at: Option<time::OffsetDateTime>,
    next_try_at: Option<time::OffsetDateTime>,
    tries: i32,
    operator_retries: i32,
    duplicates: i32,
    error_class: Option<String>,
    detail: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
}

impl From<Row> for EventEntry {
    fn from(row: Row) -> Self {
        Self {
            id: EventId::from_uuid(row.id),
            source: row.source_id.map(SourceId::from_uuid),
            provider: row.provider,
            event_type: row.event_type,
            priority: row.priority,
            state: row.state,
            call: row.call_id.map(CallId::from_uuid),
            arrived_at: row.arrived_at.map(from_db),
            received_at: from_db(row.received_at),
            queued_at: row.queued_at.map(from_db),
            started_at: row.started_at.map(from_db),
            processed_at: row.processed_at.map(from_db),
            next_try_at: row.next_try_at.map(from_db),
            tries: row.tries,
            operator_retries: row.operator_retries,
            duplicates: row.duplicates,
            error_class: row.error_class,
            detail: row.detail,
            request_id: row.request_id,
            trace_id: row.trace_id,
        }
    }
}

impl TenantTx {
    /// Up to `limit` events that match, newest first, older than `before`. Ids sort by time, so the last one's
    /// id asks for the next page.
    pub async fn list_events(
        &mut self,
        filter: &EventFilter,
        before: Option<EventId>,
        limit: i64,
    ) -> Result<Vec<EventEntry>> {
        let states: Vec<String> = filter
            .states
            .iter()
            .filter(|state| **state != EventState::Duplicate)
            .map(|state| state.code().to_owned())
            .collect();
        let rows = sqlx::query_as!(
            Row,
            "select id, source_id, provider, event_type, priority, state, call_id, arrived_at, received_at, queued_at,
                    started_at, processed_at, next_try_at, tries, operator_retries, duplicates, error_class, detail,
                    request_id, trace_id
             from events
             where tenant_id = $1
               and ($2 or state = any($3) or ($4 and duplicates > 0))
               and ($5::text is null or provider = $5)
               and ($6::text is null or event_type = $6)
               and ($7::text is null or error_class = $7)
               and ($8::timestamptz is null or received_at >= $8)
               and ($9::timestamptz is null or received_at < $9)
               and ($10::uuid is null or id < $10)
             order by id desc limit $11",
            self.tenant(),
            filter.states.is_empty(),
            &states,
            filter.states.contains(&EventState::Duplicate),
            filter.provider,
            filter.event_type,
            filter.error_class,
            filter.since.map(to_db),
            filter.until.map(to_db),
            before.map(EventId::uuid),
            limit
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(EventEntry::from).collect())
    }

    pub async fn event_entry(&mut self, event: EventId) -> Result<Option<EventEntry>> {
        let row = sqlx::query_as!(
            Row,
            "select id, source_id, provider, event_type, priority, state, call_id, arrived_at, received_at, queued_at,
                    started_at, processed_at, next_try_at, tries, operator_retries, duplicates, error_class, detail,
                    request_id, trace_id
             from events where tenant_id = $1 and id = $2",
            self.tenant(),
            event.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.map(EventEntry::from))
    }

    /// Its tries, in order. Events of a call have none of their own unless an operator asked for one.
    pub async fn event_attempts(&mut self, event: EventId) -> Result<Vec<AttemptEntry>> {
        let rows = sqlx::query!(
            "select number, key, asked_by, scope, started_at, ended_at, outcome, error_class, detail
             from event_attempts where tenant_id = $1 and event_id = $2 order by number",
            self.tenant(),
            event.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| AttemptEntry {
                number: row.number,
                key: row.key,
                asked_by: row.asked_by,
                scope: row.scope,
                started_at: from_db(row.started_at),
                ended_at: row.ended_at.map(from_db),
                outcome: row.outcome,
                error_class: row.error_class,
                detail: row.detail,
            })
            .collect())
    }

    pub async fn event_content(&mut self, event: EventId) -> Result<Option<EventContent>> {
        let row = sqlx::query!(
            "select headers, body from events where tenant_id = $1 and id = $2",
            self.tenant(),
            event.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.map(|row| EventContent {
            headers: row.headers,
            body: row.body,
        }))
    }
}

impl Store {
    /// The events of one webhook request or trace, of whichever tenant: an operator holds only the id.
    pub async fn events_of_trace(&self, id: &str) -> Result<Vec<(TenantId, EventId)>> {
        let rows = sqlx::query!(
            r#"select tenant_id as "tenant_id!", id as "id!" from events where trace_id = $1
               union select tenant_id, id from events where request_id = $1
               order by 2 limit 100"#,
            id
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                (
                    TenantId::from_uuid(row.tenant_id),
                    EventId::from_uuid(row.id),
                )
            })
            .collect())
    }

    /// The tenant of a call.
    pub async fn tenant_of_call(&self, call: CallId) -> Result<Option<TenantId>> {
        Ok(
            sqlx::query_scalar!("select tenant_id from calls where id = $1", call.uuid())
                .fetch_optional(&self.pool)
                .await?
                .map(TenantId::from_uuid),
        )
    }

    /// The tenant of an event.
    pub async fn tenant_of_event(&self, event: EventId) -> Result<Option<TenantId>> {
        Ok(
            sqlx::query_scalar!("select tenant_id from events where id = $1", event.uuid())
                .fetch_optional(&self.pool)
                .await?
                .map(TenantId::from_uuid),
        )
    }
}
