//! PostgreSQL stopped, and started again on the same data.

use anyhow::Result;
use simulator::retell::Outcome;

use crate::harness::{OPEN_CLINIC, World, eventually, quick, rows};

#[tokio::test]
async fn reminders_wait_through_an_outage_of_the_database() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.import(&rows(5, &[3])).await?;
    world.settled().await?;

    world.postgres.kill();
    world.postgres.start_again().await?;
    world.play().await?;

    world.assert_sound().await?;
    world.assert_heard().await
}

#[tokio::test]
async fn a_sender_is_asked_to_come_back_while_the_database_is_away() -> Result<()> {
    let mut scenario = quick().at_speed(20.0);
    scenario.webhooks.retries = 8;
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world.import(&rows(10, &[2])).await?;
    world
        .play_until_seen("ten calls are placed", || async {
            Ok(world.retell.totals().calls_placed >= 10)
        })
        .await?;
    world.postgres.kill();
    let turned_away = || {
        world
            .ledger()
            .webhooks
            .iter()
            .filter(|webhook| webhook.tries.iter().any(|each| each.status == Some(503)))
            .count()
    };
    eventually("webhooks are turned away", || async {
        Ok(turned_away() > 0)
    })
    .await?;

    world.postgres.start_again().await?;
    world.play().await?;

    world.assert_sound().await?;
    world.assert_heard().await?;
    assert_eq!(world.retell.totals().webhooks_gave_up, 0);
    Ok(())
}
