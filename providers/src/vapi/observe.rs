//! From Vapi's words to the domain's: what a message or a read says about a call.

use domain::{
    call::{Direction, Disconnection, Observation, ObservationKind, ProviderStatus},
    text::Transcript,
};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    disconnection::disconnection_of,
    wire::{CallObject, Told},
};
use crate::{
    json::{Json, broken, needed::text},
    outline::ParseProblem,
    voice::{
        self,
        words::{self, shortened},
    },
};

/// Keys of the structured data that say whether a machine was talked to.
const VOICEMAIL_KEYS: &[&str] = &["invoicemail", "voicemail"];

/// Keys of the structured data that say how the person felt.
const SENTIMENT_KEYS: &[&str] = &["sentiment", "usersentiment"];

/// Reads a webhook body in full. `Ok(None)` for a message that says nothing about a call's course, such as an
/// unknown one. A `hang` is one of these: the assistant was slow, and nobody hung up.
///
/// `outcome_field` names the key of the structured data that holds the person's decision.
pub fn observe_event(
    body: &[u8],
    outcome_field: &str,
) -> Result<Option<Observation>, ParseProblem> {
    let value: Value = broken::read(body)?;
    let json = Json::from(&value);
    let message = json.at("message");
    let kind = match json.needed(&["message.type"], text)?.as_str() {
        "assistant.started" => ObservationKind::Started,
        "status-update" => kind_of(&json.needed(&["message.status"], text)?),
        "end-of-call-report" => ObservationKind::Analyzed,
        _ => return Ok(None),
    };
    json.needed(&["message.call.id"], text)?;
    Ok(Some(observe(kind, Told::by(message), outcome_field)))
}

/// What was said in the call that a message tells of, as far as the message holds it.
pub fn transcript(body: &[u8]) -> Option<Transcript> {
    let value: Value = broken::read(body).ok()?;
    let told = Told::by(Json::from(&value).at("message"));
    let texts = told.artifact("transcript").filter_map(Json::text);
    let mut said = texts.filter_map(|text| voice::transcript::transcript(&text));
    said.next()
}

/// What a call read from Vapi says.
pub fn observe_call(call: &CallObject, outcome_field: &str) -> Observation {
    observe(ObservationKind::Fetched, Told::read(call), outcome_field)
}

fn kind_of(status: &str) -> ObservationKind {
    match status_of(status) {
        Some(ProviderStatus::Ongoing) => ObservationKind::Started,
        Some(status) if status.is_final() => ObservationKind::Ended,
        _ => ObservationKind::Updated,
    }
}

/// `ended` says nothing of whether anybody answered: the reason does.
fn status_of(status: &str) -> Option<ProviderStatus> {
    match status {
        "scheduled" | "queued" => Some(ProviderStatus::Registered),
        "ringing" => Some(ProviderStatus::Ringing),
        "in-progress" | "forwarding" => Some(ProviderStatus::Ongoing),
        "ended" => Some(ProviderStatus::Ended),
        _ => None,
    }
}

fn observe(kind: ObservationKind, told: Told<'_>, outcome_field: &str) -> Observation {
    let bare = Observation::bare(kind);
    let provider_status = told.each("status").find_map(Json::text);
    let status = match kind {
        // The call in a report may be as it was before the end.
        ObservationKind::Analyzed => Some(ProviderStatus::Ended),
        _ => provider_status.as_deref().and_then(status_of),
    };
    let reason = told.each("endedReason").find_map(Json::text);
    let disconnection = reason
        .as_deref()
        .map(|reason| disconnection_of(reason, direction(told)));
    let connected = bare.connected || status == Some(ProviderStatus::Ongoing) || spoken(told);
    let (started_at, ended_at) = (started_at(kind, told), instant(told, "endedAt"));
    let data = structured(told);
    let said = words::said(&data, outcome_field);
    let summary = summary(told);
    Observation {
        status,
        provider_status: provider_status.as_deref().map(shortened),
        disconnection,
        disconnection_reason: reason.as_deref().map(shortened),
        started_at,
        ended_at,
        duration_ms: duration(started_at, ended_at)
            .filter(|_| connected || disconnection.is_some_and(is_answered)),
        connected,
        analyzed: bare.analyzed || !data.is_empty() || summary.is_some() || evaluated(told),
        in_voicemail: words::valued(&data, VOICEMAIL_KEYS).and_then(words::truth),
        action: said.action,
        unclear_action: said.unclear_action,
        opt_out: said.opt_out,
        topic: said.topic,
        summary,
        sentiment: words::valued(&data, SENTIMENT_KEYS)
            .and_then(Value::as_str)
            .and_then(words::sentiment),
        ..bare
    }
}

fn direction(told: Told<'_>) -> Direction {
    match told.call.at("type").text().as_deref() {
        Some("inboundPhoneCall") => Direction::Inbound,
        _ => Direction::Outbound,
    }
}

/// Whether anything was said. A start time does not say so: a call that only rang may have one.
fn spoken(told: Told<'_>) -> bool {
    told.artifact("transcript")
        .filter_map(Json::text)
        .any(|transcript| !transcript.trim().is_empty())
}

fn is_answered(disconnection: Disconnection) -> bool {
    matches!(
        disconnection,
        Disconnection::Talked | Disconnection::Machine
    )
}

fn instant(told: Told<'_>, key: &str) -> Option<Timestamp> {
    told.each(key).find_map(Json::instant)
}

/// When the call began. While it goes on no time of its own is known, so that of the message has to do.
fn started_at(kind: ObservationKind, told: Told<'_>) -> Option<Timestamp> {
    let announced = || match kind {
        ObservationKind::Started => told.message.at("timestamp").instant(),
        _ => None,
    };
    instant(told, "startedAt").or_else(announced)
}

/// Vapi's own figure is not reliable, so it is the time between start and end.
fn duration(started_at: Option<Timestamp>, ended_at: Option<Timestamp>) -> Option<u64> {
    let duration = ended_at?.duration_since(started_at?);
    u64::try_from(duration.as_millis()).ok()
}

fn summary(told: Told<'_>) -> Option<String> {
    told.analysis("summary")
        .chain(told.artifact("summary"))
        .filter_map(Json::text)
        .find_map(|text| words::summary(&text))
}

fn evaluated(told: Told<'_>) -> bool {
    told.analysis("successEvaluation").any(Json::exists)
}

/// What the analysis was told to find: the structured data, and the structured outputs, which take its place in newer
/// set-ups. These are `{id: {name, result}}`; a result is one value, or an object of several.
fn structured(told: Told<'_>) -> Map<String, Value> {
    let data = told.analysis("structuredData").find_map(Json::value);
    let mut found = data.and_then(Value::as_object).cloned().unwrap_or_default();
    let outputs = told.artifact("structuredOutputs").find_map(Json::value);
    for output in outputs.and_then(Value::as_object).into_iter().flatten() {
        let output = Json::from(output.1);
        match (output.at("name").text(), output.at("result").value()) {
            (_, Some(Value::Object(results))) => add(&mut found, results.clone()),
            (Some(name), Some(result)) => add(&mut found, [(name, result.clone())]),
            _ => {}
        }
    }
    found
}

fn add(found: &mut Map<String, Value>, more: impl IntoIterator<Item = (String, Value)>) {
    for (key, value) in more {
        found.entry(key).or_insert(value);
    }
}

#[cfg(test)]
#[path = "observe_tests.rs"]
mod tests;
