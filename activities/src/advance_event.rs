//! One step of an event that belongs to no call: a try, and what follows from its failure.

use domain::{
    alert::{FailureClass, SendFailure},
    call::Observation,
    event::{AfterFailure, ErrorClass, EventState, RetryScope, after_failure, retry_policy},
    settings::VoiceProvider,
};
use jiff::Timestamp;
use providers::{source::SourceKind, twilio::webhook as twilio, vapi};
use store::{Claim, Error, EventTry, Result, Store, StoredEvent, TenantStore, TenantTx, TryResult};
use tracing::{Instrument, Span};
use workflows::contract::{At, EventInput, EventStep};

use crate::{agent_hook, alarm, arrive, crm, in_time::InTime, lines, texts, transcripts, voice};

/// A try that comes to no result ended with its worker, or met a database that went away. After so many in a
/// row it is the event that kills the worker.
const INTERRUPTIONS: u32 = 20;

pub(crate) async fn advance(store: &Store, input: &At<EventInput>) -> Result<EventStep> {
    let in_time = InTime::starting_now();
    let tenant = store.tenant(input.of.tenant);
    let mut tx = tenant.begin().await?;
    let each = match tx.claim_event(input.of.event, input.now).await? {
        Claim::Settled(state) => return Ok(EventStep::Finished { state }),
        Claim::NotBefore(until) => return Ok(EventStep::Wait { until }),
        Claim::Try(each) => each,
    };
    tx.commit().await?;
    if each.interrupted >= INTERRUPTIONS {
        return failed(&tenant, &each, input, ErrorClass::Interrupted, true).await;
    }
    match processed(&tenant, &each, input.now, in_time).await {
        Ok(state) => Ok(EventStep::Finished { state }),
        Err(error) => {
            let class = class_of(&error);
            tracing::warn!(
                event.id = %each.event.id, event.kind = each.event.event_type, trace_id = each.event.trace_id.as_deref(),
                error = &error as &dyn std::error::Error, class = class.code(), "a try of an event failed"
            );
            if class == ErrorClass::Unavailable {
                release(&tenant, &each).await;
                return Err(error);
            }
            failed(&tenant, &each, input, class, false).await
        }
    }
}

/// If it can be noted at all: the database is only just not there.
async fn release(tenant: &TenantStore, each: &EventTry) {
    let released = async {
        let mut tx = tenant.begin().await?;
        tx.release_try(each).await?;
        tx.commit().await
    };
    if let Err(error) = released.await {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a try stays counted"
        );
    }
}

/// What the event asks for and the end of the try, in one transaction.
async fn processed(
    tenant: &TenantStore,
    each: &EventTry,
    now: Timestamp,
    in_time: InTime,
) -> Result<EventState> {
    let mut tx = tenant.begin().await?;
    let work = follow(&mut tx, each, now).instrument(span_of(&each.event));
    let state = match work.await? {
        Followed::Ended(ended) => {
            tx.end_try(each, &ended.of_try()).await?;
            if ended.is_late {
                tx.erase_event(each.event.id, now).await?;
            } else if transcripts::may_be_in(&each.event) {
                let settings = tx.tenant_row().await?.settings;
                transcripts::forget(&mut tx, &settings, &each.event).await?;
            }
            ended.state()
        }
        Followed::HandedOver => EventState::Received,
    };
    in_time.commit(tx).await?;
    metrics::counter!("bellhop_events_processed_total", "provider" => each.event.provider.clone(), "state" => state.code())
        .increment(1);
    Ok(state)
}

/// Joined to the trace of the webhook's request.
pub(crate) fn span_of(event: &StoredEvent) -> Span {
    let span = tracing::info_span!("event", event.id = %event.id, event.kind = event.event_type);
    if let (Some(trace_id), Some(span_id)) = (&event.trace_id, &event.span_id) {
        trace::join(&span, trace_id, span_id);
    }
    span
}

/// What a try came to.
pub(crate) enum Followed {
    Ended(Ended),
    /// It belongs to a call, whose process reads it.
    HandedOver,
}

/// A try that came to its end.
#[derive(Default)]
pub(crate) struct Ended {
    /// It cannot be read, and trying again cannot help.
    is_invalid: bool,
    /// It is about somebody who was erased: nothing of it is kept.
    is_late: bool,
    detail: Option<String>,
    observation: Option<Box<Observation>>,
}

impl Followed {
    pub(crate) fn done() -> Self {
        Self::Ended(Ended::default())
    }

    /// Nothing follows from it, and why.
    pub(crate) fn kept(why: &str) -> Self {
        Self::Ended(Ended {
            detail: Some(why.to_owned()),
            ..Ended::default()
        })
    }

    fn late() -> Self {
        Self::Ended(Ended {
            is_late: true,
            ..Ended::default()
        })
    }

    pub(crate) fn invalid(problem: &impl std::fmt::Display) -> Self {
        Self::Ended(Ended {
            is_invalid: true,
            detail: Some(problem.to_string()),
            ..Ended::default()
        })
    }
}

impl Ended {
    const fn state(&self) -> EventState {
        if self.is_invalid {
            EventState::Invalid
        } else {
            EventState::Succeeded
        }
    }

    fn of_try(&self) -> TryResult<'_> {
        TryResult {
            state: self.state(),
            error_class: self.is_invalid.then_some(ErrorClass::Unreadable),
            detail: self.detail.as_deref(),
            next_try_at: None,
            counted: true,
            observation: self.observation.as_deref(),
        }
    }
}

async fn follow(tx: &mut TenantTx, each: &EventTry, now: Timestamp) -> Result<Followed> {
    let event = &each.event;
    let (request_id, trace_id) = (event.request_id.as_deref(), event.trace_id.as_deref());
    tracing::info!(event.id = %event.id, event.kind = event.event_type, request_id, trace_id, "event processed");
    match SourceKind::from_code(&event.provider) {
        Some(SourceKind::Retell) => call_event(tx, VoiceProvider::Retell, each, now).await,
        Some(SourceKind::Agent) => agent_hook::record(tx, event).await,
        Some(SourceKind::Twilio) => text_status(tx, each, now).await,
        Some(SourceKind::Vapi) => call_event(tx, VoiceProvider::Vapi, each, now).await,
        Some(SourceKind::OpenPhone | SourceKind::Quo) => {
            if texts::is_late(tx, each, now).await? {
                return Ok(Followed::late());
            }
            let followed = texts::hear(tx, each, now).await?;
            lines::heard(tx, each, now).await?;
            Ok(followed)
        }
        Some(SourceKind::Zoho) => {
            let with_effects = each.scope != Some(RetryScope::StateOnly);
            crm::heard(tx, event, with_effects, now).await
        }
        Some(SourceKind::StandardWebhooks) => {
            Ok(Followed::kept("nothing follows from this source's events"))
        }
        None => Ok(Followed::kept("this version does not know the provider")),
    }
}

/// An event that named no call of ours when it came: by now the call may be known. Or one of a call, which an
/// operator wants read again.
async fn call_event(
    tx: &mut TenantTx,
    provider: VoiceProvider,
    each: &EventTry,
    now: Timestamp,
) -> Result<Followed> {
    let event = &each.event;
    if let Some(call) = each.call {
        let settings = tx.tenant_row().await?.settings;
        let observation = match voice::observe(provider, &event.body, &settings) {
            Ok(observation) => observation.map(Box::new),
            Err(problem) => return Ok(Followed::invalid(&problem)),
        };
        if each.scope == Some(RetryScope::StateAndEffects) {
            tx.wake_call(call).await?;
        }
        return Ok(Followed::Ended(Ended {
            observation,
            ..Ended::default()
        }));
    }
    // A call that is handed an event acts on it, which is more than recording.
    if let Some(id) = &event.provider_call_id
        && each.scope != Some(RetryScope::StateOnly)
    {
        arrive::arrived(tx, provider, event, now).await?;
        if tx.adopt_event(event.id, id).await? {
            return Ok(Followed::HandedOver);
        }
    }
    if each.scope == Some(RetryScope::StateOnly) {
        return Ok(Followed::kept(
            "only a retry with effects looks for the call that it belongs to",
        ));
    }
    if let (VoiceProvider::Vapi, Err(problem)) = (provider, vapi::webhook::read(&event.body)) {
        return Ok(Followed::invalid(&problem));
    }
    metrics::counter!("bellhop_events_without_call_total").increment(1);
    Ok(Followed::kept("belongs to no call of this tenant"))
}

/// How a text message of ours went.
async fn text_status(tx: &mut TenantTx, each: &EventTry, now: Timestamp) -> Result<Followed> {
    let message = match twilio::read(&each.event.body) {
        Ok(twilio::Event::Message(message)) => message,
        Ok(_) => return Ok(Followed::kept("read and kept; nothing follows from it yet")),
        Err(problem) => return Ok(Followed::invalid(&problem)),
    };
    let failure = SendFailure {
        class: FailureClass::Refused,
        may_pass: false,
        at: now,
        not_before: None,
    };
    let lost = matches!(message.status.as_deref(), Some("failed" | "undelivered"));
    let with_effects = each.scope != Some(RetryScope::StateOnly);
    if lost && with_effects && tx.text_not_delivered(&message.sid, &failure).await? {
        return Ok(Followed::kept(
            "an alert did not arrive as a text; another way is looked for",
        ));
    }
    Ok(Followed::kept(
        "no alert looks for another way because of this status",
    ))
}

/// Records the failure, and when it has its turn again; or gives the event up, and says so to somebody.
async fn failed(
    tenant: &TenantStore,
    each: &EventTry,
    input: &At<EventInput>,
    class: ErrorClass,
    for_good: bool,
) -> Result<EventStep> {
    let mut tx = tenant.begin().await?;
    let settings = tx.tenant_row().await?.settings;
    let policy = retry_policy(
        &each.event.provider,
        &each.event.event_type,
        &settings.events,
    );
    let after = match for_good {
        true => AfterFailure::Dead,
        false => after_failure(input.now, each.tries, class, &policy),
    };
    let (next_try_at, counted) = match after {
        AfterFailure::Retry { at, counted } => (Some(at), counted),
        AfterFailure::Dead | AfterFailure::Invalid => (None, true),
    };
    let result = TryResult {
        state: after.state(),
        error_class: Some(class),
        detail: Some(class.words()),
        next_try_at,
        counted,
        observation: None,
    };
    tx.end_try(each, &result).await?;
    if after == AfterFailure::Dead {
        alarm::event_dead(&mut tx, each, class, input.now).await?;
    }
    tx.commit().await?;
    metrics::counter!("bellhop_events_failed_total", "provider" => each.event.provider.clone(), "class" => class.code())
        .increment(1);
    Ok(match next_try_at {
        Some(until) => EventStep::Wait { until },
        None => EventStep::Finished {
            state: after.state(),
        },
    })
}

fn class_of(error: &Error) -> ErrorClass {
    match error {
        _ if error.is_unavailable() => ErrorClass::Unavailable,
        Error::TooLate => ErrorClass::Timeout,
        _ if error.is_refusal() => ErrorClass::RefusedByDatabase,
        _ => ErrorClass::Internal,
    }
}
