//! Due to dialed: how long after its planned instant a reminder's request to dial reaches the provider, in
//! real time, beside bare workflows that wait for the same instants.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use simulator::retell::{Outcome, Scenario};

use crate::{
    Size,
    bare::{self, BareInput, Shape},
    figures::{Times, begin, milliseconds, progress, ratio_of_times, table},
    world::{World, until},
};

/// A call takes seconds, so those of the first reminders end while the last are dialed.
const SPEED: f64 = 4.0;
const PATIENCE: Duration = Duration::from_secs(1200);
/// Reminders that the dev server surely starts in a second.
const STARTED_IN_A_SECOND: usize = 40;
/// What comes before the request to dial leaves, and no more.
const SHAPE: Shape = Shape {
    reminder_local: 3,
    call_local: 1,
    call_ordinary: 1,
};

/// How the instants lie.
#[derive(Debug, Clone, Copy)]
enum Spread {
    OverTheMinute,
    SameInstant,
}

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Due to dialed");
    let count = size.reminders(100, 1000);
    let scenario = Scenario::default()
        .always(Outcome::Confirmed)
        .at_speed(SPEED);
    let mut world = World::start("due", scenario).await?;
    let _bare_worker = world.bare_worker()?;
    println!("  {count} reminders due in one minute, limits lifted, real time; calls of 6 to 22 s");
    let mut rows = Vec::new();
    for (spread, name) in [
        (Spread::OverTheMinute, "spread over the minute"),
        (Spread::SameInstant, "all at the same instant"),
    ] {
        progress(&format!("reminders, {name}"));
        let ours = reminders(&mut world, spread, count).await?;
        progress(&format!("bare workflows, {name}"));
        let bare = bare_timers(&world, spread, count).await?;
        let against = bare.percentile(99);
        for (whose, times) in [("reminders", &ours), ("bare workflows", &bare)] {
            progress(&format!(
                "{whose}, {name}: p99 {}",
                milliseconds(times.percentile(99))
            ));
        }
        rows.push(row(&format!("reminders, {name}"), &ours, against));
        rows.push(row(&format!("bare workflows, {name}"), &bare, against));
    }
    table(
        [
            "later than planned by",
            "p50",
            "p95",
            "p99",
            "most",
            "within 5 s",
            "p99 ratio",
        ],
        &rows,
    );
    println!("  target: 99 % within 5 s, none early; none was early and none was dialed twice");
    ensure!(
        world.retell.totals().double_dials == 0,
        "an attempt was dialed twice"
    );
    world.stop().await;
    Ok(())
}

fn row(name: &str, late: &Times, against: Duration) -> [String; 7] {
    [
        name.to_owned(),
        milliseconds(late.percentile(50)),
        milliseconds(late.percentile(95)),
        milliseconds(late.percentile(99)),
        milliseconds(late.most()),
        format!("{:.1} %", late.percent_within(Duration::from_secs(5))),
        ratio_of_times(late.percentile(99), against),
    ]
}

/// Instants so far ahead that everything waits by then.
fn instants(spread: Spread, count: usize) -> Vec<Timestamp> {
    let ahead = 20 + count / STARTED_IN_A_SECOND;
    let seconds = |number: usize| SignedDuration::from_secs(i64::try_from(number).unwrap_or(0));
    let first =
        Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default() + seconds(ahead);
    (0..count)
        .map(|number| match spread {
            Spread::OverTheMinute => first + seconds(number * 60 / count),
            Spread::SameInstant => first,
        })
        .collect()
}

async fn reminders(world: &mut World, spread: Spread, count: usize) -> Result<Times> {
    let ended_before = world.completed("appointment-reminder").await?;
    let seen_before = world.retell.totals().create_requests;
    let planned = instants(spread, count);
    let hour = SignedDuration::from_hours(1);
    let appointments = world.appointments(planned.iter().map(|at| *at + hour));
    world.import(&appointments).await?;
    until("every reminder waits", PATIENCE, || async {
        Ok(world.not_started().await? == 0)
    })
    .await?;
    warn_if_late(&planned, "reminders");
    until("every reminder has dialed", PATIENCE, || async {
        Ok(world.retell.totals().create_requests >= seen_before + count)
    })
    .await?;
    let ledger = world.retell.ledger();
    let mut dialed = HashMap::new();
    for create in &ledger.creates {
        if let Some(number) = &create.to_number {
            dialed.entry(number.as_str()).or_insert(create.at_ms);
        }
    }
    let mut late = Vec::new();
    for (appointment, planned) in appointments.iter().zip(&planned) {
        let at = dialed
            .get(appointment.phone.as_str())
            .context("a reminder did not dial")?;
        late.push(lateness(*planned, *at)?);
    }
    // Their calls must not disturb what comes next.
    until("every reminder has ended", PATIENCE, || async {
        Ok(world.completed("appointment-reminder").await? >= ended_before + count)
    })
    .await?;
    Ok(Times::new(late))
}

async fn bare_timers(world: &World, spread: Spread, count: usize) -> Result<Times> {
    let planned = instants(spread, count);
    let inputs: Vec<_> = planned
        .iter()
        .map(|at| BareInput {
            until: Some(*at),
            shape: SHAPE,
        })
        .collect();
    let prefix = format!("due-{spread:?}");
    bare::start(&world.client, &prefix, &inputs).await?;
    warn_if_late(&planned, "bare workflows");
    let ran = bare::results(&world.client, &prefix, count).await?;
    let late = planned
        .iter()
        .zip(ran)
        .map(|(planned, at)| lateness(*planned, at));
    Ok(Times::new(late.collect::<Result<_>>()?))
}

/// Both ends are of this machine's clock. Fails when the request came before its time: that is never permitted.
fn lateness(planned: Timestamp, at_ms: i64) -> Result<Duration> {
    let late = at_ms - planned.as_millisecond();
    let late = u64::try_from(late)
        .ok()
        .context("a reminder dialed early")?;
    Ok(Duration::from_millis(late))
}

fn warn_if_late(planned: &[Timestamp], what: &str) {
    if planned
        .first()
        .is_some_and(|first| *first < Timestamp::now())
    {
        println!(
            "  note: not all {what} were waiting when the first was due; the machine was too busy"
        );
    }
}
