//! Events made durable, many in one commit.
//!
//! Requests queue; a lane takes what is waiting and commits it together. While one batch is being
//! committed the next one gathers by itself, so a quiet moment costs no waiting and a rush shares commits.
//! A request is answered only after the commit that holds its own event.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use store::{Appended, NewEvent, Store};
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
    task::JoinSet,
    time::{sleep, timeout, timeout_at},
};

use crate::{
    config::Config,
    hook::LOGGED_REFUSALS,
    outage::Outage,
    rate::Bucket,
    telemetry::{self, chain, reason},
};

/// A batch is full at so many bytes of bodies, however few they are: a statement has to fit in memory.
const BATCH_BYTES: usize = 8 << 20;

/// How often a lane lets the requests that are ready go first before it closes a batch. After a commit many
/// senders send again at once: without this, the first of them would be committed alone. Costs no time when
/// nothing is ready.
const YIELDS: u32 = 2;

/// Between two tries while the database is away.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Tells a relay in this process that something has just become due. Must not block.
pub(crate) type OnWake = Arc<dyn Fn() + Send + Sync>;

/// Why an event was not made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotStored {
    /// More is waiting than can be.
    QueueFull,
    /// The database cannot be asked.
    Away,
    /// The database took too long. The event may have been stored all the same: the sender's next
    /// delivery finds out.
    TimedOut,
    /// The database answers and fails, for a cause that may be ours: a grant or a migration is missing.
    Failed,
    /// The database refuses this very event for what it holds.
    Refused,
}

type Answer = oneshot::Sender<Result<Appended, NotStored>>;

struct Waiting {
    event: NewEvent,
    answer: Answer,
}

/// The way in. Lanes end when it is dropped.
pub(crate) struct Intake {
    queue: mpsc::Sender<Waiting>,
    outage: Arc<Outage>,
    limit: Duration,
    /// For whoever commits beside the lanes.
    pub(crate) on_wake: OnWake,
}

/// What the lanes share.
struct Lanes {
    store: Store,
    queue: AsyncMutex<mpsc::Receiver<Waiting>>,
    outage: Arc<Outage>,
    batch_max: usize,
    limit: Duration,
    on_wake: OnWake,
    logged: Mutex<Bucket>,
}

impl Intake {
    /// Starts the lanes in `tasks`.
    pub(crate) fn start(
        config: &Config,
        store: Store,
        outage: Arc<Outage>,
        on_wake: OnWake,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(config.max_in_flight.get());
        let lanes = Arc::new(Lanes {
            store,
            queue: AsyncMutex::new(receiver),
            outage: outage.clone(),
            batch_max: config.batch_max.get(),
            limit: config.database_time_limit,
            on_wake: on_wake.clone(),
            logged: Mutex::new(Bucket::full(LOGGED_REFUSALS, Instant::now())),
        });
        for _ in 0..config.batch_lanes.get() {
            tasks.spawn(lanes.clone().run());
        }
        Self {
            queue: sender,
            outage,
            limit: config.database_time_limit,
            on_wake,
        }
    }

    /// Returns once the event is durable, or at the time limit.
    pub(crate) async fn append(&self, event: NewEvent) -> Result<Appended, NotStored> {
        let _probe = self.outage.admit().ok_or(NotStored::Away)?;
        let (answer, answered) = oneshot::channel();
        self.queue
            .try_send(Waiting { event, answer })
            .map_err(|_| NotStored::QueueFull)?;
        self.show_depth();
        match timeout(self.limit, answered).await {
            Ok(Ok(stored)) => stored,
            // A lane that ended without an answer takes the whole process down: see `server`.
            Ok(Err(_)) => Err(NotStored::Away),
            Err(_) => Err(NotStored::TimedOut),
        }
    }

    fn show_depth(&self) {
        telemetry::queue_depth(self.queue.max_capacity() - self.queue.capacity());
    }
}

impl Lanes {
    async fn run(self: Arc<Self>) {
        while let Some(batch) = self.gather().await {
            self.commit(batch).await;
        }
    }

    /// What is waiting now, at least one. `None` when no more can come.
    async fn gather(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue.lock().await;
        let first = queue.recv().await?;
        let mut bytes = first.event.body.len();
        let mut batch = vec![first];
        let mut yields = 0;
        while batch.len() < self.batch_max && bytes < BATCH_BYTES {
            match queue.try_recv() {
                Ok(next) => {
                    bytes += next.event.body.len();
                    batch.push(next);
                }
                Err(_) if yields < YIELDS => {
                    yields += 1;
                    tokio::task::yield_now().await;
                }
                Err(_) => break,
            }
        }
        telemetry::queue_depth(queue.len());
        Some(batch)
    }

    async fn commit(&self, batch: Vec<Waiting>) {
        // Whoever has gone away was answered nothing; the sender's next delivery brings it again.
        let wanted = batch
            .into_iter()
            .filter(|waiting| !waiting.answer.is_closed());
        let (events, answers): (Vec<_>, Vec<_>) = wanted
            .map(|waiting| (waiting.event, waiting.answer))
            .unzip();
        if events.is_empty() {
            return;
        }
        telemetry::batch_size(events.len());
        match self.append(&events).await {
            Ok(appended) => self.answer(answers.into_iter().zip(appended)),
            Err(NotStored::Refused | NotStored::Failed) if events.len() > 1 => {
                self.one_by_one(events, answers).await;
            }
            Err(reason) => refuse(answers, reason),
        }
    }

    /// One event that the database does not take must not fail the others.
    async fn one_by_one(&self, events: Vec<NewEvent>, answers: Vec<Answer>) {
        let mut answers = answers.into_iter();
        for (event, answer) in events.iter().zip(answers.by_ref()) {
            match self.append(std::slice::from_ref(event)).await {
                Ok(appended) => self.answer(std::iter::once(answer).zip(appended)),
                Err(reason @ (NotStored::Refused | NotStored::Failed)) => refuse([answer], reason),
                // It would meet the rest as well, each after a wait of its own.
                Err(reason) => {
                    refuse([answer], reason);
                    break;
                }
            }
        }
        refuse(answers, NotStored::Away);
    }

    /// Stores the events, trying again for as long as the limit allows: a database that restarts costs
    /// its webhooks a moment, not a refusal. Repeating is safe, whatever became of the try before:
    /// an event is stored once.
    async fn append(&self, events: &[NewEvent]) -> Result<Vec<Appended>, NotStored> {
        let started = Instant::now();
        let deadline = started + self.limit;
        loop {
            let result = timeout_at(deadline.into(), self.store.append_events(events)).await;
            match result {
                Ok(Ok(appended)) => {
                    telemetry::commit_took(started.elapsed());
                    self.outage.over();
                    if appended.iter().any(|each| !each.duplicate) {
                        self.outage.takes();
                    }
                    return Ok(appended);
                }
                Ok(Err(error)) if error.is_unavailable() => {
                    if Instant::now() + RETRY_PAUSE >= deadline {
                        self.outage.begins(&chain(&error));
                        return Err(NotStored::Away);
                    }
                    sleep(RETRY_PAUSE).await;
                }
                Ok(Err(error)) => return Err(self.declined(&error, events.len())),
                Err(_) => {
                    self.outage.begins("no answer within the time limit");
                    return Err(NotStored::TimedOut);
                }
            }
        }
    }

    /// Why the database, which can be asked, does not take events.
    fn declined(&self, error: &store::Error, events: usize) -> NotStored {
        let mut budget = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if budget.take(LOGGED_REFUSALS, Instant::now()).is_ok() {
            let error = reason(error);
            tracing::error!(error, events, "the database does not take webhooks");
        }
        if error.is_refusal() {
            NotStored::Refused
        } else {
            NotStored::Failed
        }
    }

    fn answer(&self, appended: impl Iterator<Item = (Answer, Appended)>) {
        let mut is_due = false;
        for (answer, appended) in appended {
            is_due |= appended.wake.is_some();
            // Stored either way; a sender that has gone away learns it at its next delivery.
            answer.send(Ok(appended)).ok();
        }
        if is_due {
            (self.on_wake)();
        }
    }
}

fn refuse(answers: impl IntoIterator<Item = Answer>, reason: NotStored) {
    for answer in answers {
        answer.send(Err(reason)).ok();
    }
}
