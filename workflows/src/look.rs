//! Waiting until a time, or until somebody says "look again".

use std::time::Duration;

use domain::ids::{DeliveryId, TenantId};
use jiff::{SignedDuration, Timestamp};
use temporalio_workflow::{
    ActivityOptions, LocalActivityOptions, RetryPolicy, TimerOptions, WorkflowContext,
    WorkflowResult, join_all, select,
};

use crate::{
    contract::{BulkActivities, DeliveryInput},
    names::{BULK_QUEUE, DIAL_QUEUE, HEARTBEAT},
};

/// A process that can be told to look again. Counting the signals, rather than noting that there was one,
/// closes the race of a fact that changes between the load and the wait.
pub(crate) trait Looks {
    fn looks(&self) -> u64;
}

/// Pause before asking again when the database could not be asked.
pub(crate) const UNREACHABLE: Duration = Duration::from_secs(10);

/// The workflow's own time. The first task of a run always carries one.
pub(crate) fn now<W>(ctx: &WorkflowContext<W>) -> Timestamp {
    ctx.workflow_time()
        .and_then(|time| Timestamp::try_from(time).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Returns at `until`, or as soon as there were more signals than `seen`.
pub(crate) async fn wait<W: Looks + 'static>(
    ctx: &mut WorkflowContext<W>,
    seen: u64,
    until: Timestamp,
) -> WorkflowResult<()> {
    let length = until
        .duration_since(now(ctx))
        .max(SignedDuration::ZERO)
        .unsigned_abs();
    pause(ctx, seen, length).await
}

/// As [`wait`], for a length of time.
pub(crate) async fn pause<W: Looks + 'static>(
    ctx: &mut WorkflowContext<W>,
    seen: u64,
    length: Duration,
) -> WorkflowResult<()> {
    // A dropped timer lives on in the server: it gets a token of its own, which is cancelled below.
    let token = ctx.cancellation_token().child_token();
    let mut timer = ctx.timer(
        TimerOptions::builder(length)
            .cancellation_token(token.clone())
            .build(),
    );
    let looked = select! {
        looked = ctx.wait_condition(|state: &W| state.looks() != seen) => looked,
        _ = timer => Ok(()),
    };
    token.cancel();
    Ok(looked?)
}

/// For short database steps. A few quick tries; after that the process pauses and asks with a fresh time,
/// because a decision must not be taken by the time of an hour ago.
pub(crate) fn beside() -> LocalActivityOptions {
    LocalActivityOptions::builder()
        .start_to_close_timeout(Duration::from_secs(10))
        .schedule_to_close_timeout(Duration::from_secs(20))
        .retry_policy(
            RetryPolicy::builder()
                .initial_interval(Duration::from_millis(100))
                .maximum_interval(Duration::from_secs(2))
                .maximum_attempts(6)
                .build(),
        )
        .build()
}

/// For requests to the provider. What a dead worker left is found by the next step, so a failed try is not
/// repeated here. The timeout is beyond the longest request (60 s) with its two transactions.
pub(crate) fn at_provider(summary: &str) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(120))
        .task_queue(DIAL_QUEUE.to_owned())
        .heartbeat_timeout(HEARTBEAT)
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .summary(summary)
        .build()
}

/// For what talks to other systems and is not a call. Not repeated here either: what a failure means is decided
/// from what was recorded of it.
pub(crate) fn in_bulk(summary: &str) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(120))
        .task_queue(BULK_QUEUE.to_owned())
        .heartbeat_timeout(HEARTBEAT)
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .summary(summary)
        .build()
}

/// As [`in_bulk`], given up when nobody takes it up within a minute.
pub(crate) fn soon_in_bulk(summary: &str) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(120))
        .task_queue(BULK_QUEUE.to_owned())
        .schedule_to_start_timeout(Duration::from_secs(60))
        .heartbeat_timeout(HEARTBEAT)
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .summary(summary)
        .build()
}

/// Sends messages at the same time: a channel that hangs must not hold up another. What became of each is
/// recorded, not answered; where nothing could be recorded, there is a pause before the next look.
pub(crate) async fn send_all<W: Looks + 'static>(
    ctx: &mut WorkflowContext<W>,
    seen: u64,
    tenant: TenantId,
    deliveries: Vec<DeliveryId>,
) -> WorkflowResult<()> {
    let sends = deliveries.into_iter().map(|delivery| {
        let input = DeliveryInput { tenant, delivery };
        ctx.execute_activity(
            BulkActivities::send_message,
            input,
            in_bulk("send a message"),
        )
    });
    let sent = join_all(sends.collect::<Vec<_>>()).await;
    if sent.iter().any(Result::is_err) {
        pause(ctx, seen, UNREACHABLE).await?;
    }
    Ok(())
}
