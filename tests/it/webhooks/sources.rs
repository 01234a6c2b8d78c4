//! Every source: taken, verified, read, and brought to its end.

use std::time::Duration;

use anyhow::{Result, ensure};
use simulator::senders::{Config, Fault, Scenario, Vendor, start};

use crate::harness::{OPEN_CLINIC, SLUG, World, eventually, quick};

/// Webhooks of each source.
const EACH: u64 = 12;

#[tokio::test]
async fn webhooks_of_every_source_come_to_their_end() -> Result<()> {
    let world = World::start(OPEN_CLINIC, quick()).await?;
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
    for code in Vendor::CODES {
        let known = world
            .count(&format!("events where provider = '{code}'"))
            .await?;
        assert_eq!(known, i64::try_from(EACH)?, "{code}");
    }
    let timed =
        "events where arrived_at is not null and queued_at is not null and started_at is not null
                 and processed_at is not null and tries = 1 and trace_id is not null";
    assert_eq!(world.count(timed).await?, world.count("events").await?);
    Ok(())
}

#[tokio::test]
async fn doubled_and_forged_webhooks_of_every_source_change_nothing() -> Result<()> {
    let world = World::start(OPEN_CLINIC, quick()).await?;
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
    }
    all_settled(&world).await?;

    let twice = "(select from events group by source_id, dedupe_key having count(*) > 1) twice";
    assert_eq!(world.count(twice).await?, 0);
    let doubled = "events where duplicates > 0";
    ensure!(
        world.count(doubled).await? >= i64::try_from(EACH)? * 8,
        "duplicates were not counted"
    );
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
