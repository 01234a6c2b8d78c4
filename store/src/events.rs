//! Received webhooks: committed before they are answered, kept as they came.

use std::collections::HashMap;

use domain::{
    call::Observation,
    event::Priority,
    ids::{CallId, EventId, SourceId, TenantId},
};
use jiff::Timestamp;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error, Result, Store, TenantTx,
    instant::{from_db, to_db},
    outbox::Wake,
};

/// A verified webhook, ready to be made durable.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub id: EventId,
    pub tenant: TenantId,
    /// `None` for what we fetched ourselves because no webhook came.
    pub source: Option<SourceId>,
    pub provider: &'static str,
    pub event_type: String,
    /// Two deliveries with the same key (for one tenant and provider) are the same event.
    pub dedupe_key: String,
    /// Our call id as the provider returned it; believed only when the tenant has such a call.
    pub call: Option<CallId>,
    pub provider_call_id: Option<String>,
    pub priority: Priority,
    /// When the request began. `None` for what we fetched.
    pub arrived_at: Option<Timestamp>,
    /// Headers that may be kept: no signature, no key.
    pub headers: serde_json::Value,
    pub body: Vec<u8>,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
}

/// What became of a [`NewEvent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The stored event: of a duplicate, the first one's id.
    pub id: EventId,
    pub duplicate: bool,
    /// The process this event wakes; its outbox row is committed.
    pub wake: Option<Wake>,
}

/// An event waiting to be read.
#[derive(Debug, Clone)]
pub struct StoredEvent {
    pub id: EventId,
    pub provider: String,
    pub event_type: String,
    pub provider_call_id: Option<String>,
    /// Of the webhook's request, so that a log line can be followed from header to outcome.
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
    pub received_at: Timestamp,
    pub body: Vec<u8>,
}

struct EventRow {
    id: Uuid,
    provider: String,
    event_type: String,
    provider_call_id: Option<String>,
    request_id: Option<String>,
    trace_id: Option<String>,
    span_id: Option<String>,
    received_at: OffsetDateTime,
    body: Vec<u8>,
}

impl From<EventRow> for StoredEvent {
    fn from(row: EventRow) -> Self {
        StoredEvent {
            id: EventId::from_uuid(row.id),
            provider: row.provider,
            event_type: row.event_type,
            provider_call_id: row.provider_call_id,
            request_id: row.request_id,
            trace_id: row.trace_id,
            span_id: row.span_id,
            received_at: from_db(row.received_at),
            body: row.body,
        }
    }
}

type Key<'a> = (Uuid, &'a str, &'a str);

fn key(event: &NewEvent) -> Key<'_> {
    (event.tenant.uuid(), event.provider, &event.dedupe_key)
}

impl Store {
    /// Makes events durable together with the wake-ups they cause, in one commit for all of them.
    /// Answers in the order given. A duplicate (also within the batch) is counted at the first.
    pub async fn append_events(&self, events: &[NewEvent]) -> Result<Vec<Appended>> {
        let mut first: HashMap<Key<'_>, Delivered<'_>> = HashMap::with_capacity(events.len());
        for event in events {
            first
                .entry(key(event))
                .and_modify(|delivered| delivered.again += 1)
                .or_insert(Delivered { event, again: 0 });
        }
        let mut unique: Vec<_> = first.into_values().collect();
        // One order for all writers, so that two batches with the same keys cannot deadlock.
        unique.sort_unstable_by(|a, b| key(a.event).cmp(&key(b.event)));
        let stored = self.insert(&unique).await?;
        events
            .iter()
            .map(|event| appended(event, &stored))
            .collect()
    }

    async fn insert(
        &self,
        events: &[Delivered<'_>],
    ) -> Result<HashMap<(Uuid, String, String), Stored>> {
        fn column<T>(events: &[Delivered<'_>], of: impl Fn(&NewEvent) -> T) -> Vec<T> {
            events.iter().map(|each| of(each.event)).collect()
        }
        let again: Vec<i32> = events.iter().map(|each| each.again).collect();
        let mut connection = self.pool.acquire().await?;
        let rows = sqlx::query!(
            r#"
            with incoming as (
                select e.*, c.id as known_call
                from unnest(
                    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[],
                    $9::jsonb[], $10::bytea[], $11::text[], $12::text[], $13::text[], $14::int[], $15::text[], $16::smallint[],
                    $17::timestamptz[]
                ) as e (tenant_id, id, source_id, provider, event_type, dedupe_key, call_id, provider_call_id,
                        headers, body, request_id, trace_id, span_id, again, priority, priority_key, arrived_at)
                left join lateral (
                    select calls.id from calls
                    where calls.tenant_id = e.tenant_id and calls.provider = e.provider
                      and (calls.id = e.call_id or (e.call_id is null and calls.provider_call_id = e.provider_call_id))
                    limit 1
                ) c on true
            ), stored as (
                insert into events (tenant_id, id, source_id, provider, event_type, dedupe_key, call_id,
                                    provider_call_id, headers, body, request_id, trace_id, span_id, duplicates,
                                    priority, arrived_at)
                select tenant_id, id, source_id, provider, event_type, dedupe_key, known_call,
                       provider_call_id, headers, body, request_id, trace_id, span_id, again, priority, arrived_at
                from incoming
                on conflict (tenant_id, provider, dedupe_key)
                    do update set duplicates = events.duplicates + 1 + excluded.duplicates
                returning tenant_id, id, provider, dedupe_key, call_id, (xmax = 0) as fresh
            ), woken as (
                insert into outbox (tenant_id, process, subject, priority, trace_id)
                select s.tenant_id, case when s.call_id is null then 'event' else 'call' end, coalesce(s.call_id, s.id),
                       i.priority_key, i.trace_id
                from stored s join incoming i on i.id = s.id where s.fresh
            )
            select tenant_id, id, provider, dedupe_key, call_id, fresh as "fresh!" from stored
            "#,
            &column(events, |e| e.tenant.uuid()),
            &column(events, |e| e.id.uuid()),
            &column(events, |e| e.source.map(SourceId::uuid)) as _,
            &column(events, |e| e.provider.to_owned()),
            &column(events, |e| e.event_type.clone()),
            &column(events, |e| e.dedupe_key.clone()),
            &column(events, |e| e.call.map(CallId::uuid)) as _,
            &column(events, |e| e.provider_call_id.clone()) as _,
            &column(events, |e| e.headers.clone()),
            &column(events, |e| e.body.clone()),
            &column(events, |e| e.request_id.clone()) as _,
            &column(events, |e| e.trace_id.clone()) as _,
            &column(events, |e| e.span_id.clone()) as _,
            &again,
            &column(events, |e| e.priority.code().to_owned()),
            &column(events, |e| i16::from(e.priority.temporal_key())),
            &column(events, |e| e.arrived_at.map(to_db)) as _,
        )
        .fetch_all(&mut *connection)
        .await
        .map_err(Error::from);
        if rows.as_ref().is_err_and(Error::is_read_only) {
            self.begin_afresh(connection);
        }
        let stored = rows?.into_iter().map(|row| {
            let id = EventId::from_uuid(row.id);
            let tenant = TenantId::from_uuid(row.tenant_id);
            let wake = match row.call_id {
                Some(call) => Wake::Call(tenant, CallId::from_uuid(call)),
                None => Wake::Event(tenant, id),
            };
            (
                (row.tenant_id, row.provider, row.dedupe_key),
                Stored {
                    id,
                    fresh: row.fresh,
                    wake,
                },
            )
        });
        Ok(stored.collect())
    }
}

/// An event, and how often it came again within the same batch.
struct Delivered<'a> {
    event: &'a NewEvent,
    again: i32,
}

struct Stored {
    id: EventId,
    fresh: bool,
    wake: Wake,
}

fn appended(
    event: &NewEvent,
    stored: &HashMap<(Uuid, String, String), Stored>,
) -> Result<Appended> {
    let key = (
        event.tenant.uuid(),
        event.provider.to_owned(),
        event.dedupe_key.clone(),
    );
    match stored.get(&key) {
        Some(row) if row.fresh && row.id == event.id => Ok(Appended {
            id: row.id,
            duplicate: false,
            wake: Some(row.wake),
        }),
        Some(row) => Ok(Appended {
            id: row.id,
            duplicate: true,
            wake: None,
        }),
        // Cannot be, as every key of the batch is in the statement's answer; nothing unstored is acknowledged.
        None => Err(Error::NotFound {
            what: "the stored event",
        }),
    }
}

/// The type of what was read from the provider because no webhook came.
pub const FETCHED: &str = "fetched";

impl TenantTx {
    /// Events of a call that nobody has read yet, in order of arrival.
    pub async fn unread_events(&mut self, call: CallId) -> Result<Vec<StoredEvent>> {
        let rows = sqlx::query_as!(
            EventRow,
            "select id, provider, event_type, provider_call_id, request_id, trace_id, span_id, received_at, body from events
             where tenant_id = $1 and call_id = $2 and state in ('received', 'queued') and scope is null
             order by id for update",
            self.tenant(),
            call.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(StoredEvent::from).collect())
    }

    /// Whether the provider has said anything about this call.
    pub async fn call_heard_of(&mut self, call: CallId) -> Result<bool> {
        Ok(sqlx::query_scalar!(
            r#"select exists (select from events where tenant_id = $1 and call_id = $2) as "heard!""#,
            self.tenant(),
            call.uuid()
        )
        .fetch_one(&mut *self.tx)
        .await?)
    }

    /// Keeps what was read from the provider about a call because no webhook came, as one more event.
    /// `false` when exactly this was read before.
    pub async fn add_fetched_event(
        &mut self,
        event: &NewEvent,
        observation: &Observation,
    ) -> Result<bool> {
        let added = sqlx::query!(
            "insert into events (tenant_id, id, provider, event_type, dedupe_key, call_id, provider_call_id, body,
                                 state, observation, processed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, 'succeeded', $9, now())
             on conflict (tenant_id, provider, dedupe_key) do nothing",
            self.tenant(),
            event.id.uuid(),
            event.provider,
            event.event_type,
            event.dedupe_key,
            event.call.map(CallId::uuid),
            event.provider_call_id,
            event.body,
            serde_json::to_value(observation)?
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(added.rows_affected() > 0)
    }

    /// Links an event to the call it turned out to belong to, and wakes that call.
    pub async fn adopt_event(&mut self, event: EventId, provider_call_id: &str) -> Result<bool> {
        let call = sqlx::query_scalar!(
            "update events e set call_id = c.id, state = 'received', scope = null, starts = 0 from calls c
             where e.tenant_id = $1 and e.id = $2 and c.tenant_id = $1 and c.provider = e.provider
               and c.provider_call_id = $3
             returning c.id",
            self.tenant(),
            event.uuid(),
            provider_call_id
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        if let Some(call) = call {
            self.wake_call(CallId::from_uuid(call)).await?;
        }
        Ok(call.is_some())
    }

    /// The event was read; `observation` is what it says of its call, `detail` why it says nothing.
    pub async fn event_read(
        &mut self,
        event: EventId,
        observation: Option<&Observation>,
        detail: Option<&str>,
    ) -> Result<()> {
        let state = if observation.is_some() || detail.is_none() {
            "succeeded"
        } else {
            "invalid"
        };
        sqlx::query!(
            "update events set state = $3, observation = $4, detail = $5, processed_at = now(),
                               queued_at = coalesce(queued_at, now()), started_at = coalesce(started_at, now()), tries = tries + 1, next_try_at = null
             where tenant_id = $1 and id = $2",
            self.tenant(),
            event.uuid(),
            state,
            observation.map(serde_json::to_value).transpose()?,
            detail
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What is left of a webhook's body from now on, unless it was erased meanwhile.
    pub async fn replace_body(&mut self, event: EventId, body: &[u8]) -> Result<()> {
        sqlx::query!(
            "update events set body = $3 where tenant_id = $1 and id = $2 and body <> ''",
            self.tenant(),
            event.uuid(),
            body
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Everything the read events say of a call, in no particular order.
    pub async fn observations(&mut self, call: CallId) -> Result<Vec<Observation>> {
        let rows = sqlx::query_scalar!(
            r#"select observation as "observation!" from events
               where tenant_id = $1 and call_id = $2 and observation is not null"#,
            self.tenant(),
            call.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|each| Ok(serde_json::from_value(each)?))
            .collect()
    }
}
