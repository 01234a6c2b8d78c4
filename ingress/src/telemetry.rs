//! What an operator can measure: the names of the metrics, in one place.

use std::{error::Error, time::Duration};

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::spool::Spool;

const RECEIVED: &str = "bellhop_webhooks_received_total";
const STORED: &str = "bellhop_webhooks_stored_total";
const DUPLICATE: &str = "bellhop_webhooks_duplicate_total";
const REFUSED: &str = "bellhop_webhooks_refused_total";
const ANSWERED: &str = "bellhop_webhook_seconds";
const IN_FLIGHT: &str = "bellhop_webhooks_in_flight";
const QUEUE_DEPTH: &str = "bellhop_webhook_queue_depth";
const BATCH_SIZE: &str = "bellhop_webhook_batch_events";
const COMMIT: &str = "bellhop_webhook_commit_seconds";
const AWAY: &str = "bellhop_ingress_database_away";
const SPOOLED: &str = "bellhop_webhooks_spooled_total";
const DRAINED: &str = "bellhop_webhooks_drained_total";
const SPOOL_WAITING: &str = "bellhop_spool_waiting";
const SPOOL_ASIDE: &str = "bellhop_spool_set_aside";
const UNANSWERED: &str = "bellhop_callers_unanswered_total";
const STATUS_ASKED: &str = "bellhop_call_status_requests_total";
const STREAMS: &str = "bellhop_call_streams";
const SPOOL_BYTES: &str = "bellhop_spool_bytes";

/// Bucket bounds by metric name, for the recorder that the process installs.
pub const BUCKETS: &[(&str, &[f64])] = &[
    (
        ANSWERED,
        &[
            0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
        ],
    ),
    (
        COMMIT,
        &[
            0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
        ],
    ),
    (
        BATCH_SIZE,
        &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0],
    ),
];

/// Gives every metric its help text. Counters start at zero, so that a rate has something to start from.
pub(crate) fn describe() {
    describe_counter!(
        RECEIVED,
        "Webhook requests that reached an endpoint, whatever became of them"
    );
    describe_counter!(STORED, "Webhooks committed for the first time, by provider");
    describe_counter!(
        DUPLICATE,
        "Webhooks that had been committed before, by provider"
    );
    describe_counter!(REFUSED, "Webhooks not taken, by reason");
    describe_histogram!(
        ANSWERED,
        Unit::Seconds,
        "From a webhook's headers to its answer, by outcome"
    );
    describe_gauge!(IN_FLIGHT, "Webhooks being received or committed");
    describe_gauge!(QUEUE_DEPTH, "Verified webhooks waiting for a commit");
    describe_histogram!(BATCH_SIZE, Unit::Count, "Events in one commit");
    describe_histogram!(COMMIT, Unit::Seconds, "Duration of one commit");
    describe_counter!(
        STATUS_ASKED,
        "Questions about calls, by what was asked for and what became of it"
    );
    describe_gauge!(STREAMS, "Open streams of those who follow calls");
    describe_gauge!(AWAY, "1 while the database is known to be away");
    describe_counter!(
        SPOOLED,
        "Webhooks kept on this machine's disk while the database was away, by provider"
    );
    describe_counter!(
        DRAINED,
        "Webhooks of the spool that are in the database now, by provider"
    );
    describe_counter!(
        UNANSWERED,
        "Questions of voice agents that got the empty answer, by reason"
    );
    describe_gauge!(
        SPOOL_WAITING,
        "Webhooks in the spool that wait for the database"
    );
    describe_gauge!(
        SPOOL_ASIDE,
        "Webhooks of the spool that were set aside: nobody processes them"
    );
    describe_gauge!(SPOOL_BYTES, Unit::Bytes, "Size of what the spool keeps");
    counter!(RECEIVED).absolute(0);
    gauge!(IN_FLIGHT).set(0);
    gauge!(QUEUE_DEPTH).set(0);
    gauge!(AWAY).set(0);
}

/// What was asked for of a call, and what became of it.
pub(crate) fn status_asked(what: &'static str, result: &'static str) {
    counter!(STATUS_ASKED, "what" => what, "result" => result).increment(1);
}

/// How many streams are open.
pub(crate) fn streams(open: usize) {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a gauge needs no more than a float's digits"
    )]
    gauge!(STREAMS).set(open as f64);
}

pub(crate) fn received() {
    counter!(RECEIVED).increment(1);
}

pub(crate) fn stored(provider: &'static str, duplicate: bool) {
    counter!(if duplicate { DUPLICATE } else { STORED }, "provider" => provider).increment(1);
}

pub(crate) fn spooled(provider: &'static str) {
    counter!(SPOOLED, "provider" => provider).increment(1);
}

pub(crate) fn caller_unanswered(reason: &'static str) {
    counter!(UNANSWERED, "reason" => reason).increment(1);
}

pub(crate) fn drained(provider: &'static str) {
    counter!(DRAINED, "provider" => provider).increment(1);
}

/// What a spool holds. Waits while it is being written.
pub(crate) fn spool(spool: &Spool) {
    for (name, number) in [
        (SPOOL_WAITING, spool.len()),
        (SPOOL_ASIDE, spool.aside_len()),
        (SPOOL_BYTES, spool.bytes()),
    ] {
        gauge!(name).set(number as f64);
    }
}

pub(crate) fn refused(reason: &'static str) {
    counter!(REFUSED, "reason" => reason).increment(1);
}

pub(crate) fn answered(outcome: &'static str, took: Duration) {
    histogram!(ANSWERED, "outcome" => outcome).record(took);
}

pub(crate) fn queue_depth(depth: usize) {
    gauge!(QUEUE_DEPTH).set(u32::try_from(depth).unwrap_or(u32::MAX));
}

pub(crate) fn batch_size(events: usize) {
    histogram!(BATCH_SIZE).record(f64::from(u32::try_from(events).unwrap_or(u32::MAX)));
}

pub(crate) fn commit_took(took: Duration) {
    histogram!(COMMIT).record(took);
}

pub(crate) fn database_away(away: bool) {
    gauge!(AWAY).set(if away { 1 } else { 0 });
}

/// Counts one webhook as in flight for as long as it lives.
pub(crate) struct InFlight(());

impl InFlight {
    pub(crate) fn begins() -> Self {
        gauge!(IN_FLIGHT).increment(1);
        Self(())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        gauge!(IN_FLIGHT).decrement(1);
    }
}

/// An error with everything that caused it, in one line for a log.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// What the database has against an event, by its code: the text may quote the event.
pub(crate) fn reason(error: &store::Error) -> String {
    match error.sqlstate() {
        Some(code) => format!("the database refuses it (SQLSTATE {code})"),
        None => format!("it cannot be stored: {error}"),
    }
}
