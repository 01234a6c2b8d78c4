//! Answers to duplicates alone, beside those to the same webhooks when they came first.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::{
    Size,
    figures::{Times, begin, milliseconds, progress, ratio_of_times, table},
    load::{Measured, Pace, drive},
    stage::{APART, CONNECTIONS, Stage},
    webhooks::{Bodies, SIZES},
};

const RATE: u32 = 500;
const LIMIT: Duration = Duration::from_millis(10);
/// Before anything is measured.
const WARM_UP: Duration = Duration::from_secs(2);

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Duplicates");
    let length = size.seconds(2, 20);
    let stage = Stage::start("duplicates").await?;
    println!("  {}", stage.server().await?);
    println!(
        "  {RATE}/s by schedule for {} s over {CONNECTIONS} connections: each webhook once, then each once more",
        length.as_secs()
    );
    let mut rows = Vec::new();
    for (place, (name, bytes)) in (1..).zip(SIZES) {
        progress(&format!("webhooks of {name}"));
        let bodies = Bodies::Of(bytes);
        load(&stage, SIZES.len() as u64 + place, bodies, WARM_UP).await?;
        let first = load(&stage, place, bodies, length).await?;
        let again = duplicates(&stage, place, bodies, length).await?;
        stage.holds(place, first.times.count()).await?;
        let against = first.times.percentile(99);
        rows.push(row(&format!("{name}, first"), &first.times, against));
        rows.push(row(&format!("{name}, again"), &again.times, against));
    }
    table(
        [
            "answered within",
            "p50",
            "p99",
            "p99.9",
            "most",
            "within 10 ms",
            "p99 ratio",
        ],
        &rows,
    );
    println!(
        "  target: of duplicates p99 below 10 ms; each was recognised and none was stored again"
    );
    Ok(())
}

async fn load(stage: &Stage, place: u64, bodies: Bodies, length: Duration) -> Result<Measured> {
    let senders = stage.webhooks(CONNECTIONS, bodies).await?;
    let pace = Pace::Fixed {
        per_second: RATE,
        length,
    };
    drive(senders, place * APART, pace).await
}

/// The same load once more. Fails unless ingress took every one for a duplicate.
async fn duplicates(
    stage: &Stage,
    place: u64,
    bodies: Bodies,
    length: Duration,
) -> Result<Measured> {
    let before = stage.duplicates().await?;
    let again = load(stage, place, bodies, length).await?;
    let recognised = stage.duplicates().await? - before;
    ensure!(
        usize::try_from(recognised) == Ok(again.times.count()),
        "of {} duplicates {recognised} were recognised",
        again.times.count()
    );
    Ok(again)
}

fn row(name: &str, times: &Times, against: Duration) -> [String; 7] {
    [
        name.to_owned(),
        milliseconds(times.percentile(50)),
        milliseconds(times.percentile(99)),
        milliseconds(times.permille(999)),
        milliseconds(times.most()),
        format!("{:.2} %", times.percent_within(LIMIT)),
        ratio_of_times(times.percentile(99), against),
    ]
}
