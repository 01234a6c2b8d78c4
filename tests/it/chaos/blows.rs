//! What is done to the processes of a campaign, and when: seeded.

use std::{ops::RangeInclusive, time::Duration};

use anyhow::{Context, Result, ensure};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde::Serialize;
use simulator::senders::{Running, Totals};
use tokio::time::Instant;

use super::PATIENCE;
use crate::harness::World;

/// What is done to a process. Killed is SIGKILL; frozen is SIGSTOP, and SIGCONT later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    IngressKilled,
    /// It takes connections and does not answer: senders give up, and it goes on with what it has read.
    IngressFrozen,
    WorkerKilled,
    /// Another worker takes over, and then the first one wakes in the middle of what it was doing.
    WorkerFrozen,
    PostgresKilled,
    TemporalKilled,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::IngressKilled,
        Self::IngressFrozen,
        Self::WorkerKilled,
        Self::WorkerFrozen,
        Self::PostgresKilled,
        Self::TemporalKilled,
    ];
}

pub(super) struct Blow {
    pub(super) kind: Kind,
    /// When so many of the wave's webhooks are acknowledged.
    pub(super) after: u64,
    /// How long it lasts: webhooks that are taken, or not taken, meanwhile.
    depth: u64,
    /// A server that is away is missed by an ingress and a worker that start meanwhile.
    restarts: bool,
}

/// While webhooks come, every kind as often as there are this many.
const EACH: u64 = 2000;

/// The blows of a wave, in any order and at any moment.
pub(super) fn plan(seed: u64, wave: u64, events: u64) -> Vec<Blow> {
    let mut dice = StdRng::seed_from_u64(seed.rotate_left(32) ^ wave);
    let times = usize::try_from(events.div_ceil(EACH)).unwrap_or(1);
    let mut kinds = Kind::ALL.repeat(times);
    kinds.shuffle(&mut dice);
    planned(
        &mut dice,
        &kinds,
        events / 20..=events * 3 / 4,
        (events / 20).clamp(1, 30),
    )
}

/// Two more while its calls are made: `after` counts requests to dial.
pub(super) fn plan_of_calls(seed: u64, wave: u64, reminders: u64) -> Vec<Blow> {
    let mut dice = StdRng::seed_from_u64(seed.rotate_left(16) ^ wave);
    let mut kinds = Kind::ALL;
    kinds.shuffle(&mut dice);
    let (two, _) = kinds.split_at(2);
    planned(&mut dice, two, 1..=reminders, 1)
}

fn planned(dice: &mut StdRng, kinds: &[Kind], within: RangeInclusive<u64>, most: u64) -> Vec<Blow> {
    let mut moments: Vec<u64> = kinds
        .iter()
        .map(|_| dice.random_range(within.clone()))
        .collect();
    moments.sort_unstable();
    let each = kinds.iter().zip(moments).map(|(kind, after)| Blow {
        kind: *kind,
        after,
        depth: dice.random_range(1..=most),
        restarts: dice.random_bool(0.5),
    });
    each.collect()
}

/// Waits for the moment, strikes, and repairs. With a spool, webhooks are taken without a database too.
pub(super) async fn strike(
    world: &mut World,
    sent: &Running,
    blow: &Blow,
    spool: bool,
) -> Result<()> {
    let reached = |now: &Totals| now.acknowledged >= blow.after;
    until(sent, "the moment of the next blow", reached).await?;
    let before = sent.totals();
    let taken = |now: &Totals| now.acknowledged >= before.acknowledged + blow.depth;
    let not_taken = |now: &Totals| failed(now) >= failed(&before) + blow.depth;
    match blow.kind {
        Kind::IngressKilled => {
            world.kill_ingress();
            until(sent, "senders miss ingress", not_taken).await?;
            world.start_ingress().await
        }
        Kind::IngressFrozen => {
            let ingress = world.ingress.as_ref().context("ingress runs")?;
            ingress.pause()?;
            until(sent, "senders give up", not_taken).await?;
            ingress.go_on()
        }
        Kind::WorkerKilled => {
            world.kill_worker();
            until(sent, "webhooks come without a worker", taken).await?;
            world.start_worker("all")
        }
        Kind::WorkerFrozen => {
            let sleeper = world.worker.take().context("a worker runs")?;
            sleeper.pause()?;
            world.start_worker("all")?;
            until(sent, "webhooks come with another worker", taken).await?;
            sleeper.go_on()?;
            let later = |now: &Totals| now.acknowledged >= before.acknowledged + 2 * blow.depth;
            until(sent, "webhooks come with both workers", later).await
        }
        Kind::PostgresKilled => {
            world.postgres.kill();
            if spool {
                until(sent, "webhooks are spooled", taken).await?;
            } else {
                until(sent, "webhooks are turned away", not_taken).await?;
            }
            if blow.restarts {
                restart(world).await?;
            }
            Ok(world.postgres.start_again().await?)
        }
        Kind::TemporalKilled => {
            world.temporal.kill();
            until(sent, "webhooks are taken without Temporal", taken).await?;
            if blow.restarts {
                restart(world).await?;
            }
            Ok(world.temporal.start_again().await?)
        }
    }
}

async fn restart(world: &mut World) -> Result<()> {
    world.kill_worker();
    world.kill_ingress();
    world.start_worker("all")?;
    world.start_ingress().await
}

/// Requests that were not answered, or answered with a failure of ours.
fn failed(totals: &Totals) -> u64 {
    let failures = totals.answers.range(500..).map(|(_, count)| count);
    totals.unanswered + failures.sum::<u64>()
}

/// Waits for the senders to get there; all the same when there is nothing left to send.
async fn until(sent: &Running, what: &str, holds: impl Fn(&Totals) -> bool) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = sent.totals();
        if holds(&now) || now.pending == 0 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{what}: not in time: {now:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
