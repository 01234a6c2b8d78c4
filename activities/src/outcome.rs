//! What a call's end changes: the appointment, the opt-out list, the number, the tenant's dialing.

use domain::{
    alert::AlertCause,
    appointment::AppointmentStatus,
    call::{AppointmentAction, CallOutcome, Direction},
    desk::NOT_TO_BE_CALLED,
    ids::AppointmentId,
};
use jiff::Timestamp;
use store::{Applied, CallRow, NewNote, Result, Seen, TenantTx};

use crate::{alarm, followups, quality, texts};

/// Ends the call with the decided outcome, or, when it had ended already, lets a later event correct it.
/// `has_news`: more is known of how it went than before. Answers with the outcome that stands.
pub(crate) async fn settle(
    tx: &mut TenantTx,
    row: &CallRow,
    decided: CallOutcome,
    has_news: bool,
    now: Timestamp,
) -> Result<CallOutcome> {
    let Some(before) = row.facts.outcome else {
        apply_words(tx, row, decided, now).await?;
        apply_outcome(tx, row, decided, now).await?;
        let detail = row.facts.view.disconnection_reason.as_deref();
        tx.finish_call(row.id, decided, now, detail).await?;
        texts::call_settled(tx, row, now).await?;
        followups::call_settled(tx, row, decided, now).await?;
        quality::call_settled(tx, row, decided, now).await?;
        tracing::info!(call.id = %row.id, outcome = %decided, "call ended");
        metrics::counter!("bellhop_calls_ended_total", "outcome" => decided.code()).increment(1);
        return Ok(decided);
    };
    let heard = row.facts.view.outcome.filter(|_| row.facts.view.ended);
    let outcome = heard.unwrap_or(before);
    // A late analysis must not be lost: it may be a cancellation, also of somebody who hung up with the wish not
    // to be called again, which is an outcome by itself.
    let said_more = heard.is_some() && apply_words(tx, row, outcome, now).await?;
    let is_corrected = outcome != before;
    if is_corrected {
        apply_outcome(tx, row, outcome, now).await?;
        tx.correct_outcome(row.id, outcome).await?;
        tracing::info!(call.id = %row.id, %before, %outcome, "a late event corrected the outcome");
    }
    if is_corrected || has_news {
        tx.crm_call_finished(row.id, now).await?;
    }
    texts::call_settled(tx, row, now).await?;
    if is_corrected {
        followups::call_settled(tx, row, outcome, now).await?;
    }
    quality::call_settled(tx, row, outcome, now).await?;
    if let (true, Some(appointment)) = (said_more || is_corrected, row.appointment) {
        tx.wake_reminder(appointment).await?;
    }
    Ok(outcome)
}

/// What the person said takes effect once. `true` when there was something new.
async fn apply_words(
    tx: &mut TenantTx,
    row: &CallRow,
    outcome: CallOutcome,
    now: Timestamp,
) -> Result<bool> {
    let view = &row.facts.view;
    let said = Applied {
        action: view.action.or(row.applied.action),
        opt_out: view.opt_out || outcome == CallOutcome::DoNotCall || row.applied.opt_out,
    };
    if said == row.applied {
        return Ok(false);
    }
    if said.action != row.applied.action
        && let Some(status) = said.action.and_then(standing)
    {
        match row.appointment {
            Some(appointment) => decide(tx, row, appointment, status).await?,
            None => {
                let done = tx.done_in_call(row.id, None).await?;
                expect_done(tx, row, &done, status).await?;
            }
        }
    }
    if said.opt_out && !row.applied.opt_out {
        no_more_calls(tx, row, now).await?;
    }
    tx.call_applied(row.id, said).await?;
    Ok(true)
}

/// Calls to the person stop, on every number. Where nothing tells who it was a colleague has to find out, unless the
/// agent left that note in the call.
async fn no_more_calls(tx: &mut TenantTx, row: &CallRow, now: Timestamp) -> Result<()> {
    if row.contact.is_none() && row.e164.is_none() {
        if row.is_erased || tx.call_has_note(row.id, NOT_TO_BE_CALLED).await? {
            return Ok(());
        }
        let note = NewNote {
            call: Some(row.id),
            body: NOT_TO_BE_CALLED,
            urgent: true,
            wants_answer: true,
            ..NewNote::default()
        };
        return tx.add_note(&note, now).await;
    }
    tx.wants_no_calls(row.contact, row.e164.as_deref(), "call")
        .await
}

/// A decision about a time that is no longer the appointment's, or about an appointment that the business has
/// cancelled, changes nothing: a person has to look.
async fn decide(
    tx: &mut TenantTx,
    row: &CallRow,
    appointment: AppointmentId,
    status: AppointmentStatus,
) -> Result<()> {
    let done = tx.done_in_call(row.id, Some(appointment)).await?;
    if !done.is_empty() {
        return expect_done(tx, row, &done, status).await;
    }
    let same_version = tx.appointment_version(appointment).await? == row.appointment_version;
    let applied = same_version && tx.set_appointment_status(appointment, status).await?;
    // Who cancels what is cancelled already has what they want.
    let nothing_lost = same_version && status == AppointmentStatus::Cancelled;
    if !applied && !nothing_lost {
        tx.answer_not_applied(row.id).await?;
        tracing::warn!(call.id = %row.id, "the appointment changed during the call; its answer was not applied");
    }
    Ok(())
}

/// What sums the call up tells of what was done in it, which stands. Where it tells of something else, or of what
/// was not done, a person has to look.
async fn expect_done(
    tx: &mut TenantTx,
    row: &CallRow,
    done: &[String],
    status: AppointmentStatus,
) -> Result<()> {
    let agrees = done.last().is_some_and(|act| {
        matches!(
            (act.as_str(), status),
            ("cancel", AppointmentStatus::Cancelled)
                | ("confirm" | "move" | "book", AppointmentStatus::Confirmed)
                | ("move" | "follow_up", AppointmentStatus::RescheduleRequested)
        )
    });
    if !agrees {
        tx.answer_not_applied(row.id).await?;
        tracing::warn!(call.id = %row.id, "the call is summed up otherwise than what was done in it");
    }
    Ok(())
}

async fn apply_outcome(
    tx: &mut TenantTx,
    row: &CallRow,
    outcome: CallOutcome,
    now: Timestamp,
) -> Result<()> {
    // How a call that came in has ended says nothing about the next one that we dial.
    let Some(e164) = row
        .e164
        .as_deref()
        .filter(|_| row.direction == Direction::Outbound)
    else {
        return Ok(());
    };
    match outcome {
        CallOutcome::InvalidNumber => tx.mark_number_invalid(e164).await,
        CallOutcome::SystemicFailure => {
            let why = row.facts.view.disconnection_reason.as_deref();
            tracing::error!(call.id = %row.id, "the provider refuses calls for a systemic cause");
            pause(tx, why.unwrap_or_default(), now).await
        }
        _ => Ok(()),
    }
}

/// The next calls would go as the last did: stop dialing until a person has looked (RULE-1).
pub(crate) async fn pause(tx: &mut TenantTx, why: &str, now: Timestamp) -> Result<()> {
    tracing::error!(alert = true, "dialing is paused by a safeguard");
    metrics::counter!("bellhop_tenant_pauses_total").increment(1);
    tx.set_paused(true).await?;
    let cause = AlertCause::TenantPausedItself;
    alarm::looked_at(tx, cause, &[], why, Seen::Stands, now).await
}

fn standing(action: AppointmentAction) -> Option<AppointmentStatus> {
    match action {
        AppointmentAction::Confirmed => Some(AppointmentStatus::Confirmed),
        AppointmentAction::Cancelled => Some(AppointmentStatus::Cancelled),
        AppointmentAction::Rescheduled => Some(AppointmentStatus::RescheduleRequested),
        AppointmentAction::NoAction => None,
    }
}
