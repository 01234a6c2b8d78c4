//! Reminders from import to end, beside bare workflows of the same shape on the same server.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use simulator::retell::{Outcome, Scenario};

use crate::{
    Size,
    bare::{self, BareInput},
    figures::{begin, median, progress, ratio, seconds, table},
    shape::{self, Usual},
    world::{World, until},
};

const REMINDER: &str = "appointment-reminder";
/// Reminders whose histories are counted.
const SAMPLE: usize = 15;
const PATIENCE: Duration = Duration::from_secs(1800);
/// A call is over in a fifth of a second or so.
const SPEED: f64 = 300.0;

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Reminder throughput");
    let count = size.reminders(40, 500);
    let rounds = size.quick_or(1, 3);
    let scenario = Scenario::default()
        .always(Outcome::Confirmed)
        .at_speed(SPEED);
    let mut world = World::start("throughput", scenario).await?;
    let bare_worker = world.bare_worker()?;
    // The first ones find cold caches everywhere.
    let warm_up = reminders(&mut world, 20).await?;
    let usual = warm_up.1;
    bare(&world, "warm-up", 20, &usual).await?;
    let (mut ours, mut bares, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let mut shown = usual;
    for round in 0..rounds {
        progress(&format!(
            "round {} of {rounds}: {count} reminders",
            round + 1
        ));
        let (took, usual) = reminders(&mut world, count).await?;
        progress(&format!(
            "round {} of {rounds}: {count} bare workflows",
            round + 1
        ));
        let took_bare = bare(&world, &format!("round-{round}"), count, &usual).await?;
        ratios.push(took_bare.as_secs_f64() / took.as_secs_f64());
        (shown, _) = (usual, ours.push(took));
        bares.push(took_bare);
    }
    tell(count, &shown, &ours, &bares);
    println!(
        "  ratio (median of the rounds): {} of the bare workflows",
        ratio(median(ratios).unwrap_or_default(), 1.0)
    );
    let totals = world.retell.totals();
    ensure!(totals.double_dials == 0, "an attempt was dialed twice");
    drop(bare_worker);
    world.stop().await;
    Ok(())
}

fn tell(count: usize, usual: &Usual, ours: &[Duration], bares: &[Duration]) {
    let shape = usual.shape;
    println!(
        "  {count} at once; the shape, counted in {SAMPLE} histories of the last round: {} local activities in the \
         reminder, {} in its call, {} ordinary; with {} signals, {} workflow tasks and {} events in all",
        shape.reminder_local,
        shape.call_local,
        shape.call_ordinary,
        usual.signals,
        usual.workflow_tasks,
        usual.events
    );
    let row = |name: &str, took: &[Duration]| {
        let rates: Vec<_> = took
            .iter()
            .map(|took| count as f64 / took.as_secs_f64())
            .collect();
        [
            name.to_owned(),
            took.iter()
                .map(|took| seconds(*took))
                .collect::<Vec<_>>()
                .join(", "),
            format!("{:.1}/s", median(rates).unwrap_or_default()),
        ]
    };
    table(
        ["from start to the end of the last", "rounds", "median"],
        &[
            row("reminders, calls and webhooks included", ours),
            row("bare workflows of that shape", bares),
        ],
    );
}

/// Imports appointments that are to be called at once; returns when every reminder has ended.
async fn reminders(world: &mut World, count: usize) -> Result<(Duration, Usual)> {
    let before = world.completed(REMINDER).await?;
    // Booked later than an hour before: the call is due at once.
    let soon = Timestamp::now() + SignedDuration::from_mins(50);
    let appointments = world.appointments(std::iter::repeat_n(soon, count));
    let started = Instant::now();
    world.import(&appointments).await?;
    ended(world, REMINDER, before + count).await?;
    let took = started.elapsed();
    let mut sample = Vec::new();
    for appointment in appointments.iter().rev().take(SAMPLE) {
        sample.push(world.appointment(&appointment.external_id).await?);
    }
    Ok((took, shape::of(&world.client, &sample).await?))
}

async fn bare(world: &World, prefix: &str, count: usize, usual: &Usual) -> Result<Duration> {
    let before = world.completed(bare::WORKFLOW_TYPE).await?;
    let input = BareInput {
        until: None,
        shape: usual.shape,
    };
    let started = Instant::now();
    bare::start(&world.client, prefix, &vec![input; count]).await?;
    ended(world, bare::WORKFLOW_TYPE, before + count).await?;
    Ok(started.elapsed())
}

/// Both are judged by the same count, the engine's own.
async fn ended(world: &World, workflow_type: &str, count: usize) -> Result<()> {
    until("all have ended", PATIENCE, || async {
        Ok(world.completed(workflow_type).await? >= count)
    })
    .await
}
