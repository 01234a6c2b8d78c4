//! The calendars of a tenant, read in the background so that no caller waits for one (MEM-8).

use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView,
    WorkflowResult, join_all, workflow, workflow_methods,
};

use crate::{
    contract::{At, BulkActivities, CalendarInput, CalendarStep, DecideActivities, TenantInput},
    look::{self, Looks},
};

/// One durable process for each tenant that has calendars, `calendar:{tenant_id}`.
#[workflow]
pub struct CalendarRefresh {
    input: TenantInput,
    looks: u64,
}

#[workflow_methods]
impl CalendarRefresh {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: TenantInput) -> Self {
        Self { input, looks: 0 }
    }

    #[run(name = "calendar-refresh")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        loop {
            let input = ctx.state(|state| state.input.clone());
            let seen = ctx.state(Looks::looks);
            let question = At {
                now: look::now(ctx),
                of: input.clone(),
            };
            let advanced = ctx
                .execute_local_activity(
                    DecideActivities::advance_calendars,
                    question,
                    look::beside(),
                )
                .await;
            match advanced {
                // All at the same time: one that hangs must not hold up another.
                Ok(CalendarStep::Read { calendars }) => {
                    let reads = calendars.into_iter().map(|calendar| {
                        let input = CalendarInput {
                            tenant: input.tenant,
                            calendar,
                        };
                        let options = look::soon_in_bulk("read a calendar");
                        ctx.execute_activity(BulkActivities::read_calendar, input, options)
                    });
                    let read = join_all(reads.collect::<Vec<_>>()).await;
                    if read.iter().any(Result::is_err) {
                        look::pause(ctx, seen, look::UNREACHABLE).await?;
                    }
                }
                Ok(CalendarStep::Wait { until }) => look::wait(ctx, seen, until).await?,
                Ok(CalendarStep::Finished) => return Ok(()),
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

impl Looks for CalendarRefresh {
    fn looks(&self) -> u64 {
        self.looks
    }
}
