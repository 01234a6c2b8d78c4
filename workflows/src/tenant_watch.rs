//! What a tenant always has running: somebody who looks whether its work goes as it should (ALERT-3).

use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView,
    WorkflowResult, workflow, workflow_methods,
};

use crate::{
    contract::{At, BulkActivities, DecideActivities, TenantInput, WatchInput},
    look::{self, Looks},
};

/// One durable process for each tenant, `watch:{tenant_id}`.
#[workflow]
pub struct TenantWatch {
    input: WatchInput,
    looks: u64,
}

#[workflow_methods]
impl TenantWatch {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: WatchInput) -> Self {
        Self { input, looks: 0 }
    }

    #[run(name = "tenant-watch")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        loop {
            let WatchInput { tenant, scheduled } = ctx.state(|state| state.input.clone());
            let seen = ctx.state(Looks::looks);
            let question = At {
                now: look::now(ctx),
                of: TenantInput { tenant },
            };
            let looked = ctx
                .execute_local_activity(DecideActivities::look_at_tenant, question, look::beside())
                .await;
            match looked {
                Ok(watched) if scheduled != Some(watched.settings) => {
                    // Looking goes on where nobody serves that queue.
                    let options = look::soon_in_bulk("schedule the daily report");
                    let done = ctx
                        .execute_activity(
                            BulkActivities::schedule_report,
                            TenantInput { tenant },
                            options,
                        )
                        .await;
                    match done {
                        Ok(()) => {
                            ctx.state_mut(|state| state.input.scheduled = Some(watched.settings));
                        }
                        Err(_) => look::pause(ctx, seen, look::UNREACHABLE).await?,
                    }
                }
                Ok(watched) => look::wait(ctx, seen, watched.next).await?,
                Err(_) => look::pause(ctx, seen, look::UNREACHABLE).await?,
            }
            if ctx.continue_as_new_suggested() {
                let input = ctx.state(|state| state.input.clone());
                ctx.continue_as_new(input, ContinueAsNewOptions::default())?;
            }
        }
    }

    #[signal(name = "look-again")]
    pub fn look_again(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.looks += 1;
    }
}

impl Looks for TenantWatch {
    fn looks(&self) -> u64 {
        self.looks
    }
}
