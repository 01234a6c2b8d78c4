//! Webhooks doubled, reordered, delayed, dropped and forged: each alone, and all together.

use anyhow::Result;
use simulator::retell::{Scenario, WebhookFaults};

use crate::harness::{OPEN_CLINIC, World, quick, rows};

/// Plays 20 appointments with these faults.
async fn survived(faults: WebhookFaults) -> Result<World> {
    let mut scenario = Scenario { seed: 5, ..quick() };
    scenario.faults.webhook = faults;
    // A forged webhook is refused each time it is sent.
    scenario.webhooks.retries = 1;
    scenario.webhooks.backoff_seconds = 0.2;
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world.import(&rows(10, &[2, 3])).await?;
    world.play().await?;
    world.assert_sound().await?;
    world.assert_heard().await?;
    Ok(world)
}

#[tokio::test]
async fn doubled_webhooks_count_once() -> Result<()> {
    let world = survived(WebhookFaults {
        duplicate: 1.0,
        ..Default::default()
    })
    .await?;

    let report = world.report().await?;
    let sent = world.retell.totals().webhooks_acknowledged;
    assert_eq!(usize::try_from(report.events * 2)?, sent);
    assert_eq!(report.duplicates, report.events);
    Ok(())
}

#[tokio::test]
async fn reordered_webhooks_come_to_the_same() -> Result<()> {
    survived(WebhookFaults {
        reorder: 0.5,
        ..Default::default()
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn delayed_webhooks_come_to_the_same() -> Result<()> {
    survived(WebhookFaults {
        delay: 0.5,
        delay_seconds: [0.2, 2.0],
        ..Default::default()
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn the_provider_is_asked_for_what_dropped_webhooks_would_have_said() -> Result<()> {
    let world = survived(WebhookFaults {
        drop: 0.3,
        ..Default::default()
    })
    .await?;

    let (dropped, fetched) = (
        world.retell.totals().webhooks_dropped,
        world.count("events where event_type = 'fetched'").await?,
    );
    println!("{dropped} webhooks were dropped, {fetched} calls were read instead");
    assert!(dropped > 0 && fetched > 0);
    Ok(())
}

#[tokio::test]
async fn a_call_none_of_whose_webhooks_come_is_read_to_its_end() -> Result<()> {
    let world = survived(WebhookFaults {
        drop: 1.0,
        ..Default::default()
    })
    .await?;

    assert_eq!(world.report().await?.events, 0);
    Ok(())
}

#[tokio::test]
async fn badly_signed_webhooks_are_not_believed() -> Result<()> {
    let world = survived(WebhookFaults {
        bad_signature: 0.4,
        ..Default::default()
    })
    .await?;

    let totals = world.retell.totals();
    assert!(totals.webhooks_gave_up > 0);
    assert_eq!(
        usize::try_from(world.report().await?.events)?,
        totals.webhooks_acknowledged
    );
    Ok(())
}

#[tokio::test]
async fn all_faults_of_webhooks_together_change_no_outcome() -> Result<()> {
    survived(WebhookFaults {
        duplicate: 0.2,
        reorder: 0.2,
        delay: 0.15,
        drop: 0.15,
        bad_signature: 0.15,
        delay_seconds: [0.2, 2.0],
    })
    .await?;
    Ok(())
}
