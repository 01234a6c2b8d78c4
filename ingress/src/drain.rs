//! What waits in the spool is brought to the database, in order of arrival, once that is back.

mod pace;
mod singly;

use std::{
    collections::{BTreeSet, HashSet},
    io,
    sync::Arc,
    time::Duration,
};

use domain::ids::{EventId, SourceId, TenantId};
use jiff::Timestamp;
use providers::source::SourceKind;
use store::{NewEvent, Store};
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tracing::field;

use pace::{Pace, Trouble};
use singly::Failed;

use crate::{
    batch::OnWake,
    outage::Outage,
    spool::{Position, Spool, SpoolError, SpooledEvent},
    telemetry::{self, chain, reason},
};

/// A database that has not said by then that it is there is away.
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// For one batch. Nobody waits for it, so it is longer than what a webhook may take.
const BATCH_LIMIT: Duration = Duration::from_secs(30);

/// An event on its way from the spool to the database.
type Ready = (Position, NewEvent);

pub(crate) struct Drain {
    pub(crate) spool: Arc<Spool>,
    pub(crate) store: Store,
    pub(crate) outage: Arc<Outage>,
    pub(crate) on_wake: OnWake,
    pub(crate) batch_max: usize,
}

impl Drain {
    /// Drains whenever there is something, until `stop` is closed. What is under way then is drained once more
    /// after the next start, which the database notices.
    pub(crate) async fn run(self, mut stop: watch::Receiver<()>) {
        let mut pace = Pace::new(self.batch_max);
        let mut failed = Failed::default();
        let mut drained = 0_u64;
        while stop.has_changed().is_ok() {
            let wait = match self.step(pace.size, &mut failed).await {
                Ok(0) => {
                    if drained > 0 {
                        tracing::info!(events = drained, "the spool is drained");
                    }
                    drained = 0;
                    None
                }
                Ok(done) => {
                    drained += done;
                    pace.faster();
                    continue;
                }
                Err(trouble) => Some(pace.slower(trouble)),
            };
            tokio::select! {
                () = self.waited(wait) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// For so long, or until somebody spools something.
    async fn waited(&self, wait: Option<Duration>) {
        match wait {
            Some(wait) => sleep(wait).await,
            None => self.outage.wanted().await,
        }
    }

    /// Brings the next few events out of the spool, and answers how many; 0 when there is none.
    async fn step(&self, size: usize, failed: &mut Failed) -> Result<u64, Trouble> {
        if self.outage.is_known() {
            self.probe().await?;
        }
        let batch = match self.on_disk(move |spool| spool.next(size)).await {
            Err(SpoolError::Unreadable { position }) => {
                self.set_aside(position, None, "no configured key decrypts it")
                    .await?;
                return Ok(1);
            }
            batch => batch.map_err(|error| failing(&error))?,
        };
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let ready = self.admitted(batch).await?;
        if !ready.is_empty() {
            self.bring(ready, failed).await?;
        }
        Ok(count)
    }

    async fn probe(&self) -> Result<(), Trouble> {
        match timeout(PROBE_LIMIT, self.store.check()).await {
            Ok(Ok(())) => {
                self.outage.over();
                Ok(())
            }
            _ => Err(Trouble::Away),
        }
    }

    /// Those whose source still takes webhooks. The others are set aside: whether they were the sender's was
    /// decided by what was remembered of a source that is gone now.
    async fn admitted(&self, batch: Vec<(Position, SpooledEvent)>) -> Result<Vec<Ready>, Trouble> {
        let enabled = timeout(BATCH_LIMIT, self.enabled_sources(&batch)).await;
        let enabled = enabled
            .map_err(|_| Trouble::Away)?
            .map_err(|error| declined(&error))?;
        let mut ready = Vec::with_capacity(batch.len());
        for (position, event) in batch {
            let kind = SourceKind::from_code(&event.provider);
            let is_enabled = event.source.is_none_or(|source| enabled.contains(&source));
            let reason = match kind {
                Some(kind) if is_enabled => {
                    ready.push((position, event.into_event(kind.code())));
                    continue;
                }
                Some(_) => "its source or its tenant is gone or disabled",
                None => "this version does not know its provider",
            };
            let name = Some((event.id, event.tenant));
            self.set_aside(position, name, reason).await?;
        }
        Ok(ready)
    }

    async fn enabled_sources(
        &self,
        batch: &[(Position, SpooledEvent)],
    ) -> store::Result<HashSet<SourceId>> {
        let tenants: BTreeSet<_> = batch.iter().map(|(_, event)| event.tenant).collect();
        let mut enabled = HashSet::new();
        for tenant in tenants {
            let mut tx = self.store.tenant(tenant).begin().await?;
            enabled.extend(tx.sources().await?.into_iter().map(|source| source.id));
        }
        Ok(enabled)
    }

    async fn bring(&self, ready: Vec<Ready>, failed: &mut Failed) -> Result<(), Trouble> {
        let (positions, events): (Vec<_>, Vec<_>) = ready.into_iter().unzip();
        match self.append(&events).await? {
            Ok(()) => self.forget(positions).await,
            Err(_) => self.one_by_one(positions, events, failed).await,
        }
    }

    /// The outer error says that the database is away, the inner one what it has against these events.
    async fn append(&self, events: &[NewEvent]) -> Result<store::Result<()>, Trouble> {
        let appended = timeout(BATCH_LIMIT, self.store.append_events(events)).await;
        let appended = match appended.map_err(|_| Trouble::Away)? {
            Ok(appended) => appended,
            Err(error) if error.is_unavailable() || is_in_the_way(&error) => {
                return Err(declined(&error));
            }
            Err(error) => return Ok(Err(error)),
        };
        for (event, appended) in events.iter().zip(&appended) {
            telemetry::stored(event.provider, appended.duplicate);
            telemetry::drained(event.provider);
        }
        if appended.iter().any(|each| each.wake.is_some()) {
            (self.on_wake)();
        }
        Ok(Ok(()))
    }

    async fn forget(&self, positions: Vec<Position>) -> Result<(), Trouble> {
        self.on_disk(move |spool| spool.forget(&positions))
            .await
            .map_err(|error| failing(&error))
    }

    async fn set_aside(
        &self,
        position: Position,
        name: Option<(EventId, TenantId)>,
        reason: &str,
    ) -> Result<(), Trouble> {
        let kept = reason.to_owned();
        self.on_disk(move |spool| spool.set_aside(position, &kept, Timestamp::now()))
            .await
            .map_err(|error| failing(&error))?;
        tracing::error!(
            %position,
            event_id = name.map(|(event, _)| field::display(event)),
            tenant = name.map(|(_, tenant)| field::display(tenant)),
            reason,
            "a webhook of the spool was set aside: nobody processes it, and it is tried again after the next start"
        );
        Ok(())
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Spool) -> Result<T, SpoolError> + Send + 'static,
    ) -> Result<T, SpoolError> {
        let spool = self.spool.clone();
        let done = spawn_blocking(move || {
            let done = work(&spool);
            telemetry::spool(&spool);
            done
        });
        // A panic over a damaged file.
        done.await
            .unwrap_or_else(|error| Err(io::Error::other(error).into()))
    }
}

fn declined(error: &store::Error) -> Trouble {
    if error.is_unavailable() {
        return Trouble::Away;
    }
    tracing::error!(
        error = reason(error),
        "the database does not take what is in the spool"
    );
    Trouble::Failing
}

fn failing(error: &SpoolError) -> Trouble {
    tracing::error!(error = chain(error), "the spool cannot be drained");
    Trouble::Failing
}

/// Whether other transactions were in the way (class 40: rolled back; class 55: locked), which passes.
fn is_in_the_way(error: &store::Error) -> bool {
    error
        .sqlstate()
        .is_some_and(|code| code.starts_with("40") || code.starts_with("55"))
}
