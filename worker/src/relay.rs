//! The relay: turns outbox rows into "look again", and deletes them when Temporal has taken them.
//!
//! Runs beside every ingress and every core worker; rows are skipped while another relay holds them.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use domain::ids::TenantId;
use futures::{StreamExt, stream};
use store::{Due, Store, Wake};
use temporalio_client::{
    Client, RetryOptions, RpcOptions, WorkflowStartOptions, errors::WorkflowStartError, tonic::Code,
};
use temporalio_common::{
    Priority,
    search_attributes::{SearchAttributeKey, SearchAttributes},
};
use tokio::sync::Notify;
use workflows::{
    Alert, AppointmentReminder, CalendarRefresh, CrmChannel, CrmReconcile, CrmSync,
    EventProcessing, PhoneCall, TenantWatch, TextWork,
    contract::{
        AlertInput, CallInput, EventInput, ReminderInput, TenantInput, TextSubject, TextWorkInput,
        WatchInput,
    },
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
        let relayed = store.relay(BATCH, |due| {
            reminders = due
                .iter()
                .filter(|due| matches!(due.wake, Wake::Reminder(..)))
                .count();
            deliver(client, due)
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

/// Several rows for one process become one signal: the first's, which is the most urgent.
async fn deliver(client: &Client, due: Vec<Due>) -> Vec<bool> {
    let mut distinct: HashMap<Wake, Due> = HashMap::new();
    for each in due.iter().rev() {
        distinct.insert(each.wake, each.clone());
    }
    let delivered: HashSet<Wake> = stream::iter(distinct.into_values())
        .map(|due| async move { signal(client, &due).await.then_some(due.wake) })
        .buffer_unordered(AT_ONCE)
        .take_until(tokio::time::sleep(TURN))
        .filter_map(std::future::ready)
        .collect()
        .await;
    metrics::counter!("bellhop_relay_delivered_total").increment(delivered.len() as u64);
    due.iter()
        .map(|each| delivered.contains(&each.wake))
        .collect()
}

async fn signal(client: &Client, due: &Due) -> bool {
    let wake = due.wake;
    match look_again(client, due).await {
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
async fn look_again(client: &Client, due: &Due) -> Result<(), WorkflowStartError> {
    /// What is the same for each kind of process.
    macro_rules! wake {
        ($process:ident, $tenant:expr, $id:expr, $input:expr) => {
            client
                .signal_with_start_workflow(
                    $process::run,
                    $input,
                    $process::look_again,
                    (),
                    options($id, $tenant, due),
                )
                .await
                .map(|_| ())
        };
    }
    match due.wake {
        Wake::Reminder(tenant, appointment) => {
            let input = ReminderInput {
                tenant,
                appointment,
            };
            wake!(
                AppointmentReminder,
                tenant,
                names::reminder_id(appointment),
                input
            )
        }
        Wake::Call(tenant, call) => {
            wake!(
                PhoneCall,
                tenant,
                names::call_id(call),
                CallInput { tenant, call }
            )
        }
        Wake::Event(tenant, event) => {
            wake!(
                EventProcessing,
                tenant,
                names::event_id(event),
                EventInput { tenant, event }
            )
        }
        Wake::Alert(tenant, alert) => {
            wake!(
                Alert,
                tenant,
                names::alert_id(alert),
                AlertInput { tenant, alert }
            )
        }
        Wake::Tenant(tenant) => {
            let input = WatchInput {
                tenant,
                scheduled: None,
            };
            wake!(TenantWatch, tenant, names::watch_id(tenant), input)
        }
        Wake::Calendars(tenant) => {
            let input = TenantInput { tenant };
            wake!(CalendarRefresh, tenant, names::calendars_id(tenant), input)
        }
        Wake::Reading(tenant) => {
            let of = TextSubject::Reading;
            let input = TextWorkInput { tenant, of };
            wake!(TextWork, tenant, names::reading_id(tenant), input)
        }
        Wake::Sound(tenant, sound) => {
            let of = TextSubject::Sound(sound);
            let input = TextWorkInput { tenant, of };
            wake!(TextWork, tenant, names::sound_id(sound), input)
        }
        Wake::Text(tenant, text) => {
            let of = TextSubject::Text(text);
            let input = TextWorkInput { tenant, of };
            wake!(TextWork, tenant, names::text_id(text), input)
        }
        Wake::Crm(tenant) => {
            let id = names::crm_id(tenant);
            wake!(CrmSync, tenant, id, TenantInput { tenant })
        }
        Wake::CrmChannel(tenant) => {
            let id = names::crm_channel_id(tenant);
            wake!(CrmChannel, tenant, id, TenantInput { tenant })
        }
        Wake::CrmReconcile(tenant) => {
            let id = names::crm_reconcile_id(tenant);
            wake!(CrmReconcile, tenant, id, TenantInput { tenant })
        }
    }
}

fn options(id: String, tenant: TenantId, due: &Due) -> WorkflowStartOptions {
    // No retries here: the row stays, and the sweep comes back to it.
    let rpc = RpcOptions::builder()
        .timeout(Duration::from_secs(5))
        .retry_options(RetryOptions::no_retries())
        .build();
    let tenant = tenant.to_string();
    let of_tenant = SearchAttributeKey::<String>::keyword(names::TENANT).value_set(tenant.clone());
    let of_trace = due
        .trace_id
        .clone()
        .map(|trace| SearchAttributeKey::<String>::keyword(names::TRACE).value_set(trace));
    let attributes = SearchAttributes::new(std::iter::once(of_tenant).chain(of_trace));
    // A tenant's flood stands behind other tenants' work of the same urgency, and everything more urgent
    // before it (HOOK-7).
    let priority = Priority::builder()
        .priority_key(key(due))
        .fairness_key(tenant)
        .build();
    WorkflowStartOptions::new(names::CORE_QUEUE, id)
        .search_attributes(attributes)
        .priority(priority)
        .rpc_options(rpc)
        .build()
}

/// Reminders lie between what somebody waits for and the rest.
fn key(due: &Due) -> u32 {
    match due.wake {
        Wake::Reminder(..) => 2,
        _ => due.priority.temporal_key().into(),
    }
}
