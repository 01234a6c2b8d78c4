//! What failed yesterday, told every morning (OPS-2). A Temporal schedule starts it.

use temporalio_workflow::{
    WorkflowContext, WorkflowContextView, WorkflowResult, workflow, workflow_methods,
};

use uuid::Uuid;

use crate::{
    contract::{AlertStep, At, BatchInput, DecideActivities, TenantInput},
    look::{self, Looks},
};

/// One process for each day, `report:{tenant_id}-{time}`.
#[workflow]
pub struct DailyReport {
    input: TenantInput,
}

#[workflow_methods]
impl DailyReport {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: TenantInput) -> Self {
        Self { input }
    }

    #[run(name = "daily-report")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let input = BatchInput {
            tenant: ctx.state(|state| state.input.tenant),
            // The same in every replay: the report is made once, however often it is asked for.
            batch: Uuid::from_u128(ctx.random::<u128>()),
        };
        let begun = look::now(ctx);
        loop {
            let question = At {
                now: begun,
                of: input.clone(),
            };
            let made = ctx
                .execute_local_activity(DecideActivities::make_report, question, look::beside())
                .await;
            match made {
                Ok(()) => break,
                Err(_) => look::pause(ctx, 0, look::UNREACHABLE).await?,
            }
        }
        loop {
            let question = At {
                now: look::now(ctx),
                of: input.clone(),
            };
            let advanced = ctx
                .execute_local_activity(DecideActivities::advance_batch, question, look::beside())
                .await;
            match advanced {
                Ok(AlertStep::Deliver { deliveries }) => {
                    look::send_all(ctx, 0, input.tenant, deliveries).await?;
                }
                Ok(AlertStep::Wait { until }) => look::wait(ctx, 0, until).await?,
                Ok(AlertStep::Finished) => return Ok(()),
                Err(_) => look::pause(ctx, 0, look::UNREACHABLE).await?,
            }
        }
    }
}

impl Looks for DailyReport {
    /// Nobody needs to tell it anything.
    fn looks(&self) -> u64 {
        0
    }
}
