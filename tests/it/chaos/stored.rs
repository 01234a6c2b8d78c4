//! The events in the database, compared with what was sent by what their bodies say. The dedupe keys are not
//! asked: they are what is tested.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use anyhow::{Result, ensure};
use futures::TryStreamExt;
use providers::source::SourceKind;
use simulator::senders::{self, EventSeen, Fault};
use sqlx::PgPool;

use super::{Wave, counts::Counts, endpoints::Endpoint};
use crate::harness::{World, answers_of};

/// An event that was sent, found by what its body says.
#[derive(Default)]
struct Expected {
    acknowledged: bool,
    seen: u64,
}

/// What one source was sent.
#[derive(Default)]
struct Sent {
    events: HashMap<u64, Expected>,
    /// Requests with nonsense that may have been kept.
    nonsense: u64,
}

pub(super) async fn compare(
    counts: &mut Counts,
    world: &World,
    endpoints: &[Endpoint],
    waves: &[Wave],
) -> Result<()> {
    let mut sent: Vec<Sent> = endpoints.iter().map(|_| Sent::default()).collect();
    for wave in waves {
        for event in wave.sent.events() {
            note(&mut sent, endpoints, wave, &event)?;
        }
    }
    let pool = PgPool::connect(&world.postgres.url("bellhop")).await?;
    for (endpoint, sent) in endpoints.iter().zip(sent) {
        of_source(counts, &pool, endpoint, sent).await?;
    }
    let twice = "select count(*) from (select from event_attempts where outcome in ('succeeded', 'invalid', 'dead')
                 group by tenant_id, event_id having count(*) > 1) each";
    let twice: i64 = sqlx::query_scalar(twice).fetch_one(&pool).await?;
    counts.harm.processed_twice = twice as u64;
    Ok(())
}

fn note(sent: &mut [Sent], endpoints: &[Endpoint], wave: &Wave, event: &EventSeen) -> Result<()> {
    let (Some(of), Some(endpoint)) = (sent.get_mut(event.source), endpoints.get(event.source))
    else {
        return Ok(());
    };
    // Nobody knows of one without an answer whether it was taken.
    let may_be_kept = matches!(event.spoilt_status, None | Some(200..=299));
    of.nonsense += u64::from(event.fault == Fault::Garbage && may_be_kept);
    if answers_of(&event.vendor, &event.kind).is_some() {
        return Ok(());
    }
    let letter = senders::letter(&endpoint.source, event.source, &wave.scenario, event.n);
    let expected = Expected {
        acknowledged: event.acknowledged > 0,
        seen: 0,
    };
    let twin = of
        .events
        .insert(print(endpoint.kind, &letter.body), expected);
    ensure!(twin.is_none(), "two webhooks say the same: {event:?}");
    Ok(())
}

async fn of_source(
    counts: &mut Counts,
    pool: &PgPool,
    endpoint: &Endpoint,
    mut sent: Sent,
) -> Result<()> {
    let mut rows = sqlx::query_as::<_, (String, i32, Vec<u8>)>(
        "select e.state, e.duplicates, e.body from events e join sources s on s.id = e.source_id where s.key = $1",
    )
    .bind(&endpoint.key)
    .fetch(pool);
    let mut nobodys = 0;
    while let Some((state, duplicates, body)) = rows.try_next().await? {
        *counts.states.entry(state.clone()).or_default() += 1;
        counts.duplicates += duplicates as u64;
        let found = sent.events.get_mut(&print(endpoint.kind, &body));
        let settled = match found {
            Some(event) => {
                event.seen += 1;
                state == "succeeded"
            }
            None => {
                nobodys += 1;
                matches!(state.as_str(), "succeeded" | "invalid")
            }
        };
        counts.harm.not_processed += u64::from(!settled);
    }
    counts.nonsense_kept += nobodys;
    counts.harm.forged += u64::saturating_sub(nobodys, sent.nonsense);
    for event in sent.events.values() {
        counts.stored += u64::from(event.seen > 0);
        counts.harm.lost += u64::from(event.acknowledged && event.seen == 0);
        counts.harm.stored_twice += event.seen.saturating_sub(1);
    }
    Ok(())
}

/// What is the same in each delivery of an event, and in what is stored of it.
fn print(kind: SourceKind, body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    match kind {
        SourceKind::Zoho => without_token(body).hash(&mut hasher),
        SourceKind::Vapi => unsigned(body).hash(&mut hasher),
        _ => body.hash(&mut hasher),
    }
    hasher.finish()
}

/// Zoho's token is not stored.
fn without_token(body: &[u8]) -> String {
    let mut json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(fields) = json.as_object_mut() {
        fields.remove("token");
        fields.remove("query_params");
    }
    json.to_string()
}

/// The links in Vapi's report are signed anew for each delivery.
fn unsigned(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let parts = text.split("X-Amz-Signature=delivery");
    parts
        .map(|part| part.trim_start_matches(|each: char| each.is_ascii_digit()))
        .collect()
}
