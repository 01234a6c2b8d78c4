//! The relay: turns outbox rows into "look again", and deletes them when Temporal has taken them.
//!
//! Runs beside every ingress and every core worker; rows are skipped while another relay holds them.

use std::{collections::HashSet, time::Duration};

use futures::{StreamExt, stream};
use store::{Store, Wake};
use temporalio_client::{
    Client, RetryOptions, RpcOptions, WorkflowStartOptions, errors::WorkflowStartError, tonic::Code,
};
use temporalio_common::{
    Priority,
    search_attributes::{SearchAttributeKey, SearchAttributes},
};
use tokio::sync::Notify;
use workflows::{
    AppointmentReminder, EventProcessing, PhoneCall,
    contract::{CallInput, EventInput, ReminderInput},
    names,
};

/// Rows taken in one turn, and how many of them are delivered at the same time. When every delivery takes
/// as long as it may (5 s), the turn ends before the database takes its transaction for dead (30 s).
const BATCH: i64 = 64;
const AT_ONCE: usize = 16;
/// A turn ends after this long, delivered or not: its rows are locked meanwhile, and a transaction that says
/// nothing for 30 s is ended by the database.
const TURN: Duration = Duration::from_secs(15);
/// Looks at the outbox even when nobody says that there is something new: it finds what other processes
/// wrote, and what a crash left.
const SWEEP: Duration = Duration::from_millis(250);
/// Reminders that one relay wakes in a second while many wait: an import of tens of thousands. The engine takes
/// starts quicker than workers can serve them, and serves slowly what it has to keep back.
const REMINDERS_PER_SECOND: f64 = 50.0;
/// Pause while the database or Temporal cannot be reached.
const UNREACHABLE: Duration = Duration::from_secs(1);

/// Delivers until `stop` resolves. `fresh` is told by whoever just committed rows in this process.
pub async fn run(client: &Client, store: &Store, fresh: &Notify, stop: impl Future<Output = ()>) {
    let mut stop = std::pin::pin!(stop);
    loop {
        let mut reminders = 0;
        let relayed = store.relay(BATCH, |wakes| {
            reminders = wakes.iter().filter(is_reminder).count();
            deliver(client, wakes)
        });
        let pause = match relayed.await {
            // A single row that cannot be delivered must not slow the others down.
            Ok((found, 0)) if found > 0 => UNREACHABLE,
            Ok((found, _)) if found as i64 == BATCH => {
                Duration::from_secs_f64(reminders as f64 / REMINDERS_PER_SECOND)
            }
            Ok(_) => SWEEP,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the outbox cannot be read"
                );
                UNREACHABLE
            }
        };
        tokio::select! {
            () = &mut stop => return,
            () = fresh.notified(), if pause == SWEEP => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn is_reminder(wake: &&Wake) -> bool {
    matches!(wake, Wake::Reminder(..))
}

/// Several rows for one process become one signal.
async fn deliver(client: &Client, wakes: Vec<Wake>) -> Vec<bool> {
    let distinct: HashSet<Wake> = wakes.iter().copied().collect();
    let delivered: HashSet<Wake> = stream::iter(distinct)
        .map(|wake| async move { signal(client, wake).await.then_some(wake) })
        .buffer_unordered(AT_ONCE)
        .take_until(tokio::time::sleep(TURN))
        .filter_map(std::future::ready)
        .collect()
        .await;
    metrics::counter!("bellhop_relay_delivered_total").increment(delivered.len() as u64);
    wakes.iter().map(|wake| delivered.contains(wake)).collect()
}

async fn signal(client: &Client, wake: Wake) -> bool {
    match look_again(client, wake).await {
        Ok(()) => true,
        // A process that ends in this moment takes no signal: the next try starts it anew.
        Err(WorkflowStartError::Rpc(status)) if status.code() == Code::ResourceExhausted => {
            tracing::debug!(
                error = status.message(),
                ?wake,
                "a process is busy; it will be woken soon"
            );
            metrics::counter!("bellhop_relay_busy_total").increment(1);
            false
        }
        Err(error) => {
            tracing::warn!(%error, ?wake, "a process could not be woken; it will be tried again");
            metrics::counter!("bellhop_relay_failed_total").increment(1);
            false
        }
    }
}

/// Wakes the process, starting it when it does not run. A second delivery is harmless.
async fn look_again(client: &Client, wake: Wake) -> Result<(), WorkflowStartError> {
    match wake {
        Wake::Reminder(tenant, appointment) => {
            let options = options(names::reminder_id(appointment), tenant.to_string());
            let input = ReminderInput {
                tenant,
                appointment,
            };
            client
                .signal_with_start_workflow(
                    AppointmentReminder::run,
                    input,
                    AppointmentReminder::look_again,
                    (),
                    options,
                )
                .await?;
        }
        Wake::Call(tenant, call) => {
            let options = options(names::call_id(call), tenant.to_string());
            let input = CallInput { tenant, call };
            client
                .signal_with_start_workflow(
                    PhoneCall::run,
                    input,
                    PhoneCall::look_again,
                    (),
                    options,
                )
                .await?;
        }
        Wake::Event(tenant, event) => {
            let options = options(names::event_id(event), tenant.to_string());
            let input = EventInput { tenant, event };
            client
                .signal_with_start_workflow(
                    EventProcessing::run,
                    input,
                    EventProcessing::look_again,
                    (),
                    options,
                )
                .await?;
        }
    }
    Ok(())
}

fn options(id: String, tenant: String) -> WorkflowStartOptions {
    // No retries here: the row stays, and the sweep comes back to it.
    let rpc = RpcOptions::builder()
        .timeout(Duration::from_secs(5))
        .retry_options(RetryOptions::no_retries())
        .build();
    let attributes = SearchAttributes::new([
        SearchAttributeKey::<String>::keyword(names::TENANT).value_set(tenant.clone())
    ]);
    WorkflowStartOptions::new(names::CORE_QUEUE, id)
        .search_attributes(attributes)
        .priority(Priority::builder().fairness_key(tenant).build())
        .rpc_options(rpc)
        .build()
}
