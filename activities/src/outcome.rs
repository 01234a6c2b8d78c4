//! What a call's end changes: the appointment, the opt-out list, the number, the tenant's dialing.

use domain::{
    appointment::AppointmentStatus,
    call::{AppointmentAction, CallOutcome},
};
use jiff::Timestamp;
use store::{CallRow, Result, TenantTx};

/// Ends the call with the decided outcome, or, when it had ended already, lets a later event correct it.
/// Answers with the outcome that stands.
pub(crate) async fn settle(
    tx: &mut TenantTx,
    row: &CallRow,
    decided: CallOutcome,
    now: Timestamp,
) -> Result<CallOutcome> {
    let Some(before) = row.facts.outcome else {
        take_effect(tx, row, decided).await?;
        let detail = row.facts.view.disconnection_reason.as_deref();
        tx.finish_call(row.id, decided, now, detail).await?;
        tracing::info!(call.id = %row.id, outcome = %decided, "call ended");
        metrics::counter!("bellhop_calls_ended_total", "outcome" => decided.code()).increment(1);
        return Ok(decided);
    };
    match row.facts.view.outcome {
        // A late analysis must not be lost: it may be a cancellation.
        Some(heard) if heard != before && row.facts.view.ended => {
            take_effect(tx, row, heard).await?;
            tx.correct_outcome(row.id, heard).await?;
            tracing::info!(call.id = %row.id, %before, outcome = %heard, "a late event corrected the outcome");
            if let Some(appointment) = row.appointment {
                tx.wake_reminder(appointment).await?;
            }
            Ok(heard)
        }
        _ => Ok(before),
    }
}

async fn take_effect(tx: &mut TenantTx, row: &CallRow, outcome: CallOutcome) -> Result<()> {
    if let (Some(appointment), Some(status)) =
        (row.appointment, row.facts.view.action.and_then(standing))
    {
        let current = tx.appointment_version(appointment).await?;
        if current == row.appointment_version {
            tx.set_appointment_status(appointment, status).await?;
        } else {
            tx.answer_not_applied(row.id).await?;
            tracing::warn!(call.id = %row.id, "the appointment moved during the call; its answer was not applied");
        }
    }
    if row.facts.view.opt_out || outcome == CallOutcome::DoNotCall {
        tx.opt_out(&row.e164, "call").await?;
    }
    match outcome {
        CallOutcome::InvalidNumber => tx.mark_number_invalid(&row.e164).await,
        CallOutcome::SystemicFailure => pause(tx, row).await,
        _ => Ok(()),
    }
}

/// The next call would fail as this one did: stop dialing until a person has looked (RULE-1).
pub(crate) async fn pause(tx: &mut TenantTx, row: &CallRow) -> Result<()> {
    tracing::error!(call.id = %row.id, alert = true, "the provider refuses calls for a systemic cause: dialing is paused");
    metrics::counter!("bellhop_tenant_pauses_total").increment(1);
    tx.set_paused(true).await
}

fn standing(action: AppointmentAction) -> Option<AppointmentStatus> {
    match action {
        AppointmentAction::Confirmed => Some(AppointmentStatus::Confirmed),
        AppointmentAction::Cancelled => Some(AppointmentStatus::Cancelled),
        AppointmentAction::Rescheduled => Some(AppointmentStatus::RescheduleRequested),
        AppointmentAction::NoAction => None,
    }
}
