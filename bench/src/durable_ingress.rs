//! Durable ingress: signed webhooks over real HTTP, each answered after its own commit, beside a bare loop that
//! commits the same row alone, over as many connections, on the same server.

use std::time::Duration;

use anyhow::Result;

use crate::{
    Size,
    figures::{begin, median, milliseconds, progress, ratio, ratio_of_times, table},
    load::{Measured, Pace, drive},
    stage::{APART, CONNECTIONS, Stage},
    webhooks::Bodies,
};

const RATE: u32 = 500;

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Durable ingress");
    let stage = Stage::start("ingress").await?;
    println!("  {}", stage.server().await?);
    println!(
        "  {CONNECTIONS} connections, bodies of {} bytes, distinct events; `bellhop ingress` in a process of its own",
        Bodies::Short.body(0).len()
    );
    full_speed(&stage, size).await?;
    fixed_rate(&stage, size).await?;
    println!(
        "  every acknowledged event is stored once; {} duplicates were recognised",
        stage.duplicates().await?
    );
    Ok(())
}

/// Both by turns, so that what else the machine does meets both alike.
async fn full_speed(stage: &Stage, size: Size) -> Result<()> {
    let length = Duration::from_secs(size.quick_or(1, 6));
    let rounds = size.quick_or(1, 5);
    let (mut ours, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        progress(&format!("full speed, round {} of {rounds}", round + 1));
        let events = events(stage, round, Pace::Full { length }).await?;
        let rows = stage
            .rows(round, Pace::Full { length }, Bodies::Short)
            .await?;
        ratios.push(events.per_second / rows.per_second);
        ours.push(events);
        bare.push(rows);
    }
    let row = |name: &str, of: &[Measured]| {
        let rates: Vec<_> = of.iter().map(|each| each.per_second).collect();
        let middle = |of: Vec<Duration>| median(of.iter().map(Duration::as_secs_f64).collect());
        let time = |percent| {
            let times = of
                .iter()
                .map(|each| each.times.percentile(percent))
                .collect();
            Duration::from_secs_f64(middle(times).unwrap_or_default())
        };
        [
            name.to_owned(),
            rates
                .iter()
                .map(|rate| format!("{rate:.0}"))
                .collect::<Vec<_>>()
                .join(" "),
            format!("{:.0}/s", median(rates).unwrap_or_default()),
            milliseconds(time(50)),
            milliseconds(time(99)),
        ]
    };
    table(
        ["full speed", "rounds", "median", "p50", "p99"],
        &[
            row("webhooks acknowledged", &ours),
            row("bare single-row commits", &bare),
        ],
    );
    println!(
        "  ratio (median of the rounds): {} of the bare commits; target at least 1",
        ratio(median(ratios).unwrap_or_default(), 1.0)
    );
    Ok(())
}

async fn fixed_rate(stage: &Stage, size: Size) -> Result<()> {
    let length = Duration::from_secs(size.quick_or(2, 20));
    let pace = Pace::Fixed {
        per_second: RATE,
        length,
    };
    let place = 90;
    progress(&format!("{RATE} a second"));
    let events = events(stage, place, pace).await?;
    let duplicates = events_again(stage, place, pace).await?;
    let rows = stage.rows(place, pace, Bodies::Short).await?;
    let row = |name: &str, of: &Measured| {
        [
            name.to_owned(),
            format!("{:.0}/s", of.per_second),
            milliseconds(of.times.percentile(50)),
            milliseconds(of.times.percentile(99)),
            milliseconds(of.times.most()),
            ratio_of_times(of.times.percentile(99), rows.times.percentile(99)),
        ]
    };
    table(
        [
            "fixed rate of 500/s",
            "reached",
            "p50",
            "p99",
            "most",
            "p99 ratio",
        ],
        &[
            row("webhooks acknowledged", &events),
            row("duplicates of them", &duplicates),
            row("bare single-row commits", &rows),
        ],
    );
    println!("  targets: p99 below 50 ms; of duplicates below 10 ms");
    Ok(())
}

async fn events(stage: &Stage, place: u64, pace: Pace) -> Result<Measured> {
    let measured = events_again(stage, place, pace).await?;
    stage.holds(place, measured.times.count()).await?;
    Ok(measured)
}

async fn events_again(stage: &Stage, place: u64, pace: Pace) -> Result<Measured> {
    let senders = stage.webhooks(CONNECTIONS, Bodies::Short).await?;
    drive(senders, place * APART, pace).await
}
