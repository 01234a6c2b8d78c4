//! Temporal stopped, and started again on the same data.

use anyhow::Result;
use simulator::retell::Outcome;

use crate::harness::{CONFIRMED, HEADER, OPEN_CLINIC, World, eventually, quick, row, rows};

#[tokio::test]
async fn reminders_wait_through_an_outage_of_temporal() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.import(&rows(5, &[3])).await?;
    world.settled().await?;
    world.temporal.kill();
    // A booking and a cancellation in the outage take effect after it.
    world.book("B1", 101, 4).await?;
    world
        .import(&format!(
            "{HEADER}{}",
            row("A5", 5, 3).replace(",\n", ",cancelled\n")
        ))
        .await?;

    world.temporal.start_again().await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("B1").await?, CONFIRMED);
    assert_eq!(
        world.ending("A5").await?,
        "not_needed: appointment_cancelled"
    );
    assert_eq!(world.ledger().calls.len(), 5);
    Ok(())
}

#[tokio::test]
async fn webhooks_are_taken_at_once_while_temporal_is_away_and_delivered_later() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().at_speed(20.0)).await?;
    world.import(&rows(10, &[2])).await?;
    world
        .play_until_seen("ten calls are placed", || async {
            Ok(world.retell.totals().calls_placed >= 10)
        })
        .await?;
    world.temporal.kill();
    eventually("every webhook is sent", || async {
        Ok(world.retell.totals().quiet)
    })
    .await?;
    let ledger = world.ledger();
    assert!(
        ledger
            .webhooks
            .iter()
            .all(|webhook| webhook.tries.len() == 1),
        "a webhook was not taken at once"
    );

    world.temporal.start_again().await?;
    world.play().await?;

    world.assert_sound().await?;
    world.assert_heard().await
}

#[tokio::test]
async fn a_temporal_that_lost_its_data_gets_every_process_back_from_the_database() -> Result<()> {
    // Talks of some seconds, so that calls are under way when it happens.
    let mut world = World::start(
        OPEN_CLINIC,
        quick().always(Outcome::Confirmed).at_speed(10.0),
    )
    .await?;
    world.import(&rows(3, &[2, 5])).await?;
    world
        .play_until_seen("the first calls are placed", || async {
            Ok(world.retell.totals().calls_placed >= 3)
        })
        .await?;
    world.kill_worker();
    world.kill_ingress();
    world.lose_temporal().await?;
    world.start_worker("all")?;
    world.start_ingress().await?;

    let said = world.operate(&["wake"]).await?;
    world.play().await?;

    assert!(said.contains("told to look again: "), "{said}");
    world.assert_sound().await?;
    assert_eq!(world.ledger().calls.len(), 6);
    for each in 1..=6 {
        assert_eq!(world.ending(&format!("A{each}")).await?, CONFIRMED);
    }
    Ok(())
}
