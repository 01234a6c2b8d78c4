//! An answer that nobody waits for any more must not take effect.

use std::time::{Duration, Instant};

use store::{Error, Result, TenantTx};

/// Below the time that a step is given (`workflows::look`, ten seconds), with room for the commit itself.
const LIMIT: Duration = Duration::from_secs(8);

/// A step may stall, in a pool or with its whole process, until its workflow has given it up and asked again.
/// What it commits then, nobody hears: a call that is followed by no process, or a wake-up taken away after the
/// other answer was given.
pub(crate) struct InTime(Instant);

impl InTime {
    pub(crate) fn starting_now() -> Self {
        Self(Instant::now())
    }

    pub(crate) async fn commit(self, tx: TenantTx) -> Result<()> {
        if self.0.elapsed() > LIMIT {
            return Err(Error::TooLate);
        }
        tx.commit().await
    }
}
