//! Whether the phone line still receives: a text from another line, and a verdict within minutes (OPS-1). A Temporal
//! schedule starts it.

use temporalio_workflow::{
    WorkflowContext, WorkflowContextView, WorkflowResult, workflow, workflow_methods,
};

use crate::{
    contract::{At, BulkActivities, DecideActivities, LineCheckInput, LineCheckStep, TenantInput},
    look::{self, Looks},
};

/// One process for each check, `line-check:{tenant_id}-{time}`.
#[workflow]
pub struct LineHealthCheck {
    input: TenantInput,
}

#[workflow_methods]
impl LineHealthCheck {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: TenantInput) -> Self {
        Self { input }
    }

    #[run(name = "line-health-check")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let input = LineCheckInput {
            tenant: ctx.state(|state| state.input.tenant),
            planned_at: look::now(ctx),
        };
        loop {
            let question = At {
                now: look::now(ctx),
                of: input.clone(),
            };
            let advanced = ctx
                .execute_local_activity(
                    DecideActivities::advance_line_check,
                    question,
                    look::beside(),
                )
                .await;
            let done = match advanced {
                Ok(LineCheckStep::Send) => ctx
                    .execute_activity(
                        BulkActivities::send_line_check,
                        input.clone(),
                        look::in_bulk("send the text of the check"),
                    )
                    .await
                    .is_ok(),
                Ok(LineCheckStep::Ask) => ctx
                    .execute_activity(
                        BulkActivities::ask_line_check,
                        input.clone(),
                        look::in_bulk("ask whether the text has arrived"),
                    )
                    .await
                    .is_ok(),
                Ok(LineCheckStep::Wait { until }) => {
                    look::wait(ctx, 0, until).await?;
                    true
                }
                Ok(LineCheckStep::Finished) => return Ok(()),
                Err(_) => false,
            };
            if !done {
                look::pause(ctx, 0, look::UNREACHABLE).await?;
            }
        }
    }
}

impl Looks for LineHealthCheck {
    /// Nobody needs to tell it anything.
    fn looks(&self) -> u64 {
        0
    }
}
