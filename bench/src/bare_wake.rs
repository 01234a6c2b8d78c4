//! The baseline of being woken: signal-with-start of a workflow that only notes when it began.

use std::time::Duration;

use anyhow::Result;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use temporalio_client::{Client, WorkflowStartOptions};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_workflow::{
    LocalActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
};

use crate::{bare::CORE_QUEUE, load::Sender};

const AT_ONCE: usize = 16;

/// What every process of Bellhop's begins with, without anything to do.
#[workflow]
pub(crate) struct BareWake {
    /// In microseconds since 1970.
    asked_at: i64,
}

#[workflow_methods]
impl BareWake {
    #[init]
    fn new(_ctx: &WorkflowContextView, asked_at: i64) -> Self {
        Self { asked_at }
    }

    /// Ends with how many microseconds after the request it was taken up: as Bellhop's events are, in a local
    /// activity.
    #[run(name = "bare-wake")]
    pub(crate) async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<i64> {
        let asked_at = ctx.state(|state| state.asked_at);
        let options = LocalActivityOptions::builder()
            .start_to_close_timeout(Duration::from_secs(10))
            .build();
        let taken_up_at = ctx.execute_local_activity(TakeUp::now, (), options).await?;
        Ok(taken_up_at - asked_at)
    }

    #[signal(name = "look-again")]
    pub(crate) fn look_again(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {}
}

pub(crate) struct TakeUp;

#[activities]
impl TakeUp {
    /// In microseconds since 1970.
    #[activity(name = "bare.now")]
    async fn now(_ctx: ActivityContext) -> Result<i64, ActivityError> {
        Ok(Timestamp::now().as_microsecond())
    }
}

/// Wakes a workflow for each number.
pub(crate) struct Waker(pub(crate) Client);

impl Sender for Waker {
    async fn send(&mut self, number: u64) -> Result<()> {
        let options = WorkflowStartOptions::new(CORE_QUEUE, id(number)).build();
        let asked_at = Timestamp::now().as_microsecond();
        self.0
            .signal_with_start_workflow(BareWake::run, asked_at, BareWake::look_again, (), options)
            .await?;
        Ok(())
    }
}

/// How long after the request each was taken up.
pub(crate) async fn taken_up(client: &Client, first: u64, count: usize) -> Result<Vec<Duration>> {
    stream::iter((first..).take(count))
        .map(|number| async move {
            let handle = client.get_workflow_handle::<BareWake>(id(number));
            let after: i64 = handle.get_result(Default::default()).await?;
            Ok(Duration::from_micros(after.try_into()?))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

fn id(number: u64) -> String {
    format!("bare:wake:{number}")
}
