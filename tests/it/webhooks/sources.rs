//! Every source: taken, verified, read, and brought to its end.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Result, ensure};
use simulator::senders::{Config, EventSeen, Fault, Running, Scenario, Vendor, start};

use crate::harness::{OPEN_CLINIC, QUESTIONS, SLUG, World, answers_of, eventually, quick};

/// Webhooks of each source.
const EACH: u64 = 12;

#[tokio::test]
async fn webhooks_of_every_source_come_to_their_end() -> Result<()> {
    let world = World::start_unhurried(OPEN_CLINIC, quick()).await?;
    let sources = every_source(&world).await?;
    let kinds = sources.len();

    let running = start(Config {
        sources,
        events: EACH,
        scenario: Scenario::default(),
    })?;
    ensure!(
        running.finished(Duration::from_secs(60)).await,
        "{:?}",
        running.totals()
    );

    let totals = running.totals();
    assert_eq!(totals.acknowledged, EACH * kinds as u64, "{totals:?}");
    all_settled(&world).await?;
    let questions = questions(&running);
    answered(&world, &questions, 1).await?;
    for code in Vendor::CODES {
        let asked = questions.iter().filter(|each| each.vendor == code).count();
        let known = world
            .count(&format!("events where provider = '{code}'"))
            .await?;
        assert_eq!(known, i64::try_from(EACH)? - asked as i64, "{code}");
    }
    let timed =
        "events where arrived_at is not null and queued_at is not null and started_at is not null
                 and processed_at is not null and tries = 1 and trace_id is not null";
    assert_eq!(world.count(timed).await?, world.count("events").await?);
    Ok(())
}

#[tokio::test]
async fn doubled_and_forged_webhooks_of_every_source_change_nothing() -> Result<()> {
    let world = World::start_unhurried(OPEN_CLINIC, quick()).await?;
    let mut asked = Vec::new();
    for fault in [Fault::Duplicate, Fault::BadSignature] {
        let running = start(Config {
            sources: every_source(&world).await?,
            events: EACH,
            scenario: Scenario {
                seed: 7,
                ..Scenario::default()
            }
            .always(fault),
        })?;
        ensure!(
            running.finished(Duration::from_secs(60)).await,
            "{:?}",
            running.totals()
        );
        let totals = running.totals();
        assert_eq!(totals.forgeries_acknowledged, 0, "{totals:?}");
        assert_eq!(totals.acknowledged, totals.events, "{totals:?}");
        asked = questions(&running);
    }
    all_settled(&world).await?;
    // The same ones both times: each sound copy was answered, and no forgery.
    answered(&world, &asked, 2 + 1).await?;

    let twice = "(select from events group by source_id, dedupe_key having count(*) > 1) twice";
    assert_eq!(world.count(twice).await?, 0);
    let doubled = "events where duplicates > 0";
    ensure!(
        world.count(doubled).await? >= i64::try_from(EACH)? * 8 - asked.len() as i64,
        "duplicates were not counted"
    );
    Ok(())
}

/// What Vapi waits for an answer to.
fn questions(running: &Running) -> Vec<EventSeen> {
    let events = running.events();
    events
        .filter(|each| answers_of(&each.vendor, &each.kind).is_some())
        .collect()
}

/// Each question was answered so many times; it is about one call, and no event. Nothing else was answered, and
/// nothing with the safe answer.
async fn answered(world: &World, questions: &[EventSeen], times: i64) -> Result<()> {
    let kinds: BTreeSet<&str> = questions.iter().map(|each| each.kind.as_str()).collect();
    assert_eq!(kinds, QUESTIONS.into());
    for question in questions {
        let (provider, call) = (&question.vendor, &question.subject);
        let table = answers_of(provider, &question.kind).expect("a question");
        let kept = format!("{table} where provider = '{provider}' and provider_call_id = '{call}'");
        assert_eq!(world.count(&kept).await?, times, "{question:?}");
        let calls = format!("calls where provider = '{provider}' and provider_call_id = '{call}'");
        assert_eq!(world.count(&calls).await?, 1, "{question:?}");
        let event = format!(
            "events where provider = '{provider}' and event_type = '{}'",
            question.kind
        );
        assert_eq!(world.count(&event).await?, 0);
    }
    let all = "(select id from context_log union all select id from call_functions) answers";
    assert_eq!(world.count(all).await?, questions.len() as i64 * times);
    assert_eq!(world.count("context_log where call_id is null").await?, 0);
    Ok(())
}

async fn every_source(world: &World) -> Result<Vec<simulator::senders::Source>> {
    let mut sources = Vec::new();
    for code in Vendor::CODES {
        let vendor = Vendor::from_code(code).expect("one of its own codes");
        sources.push(world.add_source(SLUG, vendor).await?);
    }
    Ok(sources)
}

async fn all_settled(world: &World) -> Result<()> {
    eventually("every event is settled", || async {
        let open = "events where state not in ('succeeded', 'invalid', 'dead')";
        Ok(world.count(open).await? == 0 && world.store.outbox_length().await? == 0)
    })
    .await?;
    let failed = world
        .sql("select provider, event_type, detail from events where state <> 'succeeded'")
        .await?;
    ensure!(failed.is_empty(), "{failed}");
    Ok(())
}
