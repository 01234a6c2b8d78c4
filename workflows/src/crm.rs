//! What keeps a tenant in step with its CRM: writing what changed here, hearing of what changes there, and a comparison
//! every night. Each asks what is to be done, has it done, and waits.

use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView,
    WorkflowResult, workflow, workflow_methods,
};

use crate::{
    contract::{At, BulkActivities, CrmInput, CrmJob, CrmStep, DecideActivities, TenantInput},
    look::{self, Looks},
};

/// Writes what changed here, and reads what is said to have changed there: `crm:{tenant_id}`.
#[workflow]
pub struct CrmSync {
    input: TenantInput,
    looks: u64,
}

#[workflow_methods]
impl CrmSync {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: TenantInput) -> Self {
        Self { input, looks: 0 }
    }

    #[run(name = "crm-sync")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let input = ctx.state(|state| state.input.clone());
        if !follow(ctx, &input, CrmJob::Sync).await? {
            ctx.continue_as_new(input, ContinueAsNewOptions::default())?;
        }
        Ok(())
    }

    #[signal(name = "look-again")]
    pub fn look_again(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.looks += 1;
    }
}

impl Looks for CrmSync {
    fn looks(&self) -> u64 {
        self.looks
    }
}

/// Keeps the subscription to changes at the CRM alive (CRM-4): `crm-channel:{tenant_id}`.
#[workflow]
pub struct CrmChannel {
    input: TenantInput,
    looks: u64,
}

#[workflow_methods]
impl CrmChannel {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: TenantInput) -> Self {
        Self { input, looks: 0 }
    }

    #[run(name = "crm-channel")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let input = ctx.state(|state| state.input.clone());
        if !follow(ctx, &input, CrmJob::Channel).await? {
            ctx.continue_as_new(input, ContinueAsNewOptions::default())?;
        }
        Ok(())
    }

    #[signal(name = "look-again")]
    pub fn look_again(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.looks += 1;
    }
}

impl Looks for CrmChannel {
    fn looks(&self) -> u64 {
        self.looks
    }
}

/// Compares what no notification told of (CRM-5): `crm-reconcile:{tenant_id}`.
#[workflow]
pub struct CrmReconcile {
    input: TenantInput,
    looks: u64,
}

#[workflow_methods]
impl CrmReconcile {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: TenantInput) -> Self {
        Self { input, looks: 0 }
    }

    #[run(name = "crm-reconcile")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        let input = ctx.state(|state| state.input.clone());
        if !follow(ctx, &input, CrmJob::Reconcile).await? {
            ctx.continue_as_new(input, ContinueAsNewOptions::default())?;
        }
        Ok(())
    }

    #[signal(name = "look-again")]
    pub fn look_again(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.looks += 1;
    }
}

impl Looks for CrmReconcile {
    fn looks(&self) -> u64 {
        self.looks
    }
}

/// Ends when the tenant has no CRM any more; `false` when the history has become too long.
async fn follow<W: Looks + 'static>(
    ctx: &mut WorkflowContext<W>,
    input: &TenantInput,
    job: CrmJob,
) -> WorkflowResult<bool> {
    let input = CrmInput {
        tenant: input.tenant,
        job,
    };
    loop {
        let seen = ctx.state(Looks::looks);
        let question = At {
            now: look::now(ctx),
            of: input.clone(),
        };
        let advanced = ctx
            .execute_local_activity(DecideActivities::advance_crm, question, look::beside())
            .await;
        match advanced {
            Ok(CrmStep::Work) => {
                let options = look::in_bulk(job.words());
                let done = ctx
                    .execute_activity(BulkActivities::work_at_crm, input.clone(), options)
                    .await;
                match done {
                    Ok(None) => {}
                    Ok(Some(until)) => look::wait(ctx, seen, until).await?,
                    Err(_) => look::pause(ctx, seen, look::UNREACHABLE).await?,
                }
            }
            Ok(CrmStep::Wait { until }) => look::wait(ctx, seen, until).await?,
            Ok(CrmStep::Finished) => return Ok(true),
            Err(_) => look::pause(ctx, seen, look::UNREACHABLE).await?,
        }
        if ctx.continue_as_new_suggested() {
            return Ok(false);
        }
    }
}
