//! One phone call: place it, follow it, ask about it when it is silent, finish.

use temporalio_workflow::{
    ContinueAsNewOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView,
    WorkflowResult, workflow, workflow_methods,
};

use crate::{
    contract::{At, CallInput, CallStep, DecideActivities, DialActivities},
    look::{self, Looks},
};

/// One durable process for each call, `call:{call_id}`; a late event starts it anew, which is harmless.
#[workflow]
pub struct PhoneCall {
    input: CallInput,
    looks: u64,
}

#[workflow_methods]
impl PhoneCall {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: CallInput) -> Self {
        Self { input, looks: 0 }
    }

    /// Ends with the code of the call's outcome.
    #[run(name = "phone-call")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        loop {
            let input = ctx.state(|state| state.input.clone());
            let seen = ctx.state(Looks::looks);
            let question = At {
                now: look::now(ctx),
                of: input.clone(),
            };
            let advanced = ctx
                .execute_local_activity(DecideActivities::advance_call, question, look::beside())
                .await;
            let asked = match advanced {
                Ok(CallStep::Place) => {
                    let options = look::at_provider("dial");
                    ctx.execute_activity(DialActivities::place_call, input, options)
                        .await
                        .is_ok()
                }
                Ok(CallStep::LookUp) => {
                    let options = look::at_provider("search for the call");
                    ctx.execute_activity(DialActivities::look_up_call, input, options)
                        .await
                        .is_ok()
                }
                Ok(CallStep::Fetch) => {
                    let options = look::at_provider("read the call");
                    ctx.execute_activity(DialActivities::fetch_call, input, options)
                        .await
                        .is_ok()
                }
                Ok(CallStep::Wait { until }) => {
                    look::wait(ctx, seen, until).await?;
                    true
                }
                Ok(CallStep::Finished { outcome }) => return Ok(outcome.to_string()),
                Err(_) => false,
            };
            if !asked {
                look::pause(ctx, seen, look::UNREACHABLE).await?;
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

impl Looks for PhoneCall {
    fn looks(&self) -> u64 {
        self.looks
    }
}
