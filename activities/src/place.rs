//! The request to dial: claimed in a committed transaction, sent once, and its answer recorded.

use std::time::{Duration, Instant};

use domain::{
    Reason,
    breaker::AskedOutcome,
    call::CallOutcome,
    follow::DialState,
    gates::{self, PlacementFacts},
    ids::ContextId,
    reminder::Deferral,
    settings::VoiceProvider,
};
use jiff::{SignedDuration, Timestamp};
use providers::{error::PlaceError, voice};
use store::{
    CallRow, ContextEntry, Decision, DialTarget, Placed, ProviderKey, Result, Store, Tenant,
    TenantTx,
};
use workflows::contract::CallInput;

use crate::{
    accounts::{Accounts, Dial, VoiceClient},
    agent,
    circuit::{self, Asked},
    failure::DialFailure,
    outcome,
};

/// A request that could not leave within this time of its claim stays where it is: whoever comes later
/// may have taken the claim for a dead worker's.
const CLAIM_HOLDS: Duration = Duration::from_secs(10);

/// A worker that was put to sleep finds tasks that were handed to it long ago, whose time is long past. A
/// dial is not judged by a time further from the present than this.
const PRESENT: SignedDuration = SignedDuration::from_secs(10);

/// A request that may leave, and its number among the requests for this call: only the newest one's answer
/// says where the call stands.
struct Claim {
    provider: VoiceProvider,
    client: VoiceClient,
    dial: Dial,
    request: u32,
    /// Of the circuit breaker that let it through.
    generation: u64,
}

pub(crate) async fn place(
    store: &Store,
    accounts: &Accounts,
    input: &CallInput,
    now: Timestamp,
) -> Result<(), DialFailure> {
    let started = Instant::now();
    let Some(claim) = claim(store, accounts, input, now).await? else {
        return Ok(());
    };
    let answer = if started.elapsed() < CLAIM_HOLDS {
        Some(claim.client.place(&claim.dial).await)
    } else {
        None
    };
    let asked = answer.as_ref().map(outcome_of);
    record(store, input, now, &claim, answer).await?;
    if let Some((outcome, wait)) = asked {
        // By the time of the answer: a request may take longer than the shortest pause.
        let took = SignedDuration::try_from(started.elapsed()).unwrap_or_default();
        weigh(store, input, now + took, &claim, (outcome, wait)).await;
    }
    Ok(())
}

/// Tells the circuit breaker, by itself: what is known of the call must not depend on it.
async fn weigh(
    store: &Store,
    input: &CallInput,
    now: Timestamp,
    claim: &Claim,
    (outcome, wait): (AskedOutcome, Option<Duration>),
) {
    let not_before = wait
        .and_then(|wait| SignedDuration::try_from(wait).ok())
        .map(|wait| now + wait);
    let recorded = async {
        let mut tx = store.tenant(input.tenant).begin().await?;
        circuit::record(
            &mut tx,
            claim.provider.code(),
            claim.generation,
            outcome,
            not_before,
            now,
        )
        .await?;
        tx.commit().await
    };
    if let Err(error) = recorded.await {
        tracing::warn!(call.id = %input.call, error = &error as &dyn std::error::Error, "the circuit breaker was not told");
    }
}

/// Judges the dial once more and commits `dialing`. `None` when there is nothing to send.
async fn claim(
    store: &Store,
    accounts: &Accounts,
    input: &CallInput,
    now: Timestamp,
) -> Result<Option<Claim>, DialFailure> {
    let mut tx = store.tenant(input.tenant).begin().await?;
    let Some(row) = tx.lock_call(input.call).await? else {
        return Ok(None);
    };
    let claimable = row.facts.dial == DialState::Authorized && row.facts.outcome.is_none();
    // An earlier try got here, or the provider knows the call already: the process decides what that means.
    let Some(appointment) = row.appointment.filter(|_| claimable) else {
        return Ok(None);
    };
    if tx.call_heard_of(row.id).await? {
        return Ok(None);
    }
    let late = tx.lateness(row.id, now).await?;
    if late > PRESENT {
        tracing::warn!(call.id = %row.id, seconds = late.as_secs(), "a task to dial came too late");
        let words = format!(
            "call {} was not placed: its turn came too late to be sure of the hour",
            row.attempt
        );
        give_up(&mut tx, &row, now, None, &words).await?;
        tx.commit().await?;
        return Ok(None);
    }
    // By the present, and not by when the task was handed over: a second can lie outside the hours.
    let now = now + late.max(SignedDuration::ZERO);
    let tenant = tx.tenant_row().await?;
    let target = tx.dial_target(appointment, now).await?;
    let key = tx
        .provider_keys(store.keys(), row.provider.key_name())
        .await?
        .into_iter()
        .next();
    match request(&row, &tenant, &target, key, now) {
        Err(reason) => {
            let words = format!("call {} was not placed: {}", row.attempt, reason.words());
            give_up(&mut tx, &row, now, Some(reason), &words).await?;
            tx.commit().await?;
            Ok(None)
        }
        Ok((key, dial)) => {
            let generation = match circuit::ask(&mut tx, row.provider.code(), now).await? {
                Asked::Allowed { generation } => generation,
                Asked::Refused { until } => {
                    leave_alone(&mut tx, &row, now, until).await?;
                    tx.commit().await?;
                    return Ok(None);
                }
            };
            let client = accounts.client(input.tenant, row.provider, &key.secret)?;
            tx.claim_dial(row.id, key.id, now).await?;
            keep_what_is_told(&mut tx, &row, &dial, now).await?;
            tx.commit().await?;
            let request = row.facts.requests + 1;
            Ok(Some(Claim {
                provider: row.provider,
                client,
                dial,
                request,
                generation,
            }))
        }
    }
}

fn request(
    row: &CallRow,
    tenant: &Tenant,
    target: &DialTarget,
    key: Option<ProviderKey>,
    now: Timestamp,
) -> Result<(ProviderKey, Dial), Reason> {
    let facts = PlacementFacts {
        reminder: &target.reminder,
        settings: &tenant.settings,
        tenant_live: tenant.live,
        tenant_paused: tenant.paused,
        same_version: row.appointment_version == Some(target.appointment_version),
        same_number: target.e164 == row.e164,
    };
    if let Some(reason) = gates::placement_refused(now, &facts) {
        return Err(reason);
    }
    let to_number = row.e164.clone().ok_or(Reason::NumberMissing)?;
    let key = key.ok_or(Reason::ConfigurationIncomplete)?;
    // At the provider that it was authorized for, whatever the settings say since.
    let dialing = tenant.settings.dialing_at(row.provider);
    let (agent, line) = (dialing.agent.zip(dialing.line)).ok_or(Reason::ConfigurationIncomplete)?;
    let dial = Dial {
        agent: agent.to_owned(),
        line: line.to_owned(),
        to_number,
        variables: agent::variables(target, &tenant.settings, now),
        call: row.id,
        attempt: row.attempt,
    };
    Ok((key, dial))
}

/// On record with the request, before either leaves (MEM-7).
async fn keep_what_is_told(
    tx: &mut TenantTx,
    row: &CallRow,
    dial: &Dial,
    now: Timestamp,
) -> Result<()> {
    tx.log_context(&ContextEntry {
        id: ContextId::generate(),
        provider: row.provider.code(),
        provider_call_id: None,
        call: Some(row.id),
        caller: None,
        contact: row.contact,
        e164: row.e164.as_deref(),
        line: Some(&dial.line),
        agent_id: Some(&dial.agent),
        line_problem: None,
        answer: &serde_json::json!({ "variables": dial.variables }),
        failure: None,
        took_ms: 0,
        request_id: None,
        trace_id: None,
        asked_at: now,
    })
    .await
}

/// The call must not be placed after all: nobody's phone rings, and the reminder decides anew.
async fn give_up(
    tx: &mut TenantTx,
    row: &CallRow,
    now: Timestamp,
    reason: Option<Reason>,
    words: &str,
) -> Result<()> {
    if let Some(appointment) = row.appointment {
        tx.record_decision(&Decision {
            appointment,
            call: Some(row.id),
            attempt: Some(row.attempt),
            made_at: now,
            verdict: "wait",
            reason,
            words,
            facts: serde_json::json!({ "checked": "at the moment of dialing" }),
        })
        .await?;
    }
    let detail = reason.map_or("too_late", |reason| reason.code());
    tx.finish_call(row.id, CallOutcome::NotPlaced, now, Some(detail))
        .await
}

/// The provider keeps failing: the reminder takes its line back and dials when the provider may be asked.
async fn leave_alone(
    tx: &mut TenantTx,
    row: &CallRow,
    now: Timestamp,
    until: Timestamp,
) -> Result<()> {
    let reason = Reason::CircuitOpen;
    let words = format!("call {} was put off: {}", row.attempt, reason.words());
    give_up(tx, row, now, Some(reason), &words).await?;
    if let Some(appointment) = row.appointment {
        let deferral = Deferral { reason, until };
        tx.defer_reminder(appointment, Some(deferral)).await?;
    }
    Ok(())
}

/// What an answer says of the provider, and how long it asks to be left alone.
fn outcome_of(answer: &Result<voice::Placed, PlaceError>) -> (AskedOutcome, Option<Duration>) {
    match answer {
        Ok(_) | Err(PlaceError::Refused { .. }) => (AskedOutcome::Answered, None),
        Err(error @ PlaceError::RateLimited { .. }) => (AskedOutcome::AskedToWait, error.wait()),
        Err(PlaceError::Unreachable(_) | PlaceError::Uncertain(_)) => (AskedOutcome::Failed, None),
    }
}

/// Records what the provider answered; no answer at all means that the request never left.
async fn record(
    store: &Store,
    input: &CallInput,
    now: Timestamp,
    claim: &Claim,
    answer: Option<Result<voice::Placed, PlaceError>>,
) -> Result<()> {
    let mut tx = store.tenant(input.tenant).begin().await?;
    let Some(row) = tx.lock_call(input.call).await? else {
        return Ok(());
    };
    let later =
        |wait: Duration| now + SignedDuration::try_from(wait).unwrap_or(SignedDuration::ZERO);
    // A worker that slept may come back with the answer to a request that was given up, after another was made.
    let newest = row.facts.requests == claim.request
        && row.facts.dial == DialState::Dialing
        && row.facts.outcome.is_none();
    if !newest && !matches!(answer, Some(Ok(_))) {
        tracing::warn!(call.id = %row.id, "an answer to a dial came after it was given up, and changes nothing");
        return Ok(());
    }
    match answer {
        Some(Ok(placed)) => {
            tx.call_placed(
                row.id,
                &Placed {
                    provider_call_id: placed.provider_call_id,
                    at: now,
                },
            )
            .await?;
        }
        None => tx.call_never_reached(row.id, now).await?,
        Some(Err(error)) => {
            tracing::warn!(call.id = %row.id, error = &error as &dyn std::error::Error, "the dial was not answered with a call");
            metrics::counter!("bellhop_dial_errors_total", "kind" => kind(&error)).increment(1);
            match (&error, error.wait()) {
                // Whether it rings is found out by the call's process, which searches for it.
                (PlaceError::Uncertain(_), _) => {}
                (PlaceError::Refused { .. }, None) => refused(&mut tx, &row, now, &error).await?,
                (_, Some(wait)) => tx.call_never_reached(row.id, later(wait)).await?,
                (_, None) => tx.call_never_reached(row.id, now).await?,
            }
        }
    }
    tx.commit().await
}

/// Why the tenant's dialing stops, for whoever is told.
const REFUSES: &str = "the phone provider refuses the key or the account";

/// Asking again cannot help (CALL-3). Only what would meet every call stops the tenant's dialing.
async fn refused(
    tx: &mut TenantTx,
    row: &CallRow,
    now: Timestamp,
    error: &PlaceError,
) -> Result<()> {
    if matches!(error, PlaceError::Refused { systemic: true, .. }) {
        tracing::error!(call.id = %row.id, "the provider refuses calls for a systemic cause");
        outcome::pause(tx, REFUSES, now).await?;
    }
    tx.finish_call(
        row.id,
        CallOutcome::SystemicFailure,
        now,
        Some(&error.to_string()),
    )
    .await
}

fn kind(error: &PlaceError) -> &'static str {
    match error {
        PlaceError::Refused { .. } => "refused",
        PlaceError::RateLimited { .. } => "rate_limited",
        PlaceError::Unreachable(_) => "unreachable",
        PlaceError::Uncertain(_) => "uncertain",
    }
}
