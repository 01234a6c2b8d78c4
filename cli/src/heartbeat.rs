//! A process says that it lives, so that others notice when it does not (ALERT-3).

use std::time::Duration;

use store::Store;
use uuid::Uuid;

/// Short beside the three minutes after which silence is told.
const EVERY: Duration = Duration::from_secs(30);

/// Says so in these roles until `stop` resolves, and then that it ends. A database that is away is no reason to
/// end: it is asked again.
pub async fn beat(store: &Store, roles: &[&str], stop: impl Future<Output = ()>) {
    let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    let instance = Uuid::now_v7();
    let mut stop = std::pin::pin!(stop);
    let mut turn = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = &mut stop => break,
            _ = turn.tick() => {
                if let Err(error) = store.beat(&roles, instance).await {
                    tracing::debug!(error = &error as &dyn std::error::Error, "no heartbeat");
                }
            }
        }
    }
    if let Err(error) = store.stop_beating(instance).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the end could not be noted: this process will be missed"
        );
    }
}
