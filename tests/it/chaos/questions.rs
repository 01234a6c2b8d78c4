//! The questions among the webhooks: none of them is an event, and no answer is kept that nobody asked for. One that
//! meets trouble gets the safe answer, which is kept without its call or not at all; so what is missing is no harm.

use std::collections::BTreeMap;

use anyhow::Result;
use domain::ids::TenantId;
use providers::source::SourceKind;
use simulator::senders::Fault;
use sqlx::PgPool;

use super::{Wave, counts::Counts, endpoints::Endpoint};
use crate::harness::{QUESTIONS, World, answers_of};

/// How often, by the table of the answers and the provider's id of the call.
type Times = BTreeMap<(String, String), i64>;

pub(super) async fn compare(
    counts: &mut Counts,
    world: &World,
    endpoints: &[Endpoint],
    waves: &[Wave],
) -> Result<()> {
    let pool = PgPool::connect(&world.postgres.url("bellhop")).await?;
    for (place, endpoint) in endpoints.iter().enumerate() {
        if endpoint.kind == SourceKind::Vapi {
            let asked = asked(place, waves);
            let kept = kept(&pool, endpoint.tenant).await?;
            counts.questions += asked.len() as u64;
            counts.questions_kept +=
                asked.keys().filter(|each| kept.contains_key(*each)).count() as u64;
            let too_many = kept.iter().map(|(question, times)| {
                let most = asked.get(question).copied().unwrap_or_default();
                (times - most).max(0) as u64
            });
            counts.harm.questions_wrong += too_many.sum::<u64>();
            counts.harm.questions_wrong += events(&pool, endpoint.tenant).await?;
        }
    }
    Ok(())
}

/// How often each question may have been heard.
fn asked(place: usize, waves: &[Wave]) -> Times {
    let events = waves.iter().flat_map(|wave| wave.sent.events());
    let asked = events
        .filter(|each| each.source == place)
        .filter_map(|each| {
            let table = answers_of(&each.vendor, &each.kind)?;
            // A sound one that nobody waited for, or under another content type.
            let spoilt = matches!(each.fault, Fault::HangUp | Fault::ContentType);
            let times = i64::from(each.sent) + i64::from(spoilt);
            Some(((table.to_owned(), each.subject), times))
        });
    asked.collect()
}

/// How often each was answered, not counting safe answers of which nobody knows the call.
async fn kept(pool: &PgPool, tenant: TenantId) -> Result<Times> {
    let query = "select 'context_log', coalesce(provider_call_id, ''), count(*) from context_log
                 where tenant_id = $1 and provider = 'vapi' and failure is null group by 2
                 union all
                 select 'call_functions', coalesce(provider_call_id, ''), count(*) from call_functions
                 where tenant_id = $1 and provider = 'vapi' group by 2";
    let rows: Vec<(String, String, i64)> = sqlx::query_as(query)
        .bind(tenant.uuid())
        .fetch_all(pool)
        .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(table, call, times)| ((table, call), times))
        .collect())
}

/// Questions that were taken for events.
async fn events(pool: &PgPool, tenant: TenantId) -> Result<u64> {
    let query = "select count(*) from events where tenant_id = $1 and provider = 'vapi' and event_type = any($2)";
    let count: i64 = sqlx::query_scalar(query)
        .bind(tenant.uuid())
        .bind(&QUESTIONS[..])
        .fetch_one(pool)
        .await?;
    Ok(count as u64)
}
