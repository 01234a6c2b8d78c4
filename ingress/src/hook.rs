//! `POST /hooks/{source_key}`: verify, commit, answer.

use std::{
    sync::{Arc, PoisonError},
    time::Instant,
};

use axum::{
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use domain::ids::EventId;
use providers::redact::kept_headers;
use store::{NewEvent, Source};
use tokio::sync::SemaphorePermit;
use tracing::{Instrument, Span, field};

use crate::{
    app::App,
    batch::NotStored,
    body::Received,
    config::Rate,
    function,
    provider::{Head, Outline, Provider, Question},
    question::{self, Asked},
    refusal::Refusal,
    sources::masked_key,
    spool::SpooledEvent,
    telemetry::{self, InFlight},
    trace::Trace,
};

/// Refusals written to the log; the metrics count all of them. A storm must not fill a disk.
pub(crate) const LOGGED_REFUSALS: Rate = Rate {
    per_second: 20,
    burst: 200,
};

/// A webhook that is durable, or a question that was answered.
struct Accepted {
    provider: Provider,
    outcome: Outcome,
    /// JSON, for those who asked something.
    answer: Option<Vec<u8>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Stored,
    /// It was stored before.
    Duplicate,
    /// On this machine's disk: the database is away, or fails.
    Spooled,
    /// A question, which is no event.
    Answered,
}

impl Outcome {
    fn status(self) -> StatusCode {
        match self {
            // A duplicate is answered just as the first was.
            Self::Stored | Self::Duplicate => StatusCode::NO_CONTENT,
            Self::Spooled => StatusCode::ACCEPTED,
            Self::Answered => StatusCode::OK,
        }
    }

    /// The metric's label.
    fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Duplicate => "duplicate",
            Self::Spooled => "spooled",
            Self::Answered => "answered",
        }
    }
}

/// A webhook whose signature was checked. Only [`verified`] makes one.
struct Verified {
    source: Arc<Source>,
    provider: Provider,
    body: Received,
}

pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    key: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let started = Instant::now();
    let (parts, mut body) = request.into_parts();
    let trace = Trace::of(&parts.headers);
    let span = span(&trace);
    telemetry::received();
    let _in_flight = InFlight::begins();
    let work = async {
        // What is no text is no key.
        let key = key.map(|Path(key)| key).unwrap_or_default();
        let head = Head {
            uri: &parts.uri,
            headers: &parts.headers,
        };
        let result = accept(&app, &key, head, &mut body, &trace, started).await;
        if let Err(Refusal::UnknownSource) = result {
            Span::current().record("source", masked_key(&key));
        }
        if result.is_err() && !parts.headers.contains_key("expect") {
            app.bodies.drain(&mut body).await;
        }
        result
    };
    let result = work.instrument(span.clone()).await;
    span.in_scope(|| conclude(&app, &result, started));
    answer(result, &trace)
}

fn span(of: &Trace) -> Span {
    let span = tracing::info_span!(
        "webhook",
        request_id = of.request_id,
        trace_id = of.trace_id,
        span_id = of.span_id,
        parent_span_id = of.parent_span_id,
        source = field::Empty,
        tenant = field::Empty,
        event_type = field::Empty,
        event_id = field::Empty,
    );
    ::trace::join(&span, &of.trace_id, &of.span_id);
    span
}

async fn accept(
    app: &App,
    key: &str,
    head: Head<'_>,
    body: &mut Body,
    trace: &Trace,
    since: Instant,
) -> Result<Accepted, Refusal> {
    let (_place, busy) = place(app)?;
    let source = app
        .sources
        .get(key)
        .await
        .map_err(|_| Refusal::SourceUnavailable)?;
    let source = source.ok_or(Refusal::UnknownSource)?;
    Span::current()
        .record("source", field::display(source.id))
        .record("tenant", field::display(source.tenant));
    let too_much = busy.or_else(|| within_rates(app, &source).err());
    let body = app.bodies.read(body).await?;
    let is_looked_up = match too_much {
        Some(refusal) => only_questions(app, &source, head, &body, refusal)?,
        None => true,
    };
    let verified = match is_looked_up {
        true => verified(app, key, source, head, body).await?,
        false => verified_as_known(app, source, head, body)?,
    };
    let outline =
        verified
            .provider
            .outline(&verified.source, head.headers, &verified.body.bytes)?;
    Span::current().record("event_type", &outline.event_type);
    if let Some(question) = verified.provider.asks(&outline.event_type) {
        let asked = Asked {
            source: &verified.source,
            provider: verified.provider.kind(),
            body: &verified.body.bytes,
            trace,
            since,
        };
        let answer = match question {
            Question::Caller if is_looked_up => question::answer(app, &asked).await,
            Question::Caller => question::refused(app, &asked),
            Question::Function => function::answer(app, &asked).await?,
        };
        return Ok(Accepted {
            provider: verified.provider,
            outcome: Outcome::Answered,
            answer: Some(answer),
        });
    }
    store(app, verified, outline, head.headers, trace).await
}

/// A place among the requests under way; one of the reserve, for questions only, when the others are taken.
fn place(app: &App) -> Result<(SemaphorePermit<'_>, Option<Refusal>), Refusal> {
    if let Ok(place) = app.in_flight.try_acquire() {
        return Ok((place, None));
    }
    let reserve = app.question_reserve.try_acquire();
    let place = reserve.map_err(|_| Refusal::Busy)?;
    Ok((place, Some(Refusal::Busy)))
}

/// A webhook that is refused is sent again, and so is a function. Who calls is asked once, while somebody waits on the
/// phone: however much else is sent, some questions are answered, and of the others `false` says that the caller is not to
/// be looked up.
fn only_questions(
    app: &App,
    source: &Source,
    head: Head<'_>,
    body: &Received,
    refusal: Refusal,
) -> Result<bool, Refusal> {
    let provider = Provider::of(source)?;
    let outline = provider.outline(source, head.headers, &body.bytes);
    let question = outline
        .ok()
        .and_then(|outline| provider.asks(&outline.event_type));
    let take = || app.question_rates.take(source.id.uuid(), Instant::now());
    match question {
        Some(_) if take().is_ok() => Ok(true),
        Some(Question::Caller) => Ok(false),
        Some(Question::Function) | None => Err(refusal),
    }
}

fn within_rates(app: &App, source: &Source) -> Result<(), Refusal> {
    let now = Instant::now();
    app.source_rates
        .take(source.id.uuid(), now)
        .map_err(|wait| Refusal::SourceRate { wait })?;
    app.tenant_rates
        .take(source.tenant.uuid(), now)
        .map_err(|wait| Refusal::TenantRate { wait })
}

/// Checks the signature over the bytes as they came. When none of the remembered secrets made it, a
/// secret may have been added since the source was read: one more look decides.
async fn verified(
    app: &App,
    key: &str,
    source: Arc<Source>,
    head: Head<'_>,
    body: Received,
) -> Result<Verified, Refusal> {
    let tolerance = app.config.timestamp_tolerance;
    let provider = Provider::of(&source)?;
    let problem = match provider.verify(&source, head, &body.bytes, tolerance) {
        Ok(()) => {
            return Ok(Verified {
                source,
                provider,
                body,
            });
        }
        Err(problem) => problem,
    };
    if !problem.may_be_a_new_secret() {
        return Err(problem);
    }
    let source = app.sources.renew(key, &source).await.ok_or(problem)?;
    verified_as_known(app, source, head, body)
}

/// By the secrets that are remembered: nothing is read.
fn verified_as_known(
    app: &App,
    source: Arc<Source>,
    head: Head<'_>,
    body: Received,
) -> Result<Verified, Refusal> {
    let provider = Provider::of(&source)?;
    provider.verify(&source, head, &body.bytes, app.config.timestamp_tolerance)?;
    Ok(Verified {
        source,
        provider,
        body,
    })
}

async fn store(
    app: &App,
    verified: Verified,
    outline: Outline,
    headers: &HeaderMap,
    trace: &Trace,
) -> Result<Accepted, Refusal> {
    let Verified {
        source,
        provider,
        body,
    } = verified;
    let text = headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let event = NewEvent {
        id: EventId::generate(),
        tenant: source.tenant,
        source: Some(source.id),
        provider: provider.name(),
        event_type: outline.event_type,
        dedupe_key: outline.dedupe_key,
        call: outline.call,
        provider_call_id: outline.provider_call_id,
        priority: outline.priority,
        arrived_at: Some(trace.arrived_at),
        headers: kept_headers(text).into_iter().collect(),
        body: provider.stored_body(body.bytes),
        request_id: Some(trace.request_id.clone()),
        trace_id: Some(trace.trace_id.clone()),
        span_id: Some(trace.span_id.clone()),
    };
    let (id, outcome) = durable(app, event, trace).await?;
    // The share of memory is held until here: the queue and the commit hold the bytes.
    drop(body.share);
    Span::current().record("event_id", field::display(id));
    Ok(Accepted {
        provider,
        outcome,
        answer: None,
    })
}

/// Stores an event: in the database, or in the spool when that does not take it for a cause that is not surely the
/// event's own.
async fn durable(app: &App, event: NewEvent, trace: &Trace) -> Result<(EventId, Outcome), Refusal> {
    let spare = app
        .keeper
        .as_ref()
        .map(|keeper| (keeper, SpooledEvent::new(event.clone(), trace.arrived_at)));
    match (app.intake.append(event).await, spare) {
        (Ok(appended), _) if appended.duplicate => Ok((appended.id, Outcome::Duplicate)),
        (Ok(appended), _) => Ok((appended.id, Outcome::Stored)),
        (Err(NotStored::Away | NotStored::TimedOut | NotStored::Failed), Some((keeper, event))) => {
            let id = event.id;
            keeper.keep(event).await.map_err(Refusal::NotKept)?;
            Ok((id, Outcome::Spooled))
        }
        (Err(reason), _) => Err(Refusal::NotStored(reason)),
    }
}

fn conclude(app: &App, result: &Result<Accepted, Refusal>, started: Instant) {
    let took = started.elapsed();
    let duration_ms = took.as_secs_f64() * 1_000.0;
    match result {
        Ok(accepted) => {
            let Accepted {
                provider, outcome, ..
            } = accepted;
            match outcome {
                Outcome::Answered => {}
                Outcome::Spooled => telemetry::spooled(provider.name()),
                Outcome::Stored => telemetry::stored(provider.name(), false),
                Outcome::Duplicate => telemetry::stored(provider.name(), true),
            }
            telemetry::answered(outcome.word(), took);
            tracing::info!(
                status = outcome.status().as_u16(),
                duration_ms,
                outcome = outcome.word(),
                "webhook accepted"
            );
        }
        Err(refusal) => {
            telemetry::refused(refusal.reason());
            telemetry::answered("refused", took);
            let mut budget = app
                .logged_refusals
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if budget.take(LOGGED_REFUSALS, Instant::now()).is_ok() {
                let (status, reason) = (refusal.status().as_u16(), refusal.reason());
                tracing::warn!(status, duration_ms, reason, cause = %refusal, "webhook refused");
            }
        }
    }
}

fn answer(result: Result<Accepted, Refusal>, trace: &Trace) -> Response {
    let mut response = match result {
        Ok(accepted) => match accepted.answer {
            Some(json) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
            None => accepted.outcome.status().into_response(),
        },
        Err(refusal) => refusal.into_response(),
    };
    if let Ok(id) = HeaderValue::from_str(&trace.request_id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}
