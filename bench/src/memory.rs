//! Memory of a worker while reminders wait.

use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use simulator::retell::Scenario;
use tokio::time::Instant;

use crate::{
    Size,
    figures::{begin, progress, ratio, seconds, table},
    world::World,
};

/// After the last start, caches and buffers find their size.
const SETTLE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_secs(3);
const IMPORT_AT_ONCE: usize = 2500;

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Worker memory");
    let mut levels = size.quick_or(vec![50, 200], vec![1_000, 10_000, 50_000]);
    if let Some(only) = size.reminders {
        levels = vec![only];
    }
    let mut world = World::start("memory", Scenario::default()).await?;
    tokio::time::sleep(SETTLE).await;
    let empty = world.worker.resident()?;
    let mut rows = vec![row("0", empty, empty, None)];
    let mut waiting = 0;
    for level in levels {
        let started = Instant::now();
        add(&mut world, waiting, level).await?;
        let took = started.elapsed();
        waiting = level;
        tokio::time::sleep(SETTLE).await;
        let resident = world.worker.resident()?;
        rows.push(row(&waiting.to_string(), resident, empty, Some(took)));
    }
    let another = world.another_worker()?;
    tokio::time::sleep(SETTLE).await;
    let name = format!("{waiting}, a worker started since");
    rows.push(row(&name, another.resident()?, empty, None));
    table(
        ["reminders waiting", "resident", "ratio to 0", "started in"],
        &rows,
    );
    println!(
        "  the worker keeps 1,000 processes in memory; the others are read from their histories when they wake"
    );
    drop(another);
    world.stop().await;
    Ok(())
}

fn row(name: &str, resident: u64, empty: u64, took: Option<Duration>) -> [String; 4] {
    let mebibytes = resident as f64 / f64::from(1 << 20);
    [
        name.to_owned(),
        format!("{mebibytes:.1} MiB"),
        ratio(resident as f64, empty as f64),
        took.map(seconds).unwrap_or_default(),
    ]
}

/// Imports until `to` reminders wait, for calls a month and more ahead.
async fn add(world: &mut World, from: usize, to: usize) -> Result<()> {
    let first = Timestamp::now() + SignedDuration::from_hours(30 * 24);
    let instants: Vec<_> = (from..to)
        .map(|number| first + SignedDuration::from_mins(i64::try_from(number).unwrap_or(0)))
        .collect();
    for (number, chunk) in instants.chunks(IMPORT_AT_ONCE).enumerate() {
        let appointments = world.appointments(chunk.iter().copied());
        world.import(&appointments).await?;
        let begun = from + number * IMPORT_AT_ONCE + chunk.len();
        started(world, begun).await?;
    }
    Ok(())
}

/// Waits until every reminder so far has looked at its facts.
async fn started(world: &World, so_far: usize) -> Result<()> {
    let mut left = i64::MAX;
    let mut changed = Instant::now();
    loop {
        let now_left = world.not_started().await?;
        if now_left == 0 {
            return Ok(());
        }
        progress(&format!("{now_left} of {so_far} reminders still to start"));
        if now_left < left {
            (left, changed) = (now_left, Instant::now());
        }
        anyhow::ensure!(
            changed.elapsed() < Duration::from_secs(120),
            "no reminder was started for two minutes"
        );
        tokio::time::sleep(LOOK).await;
    }
}
