//! Outages that last past closing time: whatever was decided before, nobody is called at night.

use anyhow::{Result, ensure};
use domain::ids::AppointmentId;
use jiff::{SignedDuration, Timestamp, civil::Weekday};
use simulator::retell::Outcome;
use workflows::names;

use bellhop::conductor;

use crate::harness::{HEADER, HOUR, World, eventually, next, number, quick};

/// Open from 9 to 17 on every day, in UTC.
const DAY_CLINIC: &str = r#"
[tenant]
name = "Test Clinic"
live = true
timezone = "UTC"

[hours]
monday = ["09:00-17:00"]
tuesday = ["09:00-17:00"]
wednesday = ["09:00-17:00"]
thursday = ["09:00-17:00"]
friday = ["09:00-17:00"]
saturday = ["09:00-17:00"]
sunday = ["09:00-17:00"]
holidays = "none"

[reminders]
last_start_minutes = 0

[retell]
agent_id = "agent_test"
from_number = "+442079460000"
calls_per_second = 0
"#;

/// Before closing time, when the call is due.
const DUE_BEFORE: SignedDuration = SignedDuration::from_secs(8);

/// A clinic with one appointment whose call is due seconds before closing time, and that closing time.
async fn nearly_closed(roles: &[&str]) -> Result<(World, Timestamp)> {
    let mut world =
        World::without_processes(DAY_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.start_ingress().await?;
    for role in roles {
        world.start_worker(role)?;
    }
    let closes = next(Weekday::Wednesday, 3, 17);
    let at = closes - DUE_BEFORE + HOUR * 24;
    world
        .import(&format!("{HEADER}A1,Ada Archer,{},{at},\n", number(1)))
        .await?;
    world.settled().await?;
    Ok((world, closes))
}

async fn wait_until_closed(
    world: &World,
    appointment: AppointmentId,
    closes: Timestamp,
) -> Result<()> {
    let client = world.client().await?;
    let id = names::reminder_id(appointment);
    eventually("it is past closing time", || async {
        Ok(conductor::clock(&client, &id)
            .await?
            .is_some_and(|now| now > closes + SignedDuration::from_secs(2)))
    })
    .await
}

/// The call is made on the next morning, in the hours of the clinic.
async fn assert_called_next_morning(world: &World, closes: Timestamp) -> Result<()> {
    world.play().await?;
    world.assert_sound().await?;
    let dialed = world.dialed_at("A1").await?;
    let opens = closes + HOUR * 16;
    ensure!(
        dialed.len() == 1 && dialed.iter().all(|at| (opens..opens + HOUR).contains(at)),
        "closed {closes}, dialed {dialed:?}: {:#?}",
        world.why("A1").await?
    );
    ensure!(world.ledger().calls.len() == 1);
    Ok(())
}

/// The server skips no time for a process that has something to do.
#[tokio::test]
async fn a_jump_without_a_worker_fails_and_says_what_is_missing() -> Result<()> {
    let mut world = World::without_processes(DAY_CLINIC, quick()).await?;
    world.start_ingress().await?;
    world.book("A1", 1, 3).await?;
    eventually("the process is started", || async {
        Ok(world.store.outbox_length().await? == 0)
    })
    .await?;
    let id = names::reminder_id(world.appointment("A1").await?);

    let at = Timestamp::now() + HOUR;
    let patience = std::time::Duration::from_millis(500);
    let jump = conductor::go_ahead(&world.client().await?, &id, at, patience).await;

    let problem = jump.expect_err("nobody can make it").to_string();
    ensure!(problem.contains("does a worker run?"), "{problem}");
    Ok(())
}

#[tokio::test]
async fn a_worker_that_comes_back_after_closing_time_calls_in_the_morning() -> Result<()> {
    let (mut world, closes) = nearly_closed(&["all"]).await?;
    world.kill_worker();
    world
        .take_reminder_to("A1", closes - DUE_BEFORE * 2)
        .await?;
    wait_until_closed(&world, world.appointment("A1").await?, closes).await?;

    world.start_worker("all")?;

    assert_called_next_morning(&world, closes).await
}

#[tokio::test]
async fn a_database_that_comes_back_after_closing_time_means_a_call_in_the_morning() -> Result<()> {
    let (mut world, closes) = nearly_closed(&["all"]).await?;
    let appointment = world.appointment("A1").await?;
    world
        .take_reminder_to("A1", closes - DUE_BEFORE * 2)
        .await?;
    world.postgres.kill();
    wait_until_closed(&world, appointment, closes).await?;

    world.postgres.start_again().await?;

    assert_called_next_morning(&world, closes).await
}

#[tokio::test]
async fn a_temporal_that_comes_back_after_closing_time_means_a_call_in_the_morning() -> Result<()> {
    let (mut world, closes) = nearly_closed(&["all"]).await?;
    world
        .take_reminder_to("A1", closes - DUE_BEFORE * 2)
        .await?;
    world.temporal.kill();
    let began = std::time::Instant::now();
    eventually("it is past closing time", || async {
        Ok(began.elapsed() > (DUE_BEFORE * 2 + SignedDuration::from_secs(3)).unsigned_abs())
    })
    .await?;

    world.temporal.start_again().await?;

    assert_called_next_morning(&world, closes).await
}

#[tokio::test]
async fn a_call_authorized_before_closing_time_and_not_placed_by_then_is_put_off() -> Result<()> {
    let (mut world, closes) = nearly_closed(&["core"]).await?;
    world
        .take_reminder_to("A1", closes - DUE_BEFORE * 2)
        .await?;
    eventually("the call is authorized", || async {
        Ok(world.count("calls where dial_state = 'authorized'").await? == 1)
    })
    .await?;
    wait_until_closed(&world, world.appointment("A1").await?, closes).await?;

    world.kill_worker();
    world.start_worker("all")?;

    assert_called_next_morning(&world, closes).await?;
    let why = world.why("A1").await?;
    ensure!(
        why.iter()
            .any(|line| line.contains("was not placed: it is outside the calling hours")),
        "{why:#?}"
    );
    Ok(())
}

/// A task handed to a sleeping worker carries the time at which it was handed over. When the worker wakes,
/// that time is past.
#[tokio::test]
async fn a_worker_that_slept_past_closing_time_does_not_dial_by_the_time_it_fell_asleep()
-> Result<()> {
    let (world, closes) = nearly_closed(&["core"]).await?;
    let sleeper = world.spawn_worker("dial")?;
    eventually("the sleeper asks for work", || async {
        Ok(world.logs()?.contains("worker serves its queues role=Dial"))
    })
    .await?;
    sleeper.pause()?;
    world
        .take_reminder_to("A1", closes - DUE_BEFORE * 2)
        .await?;
    eventually("the call is authorized", || async {
        Ok(world.count("calls where dial_state = 'authorized'").await? == 1)
    })
    .await?;
    wait_until_closed(&world, world.appointment("A1").await?, closes).await?;

    sleeper.go_on()?;

    assert_called_next_morning(&world, closes).await
}
