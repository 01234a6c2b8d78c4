//! Deletes what has been kept long enough, for a while.

use std::time::{Duration, Instant};

use store::{Result, Store};
use workflows::contract::{At, Swept, TenantInput};

/// After so long the process is told how far it came, and asks again.
const TURN: Duration = Duration::from_secs(20);

pub(crate) async fn sweep(store: &Store, input: &At<TenantInput>) -> Result<Swept> {
    let tenant = store.tenant(input.of.tenant);
    let began = Instant::now();
    let mut deleted = 0;
    loop {
        let swept = tenant.sweep(input.now).await?;
        deleted += swept.deleted;
        if !swept.more || began.elapsed() > TURN {
            if deleted > 0 {
                tracing::info!(
                    deleted,
                    more = swept.more,
                    "rows were kept long enough and are deleted"
                );
            }
            metrics::counter!("bellhop_retention_deleted_total").increment(deleted);
            return Ok(Swept {
                deleted,
                more: swept.more,
            });
        }
    }
}
