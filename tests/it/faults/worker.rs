//! A worker that dies or is put to sleep: before, while and after the request to dial leaves.

use anyhow::{Result, bail};
use simulator::retell::{CreateFault, Outcome};
use sqlx::{Connection, PgConnection};

use super::{moments, with_creates};
use crate::harness::{CONFIRMED, OPEN_CLINIC, World, eventually, quick, rows};

#[tokio::test]
async fn a_worker_killed_before_the_request_to_dial_leaves_it_to_the_next() -> Result<()> {
    let mut world =
        World::without_processes(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.start_ingress().await?;
    // Nobody serves the queue of dials: the call is authorized and goes no further.
    world.start_worker("core")?;
    world.book("A1", 1, 3).await?;
    world
        .play_until_seen("a call is authorized", || async {
            Ok(world.count("calls where dial_state = 'authorized'").await? == 1)
        })
        .await?;
    world.kill_worker();
    assert!(world.ledger().creates.is_empty());

    world.start_worker("all")?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    assert_eq!(world.ledger().calls.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_worker_killed_while_the_provider_holds_its_answer_does_not_dial_again() -> Result<()> {
    let scenario = with_creates(
        quick().always(Outcome::Confirmed),
        1,
        &[CreateFault::HangAfter],
    );
    let world = killed_during_the_request(scenario).await?;

    assert_eq!(
        world.ending("A1").await?,
        CONFIRMED,
        "{:#?}",
        world.why("A1").await?
    );
    assert_eq!(world.ledger().creates.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_request_that_died_with_its_worker_is_made_again_when_the_provider_provably_never_had_it()
-> Result<()> {
    let scenario = with_creates(quick().always(Outcome::Confirmed), 1, &[CreateFault::Hang]);
    let world = killed_during_the_request(scenario).await?;

    assert_eq!(
        world.ending("A1").await?,
        CONFIRMED,
        "{:#?}",
        world.why("A1").await?
    );
    assert_eq!(world.ledger().creates.len(), 2);
    assert_eq!(world.ledger().calls.len(), 1);
    Ok(())
}

/// One appointment whose worker is killed as soon as its request to dial has arrived; played to the end.
async fn killed_during_the_request(scenario: simulator::retell::Scenario) -> Result<World> {
    let mut world = World::start(OPEN_CLINIC, scenario).await?;
    world.book("A1", 1, 3).await?;
    world
        .play_until_seen("a request to dial", || async {
            Ok(world.retell.totals().create_requests == 1)
        })
        .await?;
    world.kill_worker();
    world.start_worker("all")?;
    world.play().await?;
    world.assert_sound().await?;
    Ok(world)
}

#[tokio::test]
async fn a_worker_killed_again_and_again_dials_nobody_twice() -> Result<()> {
    let mut world = World::without_processes(OPEN_CLINIC, quick()).await?;
    world.start_ingress().await?;
    world.import(&rows(10, &[2, 3, 4])).await?;

    let killing = async {
        let mut worker = world.spawn_worker("all")?;
        for after in moments(7, 6, 30) {
            eventually_slowly("the next dial", || async {
                Ok(world.retell.totals().create_requests >= after)
            })
            .await?;
            drop(worker);
            worker = world.spawn_worker("all")?;
        }
        anyhow::Ok(worker)
    };
    let (_worker, ()) = tokio::try_join!(killing, world.play())?;

    world.assert_sound().await?;
    world.assert_heard().await
}

/// A killed worker's work is missed by the others after some seconds each time.
async fn eventually_slowly<F, Fut>(what: &str, mut holds: F) -> Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<bool>>,
{
    let first = eventually(what, &mut holds).await;
    if first.is_ok() {
        first
    } else {
        eventually(what, holds).await
    }
}

#[tokio::test]
async fn two_workers_share_the_work_and_dial_nobody_twice() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick()).await?;
    let _second = world.spawn_worker("all")?;
    world.import(&rows(10, &[2, 3])).await?;

    world.play().await?;

    world.assert_sound().await?;
    world.assert_heard().await
}

#[tokio::test]
async fn a_worker_that_slept_does_not_repeat_what_another_did_meanwhile() -> Result<()> {
    let mut world =
        World::without_processes(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.start_ingress().await?;
    world.start_worker("core")?;
    let sleeper = world.spawn_worker("dial")?;
    world.import(&rows(3, &[2])).await?;
    world.settled().await?;
    eventually("the sleeper asks for work", || async {
        Ok(world.logs()?.contains("worker serves its queues role=Dial"))
    })
    .await?;
    // Its open questions to the server stay open: tasks are handed to it that it does not begin.
    sleeper.pause()?;
    world
        .play_until_seen("calls are authorized", || async {
            Ok(world.count("calls where dial_state = 'authorized'").await? == 3)
        })
        .await?;
    let _other = world.spawn_worker("dial")?;
    world
        .play_until_seen("the other has dialed", || async {
            Ok(world.retell.totals().calls_placed > 0)
        })
        .await?;

    sleeper.go_on()?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ledger().calls.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_worker_that_fell_asleep_in_a_transaction_does_not_stop_the_others_for_long() -> Result<()>
{
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.import(&rows(2, &[3])).await?;
    world.settled().await?;
    // Both reminders have locked their appointments and wait for the tenant, which is held here.
    let mut connection = PgConnection::connect(&world.postgres.url("bellhop")).await?;
    let mut held = connection.begin().await?;
    sqlx::query("select id from tenants for update")
        .execute(&mut *held)
        .await?;
    world
        .play_until_seen("the worker waits for a lock", || async {
            Ok(world
                .count("pg_stat_activity where wait_event_type = 'Lock'")
                .await?
                == 2)
        })
        .await?;
    let Some(sleeper) = world.worker.take() else {
        bail!("no worker runs")
    };
    sleeper.pause()?;
    // Whatever it gets now, it keeps while it sleeps.
    held.rollback().await?;

    world.start_worker("all")?;
    world.play().await?;
    sleeper.go_on()?;

    world.assert_sound().await?;
    world.assert_heard().await?;
    assert_eq!(world.ledger().calls.len(), 2);
    Ok(())
}
