//! The way into the spool: webhooks made durable on this machine, many in one commit.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::{JoinSet, spawn_blocking},
    time::timeout,
};

use crate::{
    config::Config,
    outage::Outage,
    spool::{Spool, SpoolError, SpooledEvent},
    telemetry::{self, chain},
};

/// A disk that has not answered by then has failed. With the time that the database had before, it is
/// within what senders wait for.
const LIMIT: Duration = Duration::from_secs(4);

/// Why an event was not kept. After [`Self::Failed`] it may be there all the same: it is stored once, whatever
/// the sender does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotKept {
    Full,
    Failed,
}

type Answer = oneshot::Sender<Result<(), NotKept>>;

struct Waiting {
    /// `None` asks whether one could be kept.
    event: Option<SpooledEvent>,
    answer: Answer,
}

/// The way in. The writer and whoever drains the spool end when it is dropped.
pub(crate) struct Keeper {
    queue: mpsc::Sender<Waiting>,
    outage: Arc<Outage>,
    open: watch::Sender<()>,
}

struct Writer {
    spool: Arc<Spool>,
    queue: mpsc::Receiver<Waiting>,
    batch_max: usize,
    body_limit: u64,
}

impl Keeper {
    /// Starts the writer in `tasks`.
    pub(crate) fn start(
        config: &Config,
        spool: Arc<Spool>,
        outage: Arc<Outage>,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let (sender, queue) = mpsc::channel(config.max_in_flight.get());
        let writer = Writer {
            spool,
            queue,
            batch_max: config.batch_max.get(),
            body_limit: u64::try_from(config.body_limit).unwrap_or(u64::MAX),
        };
        tasks.spawn(writer.run());
        Self {
            queue: sender,
            outage,
            open: watch::Sender::new(()),
        }
    }

    /// Closed once the keeper is dropped.
    pub(crate) fn stop(&self) -> watch::Receiver<()> {
        self.open.subscribe()
    }

    /// Returns once the event is on the disk, or at the time limit.
    pub(crate) async fn keep(&self, event: SpooledEvent) -> Result<(), NotKept> {
        let kept = self.ask(Some(event)).await;
        // Also after a failure: somebody has to find out when the database is back.
        self.outage.look();
        kept
    }

    /// Whether the disk can be written and the largest webhook has room.
    pub(crate) async fn check(&self) -> Result<(), NotKept> {
        self.ask(None).await
    }

    async fn ask(&self, event: Option<SpooledEvent>) -> Result<(), NotKept> {
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(Waiting { event, answer })
            .map_err(|_| NotKept::Failed)?;
        match timeout(LIMIT, answered).await {
            Ok(Ok(kept)) => kept,
            Ok(Err(_)) | Err(_) => Err(NotKept::Failed),
        }
    }
}

impl Writer {
    async fn run(mut self) {
        let mut batch = Vec::new();
        while self.queue.recv_many(&mut batch, self.batch_max).await > 0 {
            // Whoever has gone away was answered nothing; the sender's next delivery brings it again.
            batch.retain(|waiting| !waiting.answer.is_closed());
            let (spool, batch, body_limit) = (
                self.spool.clone(),
                std::mem::take(&mut batch),
                self.body_limit,
            );
            // Should it panic over a damaged file, the answers are dropped, which their owners notice.
            let written = spawn_blocking(move || write(&spool, batch, body_limit)).await;
            if let Err(error) = written {
                tracing::error!(error = chain(&error), "the spool could not be written");
            }
        }
    }
}

fn write(spool: &Spool, batch: Vec<Waiting>, body_limit: u64) {
    let events = batch.iter().filter_map(|waiting| waiting.event.as_ref());
    match spool.append(events) {
        Ok(()) => {
            for waiting in batch {
                let has_room = waiting.event.is_some() || spool.has_room_for(body_limit);
                answer(
                    waiting.answer,
                    if has_room { Ok(()) } else { Err(NotKept::Full) },
                );
            }
        }
        // One that is too large must not fail the others.
        Err(SpoolError::Full { .. } | SpoolError::NotSealed) if batch.len() > 1 => {
            for waiting in batch {
                write(spool, vec![waiting], body_limit);
            }
        }
        Err(error) => {
            let reason = match error {
                SpoolError::Full { .. } => NotKept::Full,
                _ => {
                    tracing::error!(error = chain(&error), "the spool could not be written");
                    NotKept::Failed
                }
            };
            for waiting in batch {
                answer(waiting.answer, Err(reason));
            }
        }
    }
    telemetry::spool(spool);
}

/// A sender that has gone away learns it at its next delivery.
fn answer(answer: Answer, kept: Result<(), NotKept>) {
    answer.send(kept).ok();
}
