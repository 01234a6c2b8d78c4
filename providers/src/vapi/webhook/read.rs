//! What a Vapi message says, read in full.

use domain::ids::CallId;
use jiff::Timestamp;
use serde_json::Value;

use super::{check::check, our_call_in};
use crate::{
    json::{Json, broken, needed::text},
    outline::ParseProblem,
    private::Private,
    vapi::{EndedReason, class_of},
};

/// A message with what all of them carry.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When Vapi made it.
    pub at: Option<Timestamp>,
    pub call: Call,
    pub says: Says,
}

/// What a message shows of its call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Call {
    /// Vapi's id.
    pub id: Option<String>,
    /// Our own, when Vapi echoes it.
    pub call_id: Option<CallId>,
    /// `inboundPhoneCall`, `outboundPhoneCall`, …
    pub kind: Option<String>,
    pub status: Option<String>,
    pub assistant_id: Option<String>,
    pub phone_number_id: Option<String>,
    /// The number of the person on the line.
    pub customer_number: Option<Private>,
    /// Our number.
    pub number: Option<Private>,
    pub created_at: Option<Timestamp>,
}

/// What a message says, by its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Says {
    /// `scheduled`, `queued`, `ringing`, `in-progress`, `forwarding`, `ended`, or one that is new.
    Status {
        status: Option<String>,
        ended_reason: Option<String>,
    },
    EndOfCall(Box<Report>),
    /// Vapi waits for the assistant that shall take the call.
    AssistantRequest,
    /// Vapi waits for the results.
    ToolCalls(Vec<ToolCall>),
    Transcript {
        role: Option<String>,
        is_final: bool,
        text: Option<Private>,
    },
    /// The assistant was slow to answer. It does not mean that somebody hung up.
    Hang,
    Other {
        event_type: String,
    },
}

/// The report after a call. Every part may be missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    pub ended_reason: Option<String>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// In US dollars.
    pub cost: Option<f64>,
    pub transcript: Option<Private>,
    pub summary: Option<Private>,
    /// A text even where it stands for yes or no.
    pub success_evaluation: Option<String>,
    pub structured_data: Option<Private<Value>>,
    /// Signed, and soon expired.
    pub recording_url: Option<Private>,
    pub stereo_recording_url: Option<Private>,
}

/// One function that the assistant wants carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    pub id: Option<String>,
    pub name: Option<String>,
    /// As an object, however Vapi wrote it; null when it could not be read.
    pub arguments: Private<Value>,
}

impl Report {
    pub fn ended_class(&self) -> Option<EndedReason> {
        self.ended_reason.as_deref().map(class_of)
    }

    /// Vapi's own figure is not reliable, so it is the time between start and end.
    pub fn duration_ms(&self) -> Option<u64> {
        let duration = self.ended_at?.duration_since(self.started_at?);
        u64::try_from(duration.as_millis()).ok()
    }
}

/// Reads a message in full. Unknown types, states and fields are fine; a message of a known type has to say what
/// it is about.
pub fn read(body: &[u8]) -> Result<Event, ParseProblem> {
    let value: Value = broken::read(body)?;
    let json = Json::from(&value);
    let message = json.at("message");
    let event_type = json.needed(&["message.type"], text)?;
    check(&event_type, json)?;
    Ok(Event {
        at: message.at("timestamp").instant(),
        call: call(json),
        says: says(event_type, message),
    })
}

fn says(event_type: String, message: Json<'_>) -> Says {
    match event_type.as_str() {
        "status-update" => Says::Status {
            status: message.at("status").text(),
            ended_reason: message.at("endedReason").text(),
        },
        "end-of-call-report" => Says::EndOfCall(Box::new(report(message))),
        "assistant-request" => Says::AssistantRequest,
        "tool-calls" => Says::ToolCalls(tool_calls(message)),
        "function-call" => Says::ToolCalls(vec![tool_call(message.at("functionCall"))]),
        "hang" => Says::Hang,
        // The name may carry a filter: `transcript[transcriptType="final"]`.
        name if name.starts_with("transcript") => Says::Transcript {
            role: message.at("role").text(),
            is_final: message.at("transcriptType").text().as_deref() == Some("final"),
            text: message.at("transcript").private(),
        },
        _ => Says::Other { event_type },
    }
}

fn call(json: Json<'_>) -> Call {
    let (message, call) = (json.at("message"), json.at("message.call"));
    Call {
        id: call.at("id").text(),
        call_id: our_call_in(json),
        kind: call.at("type").text(),
        status: call.at("status").text(),
        assistant_id: call.at("assistantId").text(),
        phone_number_id: message
            .first(&["call.phoneNumberId", "phoneNumber.id"])
            .text(),
        customer_number: message
            .first(&["call.customer.number", "customer.number"])
            .private(),
        number: message.at("phoneNumber.number").private(),
        created_at: call.at("createdAt").instant(),
    }
}

fn report(message: Json<'_>) -> Report {
    // Older deliveries put the artifact's content on the message itself, some into the call.
    let artifact = |key: &str| {
        let (inner, call) = (format!("artifact.{key}"), format!("call.artifact.{key}"));
        message.first(&[&inner, key, &call])
    };
    let analysis = |key: &str| {
        let (inner, call) = (format!("analysis.{key}"), format!("call.analysis.{key}"));
        message.first(&[&inner, &call])
    };
    let summary = analysis("summary");
    Report {
        ended_reason: message.first(&["endedReason", "call.endedReason"]).text(),
        started_at: message.first(&["startedAt", "call.startedAt"]).instant(),
        ended_at: message.first(&["endedAt", "call.endedAt"]).instant(),
        cost: message.first(&["cost", "call.cost"]).number(),
        transcript: artifact("transcript").private(),
        summary: summary
            .private()
            .or_else(|| message.at("summary").private()),
        success_evaluation: analysis("successEvaluation").text(),
        structured_data: analysis("structuredData").value().cloned().map(Private),
        recording_url: artifact("recordingUrl").private(),
        stereo_recording_url: artifact("stereoRecordingUrl").private(),
    }
}

fn tool_calls(message: Json<'_>) -> Vec<ToolCall> {
    let listed: Vec<_> = message.at("toolCallList").items().map(tool_call).collect();
    if !listed.is_empty() {
        return listed;
    }
    let with_tools = message.at("toolWithToolCallList").items();
    with_tools
        .map(|each| tool_call(each.at("toolCall")))
        .collect()
}

/// Schema, documentation and deliveries disagree on where name and arguments stand.
fn tool_call(call: Json<'_>) -> ToolCall {
    let arguments = call
        .first(&["function.arguments", "arguments", "parameters"])
        .value();
    ToolCall {
        id: call.at("id").text(),
        name: call.first(&["function.name", "name"]).text(),
        arguments: Private(match arguments {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            Some(value) => value.clone(),
            None => Value::Null,
        }),
    }
}
