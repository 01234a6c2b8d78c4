//! Fast forward: lets a tenant's processes live through days in seconds, on the real server.
//!
//! Temporal skips time for each workflow by itself. The conductor plays them as one world: it always lets
//! the process that looks again first go ahead to that instant, and waits while calls are under way, whose
//! time is real. Workflow code knows nothing of it.

use std::{collections::HashSet, time::Duration};

use anyhow::{Context, Result, bail};
use domain::ids::TenantId;
use futures::{TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use store::{OpenProcess, Process, Store};
use temporalio_client::{
    Client,
    tonic::{Code, IntoRequest, Status},
};
use temporalio_common::protos::temporal::api::{
    common::v1 as common,
    history::v1::{self as history, history_event::Attributes},
    workflow::v1 as workflow,
    workflowservice::v1 as service,
};
use tokio::time::Instant;
use workflows::names;

/// Plays the processes of one tenant.
pub struct Conductor<'a> {
    pub client: &'a Client,
    pub store: &'a Store,
    pub tenant: TenantId,
    /// A call that shows no sign of life for this long (of real time) is taken ahead to its next look.
    pub silence: Duration,
}

/// Where the play stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The instant the play has reached.
    pub at: Option<Timestamp>,
    /// Reminders that have not ended, those included that have not begun.
    pub open_reminders: usize,
    pub open_calls: usize,
}

const POLL: Duration = Duration::from_millis(40);
/// Processes that look again within this much of the first go ahead together.
const TOGETHER: SignedDuration = SignedDuration::from_secs(60);
const AT_ONCE: usize = 8;
/// These live by clocks of their own, and no reminder and no call waits for them.
const ASIDE: [Process; 3] = [Process::Crm, Process::CrmChannel, Process::CrmReconcile];
/// A timer that is still open is among them: a process starts one after it has looked, and then only hears signals.
const NEWEST_EVENTS: i32 = 200;

impl Conductor<'_> {
    /// Plays until no process is open or the next one looks again after `until`. Fails when nothing
    /// changes for `patience` of real time.
    pub async fn play(
        &self,
        until: Option<Timestamp>,
        patience: Duration,
        mut on_progress: impl FnMut(Progress),
    ) -> Result<()> {
        let mut last = (Vec::new(), Instant::now());
        let mut at = None;
        loop {
            // In this order, in which a reminder goes through them: none can slip past all three.
            let undelivered = self.store.outbox_length_without(&ASIDE).await?;
            let mut tx = self.store.tenant(self.tenant).begin().await?;
            let unborn = usize::try_from(tx.reminders_not_started().await?).unwrap_or_default();
            let open = tx.open_processes().await?;
            drop(tx);
            let settled = unborn == 0 && undelivered == 0;
            if open != last.0 {
                last = (open.clone(), Instant::now());
            }
            let quiet = last.1.elapsed();
            if quiet > patience {
                bail!(
                    "nothing has happened for {patience:?}; {} processes are open, {unborn} not started",
                    open.len()
                );
            }
            let calling = open.iter().filter(|each| is_calling(each)).count();
            let open_calls = open
                .iter()
                .filter(|each| matches!(each, OpenProcess::Call { .. }))
                .count();
            on_progress(Progress {
                at,
                open_reminders: open.len() - open_calls + unborn,
                open_calls,
            });
            if open.is_empty() && settled {
                return Ok(());
            }
            let due = if !settled {
                Vec::new()
            } else if calling == 0 {
                first(open.iter().filter(|each| !is_calling(each)))
            } else if quiet > self.silence {
                first(
                    open.iter()
                        .filter(|each| matches!(each, OpenProcess::Call { .. })),
                )
            } else {
                Vec::new()
            };
            let Some((_, next)) = due.first() else {
                tokio::time::sleep(POLL).await;
                continue;
            };
            if until.is_some_and(|until| *next > until) {
                return Ok(());
            }
            at = Some(*next);
            stream::iter(due.iter().map(Ok))
                .try_for_each_concurrent(AT_ONCE, |(id, until)| {
                    go_ahead(self.client, id, *until, patience)
                })
                .await?;
            self.let_them_act(&due).await?;
        }
    }

    /// Waits until those that were taken ahead have looked: their next look has changed, or they ended.
    async fn let_them_act(&self, due: &[(String, Timestamp)]) -> Result<()> {
        let deadline = Instant::now() + self.silence;
        while Instant::now() < deadline {
            let mut tx = self.store.tenant(self.tenant).begin().await?;
            let open = tx.open_processes().await?;
            drop(tx);
            let same = open
                .iter()
                .filter_map(next_look)
                .any(|look| due.contains(&look));
            if !same {
                break;
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}

fn is_calling(process: &OpenProcess) -> bool {
    match process {
        OpenProcess::Call { .. } => true,
        OpenProcess::Reminder { state, .. } => state == "calling",
    }
}

fn next_look(process: &OpenProcess) -> Option<(String, Timestamp)> {
    match process {
        OpenProcess::Reminder { id, next_at, .. } => Some((names::reminder_id(*id), (*next_at)?)),
        OpenProcess::Call { id, next_at } => Some((names::call_id(*id), (*next_at)?)),
    }
}

/// Those that look again first, with those that do so shortly after.
fn first<'a>(processes: impl Iterator<Item = &'a OpenProcess>) -> Vec<(String, Timestamp)> {
    let mut looks: Vec<_> = processes.filter_map(next_look).collect();
    looks.sort_by_key(|(_, at)| *at);
    let Some(limit) = looks.first().map(|(_, at)| *at + TOGETHER) else {
        return looks;
    };
    looks.retain(|(_, at)| *at <= limit);
    looks
}

/// Lets the clock of one workflow jump to `until`, and no further. One that has ended, or is already
/// there, is left alone. Fails when it is not there within `patience` of real time: the server skips no
/// time while a workflow has something to do, and without a worker that is for ever.
pub async fn go_ahead(
    client: &Client,
    workflow_id: &str,
    until: Timestamp,
    patience: Duration,
) -> Result<()> {
    let Some(now) = clock(client, workflow_id).await? else {
        return Ok(());
    };
    let by = until.duration_since(now);
    if by <= SignedDuration::ZERO {
        return Ok(());
    }
    let jump = async {
        fast_forward(client, workflow_id, by.unsigned_abs()).await?;
        due_timers_fire(client, workflow_id, until).await
    };
    tokio::time::timeout(patience, jump)
        .await
        .with_context(|| {
            format!("{workflow_id} has not come to {until} within {patience:?}; does a worker run?")
        })?
}

/// The workflow's own time; `None` when it is not running.
pub async fn clock(client: &Client, workflow_id: &str) -> Result<Option<Timestamp>> {
    let request = service::DescribeWorkflowExecutionRequest {
        namespace: client.options().namespace.clone(),
        execution: Some(execution(workflow_id)),
    };
    let mut service = client.connection().workflow_service();
    let described = match service
        .describe_workflow_execution(request.into_request())
        .await
    {
        Ok(described) => described.into_inner(),
        Err(status) if status.code() == Code::NotFound => return Ok(None),
        Err(status) => return Err(status.into()),
    };
    let running = described
        .workflow_execution_info
        .as_ref()
        .is_some_and(|info| info.close_time.is_none());
    if !running {
        return Ok(None);
    }
    let skipping = described
        .workflow_extended_info
        .and_then(|info| info.time_skipping_info);
    let Some(virtual_now) = skipping.and_then(|info| info.current_time) else {
        return Ok(Some(Timestamp::now()));
    };
    Ok(Some(Timestamp::new(
        virtual_now.seconds,
        virtual_now.nanos,
    )?))
}

fn execution(workflow_id: &str) -> common::WorkflowExecution {
    common::WorkflowExecution {
        workflow_id: workflow_id.to_owned(),
        run_id: String::new(),
    }
}

/// Lets the clock of one workflow jump by `by`. Its children keep real time: a call plays out while the
/// waits vanish.
async fn fast_forward(client: &Client, workflow_id: &str, by: Duration) -> Result<()> {
    let id = domain::ids::DecisionId::generate().to_string();
    let mut update = service::UpdateWorkflowExecutionOptionsRequest {
        namespace: client.options().namespace.clone(),
        workflow_execution: Some(execution(workflow_id)),
        workflow_execution_options: Some(workflow::WorkflowExecutionOptions {
            time_skipping_config: Some(common::TimeSkippingConfig {
                enabled: true,
                fast_forward_config: Some(common::FastForwardConfig {
                    id: id.clone(),
                    duration: Some(by.try_into().context("the jump is too long")?),
                }),
                disable_propagation: true,
                max_session_skip_count: 10_000,
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    update.update_mask.get_or_insert_default().paths = vec!["time_skipping_config".into()];
    let mut service = client.connection().workflow_service();
    match service
        .update_workflow_execution_options(update.into_request())
        .await
    {
        Err(status) if ended(&status) => return Ok(()),
        answer => answer?,
    };
    loop {
        let poll = service::PollWorkflowExecutionTimeSkippingRequest {
            namespace: client.options().namespace.clone(),
            workflow_execution: Some(execution(workflow_id)),
            fast_forward_id: id.clone(),
        };
        match service
            .poll_workflow_execution_time_skipping(poll.into_request())
            .await
        {
            Err(status) if ended(&status) => return Ok(()),
            // 1: not yet (the poll ends after 20 s). Anything else: there, or ended before.
            Ok(answer) if answer.get_ref().fast_forward_polling_result == 1 => {}
            answer => {
                answer?;
                return Ok(());
            }
        }
    }
}

/// Waits until no timer of the workflow that ends by `until` is left. The server says that a jump is done when
/// the clock is there, and fires a timer that ended on the way some milliseconds later; the next jump would
/// leap over it.
async fn due_timers_fire(client: &Client, workflow_id: &str, until: Timestamp) -> Result<()> {
    loop {
        let request = service::GetWorkflowExecutionHistoryReverseRequest {
            namespace: client.options().namespace.clone(),
            execution: Some(execution(workflow_id)),
            maximum_page_size: NEWEST_EVENTS,
            next_page_token: Vec::new(),
        };
        let mut service = client.connection().workflow_service();
        let newest = match service
            .get_workflow_execution_history_reverse(request.into_request())
            .await
        {
            Err(status) if ended(&status) => return Ok(()),
            answer => answer?.into_inner().history.unwrap_or_default().events,
        };
        if !has_timer_due(&newest, until) {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Whether a timer that ends by `until` has been started and not ended; the newest event comes first.
fn has_timer_due(newest: &[history::HistoryEvent], until: Timestamp) -> bool {
    let mut over = HashSet::new();
    for event in newest {
        match &event.attributes {
            Some(Attributes::TimerFiredEventAttributes(fired)) => {
                over.insert(fired.started_event_id);
            }
            Some(Attributes::TimerCanceledEventAttributes(cancelled)) => {
                over.insert(cancelled.started_event_id);
            }
            Some(Attributes::TimerStartedEventAttributes(timer)) => {
                let ends = event.event_time.zip(timer.start_to_fire_timeout).and_then(
                    |(started, lasts)| {
                        let started = Timestamp::new(started.seconds, started.nanos).ok()?;
                        started
                            .checked_add(SignedDuration::new(lasts.seconds, lasts.nanos))
                            .ok()
                    },
                );
                if !over.contains(&event.event_id) && ends.is_some_and(|ends| ends <= until) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// The workflow ended in the meantime, so there is nothing to take ahead.
fn ended(status: &Status) -> bool {
    matches!(status.code(), Code::NotFound | Code::FailedPrecondition)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: i64, attributes: Attributes) -> history::HistoryEvent {
        history::HistoryEvent {
            event_id: id,
            event_time: Some(std::time::UNIX_EPOCH.into()),
            attributes: Some(attributes),
            ..Default::default()
        }
    }

    #[test]
    fn a_timer_is_due_until_it_has_fired_or_was_cancelled() {
        let started = || {
            event(
                7,
                Attributes::TimerStartedEventAttributes(history::TimerStartedEventAttributes {
                    start_to_fire_timeout: Some(Duration::from_secs(60).try_into().unwrap()),
                    ..Default::default()
                }),
            )
        };
        let fired = Attributes::TimerFiredEventAttributes(history::TimerFiredEventAttributes {
            started_event_id: 7,
            ..Default::default()
        });
        let cancelled =
            Attributes::TimerCanceledEventAttributes(history::TimerCanceledEventAttributes {
                started_event_id: 7,
                ..Default::default()
            });
        let at = |second| Timestamp::from_second(second).unwrap();

        assert!(has_timer_due(&[started()], at(60)));
        assert!(!has_timer_due(&[started()], at(59)));
        for over in [fired, cancelled] {
            assert!(!has_timer_due(&[event(8, over), started()], at(60)));
        }
    }
}
