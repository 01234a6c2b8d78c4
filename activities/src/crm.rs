//! A tenant in step with its CRM, both ways (CRM-1 to CRM-5).

mod append;
mod ask;
mod call;
mod channel;
mod contact;
mod find;
mod heard;
mod import;
mod ours;
mod reconcile;

use std::time::{Duration, Instant};

use domain::{
    country::Country,
    crm::{PushStep, Record, RecordId, Values},
    ids::TenantId,
    settings::Settings,
};
use jiff::{SignedDuration, Timestamp};
use providers::zoho::{CrmError, Table};
use store::{CrmTask, CrmWork, Result, Store, TenantStore};
use workflows::contract::{At, CrmInput, CrmJob, CrmStep};

use crate::in_time::InTime;

pub(crate) use heard::heard;

/// Where Zoho answers.
#[derive(Debug, Clone, Default)]
pub struct CrmOptions {
    /// In place of every data centre: a simulator, which may be on one's own network.
    pub base_url: Option<String>,
}

/// Things that are done in one piece of work, and the time after which no further one is begun.
const SHARE: i64 = 20;
const LONGEST: Duration = Duration::from_secs(60);
/// After a comparison met trouble.
const RETRY: SignedDuration = SignedDuration::from_secs(30);
/// A process with nothing to do looks again after this.
const IDLE: SignedDuration = SignedDuration::from_hours(24);

/// Whether a process has something to do at the CRM, or when.
pub(crate) async fn advance(store: &Store, input: &At<CrmInput>) -> Result<CrmStep> {
    let in_time = InTime::starting_now();
    let now = input.now;
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let settings = tx.tenant_row().await?.settings;
    let step = match input.of.job {
        CrmJob::Sync if !settings.crm.is_on() => CrmStep::Finished,
        CrmJob::Sync => at(now, tx.crm_next_due().await?),
        CrmJob::Channel => channel::advance(&mut tx, &settings, now).await?,
        CrmJob::Reconcile => reconcile::advance(&mut tx, &settings, now).await?,
    };
    in_time.commit(tx).await?;
    Ok(step)
}

fn at(now: Timestamp, due: Option<Timestamp>) -> CrmStep {
    let idle = now + IDLE;
    match due.unwrap_or(idle) {
        due if due <= now => CrmStep::Work,
        due => CrmStep::Wait {
            until: due.min(idle),
        },
    }
}

/// Does some of what is due. Answers until when the CRM is to be left alone, if it is.
pub(crate) async fn work(
    store: &Store,
    options: &CrmOptions,
    input: &CrmInput,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let desk = Desk::open(store, options, input.tenant, now).await?;
    let done = match input.job {
        CrmJob::Sync => sync(&desk).await,
        CrmJob::Channel => channel::work(&desk).await,
        CrmJob::Reconcile => reconcile::work(&desk).await,
    };
    match done {
        Ok(()) => Ok(None),
        Err(Halt::NotYet(until)) => Ok(Some(until)),
        Err(Halt::Store(error)) => Err(error),
        Err(Halt::Crm(error)) => {
            tracing::warn!(%error, "a request to the CRM came to nothing");
            Ok(None)
        }
    }
}

/// Why a piece of work ended before its end.
pub(crate) enum Halt {
    Store(store::Error),
    /// The CRM is to be left alone until then.
    NotYet(Timestamp),
    Crm(CrmError),
}

impl From<store::Error> for Halt {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

impl From<CrmError> for Halt {
    fn from(error: CrmError) -> Self {
        Self::Crm(error)
    }
}

type Work<T = ()> = std::result::Result<T, Halt>;

/// One piece of work for one tenant.
struct Desk<'a> {
    options: &'a CrmOptions,
    store: &'a Store,
    tenant: TenantStore,
    settings: Settings,
    country: Country,
    table: Table,
    now: Timestamp,
}

impl<'a> Desk<'a> {
    async fn open(
        store: &'a Store,
        options: &'a CrmOptions,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<Self> {
        let tenant = store.tenant(tenant);
        let mut tx = tenant.begin().await?;
        let settings = tx.tenant_row().await?.settings;
        Ok(Self {
            options,
            store,
            country: settings.tenant.country(),
            table: Table::of(&settings.crm),
            tenant,
            settings,
            now,
        })
    }

    /// A record as it is now; `None` when there is no such one.
    async fn record(&self, id: &RecordId) -> Work<Option<Record>> {
        let (client, permit) = self.permit(1).await?;
        let answer = client.record(&self.table, id).await;
        Ok(self.told(permit, answer).await?.map(clean))
    }

    async fn done(&self, work: &CrmWork) -> Work {
        let mut tx = self.tenant.begin().await?;
        tx.crm_done(work).await?;
        Ok(tx.commit().await?)
    }

    async fn put_off(&self, work: &CrmWork, until: Option<Timestamp>) -> Work {
        let mut tx = self.tenant.begin().await?;
        tx.crm_put_off(work, until).await?;
        Ok(tx.commit().await?)
    }

    /// Notes that it came to nothing, and when it has its turn again.
    async fn failed(&self, work: &CrmWork, error: &CrmError) -> Work {
        let failure = error.failure();
        tracing::warn!(kind = work.task.kind(), %error, failure = failure.code(), "something was not done at the CRM");
        metrics::counter!("bellhop_crm_failures_total", "kind" => work.task.kind(), "failure" => failure.code())
            .increment(1);
        // The next try has another token, which is no fault of this one.
        if *error == CrmError::TokenInvalid {
            return Ok(());
        }
        let mut tx = self.tenant.begin().await?;
        tx.crm_failed(work, failure, self.now).await?;
        Ok(tx.commit().await?)
    }
}

async fn sync(desk: &Desk<'_>) -> Work {
    if !desk.settings.crm.is_on() {
        return Ok(());
    }
    let begun = Instant::now();
    let mut tx = desk.tenant.begin().await?;
    let due = tx.crm_due(desk.now, SHARE).await?;
    drop(tx);
    for work in &due {
        if begun.elapsed() > LONGEST {
            break;
        }
        match one(desk, work).await {
            Ok(()) => {
                metrics::counter!("bellhop_crm_done_total", "kind" => work.task.kind())
                    .increment(1);
            }
            Err(Halt::Crm(error)) => {
                desk.failed(work, &error).await?;
                if error.failure().is_of_the_crm() {
                    break;
                }
            }
            Err(halt) => return Err(halt),
        }
    }
    Ok(())
}

async fn one(desk: &Desk<'_>, work: &CrmWork) -> Work {
    match &work.task {
        CrmTask::Contact(id) => match work.push.next_step(desk.now) {
            PushStep::Wait { until } => desk.put_off(work, Some(until)).await,
            PushStep::AskPerson(_) => desk.put_off(work, None).await,
            PushStep::Nothing | PushStep::Compare => contact::compare(desk, work, *id).await,
        },
        CrmTask::Record(id) => find::whose(desk, work, id).await,
        CrmTask::Number(e164) => find::who(desk, work, e164).await,
        CrmTask::Note(id) => append::note(desk, work, *id).await,
        CrmTask::Call(id) => call::of_agent(desk, work, *id).await,
        CrmTask::Entry(id) => call::on_line(desk, work, *id).await,
    }
}

/// No column takes a NUL.
fn clean(record: Record) -> Record {
    let mut values = Values::default();
    for (field, value) in record.values.iter() {
        values.set(field, Some(&value.replace('\0', "")));
    }
    Record { values, ..record }
}
