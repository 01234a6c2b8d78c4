//! Webhooks by schedule, as senders send them: at fixed instants, whether or not earlier ones are answered. Times
//! count from the scheduled instant, so that waiting shows.

mod highest;
mod mix;

use std::time::Duration;

use anyhow::Result;

use crate::{
    Size,
    figures::{Times, begin, milliseconds, progress, ratio, ratio_of_times, table},
    load::{Measured, Pace, drive},
    stage::{APART, Stage},
    webhooks::Bodies,
};
use highest::Search;
use mix::{Kind, Mixed, kind};

/// So many may be under way: more than ever are at a rate that is held.
const CONNECTIONS: usize = 256;
const RATE: u32 = 500;
const LIMIT: Duration = Duration::from_millis(50);
/// A rate counts as missed when it is missed so often.
const TRIES: u32 = 2;
const SIZES: [(&str, usize); 2] = [("2 KB", 2 << 10), ("50 KB", 50 << 10)];
/// What both find first, places of their numbers apart from the others'.
const WARM_UP: Pace = Pace::Fixed {
    per_second: RATE,
    length: Duration::from_secs(2),
};

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Webhooks by schedule");
    let length = size.seconds(3, 60);
    println!(
        "  up to {CONNECTIONS} under way, 5 % duplicates, 1 % with a bad signature; `bellhop ingress` in a process of its own"
    );
    let mut highest = Vec::new();
    for (name, bytes) in SIZES {
        let mut load = Load::start(Bodies::Of(bytes)).await?;
        if highest.is_empty() {
            println!("  {}", load.stage.server().await?);
        }
        load.fixed_rate(name, length).await?;
        highest.extend(load.highest(name, size).await?);
    }
    table(
        [
            "highest rate with p99 below 50 ms",
            "held",
            "p99 there",
            "ratio",
        ],
        &highest,
    );
    println!("  every acknowledged event is stored once, and nothing with a bad signature");
    Ok(())
}

/// Loads of one size of bodies on a stage of their own, each with numbers of its own.
struct Load {
    stage: Stage,
    bodies: Bodies,
    places: u64,
}

/// The highest rate held, and the p99 of that rate.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    rate: u32,
    p99: Duration,
}

impl Load {
    async fn start(bodies: Bodies) -> Result<Self> {
        let mut load = Self {
            stage: Stage::start("arrivals").await?,
            bodies,
            places: 0,
        };
        load.mixed(WARM_UP).await?;
        load.bare(WARM_UP).await?;
        Ok(load)
    }

    fn place(&mut self) -> u64 {
        self.places += 1;
        self.places
    }

    async fn mixed(&mut self, pace: Pace) -> Result<Measured> {
        let place = self.place();
        let senders = self.stage.webhooks(CONNECTIONS, self.bodies).await?;
        let senders = senders.into_iter().map(Mixed).collect();
        let measured = drive(senders, place * APART, pace).await?;
        let first = of_kind(&measured, |kind| kind == Kind::First);
        self.stage.holds(place, first.count()).await?;
        Ok(measured)
    }

    async fn bare(&mut self, pace: Pace) -> Result<Measured> {
        let place = self.place();
        self.stage.rows(place, pace, self.bodies).await
    }

    async fn fixed_rate(&mut self, name: &str, length: Duration) -> Result<()> {
        progress(&format!("{RATE} a second for {length:?}, {name}"));
        let pace = Pace::Fixed {
            per_second: RATE,
            length,
        };
        let (all, bare) = (self.mixed(pace).await?, self.bare(pace).await?);
        let against = bare.times.percentile(99);
        let title = format!("{RATE}/s for {} s, {name}", length.as_secs());
        table(
            [
                &title,
                "reached",
                "p50",
                "p99",
                "p99.9",
                "most",
                "p99 ratio",
            ],
            &[
                row("webhooks answered", rate(&all), &all.times, against),
                row(
                    "of them duplicates",
                    String::new(),
                    &of_kind(&all, |kind| matches!(kind, Kind::Again(_))),
                    against,
                ),
                row(
                    "of them refused, as forged",
                    String::new(),
                    &of_kind(&all, |kind| kind == Kind::Forged),
                    against,
                ),
                row("bare single-row commits", rate(&bare), &bare.times, against),
            ],
        );
        println!("  targets: p99 below 50 ms; of duplicates below 10 ms");
        Ok(())
    }

    async fn highest(&mut self, name: &str, size: Size) -> Result<[[String; 4]; 2]> {
        let length = Duration::from_secs(size.quick_or(1, 5));
        let mut held = [Held::default(); 2];
        for (ours, held) in [true, false].into_iter().zip(&mut held) {
            let mut search = Search::default();
            while let Some(rate) = search.next() {
                let p99 = self.holds(ours, rate, length).await?;
                progress(&format!(
                    "{name}, {}, {rate}/s: {}",
                    if ours { "webhooks" } else { "bare" },
                    p99.map_or("not held".to_owned(), milliseconds)
                ));
                search.tell(rate, p99.is_some());
                if let Some(p99) = p99 {
                    *held = Held { rate, p99 };
                }
            }
        }
        let [ours, bare] = held;
        let row = |what: &str, held: Held| {
            [
                format!("{what}, {name}"),
                format!("{}/s", held.rate),
                milliseconds(held.p99),
                ratio(held.rate.into(), bare.rate.into()),
            ]
        };
        Ok([row("webhooks", ours), row("bare single-row commits", bare)])
    }

    /// The p99 at this rate if it is within the limit.
    async fn holds(&mut self, ours: bool, rate: u32, length: Duration) -> Result<Option<Duration>> {
        let pace = Pace::Fixed {
            per_second: rate,
            length,
        };
        for _ in 0..TRIES {
            let measured = match ours {
                true => self.mixed(pace).await?,
                false => self.bare(pace).await?,
            };
            let p99 = measured.times.percentile(99);
            if p99 < LIMIT {
                return Ok(Some(p99));
            }
        }
        Ok(None)
    }
}

fn of_kind(measured: &Measured, wanted: impl Fn(Kind) -> bool) -> Times {
    measured.times_of(|number| wanted(kind(number)))
}

fn rate(of: &Measured) -> String {
    format!("{:.0}/s", of.per_second)
}

fn row(name: &str, reached: String, times: &Times, against: Duration) -> [String; 7] {
    [
        name.to_owned(),
        reached,
        milliseconds(times.percentile(50)),
        milliseconds(times.percentile(99)),
        milliseconds(times.permille(999)),
        milliseconds(times.most()),
        ratio_of_times(times.percentile(99), against),
    ]
}
