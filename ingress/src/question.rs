//! What a voice agent asks about a caller while the phone rings: answered from the database within a fixed time,
//! and with the safe, empty answer when that fails (MEM-3).

use std::time::{Duration, Instant};

use domain::{alert::AlertCause, ids::ContextId};
use providers::source::SourceKind;
use serde_json::Value;
use store::{Arrival, Arrived, ContextEntry, Seen, Source, Store, TenantTx, Trouble};
use tokio::sync::Semaphore;

use crate::{
    app::App,
    caller_question::{self, CallerQuestion},
    memory::{self, Found},
    provider::column_text,
    telemetry,
    trace::Trace,
};

/// Between tries to record a question that could not be answered, and how many there are: the database may be away.
const RECORD_AGAIN: Duration = Duration::from_secs(5);
const RECORD_TRIES: u32 = 120;
/// As many wait to be recorded at once. Of more the metric and the log tell, and the alert, which is one for all.
static RECORDERS: Semaphore = Semaphore::const_new(1_000);
/// The same, of questions that were refused: however many come, looking others up must not wait for it.
static REFUSED_RECORDERS: Semaphore = Semaphore::const_new(2);

/// A question whose signature was checked.
pub(crate) struct Asked<'a> {
    pub(crate) source: &'a Source,
    pub(crate) provider: SourceKind,
    pub(crate) body: &'a [u8],
    pub(crate) trace: &'a Trace,
    pub(crate) since: Instant,
}

impl Asked<'_> {
    /// What is left of the time for an answer: somebody has been waiting since the request came.
    pub(crate) fn rest_of(&self, limit: Duration) -> Duration {
        limit.saturating_sub(self.since.elapsed())
    }
}

/// Why the answer is the empty one.
#[derive(Debug, Clone, Copy)]
enum Failure {
    TimedOut,
    Failed,
    Unreadable,
    /// More is asked than may be looked up.
    Refused,
}

impl Failure {
    const fn code(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Failed => "failed",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
        }
    }
}

/// The answer's JSON. There always is one.
pub(crate) async fn answer(app: &App, asked: &Asked<'_>) -> Vec<u8> {
    let limit = asked.rest_of(app.config.question_time_limit);
    let id = ContextId::generate();
    let found = match caller_question::read(asked.provider, asked.body) {
        Ok(question) => tokio::time::timeout(limit, find(&app.store, id, asked, &question, limit))
            .await
            .map_err(|_| Failure::TimedOut)
            .and_then(|found| found.map_err(|error| failed(&error))),
        Err(problem) => {
            tracing::error!(%problem, "the question about a caller cannot be read");
            Err(Failure::Unreadable)
        }
    };
    found.unwrap_or_else(|failure| unanswered(app, id, asked, failure))
}

/// The answer while more is asked than may be looked up. A flood of these costs next to nothing: few are recorded at
/// once, and of the others the metric tells.
pub(crate) fn refused(app: &App, asked: &Asked<'_>) -> Vec<u8> {
    match REFUSED_RECORDERS.try_acquire() {
        Ok(place) => {
            let id = ContextId::generate();
            let unanswered = Unanswered::of(id, asked, Failure::Refused);
            tell(Failure::Refused);
            let (store, answer) = (app.store.clone(), unanswered.answer.clone());
            tokio::spawn(async move {
                recorded(store, unanswered).await;
                drop(place);
            });
            answer
        }
        Err(_) => {
            telemetry::caller_unanswered(Failure::Refused.code());
            caller_question::safe_answer(asked.provider, asked.source)
        }
    }
}

/// The safe answer, of which somebody is told.
fn unanswered(app: &App, id: ContextId, asked: &Asked<'_>, failure: Failure) -> Vec<u8> {
    tell(failure);
    let unanswered = Unanswered::of(id, asked, failure);
    let answer = unanswered.answer.clone();
    tokio::spawn(recorded(app.store.clone(), unanswered));
    answer
}

fn tell(failure: Failure) {
    telemetry::caller_unanswered(failure.code());
    tracing::error!(
        alert = true,
        failure = failure.code(),
        "a caller was answered without a look at who it is"
    );
}

fn failed(error: &store::Error) -> Failure {
    tracing::error!(
        error = error as &dyn std::error::Error,
        "the question about a caller failed"
    );
    Failure::Failed
}

/// Finds the answer, and keeps it before it is sent.
async fn find(
    store: &Store,
    id: ContextId,
    asked: &Asked<'_>,
    question: &CallerQuestion,
    limit: Duration,
) -> store::Result<Vec<u8>> {
    let now = asked.trace.arrived_at;
    let mut tx = store.tenant(asked.source.tenant).begin().await?;
    tx.hurry(limit).await?;
    let settings = tx.tenant_row().await?.settings;
    let found = memory::of(&mut tx, question, &settings, now).await?;
    let answer = caller_question::answer(asked.provider, &found, &settings, id);
    let sent: Value = serde_json::from_slice(&answer)?;
    tx.log_context(&ContextEntry {
        id,
        provider: asked.provider.code(),
        provider_call_id: question.provider_call_id.as_deref(),
        call: None,
        caller: Some(found.caller.caller.code()),
        contact: found.contact(),
        e164: found.caller.e164(),
        line: question.to_number.as_deref().map(column_text).as_deref(),
        agent_id: question.agent_id.as_deref().map(column_text).as_deref(),
        line_problem: found.line_problem().map(|problem| problem.code()),
        answer: &sent,
        failure: None,
        took_ms: milliseconds(asked.since),
        request_id: Some(&asked.trace.request_id),
        trace_id: Some(&asked.trace.trace_id),
        asked_at: asked.trace.arrived_at,
    })
    .await?;
    if let Some(provider_call_id) = &question.provider_call_id {
        let arrival = arrived(&mut tx, asked, question, &found, provider_call_id).await?;
        tx.context_belongs(id, asked.provider.code(), provider_call_id)
            .await?;
        tx.after_arrival(arrival, asked.trace.arrived_at).await?;
    }
    if let Some(problem) = found.line_problem() {
        tx.unknown_line(problem, asked.trace.arrived_at).await?;
    }
    tx.commit().await?;
    tracing::info!(
        context.id = %id,
        caller = found.caller.caller.code(),
        line_problem = found.line_problem().map(|problem| problem.code()),
        "a caller was looked up"
    );
    Ok(answer)
}

/// The provider has made the call already: it becomes one of ours before the answer is sent.
async fn arrived(
    tx: &mut TenantTx,
    asked: &Asked<'_>,
    question: &CallerQuestion,
    found: &Found,
    provider_call_id: &str,
) -> store::Result<Arrival> {
    let arrived = Arrived {
        provider: asked.provider.code(),
        provider_call_id,
        caller: &found.caller,
        line: found.line,
        to_number: question.to_number.as_deref(),
        was_asked_about: true,
    };
    tx.call_arrived(&arrived, asked.trace.arrived_at).await
}

fn milliseconds(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_millis()).unwrap_or(u32::MAX)
}

/// What is kept of a question that was not answered.
struct Unanswered {
    /// That of the answer that was not ready: its record may have been stored all the same.
    id: ContextId,
    tenant: domain::ids::TenantId,
    provider: &'static str,
    failure: Failure,
    /// What was sent.
    answer: Vec<u8>,
    took_ms: u32,
    trace: Trace,
}

impl Unanswered {
    fn of(id: ContextId, asked: &Asked<'_>, failure: Failure) -> Self {
        Self {
            id,
            tenant: asked.source.tenant,
            provider: asked.provider.code(),
            failure,
            answer: caller_question::safe_answer(asked.provider, asked.source),
            took_ms: milliseconds(asked.since),
            trace: asked.trace.clone(),
        }
    }

    async fn record(&self, store: &Store) -> store::Result<()> {
        let answer: Value = serde_json::from_slice(&self.answer)?;
        let mut tx = store.tenant(self.tenant).begin().await?;
        tx.log_context(&ContextEntry {
            id: self.id,
            provider: self.provider,
            provider_call_id: None,
            call: None,
            caller: None,
            contact: None,
            e164: None,
            line: None,
            agent_id: None,
            line_problem: None,
            answer: &answer,
            failure: Some(self.failure.code()),
            took_ms: self.took_ms,
            request_id: Some(&self.trace.request_id),
            trace_id: Some(&self.trace.trace_id),
            asked_at: self.trace.arrived_at,
        })
        .await?;
        let trouble = Trouble::of_code(AlertCause::CallerUnanswered, self.failure.code());
        tx.raise(&trouble, Seen::Occurred, self.trace.arrived_at)
            .await?;
        tx.commit().await
    }
}

/// Somebody is to hear of it, however long the database is away (within ten minutes).
async fn recorded(store: Store, unanswered: Unanswered) {
    let Ok(_waits) = RECORDERS.try_acquire() else {
        return;
    };
    for _ in 0..RECORD_TRIES {
        match unanswered.record(&store).await {
            Ok(()) => return,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an unanswered caller could not be recorded yet"
                );
                tokio::time::sleep(RECORD_AGAIN).await;
            }
        }
    }
}
