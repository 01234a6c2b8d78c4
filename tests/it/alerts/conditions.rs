//! States that are looked at all the time (ALERT-3), and what an operator sees of them.

use anyhow::{Result, ensure};
use jiff::Timestamp;

use super::{in_slack, reachable, slack_says};
use crate::harness::{SLUG, eventually, go_on, quick};

#[tokio::test]
async fn a_part_that_has_gone_silent_is_told_and_so_is_its_return() -> Result<()> {
    let (mut world, channels) = reachable("[alerts]\ncritical = [\"slack\"]", quick()).await?;
    let client = world.client().await?;
    eventually("every part has said that it lives", || async {
        Ok(world
            .sql("select string_agg(role, ',' order by role) from heartbeats")
            .await?
            == "bulk,core,dial,ingress")
    })
    .await?;
    world.kill_ingress();
    world
        .sql("update heartbeats set at = at - interval '10 minutes' where role = 'ingress'")
        .await?;

    world.let_watch_look(&client).await?;

    slack_says(&channels, "Where: ingress").await?;
    let doctor = world.run(&["doctor"], "").await?;
    ensure!(
        doctor.code == Some(1) && doctor.out.contains("ingress: silent since"),
        "{}",
        doctor.out
    );

    world.start_ingress().await?;
    eventually("nothing lasts", || async {
        world.let_watch_look(&client).await?;
        world
            .take_alerts_to(
                &client,
                Timestamp::now() + jiff::SignedDuration::from_hours(2),
            )
            .await?;
        Ok(world.open_alerts().await?.is_empty())
    })
    .await?;
    slack_says(&channels, "It is over").await
}

#[tokio::test]
async fn an_accepted_event_that_no_process_takes_up_is_told_and_so_is_its_end() -> Result<()> {
    let (mut world, channels) = reachable("[alerts]\ncritical = [\"slack\"]", quick()).await?;
    let client = world.client().await?;
    world.woken().await?;
    // As if the wake-up had been lost, which only a defect or a hand in the database could bring about.
    world.temporal.kill();
    world
        .add_event(br#"{"session_id":"s","hook_event_name":"Stop"}"#)
        .await?;
    world
        .sql("delete from outbox; update events set received_at = now() - interval '10 minutes'")
        .await?;
    world.temporal.start_again().await?;

    eventually("the watch sees it", || async {
        world.let_watch_look(&client).await?;
        Ok(!world.open_alerts().await?.is_empty())
    })
    .await?;
    slack_says(&channels, "accepted webhook is not being processed").await?;
    let doctor = world.run(&["doctor"], "").await?;
    assert_eq!(doctor.code, Some(1));
    ensure!(doctor.out.contains("not being processed"), "{}", doctor.out);

    world.operate(&["wake"]).await?;
    eventually("it is processed", || async {
        Ok(world.count("events where processed_at is not null").await? == 1)
    })
    .await?;
    eventually("the alert is over", || async {
        world.let_watch_look(&client).await?;
        let ahead = jiff::SignedDuration::from_mins(10);
        for alert in world.open_alerts().await? {
            go_on(&client, &workflows::names::alert_id(alert), ahead).await?;
        }
        Ok(world.open_alerts().await?.is_empty())
    })
    .await?;
    slack_says(&channels, "It is over").await?;
    assert_eq!(
        in_slack(&channels)
            .iter()
            .filter(|text| text.contains("[critical]"))
            .count(),
        1
    );
    let doctor = world.operate(&["doctor"]).await?;
    ensure!(!doctor.contains("LOOK"), "{doctor}");
    let listed = world.operate(&["alerts", "list", "--tenant", SLUG]).await?;
    ensure!(listed.contains("no trouble lasts"), "{listed}");
    Ok(())
}
