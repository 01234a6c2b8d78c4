//! The workers themselves: one for each task queue, each on its own thread.

use std::time::Duration;

use activities::{
    Accounts, Bulk, Calendars, ChannelOptions, CrmOptions, Deciding, Dialing, Platform, TextOptions,
};
use anyhow::{Result, anyhow};
use store::Store;
use temporalio_client::Client;
use temporalio_common::worker::WorkerDeploymentOptions;
use temporalio_sdk::{
    Runtime, Worker, WorkerOptions,
    runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder},
};
use tokio::sync::oneshot;
use workflows::{
    Alert, AppointmentReminder, CalendarRefresh, CrmChannel, CrmReconcile, CrmSync, DailyReport,
    EventProcessing, LineHealthCheck, PhoneCall, Retention, TenantWatch, TextWork, names,
};

/// Which task queues a worker serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Workflows and database activities.
    Core,
    /// Requests to the voice provider.
    Dial,
    /// What else goes to other systems: alerts and reports.
    Bulk,
    All,
}

impl Role {
    /// The queues' names for people.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Core => &["core"],
            Self::Dial => &["dial"],
            Self::Bulk => &["bulk"],
            Self::All => &["core", "dial", "bulk"],
        }
    }
}

/// What a worker works with.
#[derive(Clone)]
pub struct Means {
    pub crm: CrmOptions,
    pub store: Store,
    pub accounts: Accounts,
    pub channels: ChannelOptions,
    pub calendars: Calendars,
    pub texts: TextOptions,
    pub platform: Platform,
}

/// Workflows kept in memory between their steps; others are replayed from their histories.
const CACHED_WORKFLOWS: usize = 1000;
/// After a worker was killed, its workflows wait this long before another one takes them.
const STICKY: Duration = Duration::from_secs(5);
/// Database activities, and requests to the provider, that run at the same time in one worker.
const CORE_SLOTS: usize = 50;
const DIAL_SLOTS: usize = 100;
const BULK_SLOTS: usize = 50;
const DRAIN: Duration = Duration::from_secs(20);

/// Serves the queues of `role` until `stop` resolves, then finishes what is in hand.
pub async fn run(
    client: &Client,
    means: Means,
    role: Role,
    stop: impl Future<Output = ()>,
) -> Result<()> {
    let runtime = Runtime::from_current_tokio(Default::default())?;
    let mut running = Vec::new();
    let Means {
        store,
        accounts,
        channels,
        calendars,
        texts,
        crm,
        platform,
    } = means;
    if matches!(role, Role::Core | Role::All) {
        let options = WorkerOptions::new(names::CORE_QUEUE)
            .tuner(slots(CORE_SLOTS))
            .register_workflow::<AppointmentReminder>()?
            .register_workflow::<PhoneCall>()?
            .register_workflow::<EventProcessing>()?
            .register_workflow::<Alert>()?
            .register_workflow::<DailyReport>()?
            .register_workflow::<LineHealthCheck>()?
            .register_workflow::<Retention>()?
            .register_workflow::<TenantWatch>()?
            .register_workflow::<CalendarRefresh>()?
            .register_workflow::<TextWork>()?
            .register_workflow::<CrmSync>()?
            .register_workflow::<CrmChannel>()?
            .register_workflow::<CrmReconcile>()?
            .register_activities(Deciding {
                store: store.clone(),
                platform: platform.clone(),
            })
            .max_cached_workflows(CACHED_WORKFLOWS)
            .sticky_queue_schedule_to_start_timeout(STICKY)
            .graceful_shutdown_period(DRAIN)
            .deployment_options(build())
            .build();
        running.push(start(Worker::new(&runtime, client.clone(), options)?)?);
    }
    if matches!(role, Role::Bulk | Role::All) {
        let options = WorkerOptions::new(names::BULK_QUEUE)
            .tuner(slots(BULK_SLOTS))
            .register_activities(Bulk {
                store: store.clone(),
                platform,
                channels,
                calendars,
                texts,
                crm,
            })
            .graceful_shutdown_period(DRAIN)
            .deployment_options(build())
            .build();
        running.push(start(Worker::new(&runtime, client.clone(), options)?)?);
    }
    if matches!(role, Role::Dial | Role::All) {
        let options = WorkerOptions::new(names::DIAL_QUEUE)
            .tuner(slots(DIAL_SLOTS))
            .register_activities(Dialing { store, accounts })
            .graceful_shutdown_period(DRAIN)
            .deployment_options(build())
            .build();
        running.push(start(Worker::new(&runtime, client.clone(), options)?)?);
    }
    tracing::info!(?role, "worker serves its queues");
    let ends = running.iter_mut().map(|each| &mut each.end);
    tokio::select! {
        // Ended by itself: it cannot go on, the supervisor restarts the process.
        (ended, _, _) = futures::future::select_all(ends) => return ended.unwrap_or_else(|_| Err(anyhow!("a worker panicked"))),
        () = stop => {}
    }
    tracing::info!("worker finishes what is in hand");
    for each in &running {
        (each.stop)();
    }
    for each in running {
        each.end.await.map_err(|_| anyhow!("a worker panicked"))??;
    }
    Ok(())
}

fn slots(activities: usize) -> TunerHolder {
    TunerHolder::builder()
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(100))
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(activities))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(activities))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(1))
        .build()
}

fn build() -> WorkerDeploymentOptions {
    WorkerDeploymentOptions::from_build_id(env!("CARGO_PKG_VERSION").to_owned())
}

struct Running {
    stop: Box<dyn Fn() + Send + Sync>,
    end: oneshot::Receiver<Result<()>>,
}

/// The future of a worker cannot move between threads, so each gets one.
fn start(mut worker: Worker) -> Result<Running> {
    let stop = Box::new(worker.shutdown_handle());
    let (tell, end) = oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    std::thread::Builder::new()
        .name("bellhop-worker".into())
        .spawn(move || {
            let ended = runtime.block_on(worker.run()).map_err(Into::into);
            // Nobody listens when the process is already leaving.
            let _ = tell.send(ended);
        })?;
    Ok(Running { stop, end })
}
