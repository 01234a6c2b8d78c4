//! One step of a call: read what was heard, decide what comes next, and let the outcome take effect.

use domain::{
    follow::{self, CallStep as Step, DialState},
    inbound::is_sensitive,
    settings::{Settings, VoiceProvider},
};
use jiff::{SignedDuration, Timestamp};
use providers::error::SERVER_ERROR_WAIT;
use store::{CallRow, Placed, Result, Store, StoredEvent, TenantTx};
use tracing::Instrument;
use workflows::contract::{At, CallInput, CallStep};

use crate::{advance_event::span_of, in_time::InTime, outcome, transcripts, voice};

pub(crate) async fn advance(store: &Store, input: &At<CallInput>) -> Result<CallStep> {
    let (now, call) = (input.now, input.of.call);
    let in_time = InTime::starting_now();
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let wakes = tx.wakes_of_call(call).await?;
    let Some(mut row) = tx.lock_call(call).await? else {
        return Ok(CallStep::Finished {
            outcome: domain::call::CallOutcome::NotPlaced,
        });
    };
    if let (true, Some(outcome)) = (row.is_erased, row.facts.outcome) {
        tx.erase_late_events(now).await?;
        tx.forget_wakes(&wakes).await?;
        in_time.commit(tx).await?;
        return Ok(CallStep::Finished { outcome });
    }
    if read_events(&mut tx, &row, now).await? {
        row = tx.lock_call(call).await?.unwrap_or(row);
    }
    let has_news = tx.call_seen(&row, now).await?;
    hold_back(&mut tx, &row, now).await?;
    let answer = match follow::next_step(now, &row.facts) {
        Step::Place => CallStep::Place,
        Step::LookUp => CallStep::LookUp,
        Step::Fetch => CallStep::Fetch,
        Step::DialAgain => dial_again(&mut tx, &row, now).await?,
        Step::Wait { until } => CallStep::Wait { until },
        Step::Finish(decided) => {
            let outcome = outcome::settle(&mut tx, &row, decided, has_news, now).await?;
            tx.forget_wakes(&wakes).await?;
            CallStep::Finished { outcome }
        }
    };
    if let CallStep::Wait { until } = answer {
        tx.call_waits(call, Some(until)).await?;
    }
    in_time.commit(tx).await?;
    Ok(answer)
}

/// A call that sounds like a complaint or a dispute waits for a person (MEM-5).
async fn hold_back(tx: &mut TenantTx, row: &CallRow, now: Timestamp) -> Result<()> {
    let view = &row.facts.view;
    let said = [view.topic.as_deref(), view.summary.as_deref()];
    let said: Vec<&str> = said.into_iter().flatten().collect();
    if said.iter().any(|text| is_sensitive(text)) {
        tx.hold_call(row.id, &said.join(": "), now).await?;
    }
    Ok(())
}

/// The provider provably never had the request: the same attempt may be dialed, after its pause.
async fn dial_again(tx: &mut TenantTx, row: &CallRow, now: Timestamp) -> Result<CallStep> {
    let pause = SignedDuration::try_from(SERVER_ERROR_WAIT).unwrap_or(SignedDuration::ZERO);
    let not_before = row
        .facts
        .dialing_at
        .map_or(now, |dialed| dialed + pause)
        .max(now);
    tx.call_never_reached(row.id, not_before).await?;
    Ok(CallStep::Wait { until: not_before })
}

/// Reads the events that came since the last step; `true` when there were any.
async fn read_events(tx: &mut TenantTx, row: &CallRow, now: Timestamp) -> Result<bool> {
    let events = tx.unread_events(row.id).await?;
    if events.is_empty() {
        return Ok(false);
    }
    let settings = tx.tenant_row().await?.settings;
    for event in &events {
        read(tx, event, &settings)
            .instrument(span_of(event))
            .await?;
    }
    let known = events
        .iter()
        .find_map(|event| event.provider_call_id.clone());
    if let (Some(provider_call_id), true) = (known, row.facts.dial != DialState::Placed) {
        // The provider talks about the call, so it has it, whatever became of the answer to our request.
        let at = row.facts.dialing_at.unwrap_or(now);
        tx.call_placed(
            row.id,
            &Placed {
                provider_call_id,
                at,
            },
        )
        .await?;
    }
    Ok(true)
}

async fn read(tx: &mut TenantTx, event: &StoredEvent, settings: &Settings) -> Result<()> {
    let (request_id, trace_id) = (event.request_id.as_deref(), event.trace_id.as_deref());
    tracing::info!(event.id = %event.id, event.kind = event.event_type, request_id, trace_id, "event read");
    let Some(provider) = VoiceProvider::from_code(&event.provider) else {
        return tx.event_read(event.id, None, None).await;
    };
    match voice::observe(provider, &event.body, settings) {
        Ok(Some(observation)) => tx.event_read(event.id, Some(&observation), None).await?,
        Ok(None) => tx.event_read(event.id, None, None).await?,
        Err(problem) => {
            tracing::warn!(event.id = %event.id, %problem, "a stored event cannot be read");
            tx.event_read(event.id, None, Some(&problem.to_string()))
                .await?;
        }
    }
    transcripts::forget(tx, settings, event).await
}
