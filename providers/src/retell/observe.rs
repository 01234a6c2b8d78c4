//! From Retell's words to the domain's: what an event or a read says about a call.

use domain::call::{
    AppointmentAction, Disconnection, Observation, ObservationKind, ProviderStatus, Sentiment,
};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    webhook::ParseProblem,
    wire::{CallEvent, CallObject, truth},
};
use crate::json::broken;

/// Longest foreign word kept in an observation, in characters.
const MAX_WORD: usize = 80;
/// Longest summary kept in an observation, in characters; the body has all of it.
const MAX_SUMMARY: usize = 2_000;

/// The key of the post-call analysis that holds what the conversation was about, in a few words.
const TOPIC_KEY: &str = "topic";

/// Keys of the post-call analysis that say whether the person asked not to be called again.
const OPT_OUT_KEYS: &[&str] = &[
    "optout",
    "donotcall",
    "dnc",
    "stopcalling",
    "unsubscribe",
    "donotcontact",
];

/// Words for an opt-out beside the plain yes and no.
const OPT_OUT_WORDS: &[&str] = &[
    "opt out",
    "opted out",
    "do not call",
    "dnc",
    "stop",
    "stop calling",
    "requested",
    "unsubscribe",
];

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

/// What a call read from Retell says.
pub fn observe_call(call: &CallObject, outcome_field: &str) -> Observation {
    observe(ObservationKind::Fetched, call, outcome_field)
}

fn observe(kind: ObservationKind, call: &CallObject, outcome_field: &str) -> Observation {
    let analysis = call
        .call_analysis
        .as_ref()
        .filter(|analysis| !analysis.is_empty());
    let custom = analysis.map(|analysis| &analysis.custom_analysis_data);
    let (action, unclear_action) = custom.map_or((None, None), |data| action(data, outcome_field));
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
        action,
        unclear_action,
        opt_out: custom.is_some_and(opted_out),
        topic: custom
            .and_then(|data| data.get(TOPIC_KEY)?.as_str())
            .and_then(|topic| kept(topic, MAX_WORD)),
        summary: analysis
            .and_then(|analysis| analysis.call_summary.as_deref())
            .and_then(|summary| kept(summary, MAX_SUMMARY)),
        sentiment: analysis
            .and_then(|analysis| analysis.user_sentiment.as_deref())
            .and_then(|word| Sentiment::from_code(&word.to_ascii_lowercase())),
        ..bare
    }
}

/// The head of a text, unless there is nothing in it. Without control characters: a database column takes no NUL.
fn kept(text: &str, most: usize) -> Option<String> {
    let plain = |each: char| if each.is_control() { ' ' } else { each };
    let kept: String = text.trim().chars().take(most).map(plain).collect();
    (!kept.is_empty()).then_some(kept)
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

/// The decision in the analysis, and its words when they were not understood.
fn action(
    data: &Map<String, Value>,
    outcome_field: &str,
) -> (Option<AppointmentAction>, Option<String>) {
    let wanted = squeezed(outcome_field);
    let said = data
        .iter()
        .find(|(key, _)| squeezed(key) == wanted)
        .map(|(_, value)| value);
    match said {
        None | Some(Value::Null) => (None, None),
        Some(Value::String(words)) => match action_in(words) {
            Some(action) => (Some(action), None),
            None => (None, Some(shortened(words))),
        },
        Some(other) => (None, Some(shortened(&other.to_string()))),
    }
}

/// Answers that decide nothing.
const NO_ACTION: &[&str] = &[
    "",
    "n a",
    "na",
    "no",
    "no action",
    "no answer",
    "no clear answer",
    "no decision",
    "no response",
    "none",
    "not confirmed",
    "null",
    "other",
    "unclear",
    "unconfirmed",
    "undecided",
    "unknown",
];

/// Words that may stand around a decision without changing it.
const AROUND: &[&str] = &[
    "a",
    "an",
    "and",
    "appointment",
    "asked",
    "asks",
    "be",
    "been",
    "booking",
    "by",
    "caller",
    "client",
    "contact",
    "customer",
    "for",
    "has",
    "have",
    "he",
    "her",
    "his",
    "is",
    "it",
    "like",
    "my",
    "needs",
    "ok",
    "outcome",
    "patient",
    "person",
    "please",
    "request",
    "requested",
    "requests",
    "s",
    "she",
    "status",
    "that",
    "the",
    "their",
    "they",
    "this",
    "to",
    "user",
    "visit",
    "want",
    "wanted",
    "wants",
    "was",
    "wishes",
    "would",
    "yes",
];

/// The action in words written by a model: one of the usual words, alone or in a phrase that cannot
/// mean anything else. "Did not cancel" and "asked what cancelling costs" are left to a person.
fn action_in(words: &str) -> Option<AppointmentAction> {
    let words = plain(words);
    if NO_ACTION.contains(&words.as_str()) {
        return Some(AppointmentAction::NoAction);
    }
    let mut found = None;
    for word in words.split(' ').filter(|word| !AROUND.contains(word)) {
        let action = action_word(word)?;
        if found.is_some_and(|found| found != action) {
            return None;
        }
        found = Some(action);
    }
    found
}

fn action_word(word: &str) -> Option<AppointmentAction> {
    match word {
        "confirm" | "confirms" | "confirmed" | "confirming" | "confirmation" => {
            Some(AppointmentAction::Confirmed)
        }
        "cancel" | "cancels" | "canceled" | "cancelled" | "canceling" | "cancelling"
        | "cancelation" | "cancellation" => Some(AppointmentAction::Cancelled),
        "reschedule" | "reschedules" | "rescheduled" | "rescheduling" | "rebook" | "rebooked"
        | "postpone" | "postponed" => Some(AppointmentAction::Rescheduled),
        _ => None,
    }
}

fn opted_out(data: &Map<String, Value>) -> bool {
    data.iter()
        .filter(|(key, _)| OPT_OUT_KEYS.contains(&squeezed(key).as_str()))
        .any(|(_, value)| truth(value).unwrap_or_else(|| says_opt_out(value)))
}

fn says_opt_out(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|words| OPT_OUT_WORDS.contains(&plain(words).as_str()))
}

/// Lower case, with a single space for whatever is neither letter nor digit.
fn plain(words: &str) -> String {
    let spaced: String = words
        .chars()
        .map(|each| {
            if each.is_alphanumeric() {
                each.to_ascii_lowercase()
            } else {
                ' '
            }
        })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Lower case without spaces, dashes and underscores: how keys are compared.
fn squeezed(key: &str) -> String {
    key.chars()
        .filter(|each| each.is_alphanumeric())
        .map(|each| each.to_ascii_lowercase())
        .collect()
}

/// Without control characters: a database column takes no NUL, and a log line no line break.
fn shortened(words: &str) -> String {
    words
        .chars()
        .take(MAX_WORD)
        .map(|each| if each.is_control() { '\u{fffd}' } else { each })
        .collect()
}

fn instant(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
