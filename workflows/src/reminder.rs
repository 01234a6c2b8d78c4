//! The reminder of one appointment: wait, dial, wait again, finish.

use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributeUpdate};
use temporalio_workflow::{
    ChildWorkflowOptions, ContinueAsNewOptions, ParentClosePolicy, SyncWorkflowContext,
    WorkflowContext, WorkflowContextView, WorkflowResult, workflow, workflow_methods,
};

use crate::{
    PhoneCall,
    contract::{At, CallInput, DecideActivities, ReminderInput, ReminderStep},
    look::{self, Looks},
    names,
};

/// One durable process for each appointment, `reminder:{appointment_id}`.
#[workflow]
pub struct AppointmentReminder {
    input: ReminderInput,
    looks: u64,
}

#[workflow_methods]
impl AppointmentReminder {
    #[init]
    fn new(_ctx: &WorkflowContextView, input: ReminderInput) -> Self {
        Self { input, looks: 0 }
    }

    /// Ends with how the reminder ended, as `ending` or `ending: reason`.
    #[run(name = "appointment-reminder")]
    pub async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<String> {
        loop {
            let input = ctx.state(|state| state.input.clone());
            let seen = ctx.state(Looks::looks);
            let question = At {
                now: look::now(ctx),
                of: input.clone(),
            };
            let advanced = ctx
                .execute_local_activity(
                    DecideActivities::advance_reminder,
                    question,
                    look::beside(),
                )
                .await;
            match advanced {
                Ok(ReminderStep::Wait { until, reason }) => {
                    show(
                        ctx,
                        reason.map_or("waiting", |reason| reason.code()),
                        Some(until),
                    );
                    look::wait(ctx, seen, until).await?;
                }
                Ok(ReminderStep::Follow { call }) => {
                    show(ctx, "calling", None);
                    Self::follow(
                        ctx,
                        seen,
                        CallInput {
                            tenant: input.tenant,
                            call,
                        },
                    )
                    .await?;
                }
                Ok(ReminderStep::Finished { ending, reason }) => {
                    show(ctx, ending.code(), None);
                    return Ok(match reason {
                        Some(reason) => format!("{ending}: {reason}"),
                        None => ending.to_string(),
                    });
                }
                Err(_) => look::pause(ctx, seen, look::UNREACHABLE).await?,
            }
            if ctx.continue_as_new_suggested() {
                ctx.continue_as_new(input, ContinueAsNewOptions::default())?;
            }
        }
    }

    /// Runs the call's process and waits for its end. When the call is followed by a process that was not
    /// started here (a late event woke it), looks again after a pause instead.
    async fn follow(
        ctx: &mut WorkflowContext<Self>,
        seen: u64,
        input: CallInput,
    ) -> WorkflowResult<()> {
        let options = ChildWorkflowOptions::builder()
            .workflow_id(names::call_id(input.call))
            .parent_close_policy(ParentClosePolicy::Abandon)
            .build();
        let ended = match ctx
            .start_child_workflow(PhoneCall::run, input, options)
            .await
        {
            Ok(child) => child.result().await.is_ok(),
            Err(_) => false,
        };
        if !ended {
            look::pause(ctx, seen, look::UNREACHABLE).await?;
        }
        Ok(())
    }

    #[signal(name = "look-again")]
    pub fn look_again(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        self.looks += 1;
    }
}

impl Looks for AppointmentReminder {
    fn looks(&self) -> u64 {
        self.looks
    }
}

/// Shows where the reminder stands in Temporal's own screens and searches.
fn show(ctx: &WorkflowContext<AppointmentReminder>, state: &str, next_at: Option<jiff::Timestamp>) {
    let mut updates: Vec<SearchAttributeUpdate> =
        vec![SearchAttributeKey::<String>::keyword(names::STATE).value_set(state.to_owned())];
    if let Some(at) = next_at {
        updates.push(
            SearchAttributeKey::datetime(names::NEXT_AT)
                .value_set(std::time::SystemTime::from(at).into()),
        );
    }
    ctx.upsert_search_attributes(updates);
}
