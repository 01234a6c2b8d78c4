//! What has been kept long enough is deleted every night (OPS-3). A Temporal schedule starts it.

use temporalio_workflow::{
    ContinueAsNewOptions, WorkflowContext, WorkflowContextView, WorkflowResult, workflow,
    workflow_methods,
};

use crate::{
    contract::{At, BulkActivities, RetentionInput, TenantInput},
    look::{self, Looks},
};

/// One process for each night, `retention:{tenant_id}-{time}`.
#[workflow]
pub struct Retention {
    input: RetentionInput,
}

#[workflow_methods]
impl Retention {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: RetentionInput) -> Self {
        Self { input }
    }

    #[run(name = "retention")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let RetentionInput { tenant, as_of } = ctx.state(|state| state.input.clone());
        let as_of = as_of.unwrap_or_else(|| look::now(ctx));
        loop {
            let question = At {
                now: as_of,
                of: TenantInput { tenant },
            };
            let options = look::in_bulk("delete what was kept long enough");
            let swept = ctx
                .execute_activity(BulkActivities::sweep, question, options)
                .await;
            match swept {
                Ok(swept) if !swept.more => return Ok(()),
                Ok(_) => {}
                Err(_) => look::pause(ctx, 0, look::UNREACHABLE).await?,
            }
            if ctx.continue_as_new_suggested() {
                let input = RetentionInput {
                    tenant,
                    as_of: Some(as_of),
                };
                ctx.continue_as_new(input, ContinueAsNewOptions::default())?;
            }
        }
    }
}

impl Looks for Retention {
    /// Nobody needs to tell it anything.
    fn looks(&self) -> u64 {
        0
    }
}
