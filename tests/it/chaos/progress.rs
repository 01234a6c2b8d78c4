//! How far a campaign is: for people who wait, and for its end.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use simulator::senders::{Running, Totals};
use sqlx::PgPool;
use tokio::{task::JoinHandle, time::Instant};

use super::{PATIENCE, blows::Kind};
use crate::harness::World;

const EVERY: Duration = Duration::from_secs(5);
/// A wave begins when no more events than this are on their way: the next blows are to meet work that goes on,
/// not a heap that waits.
const FEW: i64 = 300;

/// Says every few seconds how far the campaign is, until it is dropped.
pub(super) struct Watch {
    shared: Arc<Shared>,
    ticker: JoinHandle<()>,
}

struct Shared {
    pool: PgPool,
    began: Instant,
    wanted: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sending: Option<Arc<Running>>,
    /// Acknowledged in the waves before.
    acknowledged: u64,
    struck: BTreeMap<Kind, u64>,
}

impl Watch {
    pub(super) async fn start(world: &World, wanted: u64) -> Result<Self> {
        let shared = Arc::new(Shared {
            pool: PgPool::connect(&world.postgres.url("bellhop")).await?,
            began: Instant::now(),
            wanted,
            state: Mutex::default(),
        });
        let told = shared.clone();
        let ticker = tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                told.say().await;
            }
        });
        Ok(Self { shared, ticker })
    }

    pub(super) fn sends(&self, sent: &Arc<Running>) {
        self.shared.state().sending = Some(sent.clone());
    }

    /// The wave is over.
    pub(super) fn take_back(&self, sent: Arc<Running>) -> Result<Running> {
        let mut state = self.shared.state();
        state.acknowledged += sent.totals().acknowledged;
        state.sending = None;
        drop(state);
        Arc::into_inner(sent).context("somebody else looks at the wave")
    }

    pub(super) fn struck(&self, kind: Kind) {
        *self.shared.state().struck.entry(kind).or_default() += 1;
    }

    pub(super) fn blows(&self) -> BTreeMap<Kind, u64> {
        self.shared.state().struck.clone()
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.shared.began.elapsed()
    }

    pub(super) async fn until_few_wait(&self) -> Result<()> {
        self.until(|open, _| open <= FEW).await
    }

    /// Nothing happens to any event any more, and nobody is to be woken.
    pub(super) async fn until_settled(&self) -> Result<()> {
        self.until(|open, outbox| open == 0 && outbox == 0).await
    }

    /// Fails when nothing changes for too long, not when there is much to do.
    async fn until(&self, holds: impl Fn(i64, i64) -> bool) -> Result<()> {
        let mut last = (i64::MAX, Instant::now());
        loop {
            let (open, outbox) = self.shared.waiting().await?;
            if holds(open, outbox) {
                return Ok(());
            }
            if open != last.0 {
                last = (open, Instant::now());
            }
            ensure!(
                last.1.elapsed() < PATIENCE,
                "{open} events are not settled, {outbox} wake-ups not delivered: {}",
                self.shared.unsettled().await?
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.ticker.abort();
    }
}

impl Shared {
    async fn say(&self) {
        let (sent, before, struck) = {
            let state = self.state();
            let sent = state.sending.as_ref().map(|sent| sent.totals());
            (sent, state.acknowledged, state.struck.values().sum::<u64>())
        };
        let Totals {
            acknowledged,
            requests,
            ..
        } = sent.unwrap_or_default();
        let seconds = self.began.elapsed().as_secs();
        let done = before + acknowledged;
        let waiting = match tokio::time::timeout(EVERY, self.standing()).await {
            Ok(Ok(standing)) => standing,
            _ => "the database is away".to_owned(),
        };
        eprintln!(
            "{seconds:>5} s  {done} of {} webhooks acknowledged, {waiting}, {struck} blows; this wave: {requests} requests",
            self.wanted
        );
    }

    /// Events that are not settled, and rows of the outbox.
    async fn waiting(&self) -> Result<(i64, i64)> {
        let open = "select count(*) from events where state in ('received', 'queued', 'processing', 'failed')";
        let query = format!("select ({open}), (select count(*) from outbox)");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(query))
            .fetch_one(&self.pool)
            .await?)
    }

    async fn standing(&self) -> Result<String> {
        let (open, outbox) = self.waiting().await?;
        let query = "select count(*) filter (where ending is null), count(*) from reminders";
        let (reminders, all): (i64, i64) = sqlx::query_as(query).fetch_one(&self.pool).await?;
        Ok(format!(
            "{open} not settled, {outbox} to be woken, {} of {all} reminders over",
            all - reminders
        ))
    }

    async fn unsettled(&self) -> Result<String> {
        let query = "select coalesce(string_agg(concat_ws(' ', provider, event_type, state, starts, tries, call_id), '; '), '')
                     from (select * from events where state in ('received', 'queued', 'processing', 'failed') limit 20) e";
        Ok(sqlx::query_scalar(query).fetch_one(&self.pool).await?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
