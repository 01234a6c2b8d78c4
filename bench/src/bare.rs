//! The baseline of the engine: a workflow of a reminder's shape whose activities do nothing.

use std::time::Duration;

use anyhow::{Result, anyhow};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use temporalio_client::{Client, WorkflowStartOptions};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::{
    Runtime, Worker, WorkerOptions,
    activities::{ActivityContext, ActivityError},
    runtime::worker_tuner::{FixedSizeSlotSupplier, TunerHolder},
};
use temporalio_workflow::{
    ActivityOptions, ChildWorkflowOptions, LocalActivityOptions, WorkflowContext,
    WorkflowContextView, WorkflowResult,
};
use worker::TemporalOptions;

use crate::bare_wake::{BareWake, TakeUp};

pub(crate) const WORKFLOW_TYPE: &str = "bare-reminder";
/// Two queues, as Bellhop's.
pub(crate) const CORE_QUEUE: &str = "bare-core";
const DIAL_QUEUE: &str = "bare-dial";
/// As many starts under way as Bellhop's relay has.
const STARTS_AT_ONCE: usize = 16;

/// Input of [`BareReminder`].
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct BareInput {
    /// Waits until then, after its first local activity.
    pub(crate) until: Option<Timestamp>,
    pub(crate) shape: Shape,
}

/// How many activities there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shape {
    /// Local activities of the reminder, at least one before the call and one after it.
    pub(crate) reminder_local: u32,
    pub(crate) call_local: u32,
    /// Ordinary activities of the call, each after a local one.
    pub(crate) call_ordinary: u32,
}

/// What a reminder is made of, without anything to do.
#[workflow]
pub(crate) struct BareReminder {
    input: BareInput,
}

#[workflow_methods]
impl BareReminder {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: BareInput) -> Self {
        Self { input }
    }

    /// Ends with when the first ordinary activity ran, in milliseconds since 1970.
    #[run(name = "bare-reminder")]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<i64> {
        let BareInput { until, shape } = ctx.state(|state| state.input);
        ctx.execute_local_activity(Nothing::local, (), beside())
            .await?;
        if let Some(until) = until {
            let now = ctx
                .workflow_time()
                .and_then(|time| Timestamp::try_from(time).ok())
                .unwrap_or(until);
            let length = until.duration_since(now).max(SignedDuration::ZERO);
            ctx.timer(length.unsigned_abs()).await;
        }
        for _ in 2..shape.reminder_local {
            ctx.execute_local_activity(Nothing::local, (), beside())
                .await?;
        }
        let child = ctx
            .start_child_workflow(BareCall::run, shape, ChildWorkflowOptions::default())
            .await?;
        let ran_at = child.result().await?;
        ctx.execute_local_activity(Nothing::local, (), beside())
            .await?;
        Ok(ran_at)
    }
}

/// What a call is made of.
#[workflow]
pub(crate) struct BareCall {
    shape: Shape,
}

#[workflow_methods]
impl BareCall {
    #[init]
    fn new(_ctx: &WorkflowContextView, shape: Shape) -> Self {
        Self { shape }
    }

    #[run(name = "bare-call")]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<i64> {
        let shape = ctx.state(|state| state.shape);
        let mut first = None;
        for turn in 0..shape.call_local.max(shape.call_ordinary) {
            if turn < shape.call_local {
                ctx.execute_local_activity(Nothing::local, (), beside())
                    .await?;
            }
            if turn < shape.call_ordinary {
                let options =
                    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(120))
                        .task_queue(DIAL_QUEUE.to_owned())
                        .build();
                let at = ctx.execute_activity(Nothing::ordinary, (), options).await?;
                first.get_or_insert(at);
            }
        }
        Ok(first.unwrap_or_default())
    }
}

fn beside() -> LocalActivityOptions {
    LocalActivityOptions::builder()
        .start_to_close_timeout(Duration::from_secs(10))
        .build()
}

struct Nothing;

#[activities]
impl Nothing {
    #[activity(name = "bare.local")]
    async fn local(_ctx: ActivityContext) -> Result<(), ActivityError> {
        Ok(())
    }

    /// When it ran, in milliseconds since 1970.
    #[activity(name = "bare.ordinary")]
    async fn ordinary(_ctx: ActivityContext) -> Result<i64, ActivityError> {
        Ok(Timestamp::now().as_millisecond())
    }
}

/// Starts one for each input, by these ids; returns when the engine has taken all of them.
pub(crate) async fn start(client: &Client, prefix: &str, inputs: &[BareInput]) -> Result<()> {
    stream::iter(inputs.iter().enumerate().map(Ok))
        .try_for_each_concurrent(STARTS_AT_ONCE, |(number, input)| async move {
            let options = WorkflowStartOptions::new(CORE_QUEUE, id(prefix, number)).build();
            client
                .start_workflow(BareReminder::run, *input, options)
                .await?;
            Ok(())
        })
        .await
}

/// What each ended with, in their order.
pub(crate) async fn results(client: &Client, prefix: &str, count: usize) -> Result<Vec<i64>> {
    stream::iter(0..count)
        .map(|number| async move {
            let handle = client.get_workflow_handle::<BareReminder>(id(prefix, number));
            Ok(handle.get_result(Default::default()).await?)
        })
        .buffered(STARTS_AT_ONCE)
        .try_collect()
        .await
}

fn id(prefix: &str, number: usize) -> String {
    format!("bare:{prefix}:{number}")
}

/// Serves the bare workflows until killed, with the slots and the cache of Bellhop's worker.
pub(crate) fn work() -> Result<()> {
    let tokio = tokio::runtime::Runtime::new()?;
    tokio.block_on(async {
        let address = std::env::var("TEMPORAL_ADDRESS")?;
        let namespace = "default".to_owned();
        let client = worker::connect(&TemporalOptions { address, namespace }, "bare").await?;
        let runtime = Runtime::from_current_tokio(Default::default())?;
        let core = WorkerOptions::new(CORE_QUEUE)
            .tuner(slots(50))
            .register_workflow::<BareReminder>()?
            .register_workflow::<BareCall>()?
            .register_workflow::<BareWake>()?
            .register_activities(Nothing)
            .register_activities(TakeUp)
            .max_cached_workflows(1000)
            .build();
        let dial = WorkerOptions::new(DIAL_QUEUE)
            .tuner(slots(100))
            .register_activities(Nothing)
            .build();
        let threads = [core, dial].map(|options| {
            let worker = Worker::new(&runtime, client.clone(), options)?;
            anyhow::Ok(on_a_thread(worker))
        });
        for thread in threads {
            let thread = thread?;
            tokio::task::spawn_blocking(move || thread.join())
                .await?
                .map_err(|_| anyhow!("a bare worker panicked"))??;
        }
        Ok(())
    })
}

/// The future of a worker cannot move between threads.
fn on_a_thread(mut worker: Worker) -> std::thread::JoinHandle<Result<()>> {
    let runtime = tokio::runtime::Handle::current();
    std::thread::spawn(move || runtime.block_on(worker.run()).map_err(Into::into))
}

fn slots(activities: usize) -> TunerHolder {
    TunerHolder::builder()
        .workflow_task_slot_supplier(FixedSizeSlotSupplier::new(100))
        .activity_task_slot_supplier(FixedSizeSlotSupplier::new(activities))
        .local_activity_task_slot_supplier(FixedSizeSlotSupplier::new(activities))
        .nexus_task_slot_supplier(FixedSizeSlotSupplier::new(1))
        .build()
}
