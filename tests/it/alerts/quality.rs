//! Calls that go badly: people are told, and dialing pauses itself where that is wanted (CALL-7).

use anyhow::{Result, ensure};
use domain::{
    alert::{AlertCause, Part, fingerprint},
    quality::QualityProblem,
};
use jiff::Timestamp;
use simulator::retell::{Outcome, Scenario};
use store::{Seen, Trouble};

use super::{reachable, slack_says};
use crate::{
    harness::{
        CONFIRMED, HEADER, HOUR, OPEN_CLINIC, SLUG, World, eventually, go_on, in_days, number,
        quick, row, rows,
    },
    inbound::caller,
};

const CLINIC: &str = "
[quality]
least_calls = 4
pause_dialing = true
[alerts]
critical = [\"slack\"]
error = [\"slack\"]
";

/// Four people are called a day before the other two.
async fn six_people(world: &mut World) -> Result<()> {
    let later = format!("{HEADER}{}{}", row("A5", 5, 4), row("A6", 6, 4));
    world.import(&rows(4, &[3])).await?;
    world.import(&later).await?;
    Ok(())
}

async fn paused_after(scenario: Scenario) -> Result<(World, simulator::alerts::Running)> {
    let (mut world, channels) = reachable(CLINIC, scenario).await?;
    let client = world.client().await?;
    six_people(&mut world).await?;
    world.play_until(Some(in_days(3) - HOUR)).await?;
    // Calls that end at the same moment may not know of each other.
    eventually("dialing has paused itself", || async {
        world.let_watch_look(&client).await?;
        Ok(world.count("tenants where paused").await? == 1)
    })
    .await?;
    let dialed = world.ledger().calls.len();
    world.play_until(Some(in_days(3) + HOUR)).await?;
    let waiting = "reminders where state = 'waiting' and reason = 'tenant_paused'";
    ensure!(world.count(waiting).await? >= 2, "they do not wait");
    assert_eq!(world.ledger().calls.len(), dialed, "a paused clinic dialed");
    slack_says(&channels, "dialing has paused itself").await?;
    slack_says(&channels, "too many calls go badly").await?;
    Ok((world, channels))
}

#[tokio::test]
async fn a_clinic_whose_calls_are_all_short_is_paused_until_somebody_has_looked() -> Result<()> {
    let mut short = quick().always(Outcome::Confirmed);
    short.timing.talk_seconds = [2.0, 4.0];
    let (world, channels) = paused_after(short).await?;
    slack_says(&channels, "conversations took less than 10 seconds").await?;
    assert_eq!(world.count("calls where quality = 'short'").await?, 4);
    let call = world
        .sql("select 'cal_' || replace(id::text, '-', '') from calls limit 1")
        .await?;
    let trace = world.operate(&["trace", &call]).await?;
    ensure!(trace.contains("quality    short"), "{trace}");
    for form in [&[][..], &["--json"]] {
        let review = [&["review", "--tenant", SLUG], form].concat();
        let review = world.operate(&review).await?;
        ensure!(
            review.contains("4 of the last 4 conversations took less"),
            "{review}"
        );
    }

    world.operate(&["tenant", "resume", SLUG]).await?;
    world.play().await?;

    // The calls of before, and the two poor ones since, do not pause it again.
    world.assert_sound().await?;
    for appointment in ["A5", "A6"] {
        assert_eq!(world.ending(appointment).await?, CONFIRMED);
    }
    assert_eq!(world.count("tenants where paused").await?, 0);
    let client = world.client().await?;
    eventually("the alerts are over", || async {
        world.let_watch_look(&client).await?;
        for alert in world.open_alerts().await? {
            let ahead = jiff::SignedDuration::from_mins(10);
            go_on(&client, &workflows::names::alert_id(alert), ahead).await?;
        }
        Ok(world.open_alerts().await?.is_empty())
    })
    .await
}

#[tokio::test]
async fn a_clinic_whose_calls_fail_is_paused_too() -> Result<()> {
    let (world, channels) = paused_after(quick().always(Outcome::InvalidNumber)).await?;
    slack_says(&channels, "calls failed").await?;
    assert_eq!(world.ledger().calls.len(), 4);
    assert_eq!(world.count("calls where quality is not null").await?, 0);
    Ok(())
}

#[tokio::test]
async fn of_poor_calls_that_came_in_people_are_told_and_dialing_goes_on() -> Result<()> {
    let mut short = quick().always(Outcome::NoClearAnswer);
    short.timing.talk_seconds = [2.0, 4.0];
    let (world, channels) = reachable(CLINIC, short).await?;
    let client = world.client().await?;
    for of in 1..=4 {
        world.retell.ring(&caller(&number(of))).await;
    }
    eventually("the calls are over", || async {
        let over = "calls where direction = 'inbound' and outcome is not null";
        Ok(world.count(over).await? == 4)
    })
    .await?;

    eventually("they are weighed together", || async {
        world.let_watch_look(&client).await?;
        Ok(world.count("alerts where cause = 'calls_poor'").await? == 1)
    })
    .await?;

    slack_says(&channels, "conversations that came in took less than").await?;
    assert_eq!(world.count("tenants where paused").await?, 0);
    let review = world.operate(&["review", "--tenant", SLUG]).await?;
    ensure!(review.contains("4 conversations that came in"), "{review}");
    Ok(())
}

#[tokio::test]
async fn a_clinic_that_does_not_want_it_is_told_and_goes_on() -> Result<()> {
    let mut short = quick().always(Outcome::Confirmed);
    short.timing.talk_seconds = [2.0, 4.0];
    let settings = CLINIC.replace("pause_dialing = true", "pause_dialing = false");
    let (mut world, channels) = reachable(&settings, short).await?;
    six_people(&mut world).await?;

    world.play().await?;

    world.assert_sound().await?;
    for of in 1..=6 {
        assert_eq!(world.ending(&format!("A{of}")).await?, CONFIRMED);
    }
    slack_says(&channels, "too many calls go badly").await
}

/// As the end of a call takes the two: whoever took them the other way round would wait for it, and it for them.
#[tokio::test]
async fn the_watch_takes_the_pause_before_it_weighs_the_calls() -> Result<()> {
    let world = World::start(OPEN_CLINIC, quick()).await?;
    let poor = AlertCause::CallsPoor;
    let poor = trouble(poor, &[Part::Code(QualityProblem::TooShort.code())]);
    let paused = trouble(AlertCause::TenantPausedItself, &[]);
    let tenant = world.store.tenant(world.tenant);
    let mut tx = tenant.begin().await?;
    for each in [&poor, &paused] {
        tx.raise(each, Seen::Stands, Timestamp::now()).await?;
    }
    tx.commit().await?;
    let mut call = tenant.begin().await?;
    call.raise(&paused, Seen::Lasts, Timestamp::now()).await?;
    let mut tx = tenant.begin().await?;
    tx.wake_tenant().await?;
    tx.commit().await?;

    let waits = "pg_stat_activity where wait_event_type = 'Lock' and query like '%fingerprint = $2 for update%'";
    let free = "(select from alerts where cause = 'calls_poor' for update skip locked) as free";
    eventually(
        "the watch waits for the call, and holds nothing that a call needs",
        || async { Ok(world.count(&format!("{free}, {waits}")).await? > 0) },
    )
    .await
}

fn trouble(cause: AlertCause, parts: &[Part<'_>]) -> Trouble<'static> {
    Trouble {
        cause,
        severity: cause.severity(),
        fingerprint: fingerprint(cause, parts),
        about: "",
    }
}
