//! From an event's commit to its process having taken it up, through relay, Temporal and worker, beside a bare
//! signal-with-start.

use std::time::Duration;

use anyhow::{Result, ensure};
use hyper::StatusCode;
use jiff::Timestamp;
use simulator::{
    retell,
    senders::{AgentAuth, Scenario, Source, Vendor, letter},
};

use crate::{
    Size,
    agent::{self, KEY, TOKEN},
    bare_wake::{Waker, taken_up},
    figures::{Times, begin, milliseconds, progress, ratio_of_times, table},
    load::{Pace, Sender, drive},
    post::Post,
    world::{World, until},
};

const RATE: u32 = 20;
const ROUNDS: u64 = 3;
const CONNECTIONS: usize = 8;
const PATIENCE: Duration = Duration::from_secs(120);
/// Numbers of one load do not meet those of another.
const APART: u64 = 1_000_000;
/// The first ones find cold caches everywhere.
const WARM_UP: Duration = Duration::from_secs(2);

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Commit to woken");
    let length = size.seconds(3, 30) / u32::try_from(ROUNDS)?;
    let world = World::start("woken", retell::Scenario::default()).await?;
    let _bare_worker = world.bare_worker()?;
    agent::add_source(&world.store, &world.clinic).await?;
    println!(
        "  {ROUNDS} rounds of {} s by turns, {RATE} hooks of coding agents a second and {RATE} bare workflows a second",
        length.as_secs_f64()
    );
    events(&world, 0, WARM_UP).await?;
    bare(&world, 0, WARM_UP).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        progress(&format!("round {round} of {ROUNDS}"));
        ours.extend(events(&world, round, length).await?);
        theirs.extend(bare(&world, round, length).await?);
    }
    let (ours, theirs) = (Times::new(ours), Times::new(theirs));
    let row = |name: &str, times: &Times| {
        [
            name.to_owned(),
            times.count().to_string(),
            milliseconds(times.percentile(50)),
            milliseconds(times.percentile(99)),
            milliseconds(times.most()),
            ratio_of_times(times.percentile(50), theirs.percentile(50)),
            ratio_of_times(times.percentile(99), theirs.percentile(99)),
        ]
    };
    table(
        [
            "until taken up, from",
            "count",
            "p50",
            "p99",
            "most",
            "p50 ratio",
            "p99 ratio",
        ],
        &[
            row("the event's commit", &ours),
            row("a bare signal-with-start", &theirs),
        ],
    );
    world.stop().await;
    Ok(())
}

/// Hooks of coding agents over one connection.
struct Hooks {
    post: Post,
    path: String,
    source: Source,
    scenario: Scenario,
}

impl Hooks {
    async fn connect(port: u16) -> Result<Self> {
        let path = format!("/hooks/{KEY}");
        let url = format!("http://127.0.0.1:{port}{path}");
        Ok(Self {
            post: Post::connect(port).await?,
            path,
            source: Source::new(Vendor::Agent(AgentAuth::Bearer), &url, TOKEN),
            scenario: Scenario::default(),
        })
    }
}

impl Sender for Hooks {
    async fn send(&mut self, number: u64) -> Result<()> {
        let letter = letter(&self.source, 0, &self.scenario, number);
        let headers: Vec<_> = letter
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let status = self.post.send(&self.path, &headers, letter.body).await?;
        ensure!(
            status == StatusCode::NO_CONTENT,
            "a hook was answered {status}"
        );
        Ok(())
    }
}

/// How long after its commit each event was taken up. A commit is as old as its transaction.
async fn events(world: &World, round: u64, length: Duration) -> Result<Vec<Duration>> {
    let since = Timestamp::now();
    let mut senders = Vec::new();
    for _ in 0..CONNECTIONS {
        senders.push(Hooks::connect(world.port).await?);
    }
    let sent = drive(senders, round * APART, pace(length)).await?;
    let count = sent.times.count();
    let settled = || async {
        let events = agent::events(&world.clinic, since).await?;
        Ok(events.len() >= count && events.iter().all(|event| event.processed_at.is_some()))
    };
    until("every event is processed", PATIENCE, settled).await?;
    let events = agent::events(&world.clinic, since).await?;
    ensure!(
        events.len() == count,
        "{count} events were sent and {} are stored",
        events.len()
    );
    let after = events.iter().filter_map(|event| {
        let after = event.started_at?.duration_since(event.received_at);
        Duration::try_from(after).ok()
    });
    let after: Vec<_> = after.collect();
    ensure!(after.len() == count, "an event was taken up before it came");
    Ok(after)
}

async fn bare(world: &World, round: u64, length: Duration) -> Result<Vec<Duration>> {
    let senders = (0..CONNECTIONS).map(|_| Waker(world.client.clone()));
    let first = round * APART;
    let sent = drive(senders.collect(), first, pace(length)).await?;
    taken_up(&world.client, first, sent.times.count()).await
}

fn pace(length: Duration) -> Pace {
    Pace::Fixed {
        per_second: RATE,
        length,
    }
}
