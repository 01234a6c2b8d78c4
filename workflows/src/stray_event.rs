//! An event that belonged to no call of ours when it came.

use temporalio_workflow::{
    SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult, workflow,
    workflow_methods,
};

use crate::{
    contract::{DecideActivities, EventInput},
    look::{self, Looks},
};

/// One durable process for each event without a call, `event:{event_id}`.
#[workflow]
pub struct EventProcessing {
    input: EventInput,
    looks: u64,
}

#[workflow_methods]
impl EventProcessing {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: EventInput) -> Self {
        Self { input, looks: 0 }
    }

    #[run(name = "event-processing")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        loop {
            let input = ctx.state(|state| state.input.clone());
            let seen = ctx.state(Looks::looks);
            match ctx
                .execute_local_activity(DecideActivities::read_event, input, look::beside())
                .await
            {
                Ok(()) => return Ok(()),
                Err(_) => look::pause(ctx, seen, look::UNREACHABLE).await?,
            }
        }
    }

    #[signal(name = "look-again")]
    pub fn look_again(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.looks += 1;
    }
}

impl Looks for EventProcessing {
    fn looks(&self) -> u64 {
        self.looks
    }
}
