//! Whether a campaign would notice: harm that is done by hand is counted.

use anyhow::{Result, ensure};
use simulator::senders;

use super::{PATIENCE, Wave, counts::Counts, counts::Harm, endpoints, progress::Watch};
use crate::harness::{OPEN_CLINIC, World, quick};

/// What is done, and to which kind of source, so that each is counted once.
const DONE: [&str; 10] = [
    "delete from event_attempts where event_id = (select id from events where provider = 'openphone' order by id limit 1)",
    "delete from events where id = (select id from events where provider = 'openphone' order by id limit 1)",
    "insert into events (tenant_id, id, source_id, provider, event_type, dedupe_key, body, state)
     select tenant_id, gen_random_uuid(), source_id, provider, event_type, 'again', body, state
     from events where provider = 'standard_webhooks' order by id limit 1",
    "insert into events (tenant_id, id, source_id, provider, event_type, dedupe_key, body, state)
     select tenant_id, gen_random_uuid(), source_id, provider, event_type, 'forged', 'Nobody=sent+this', state
     from events where provider = 'twilio' order by id limit 1",
    "update events set state = 'dead' where id = (select id from events where provider = 'zoho' order by id limit 1)",
    "insert into event_attempts (tenant_id, event_id, number, key, asked_by, started_at, outcome)
     select tenant_id, event_id, number + 1, key, asked_by, started_at, outcome
     from event_attempts where event_id = (select id from events where provider = 'zoho' order by id limit 1)",
    "delete from agent_messages where event_id = (select event_id from agent_messages order by event_id limit 1)",
    "insert into tool_uses (tenant_id, session_id, tool_use_id, started_at)
     select tenant_id, session_id, 'nobodys', now() from agent_sessions limit 1",
    "insert into context_log (tenant_id, id, provider, provider_call_id, answer, took_ms, asked_at)
     select tenant_id, gen_random_uuid(), provider, provider_call_id, answer, took_ms, asked_at
     from context_log order by id limit 1",
    "update events set event_type = 'tool-calls'
     where id = (select id from events where provider = 'vapi' order by id limit 1)",
];

#[tokio::test]
async fn harm_done_by_hand_is_counted() -> Result<()> {
    let world = World::start_unhurried(OPEN_CLINIC, quick()).await?;
    let endpoints = endpoints::make(&world).await?;
    let watch = Watch::start(&world, 120).await?;
    let scenario = senders::Scenario::default();
    let sent = senders::start(senders::Config {
        sources: endpoints.iter().map(|each| each.source.clone()).collect(),
        events: 10,
        scenario: scenario.clone(),
    })?;
    ensure!(sent.finished(PATIENCE).await, "{:?}", sent.totals());
    watch.until_settled().await?;
    let waves = [Wave { scenario, sent }];

    let mut before = Counts::new(1, &watch);
    before.count(&world, &endpoints, &waves).await?;
    for done in DONE {
        world.sql(done).await?;
    }
    let mut after = Counts::new(1, &watch);
    after.count(&world, &endpoints, &waves).await?;

    assert_eq!(before.harm, Harm::default());
    // Both agents at Vapi asked who calls, and for a function.
    assert_eq!((before.questions, before.questions_kept), (4, 4));
    assert_eq!((before.stored, after.stored), (116, 115));
    let expected = Harm {
        lost: 1,
        stored_twice: 1,
        processed_twice: 1,
        effects_wrong: 2,
        questions_wrong: 2,
        forged: 1,
        not_processed: 1,
        ..Harm::default()
    };
    assert_eq!(after.harm, expected);
    Ok(())
}
