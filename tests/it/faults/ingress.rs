//! Ingress killed: between its commit and the relay, and in the stream.

use anyhow::Result;
use simulator::retell::Outcome;

use super::moments;
use crate::harness::{OPEN_CLINIC, World, eventually, quick, rows};

#[tokio::test]
async fn events_committed_by_an_ingress_that_was_killed_are_relayed_by_the_next() -> Result<()> {
    let mut world = World::start(
        OPEN_CLINIC,
        quick().always(Outcome::Confirmed).at_speed(20.0),
    )
    .await?;
    world.import(&rows(3, &[2])).await?;
    world
        .play_until_seen("three calls are placed", || async {
            Ok(world.retell.totals().calls_placed == 3)
        })
        .await?;
    // Nothing can be relayed now, by whomever.
    world.temporal.kill();
    eventually("every webhook is acknowledged", || async {
        Ok(world.retell.totals().quiet && world.retell.totals().webhooks_acknowledged == 9)
    })
    .await?;
    assert!(
        world.store.outbox_length().await? > 0,
        "there is nothing left to relay"
    );
    world.kill_ingress();

    world.temporal.start_again().await?;
    world.start_ingress().await?;
    world.play().await?;

    world.assert_sound().await?;
    world.assert_heard().await?;
    assert_eq!(world.ledger().calls.len(), 3);
    Ok(())
}

#[tokio::test]
async fn an_ingress_killed_again_and_again_loses_no_event_it_acknowledged() -> Result<()> {
    let mut scenario = quick();
    scenario.webhooks.retries = 6;
    let mut world = World::without_processes(OPEN_CLINIC, scenario).await?;
    world.start_worker("all")?;
    world.import(&rows(10, &[2, 3])).await?;

    let killing = async {
        let mut ingress = world.spawn_ingress().await?;
        for after in moments(11, 8, 40) {
            eventually("the next webhook", || async {
                Ok(world.retell.totals().webhooks_acknowledged >= after)
            })
            .await?;
            drop(ingress);
            ingress = world.spawn_ingress().await?;
        }
        anyhow::Ok(ingress)
    };
    let (_ingress, ()) = tokio::try_join!(killing, world.play())?;

    world.assert_sound().await?;
    world.assert_heard().await
}
