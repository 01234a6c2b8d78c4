//! The calls that are followed, read all at once now and then, however many streams there are: a stream that is read slowly
//! holds no connection to the database and never more than the newest state.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use domain::{
    ids::{CallId, TenantId},
    live::CallStatus,
};
use store::Store;
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};

use crate::telemetry::chain;

type Key = (TenantId, CallId);

/// How a call stood when it was last read.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// When the question was put: the state is no older.
    pub(super) read_at: Instant,
    /// `None` of a call that is stored no more.
    pub(super) status: Option<CallStatus>,
}

#[derive(Default)]
pub(super) struct Followers {
    followed: Mutex<HashMap<Key, watch::Sender<Seen>>>,
    begun: Notify,
}

impl Followers {
    /// Told of every change from now on; the state of before may be among what is told.
    pub(super) fn follow(
        &self,
        tenant: TenantId,
        first: Seen,
        call: CallId,
    ) -> watch::Receiver<Seen> {
        let mut receiver = self
            .followed()
            .entry((tenant, call))
            .or_insert_with(|| watch::Sender::new(first))
            .subscribe();
        receiver.mark_changed();
        self.begun.notify_one();
        receiver
    }

    /// Reads the followed calls until `stop` is closed.
    pub(super) async fn keep(
        self: Arc<Self>,
        store: Store,
        every: Duration,
        limit: Duration,
        mut stop: watch::Receiver<bool>,
    ) {
        let reading = async {
            let mut is_failing = false;
            loop {
                let keys = self.keys();
                if keys.is_empty() {
                    self.begun.notified().await;
                    continue;
                }
                let result = self.read(&store, &keys, limit).await;
                if let (Err(error), false) = (&result, is_failing) {
                    tracing::warn!(error, "the calls that are followed could not be read");
                }
                is_failing = result.is_err();
                sleep(every).await;
            }
        };
        tokio::select! {
            () = reading => {}
            // To be told to close is not to be dropped: streams end by themselves.
            () = async { while stop.changed().await.is_ok() {} } => {}
        }
    }

    async fn read(&self, store: &Store, keys: &[Key], limit: Duration) -> Result<(), String> {
        let read_at = Instant::now();
        let statuses = match timeout(limit, store.call_statuses(keys)).await {
            Ok(Ok(statuses)) => statuses,
            Ok(Err(error)) => return Err(chain(&error)),
            Err(_) => return Err("no answer within the time limit".to_owned()),
        };
        let mut found: HashMap<Key, CallStatus> = statuses
            .into_iter()
            .map(|(tenant, status)| ((tenant, status.id), status))
            .collect();
        let followed = self.followed();
        for key in keys {
            let Some(sender) = followed.get(key) else {
                continue;
            };
            let status = found.remove(key);
            sender.send_if_modified(|seen| {
                let is_news = seen.status != status;
                *seen = Seen { read_at, status };
                is_news
            });
        }
        Ok(())
    }

    /// What is followed; calls that nobody follows any more are forgotten.
    fn keys(&self) -> Vec<Key> {
        let mut followed = self.followed();
        followed.retain(|_, sender| sender.receiver_count() > 0);
        followed.keys().copied().collect()
    }

    /// It holds whole values only, so a panic elsewhere leaves it usable.
    fn followed(&self) -> MutexGuard<'_, HashMap<Key, watch::Sender<Seen>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
