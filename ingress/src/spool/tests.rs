mod basics;
mod crash;
mod damage;
mod disk;
mod model;
mod outcast;

use domain::{
    event::Priority,
    ids::{CallId, EventId, SourceId, TenantId},
};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;
use store::KeyRing;
use tempfile::TempDir;

use super::*;

/// One text for all, so that a spool can be opened by another process of the same test.
fn keys() -> KeyRing {
    KeyRing::parse(&SecretString::from(
        "k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    ))
    .unwrap()
}

fn now() -> Timestamp {
    "2027-03-26T09:01:30.123456Z".parse().unwrap()
}

/// An event that is known by a number and has a body of so many bytes.
fn event(number: u64, bytes: usize) -> SpooledEvent {
    SpooledEvent {
        arrived_at: now(),
        id: EventId::generate(),
        tenant: TenantId::from_uuid(uuid::Uuid::from_u128(7)),
        source: Some(SourceId::generate()),
        provider: "retell".into(),
        event_type: "call_ended".into(),
        dedupe_key: number.to_string(),
        call: Some(CallId::generate()),
        provider_call_id: Some("call_4f8d".into()),
        priority: Priority::Low,
        headers: json!({"content-type": "application/json"}),
        body: vec![b'A'; bytes],
        request_id: Some("req-1".into()),
        trace_id: None,
        span_id: Some("span".into()),
    }
}

fn number(event: &SpooledEvent) -> u64 {
    event.dedupe_key.parse().unwrap()
}

fn open(folder: &TempDir) -> Spool {
    Spool::open(folder.path(), keys(), SpoolLimits::default()).unwrap()
}

/// The numbers of all that waits, in order.
fn waiting(spool: &Spool) -> Vec<u64> {
    let rows = spool.next(usize::MAX).unwrap();
    rows.iter().map(|(_, event)| number(event)).collect()
}

fn positions(spool: &Spool) -> Vec<Position> {
    let rows = spool.next(usize::MAX).unwrap();
    rows.into_iter().map(|(position, _)| position).collect()
}
