//! Whether the database is known to be away, and signs that it takes events.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::telemetry;

/// While it is away, one webhook at a time finds out whether it still is, and the others are refused at
/// once instead of each waiting for the time limit. With a spool none has to: whoever drains it finds out.
pub(crate) struct Outage {
    known: AtomicBool,
    /// Batches that webhooks brought past the spool, with something new in them.
    taken: AtomicU64,
    probe: Arc<Semaphore>,
    wanted: Notify,
    spooling: bool,
}

/// Leave to ask the database; `Some` inside holds the place of the one probe.
type Admitted = Option<OwnedSemaphorePermit>;

impl Outage {
    pub(crate) fn new(spooling: bool) -> Self {
        Self {
            known: AtomicBool::new(false),
            taken: AtomicU64::new(0),
            probe: Arc::new(Semaphore::new(if spooling { 0 } else { 1 })),
            wanted: Notify::new(),
            spooling,
        }
    }

    pub(crate) fn admit(&self) -> Option<Admitted> {
        if !self.is_known() {
            return Some(None);
        }
        self.probe.clone().try_acquire_owned().ok().map(Some)
    }

    pub(crate) fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    pub(crate) fn begins(&self, why: &str) {
        if !self.known.swap(true, Ordering::Relaxed) {
            tracing::error!(
                error = why,
                "the database is away: webhooks are {}",
                if self.spooling {
                    "kept in the spool and answered 202"
                } else {
                    "answered 503"
                }
            );
            telemetry::database_away(true);
            self.look();
        }
    }

    pub(crate) fn over(&self) {
        if self.is_known() && self.known.swap(false, Ordering::Relaxed) {
            tracing::info!("the database is back");
            telemetry::database_away(false);
        }
    }

    /// The database has taken something new.
    pub(crate) fn takes(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has; only a change says something.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Wakes whoever drains the spool.
    pub(crate) fn look(&self) {
        self.wanted.notify_one();
    }

    /// Returns once somebody has said so since the last time.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }
}
