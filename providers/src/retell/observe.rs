//! From Retell's words to the domain's: what an event or a read says about a call.

use domain::{
    call::{Disconnection, Observation, ObservationKind, ProviderStatus},
    text::Transcript,
};
use jiff::Timestamp;

use super::{
    webhook::ParseProblem,
    wire::{CallEvent, CallObject},
};
use crate::{
    json::broken,
    voice::{
        self,
        words::{self, shortened},
    },
};

/// Reads a webhook body in full. `Ok(None)` for an event that says nothing about a call's course,
/// such as an unknown one.
///
/// `outcome_field` names the key of the agent's post-call analysis that holds the person's decision.
pub fn observe_event(
    body: &[u8],
    outcome_field: &str,
) -> Result<Option<Observation>, ParseProblem> {
    let CallEvent { event, call } = broken::read(body)?;
    let event = event.ok_or(ParseProblem::Missing("event"))?;
    let kind = match event.as_str() {
        "call_started" => ObservationKind::Started,
        "call_ended" => ObservationKind::Ended,
        "call_analyzed" => ObservationKind::Analyzed,
        _ => return Ok(None),
    };
    let call = call.ok_or(ParseProblem::Missing("call"))?;
    Ok(Some(observe(kind, &call, outcome_field)))
}

/// What was said in the call that an event tells of, as far as the event holds it.
pub fn transcript(body: &[u8]) -> Option<Transcript> {
    let CallEvent { call, .. } = broken::read(body).ok()?;
    voice::transcript::transcript(call?.transcript.as_deref()?)
}

/// What a call read from Retell says.
pub fn observe_call(call: &CallObject, outcome_field: &str) -> Observation {
    observe(ObservationKind::Fetched, call, outcome_field)
}

fn observe(kind: ObservationKind, call: &CallObject, outcome_field: &str) -> Observation {
    let analysis = call
        .call_analysis
        .as_ref()
        .filter(|analysis| !analysis.is_empty());
    let said = analysis
        .map(|analysis| words::said(&analysis.custom_analysis_data, outcome_field))
        .unwrap_or_default();
    let bare = Observation::bare(kind);
    Observation {
        status: call.call_status.as_deref().and_then(status_of),
        provider_status: call.call_status.as_deref().map(shortened),
        disconnection: call
            .disconnection_reason
            .as_deref()
            .filter(|reason| !reason.is_empty())
            .map(class_of),
        disconnection_reason: call.disconnection_reason.as_deref().map(shortened),
        started_at: call.start_timestamp.and_then(instant),
        ended_at: call.end_timestamp.and_then(instant),
        duration_ms: call
            .duration_ms
            .and_then(|duration| u64::try_from(duration).ok()),
        connected: bare.connected || connected(call),
        analyzed: bare.analyzed || analysis.is_some(),
        in_voicemail: analysis.and_then(|analysis| analysis.in_voicemail),
        action: said.action,
        unclear_action: said.unclear_action,
        opt_out: said.opt_out,
        topic: said.topic,
        summary: analysis
            .and_then(|analysis| analysis.call_summary.as_deref())
            .and_then(words::summary),
        sentiment: analysis
            .and_then(|analysis| analysis.user_sentiment.as_deref())
            .and_then(words::sentiment),
        ..bare
    }
}

/// What follows from a disconnection reason. Open: an unknown reason is a class of its own.
pub fn class_of(reason: &str) -> Disconnection {
    match reason {
        "user_hangup"
        | "agent_hangup"
        | "call_transfer"
        | "transfer_bridged"
        | "transfer_cancelled"
        | "inactivity"
        | "max_duration_reached"
        | "call_take_over"
        | "user_requested_callback" => Disconnection::Talked,
        "manual_stopped" => Disconnection::Stopped,
        "voicemail_reached" | "ivr_reached" | "machine_detected" => Disconnection::Machine,
        "dial_busy" => Disconnection::Busy,
        "dial_no_answer" | "user_declined" => Disconnection::NoAnswer,
        "invalid_destination" | "marked_as_spam" | "scam_detected" => Disconnection::InvalidNumber,
        "user_requested_dnc" => Disconnection::DoNotCall,
        "no_valid_payment"
        | "credit_exhausted"
        | "budget_reached"
        | "telephony_provider_permission_denied" => Disconnection::Systemic,
        "dial_failed"
        | "telephony_provider_unavailable"
        | "sip_routing_error"
        | "concurrency_limit_reached"
        | "no_concurrency_fallback"
        | "registered_call_timeout"
        | "network_blocked" => Disconnection::Failed,
        error if error.starts_with("error_") => Disconnection::Failed,
        _ => Disconnection::Unknown,
    }
}

fn status_of(status: &str) -> Option<ProviderStatus> {
    match status {
        "registered" => Some(ProviderStatus::Registered),
        "ongoing" => Some(ProviderStatus::Ongoing),
        "ended" => Some(ProviderStatus::Ended),
        "not_connected" => Some(ProviderStatus::NotConnected),
        "error" => Some(ProviderStatus::Error),
        _ => None,
    }
}

/// Whether something picked up. A start time alone does not say so, and a stopped call is `ended`
/// even when it only rang.
fn connected(call: &CallObject) -> bool {
    let spoken = call
        .transcript
        .as_deref()
        .is_some_and(|transcript| !transcript.trim().is_empty());
    call.call_status.as_deref() == Some("ongoing")
        || call.duration_ms.is_some_and(|duration| duration > 0)
        || spoken
}

fn instant(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
