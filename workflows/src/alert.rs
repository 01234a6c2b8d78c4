//! One cause of trouble: people are told at once, then by digests while it lasts, then that it is over.

use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView,
    WorkflowResult, workflow, workflow_methods,
};

use crate::{
    contract::{AlertInput, AlertStep, At, DecideActivities},
    look::{self, Looks},
};

/// One durable process for each cause that lasts, `alert:{alert_id}`.
#[workflow]
pub struct Alert {
    input: AlertInput,
    looks: u64,
}

#[workflow_methods]
impl Alert {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: AlertInput) -> Self {
        Self { input, looks: 0 }
    }

    #[run(name = "alert")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        loop {
            let input = ctx.state(|state| state.input.clone());
            let seen = ctx.state(Looks::looks);
            let question = At {
                now: look::now(ctx),
                of: input.clone(),
            };
            let advanced = ctx
                .execute_local_activity(DecideActivities::advance_alert, question, look::beside())
                .await;
            match advanced {
                Ok(AlertStep::Deliver { deliveries }) => {
                    look::send_all(ctx, seen, input.tenant, deliveries).await?;
                }
                Ok(AlertStep::Wait { until }) => look::wait(ctx, seen, until).await?,
                Ok(AlertStep::Finished) => return Ok(()),
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

impl Looks for Alert {
    fn looks(&self) -> u64 {
        self.looks
    }
}
