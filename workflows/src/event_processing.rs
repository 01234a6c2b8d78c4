//! An event that belongs to no call of ours: processed, tried again after a failure, given up in the end.

use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView,
    WorkflowResult, workflow, workflow_methods,
};

use crate::{
    contract::{At, DecideActivities, EventInput, EventStep},
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
            let question = At {
                now: look::now(ctx),
                of: input.clone(),
            };
            let advanced = ctx
                .execute_local_activity(DecideActivities::advance_event, question, look::beside())
                .await;
            match advanced {
                // The first histories have no answer here: one reading was all there was.
                Ok(None | Some(EventStep::Finished { .. })) => return Ok(()),
                Ok(Some(EventStep::Wait { until })) => look::wait(ctx, seen, until).await?,
                Err(_) => look::pause(ctx, seen, look::UNREACHABLE).await?,
            }
            if ctx.continue_as_new_suggested() {
                ctx.continue_as_new(input, ContinueAsNewOptions::default())?;
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
