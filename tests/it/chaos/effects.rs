//! What followed from the events of coding agents: each message and each tool use once, and no others.

use std::collections::BTreeMap;

use anyhow::Result;
use domain::ids::TenantId;
use providers::source::SourceKind;
use serde_json::Value;
use simulator::senders;
use sqlx::PgPool;

use super::{Wave, counts::Counts, endpoints::Endpoint};
use crate::harness::World;

/// How often each thing was said or done, by its words.
type Effects = BTreeMap<String, i64>;

pub(super) async fn compare(
    counts: &mut Counts,
    world: &World,
    endpoints: &[Endpoint],
    waves: &[Wave],
) -> Result<()> {
    let pool = PgPool::connect(&world.postgres.url("bellhop")).await?;
    for (place, endpoint) in endpoints.iter().enumerate() {
        if endpoint.kind == SourceKind::Agent {
            let (messages, uses) = expected(place, endpoint, waves);
            let said = said(&pool, endpoint.tenant).await?;
            let used = used(&pool, endpoint.tenant).await?;
            counts.agent_messages += said.values().sum::<i64>() as u64;
            counts.tool_uses += used.values().sum::<i64>() as u64;
            counts.harm.effects_wrong += differences(&messages, &said) + differences(&uses, &used);
        }
    }
    Ok(())
}

/// From the acknowledged events of one agent: its messages, and its uses of tools.
fn expected(place: usize, endpoint: &Endpoint, waves: &[Wave]) -> (Effects, Effects) {
    let (mut messages, mut uses) = (Effects::new(), Effects::new());
    for wave in waves {
        let events = wave.sent.events();
        for event in events.filter(|each| each.source == place && each.acknowledged > 0) {
            let letter = senders::letter(&endpoint.source, place, &wave.scenario, event.n);
            let body: Value = serde_json::from_slice(&letter.body).unwrap_or_default();
            let payload = &body["data"]["payload"];
            let field = |name: &str| payload[name].as_str().unwrap_or_default().to_owned();
            let said = match field("hook_event_name").as_str() {
                "UserPromptSubmit" => Some(("user", field("prompt"))),
                "Stop" => Some(("assistant", field("last_assistant_message"))),
                "Notification" => Some(("notification", field("message"))),
                _ => None,
            };
            if let Some((role, text)) = said {
                let seq = &body["data"]["seq"];
                *messages
                    .entry(format!("{} {role} {seq} {text}", event.subject))
                    .or_default() += 1;
            }
            // Both ends of a use are one row; an end that is missing shows.
            let end = match field("hook_event_name").as_str() {
                "PreToolUse" => "begun",
                "PostToolUse" => "ended",
                _ => continue,
            };
            uses.insert(
                format!("{} {} {end}", event.subject, field("tool_use_id")),
                1,
            );
        }
    }
    (messages, uses)
}

async fn said(pool: &PgPool, tenant: TenantId) -> Result<Effects> {
    effects(
        pool,
        tenant,
        "select concat_ws(' ', session_id, role, seq, text), count(*) from agent_messages where tenant_id = $1 group by 1",
    )
    .await
}

async fn used(pool: &PgPool, tenant: TenantId) -> Result<Effects> {
    effects(
        pool,
        tenant,
        "select concat_ws(' ', session_id, tool_use_id, ends.name), count(*)
         from tool_uses, lateral (values ('begun', started_at), ('ended', ended_at)) ends (name, at)
         where tenant_id = $1 and ends.at is not null group by 1",
    )
    .await
}

async fn effects(pool: &PgPool, tenant: TenantId, query: &'static str) -> Result<Effects> {
    let rows: Vec<(String, i64)> = sqlx::query_as(query)
        .bind(tenant.uuid())
        .fetch_all(pool)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Missing ones, ones too many, and ones that should not be there.
fn differences(expected: &Effects, found: &Effects) -> u64 {
    let missing = expected
        .iter()
        .map(|(what, count)| count.abs_diff(*found.get(what).unwrap_or(&0)));
    let nobodys = found
        .iter()
        .filter(|(what, _)| !expected.contains_key(*what));
    missing.sum::<u64>() + nobodys.map(|(_, count)| count.unsigned_abs()).sum::<u64>()
}
