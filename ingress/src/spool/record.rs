//! A webhook as the spool keeps it: what it holds is encrypted, whose it is and when it came is not.
//!
//! `version (1) | tenant (16) | arrival in microseconds (8) | sealed (length (4) | facts in JSON | body)`

use std::fmt;

use domain::{
    event::Priority,
    ids::{CallId, EventId, SourceId, TenantId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use store::{KeyRing, NewEvent};
use uuid::Uuid;

use super::{Position, SpoolError};

const VERSION: u8 = 1;
/// Bytes before the sealed part, which are authenticated with it.
const HEAD: usize = 25;
/// What the sealed part is authenticated as.
const PURPOSE: &[u8] = b"spool";

/// A verified webhook that waits on this machine: a [`NewEvent`] that outlives the process.
#[derive(Clone, PartialEq)]
pub struct SpooledEvent {
    /// To the microsecond.
    pub arrived_at: Timestamp,
    pub id: EventId,
    pub tenant: TenantId,
    pub source: Option<SourceId>,
    pub provider: String,
    pub event_type: String,
    pub dedupe_key: String,
    pub call: Option<CallId>,
    pub provider_call_id: Option<String>,
    pub priority: Priority,
    pub headers: serde_json::Value,
    pub body: Vec<u8>,
    pub request_id: Option<String>,
    pub trace_id: Option<String>,
    pub span_id: Option<String>,
}

impl SpooledEvent {
    pub fn new(event: NewEvent, arrived_at: Timestamp) -> Self {
        let NewEvent {
            id,
            tenant,
            source,
            provider,
            event_type,
            dedupe_key,
            call,
            provider_call_id,
            priority,
            arrived_at: _,
            headers,
            body,
            request_id,
            trace_id,
            span_id,
        } = event;
        Self {
            arrived_at,
            id,
            tenant,
            source,
            provider: provider.to_owned(),
            event_type,
            dedupe_key,
            call,
            provider_call_id,
            priority,
            headers,
            body,
            request_id,
            trace_id,
            span_id,
        }
    }

    /// The event for the database. `provider` is the program's own constant for [`Self::provider`].
    pub fn into_event(self, provider: &'static str) -> NewEvent {
        NewEvent {
            id: self.id,
            tenant: self.tenant,
            source: self.source,
            provider,
            event_type: self.event_type,
            dedupe_key: self.dedupe_key,
            call: self.call,
            provider_call_id: self.provider_call_id,
            priority: self.priority,
            arrived_at: Some(self.arrived_at),
            headers: self.headers,
            body: self.body,
            request_id: self.request_id,
            trace_id: self.trace_id,
            span_id: self.span_id,
        }
    }
}

impl fmt::Debug for SpooledEvent {
    /// Without what it says, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpooledEvent")
            .field("arrived_at", &self.arrived_at)
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("provider", &self.provider)
            .field("event_type", &self.event_type)
            .finish_non_exhaustive()
    }
}

/// All but the tenant, the arrival and the body. A field that is added needs a default, for older records.
#[derive(Serialize, Deserialize)]
struct Facts {
    id: EventId,
    source: Option<SourceId>,
    provider: String,
    event_type: String,
    dedupe_key: String,
    call: Option<CallId>,
    provider_call_id: Option<String>,
    priority: Priority,
    headers: serde_json::Value,
    request_id: Option<String>,
    trace_id: Option<String>,
    span_id: Option<String>,
}

pub(super) fn seal(event: &SpooledEvent, keys: &KeyRing) -> Result<Vec<u8>, SpoolError> {
    let mut head = vec![VERSION];
    head.extend(event.tenant.uuid().as_bytes());
    head.extend(event.arrived_at.as_microsecond().to_be_bytes());
    let clear = written(event).ok_or(SpoolError::NotSealed)?;
    let sealed = keys
        .seal_bytes(event.tenant, &context(&head), &clear)
        .map_err(|_| SpoolError::NotSealed)?;
    Ok([head, sealed].concat())
}

fn written(event: &SpooledEvent) -> Option<Vec<u8>> {
    let facts = Facts {
        id: event.id,
        source: event.source,
        provider: event.provider.clone(),
        event_type: event.event_type.clone(),
        dedupe_key: event.dedupe_key.clone(),
        call: event.call,
        provider_call_id: event.provider_call_id.clone(),
        priority: event.priority,
        headers: event.headers.clone(),
        request_id: event.request_id.clone(),
        trace_id: event.trace_id.clone(),
        span_id: event.span_id.clone(),
    };
    let facts = serde_json::to_vec(&facts).ok()?;
    let length = u32::try_from(facts.len()).ok()?.to_be_bytes();
    Some([length.as_slice(), &facts, &event.body].concat())
}

pub(super) fn open(
    position: Position,
    record: &[u8],
    keys: &KeyRing,
) -> Result<SpooledEvent, SpoolError> {
    opened(record, keys).ok_or(SpoolError::Unreadable { position })
}

fn opened(record: &[u8], keys: &KeyRing) -> Option<SpooledEvent> {
    let (tenant, arrived_at) = head(record)?;
    let (head, sealed) = record.split_at_checked(HEAD)?;
    let clear = keys.open_bytes(tenant, &context(head), sealed).ok()?;
    let (length, rest) = clear.split_first_chunk()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (facts, body) = rest.split_at_checked(length)?;
    let facts: Facts = serde_json::from_slice(facts).ok()?;
    Some(SpooledEvent {
        arrived_at,
        id: facts.id,
        tenant,
        source: facts.source,
        provider: facts.provider,
        event_type: facts.event_type,
        dedupe_key: facts.dedupe_key,
        call: facts.call,
        provider_call_id: facts.provider_call_id,
        priority: facts.priority,
        headers: facts.headers,
        body: body.to_vec(),
        request_id: facts.request_id,
        trace_id: facts.trace_id,
        span_id: facts.span_id,
    })
}

pub(super) fn arrived_at(position: Position, record: &[u8]) -> Result<Timestamp, SpoolError> {
    head(record)
        .map(|(_, arrived_at)| arrived_at)
        .ok_or(SpoolError::Unreadable { position })
}

/// Whose a record is, and when it came.
pub(super) fn head(record: &[u8]) -> Option<(TenantId, Timestamp)> {
    let (version, rest) = record.split_first()?;
    let (tenant, rest) = rest.split_first_chunk::<16>()?;
    let (arrived_at, _) = rest.split_first_chunk::<8>()?;
    let arrived_at = Timestamp::from_microsecond(i64::from_be_bytes(*arrived_at)).ok()?;
    (*version == VERSION).then(|| (TenantId::from_uuid(Uuid::from_bytes(*tenant)), arrived_at))
}

fn context(head: &[u8]) -> Vec<u8> {
    [PURPOSE, head].concat()
}
