//! What a fake remembers: its scenario, how often it was asked what, and a ledger of what it saw.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use crate::scenario::{Checked, ScenarioError};

/// The memory of a fake with scenario `S` and ledger `L`.
#[derive(Debug)]
pub(crate) struct Book<S, L> {
    pages: Mutex<Pages<S, L>>,
    changed: Notify,
}

#[derive(Debug)]
struct Pages<S, L> {
    scenario: Arc<S>,
    ledger: L,
    asked: HashMap<String, u64>,
}

impl<S: Checked, L: Clone + Default> Book<S, L> {
    /// Fails when the scenario is invalid.
    pub(crate) fn new(scenario: S) -> Result<Arc<Self>, ScenarioError> {
        scenario.check()?;
        Ok(Arc::new(Self {
            pages: Mutex::new(Pages {
                scenario: Arc::new(scenario),
                ledger: L::default(),
                asked: HashMap::new(),
            }),
            changed: Notify::new(),
        }))
    }

    pub(crate) fn scenario(&self) -> Arc<S> {
        self.pages().scenario.clone()
    }

    /// Replaces the scenario for what is to come. Fails when it is invalid, and changes nothing.
    pub(crate) fn set_scenario(&self, scenario: S) -> Result<(), ScenarioError> {
        scenario.check()?;
        self.pages().scenario = Arc::new(scenario);
        Ok(())
    }

    /// How often this was asked before, this time then counted.
    pub(crate) fn count(&self, subject: &str) -> u64 {
        let mut pages = self.pages();
        let asked = pages.asked.entry(subject.to_owned()).or_default();
        *asked += 1;
        *asked - 1
    }

    /// Writes into the ledger.
    pub(crate) fn note<T>(&self, write: impl FnOnce(&mut L) -> T) -> T {
        let written = write(&mut self.pages().ledger);
        self.changed.notify_waiters();
        written
    }

    /// Reads the ledger without copying it.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&L) -> T) -> T {
        read(&self.pages().ledger)
    }

    pub(crate) fn ledger(&self) -> L {
        self.pages().ledger.clone()
    }

    /// Waits until the ledger is as wished; false when that takes longer than `patience`.
    pub(crate) async fn reaches(&self, patience: Duration, wish: impl Fn(&L) -> bool) -> bool {
        let fulfilled = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                // Listening before looking, so that no change falls in between.
                changed.as_mut().enable();
                if self.read(&wish) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(patience, fulfilled).await.is_ok()
    }

    fn pages(&self) -> MutexGuard<'_, Pages<S, L>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
