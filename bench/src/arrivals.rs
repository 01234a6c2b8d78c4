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
    webhooks::{Bodies, SIZES},
};
use highest::Search;
use mix::{Kind, Mixed, kind};

/// So many may be under way: more than ever are at a rate that is held.
const CONNECTIONS: usize = 256;
const RATE: u32 = 500;
const LIMIT: Duration = Duration::from_millis(50);
/// A rate counts as missed when it is missed so often.
const TRIES: u32 = 2;
/// The first ones find cold caches everywhere.
const WARM_UP: Duration = Duration::from_secs(2);

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Webhooks by schedule");
    let step = Duration::from_secs(size.quick_or(1, 5));
    println!(
        "  up to {CONNECTIONS} under way, 5 % duplicates, 1 % with a bad signature; `bellhop ingress` in a process of its own"
    );
    let mut highest = Vec::new();
    for (name, bytes) in SIZES {
        let mut loads = Loads::start(name, bytes).await?;
        if highest.is_empty() {
            println!("  {}", loads.stage.server().await?);
        }
        loads.fixed_rate(size.seconds(3, 60)).await?;
        highest.extend(loads.highest(step).await?);
    }
    println!("  targets: p99 below 50 ms; of duplicates below 10 ms");
    let header = ["highest rate with p99 below 50 ms", "held", "p99", "ratio"];
    table(header, &highest);
    println!("  every acknowledged event is stored once, and nothing with a bad signature");
    Ok(())
}

/// Loads of one size of bodies on a stage of their own, each with numbers of its own.
struct Loads {
    stage: Stage,
    name: &'static str,
    bodies: Bodies,
    places: u64,
}

#[derive(Debug, Clone, Copy)]
enum Whose {
    Webhooks,
    Bare,
}

/// The highest rate held, and the p99 of that rate.
#[derive(Debug, Clone, Copy)]
struct Held {
    rate: u32,
    p99: Duration,
}

impl Loads {
    async fn start(name: &'static str, bytes: usize) -> Result<Self> {
        let mut loads = Self {
            stage: Stage::start("arrivals").await?,
            name,
            bodies: Bodies::Of(bytes),
            places: 0,
        };
        for whose in [Whose::Webhooks, Whose::Bare] {
            loads.run(whose, RATE, WARM_UP).await?;
        }
        Ok(loads)
    }

    /// Afterwards exactly the webhooks are stored that should be.
    async fn run(&mut self, whose: Whose, per_second: u32, length: Duration) -> Result<Measured> {
        self.places += 1;
        let place = self.places;
        let pace = Pace::Fixed { per_second, length };
        match whose {
            Whose::Bare => self.stage.rows(place, pace, self.bodies).await,
            Whose::Webhooks => {
                let senders = self.stage.webhooks(CONNECTIONS, self.bodies).await?;
                let senders = senders.into_iter().map(Mixed).collect();
                let measured = drive(senders, place * APART, pace).await?;
                let first = of_kind(&measured, |kind| kind == Kind::First);
                self.stage.holds(place, first.count()).await?;
                Ok(measured)
            }
        }
    }

    async fn fixed_rate(&mut self, length: Duration) -> Result<()> {
        let (name, seconds) = (self.name, length.as_secs());
        progress(&format!("{name}, {RATE}/s for {seconds} s"));
        let all = self.run(Whose::Webhooks, RATE, length).await?;
        let bare = self.run(Whose::Bare, RATE, length).await?;
        let again = of_kind(&all, |kind| matches!(kind, Kind::Again(_)));
        let forged = of_kind(&all, |kind| kind == Kind::Forged);
        let against = bare.times.percentile(99);
        let reached = |of: &Measured| format!("{:.0}/s", of.per_second);
        let none = String::new;
        table(
            [
                &format!("{name}, {RATE}/s for {seconds} s"),
                "reached",
                "p50",
                "p99",
                "p99.9",
                "most",
                "p99 ratio",
            ],
            &[
                row("webhooks answered", reached(&all), &all.times, against),
                row("of them duplicates", none(), &again, against),
                row("of them refused as forged", none(), &forged, against),
                row(
                    "bare single-row commits",
                    reached(&bare),
                    &bare.times,
                    against,
                ),
            ],
        );
        Ok(())
    }

    /// One row of the table for each of both.
    async fn highest(&mut self, length: Duration) -> Result<[[String; 4]; 2]> {
        let ours = self.search(Whose::Webhooks, length).await?;
        let bare = self.search(Whose::Bare, length).await?;
        let row = |what: &str, held: Held| {
            [
                format!("{}, {what}", self.name),
                format!("{}/s", held.rate),
                milliseconds(held.p99),
                ratio(held.rate.into(), bare.rate.into()),
            ]
        };
        Ok([
            row("webhooks answered", ours),
            row("bare single-row commits", bare),
        ])
    }

    async fn search(&mut self, whose: Whose, length: Duration) -> Result<Held> {
        let mut search = Search::default();
        let mut p99 = Duration::ZERO;
        while let Some(rate) = search.next() {
            let at_rate = self.p99(whose, rate, length).await?;
            let held = at_rate < LIMIT;
            progress(&format!(
                "{}, {whose:?}, {rate}/s: p99 {}, {}",
                self.name,
                milliseconds(at_rate),
                if held { "held" } else { "missed" }
            ));
            search.tell(rate, held);
            p99 = if held { at_rate } else { p99 };
        }
        Ok(Held {
            rate: search.held(),
            p99,
        })
    }

    /// At this rate; the best of some tries when it is not held at once.
    async fn p99(&mut self, whose: Whose, rate: u32, length: Duration) -> Result<Duration> {
        let mut best = Duration::MAX;
        for _ in 0..TRIES {
            let measured = self.run(whose, rate, length).await?;
            best = best.min(measured.times.percentile(99));
            if best < LIMIT {
                break;
            }
        }
        Ok(best)
    }
}

fn of_kind(measured: &Measured, wanted: impl Fn(Kind) -> bool) -> Times {
    measured.times_of(|number| wanted(kind(number)))
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
