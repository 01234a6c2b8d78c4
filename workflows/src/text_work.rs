//! Work on texts and calls at OpenPhone: what a tenant's people wrote is read, a text of ours is sent, a sound is fetched,
//! kept and deleted in its time (TEXT-2, TEXT-4, TEXT-5).

use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView,
    WorkflowResult, workflow, workflow_methods,
};

use crate::{
    contract::{At, BulkActivities, DecideActivities, TextStep, TextWorkInput},
    look::{self, Looks},
};

/// One durable process for each tenant that has something to be read (`reading:{tenant_id}`), for each text of ours
/// (`text:{text_id}`) and for each sound (`sound:{sound_id}`).
#[workflow]
pub struct TextWork {
    input: TextWorkInput,
    looks: u64,
}

#[workflow_methods]
impl TextWork {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: TextWorkInput) -> Self {
        Self { input, looks: 0 }
    }

    #[run(name = "text-work")]
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
                    DecideActivities::advance_text_work,
                    question,
                    look::beside(),
                )
                .await;
            match advanced {
                Ok(TextStep::Ask { request }) => {
                    let (work, options) = (input.clone(), look::in_bulk(request.summary()));
                    let asked = ctx
                        .execute_activity(BulkActivities::do_text_work, work, options)
                        .await;
                    // What became of the request is recorded, not answered. Nothing could be recorded, so the next
                    // look finds it as it was.
                    if asked.is_err() {
                        look::pause(ctx, seen, look::UNREACHABLE).await?;
                    }
                }
                Ok(TextStep::Wait { until }) => look::wait(ctx, seen, until).await?,
                Ok(TextStep::Finished) => return Ok(()),
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

impl Looks for TextWork {
    fn looks(&self) -> u64 {
        self.looks
    }
}
