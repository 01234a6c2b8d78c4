//! What every fake that sends webhooks needs: tasks, a client, the time, and a word for what went wrong.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::task::JoinSet;

/// Tasks that end with the fake they belong to.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Mutex<JoinSet<()>>);

impl Tasks {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Ends every task.
    pub(crate) fn abandon(&self) {
        self.tasks().abort_all();
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that follows no redirect and uses no proxy, as senders of webhooks do not.
pub(crate) fn client() -> anyhow::Result<reqwest::Client> {
    // Fails when another part of the program was first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = || {
        reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
    };
    // A machine without certificates can still be sent plain webhooks.
    let client = builder()
        .build()
        .or_else(|_| builder().tls_certs_only([]).build())?;
    Ok(client)
}

pub(crate) fn what_failed(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "refused"
    } else {
        "broken"
    }
}

/// Milliseconds since 1970, by the wall clock.
pub(crate) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}
