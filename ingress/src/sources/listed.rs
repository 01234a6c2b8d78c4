//! The keys of all enabled sources, read now and then, so that a key which is none of them can be told from a source
//! that was not heard of for long.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use store::Store;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{is_key, locked};
use crate::telemetry::chain;

/// The most keys that are held: at most some twenty megabytes.
const MOST: u32 = 100_000;
/// The keys are read again after the time that a source is believed, within these bounds.
const LEAST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// After a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(2);
const READ_LIMIT: Duration = Duration::from_secs(10);

/// Cheap to clone. Empty until the database was asked for the first time.
#[derive(Clone, Default)]
pub(super) struct Listed(Arc<Mutex<HashSet<String>>>);

impl Listed {
    pub(super) fn holds(&self, key: &str) -> bool {
        locked(&self.0).contains(key)
    }

    /// Reads the keys again and again, until `stop` is closed. While the database is away the last ones stay.
    pub(super) async fn keep(self, store: Store, fresh: Duration, mut stop: watch::Receiver<()>) {
        let reading = async {
            let mut is_failing = false;
            loop {
                match read(&store).await {
                    Ok(keys) => {
                        *locked(&self.0) = keys;
                        is_failing = false;
                        sleep(fresh.clamp(LEAST_PAUSE, LONGEST_PAUSE)).await;
                    }
                    Err(error) => {
                        if !is_failing {
                            tracing::warn!(error, "the keys of the sources could not be read");
                        }
                        is_failing = true;
                        sleep(PAUSE_AFTER_FAILURE).await;
                    }
                }
            }
        };
        tokio::select! {
            () = reading => {}
            _ = stop.changed() => {}
        }
    }
}

async fn read(store: &Store) -> Result<HashSet<String>, String> {
    match timeout(READ_LIMIT, store.source_keys(MOST.into())).await {
        Ok(Ok(keys)) => Ok(keys.into_iter().filter(|key| is_key(key)).collect()),
        Ok(Err(error)) => Err(chain(&error)),
        Err(_) => Err("no answer within the time limit".to_owned()),
    }
}
