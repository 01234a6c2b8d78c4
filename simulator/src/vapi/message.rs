//! The messages about a call, as Vapi's server messages have them.

use serde_json::{Map, Value, json};

use super::{call::Call, scenario::ArtifactPlace};
use crate::outbound::now_ms;

/// A message of a type about a call as it is now.
pub(super) fn about(call: &Call, kind: &str, fields: Map<String, Value>) -> Map<String, Value> {
    let mut message = fields;
    let mut phone_number = json!({"id": call.phone_number_id, "provider": "twilio"});
    if let (Some(number), Some(shown)) = (&call.our_number, phone_number.as_object_mut()) {
        shown.insert("number".into(), number.as_str().into());
    }
    message.insert("type".into(), kind.into());
    message.insert("timestamp".into(), now_ms().into());
    message.insert("phoneNumber".into(), phone_number);
    message.insert("customer".into(), call.customer());
    message.entry("call").or_insert_with(|| call.head().into());
    message
}

/// `status-update`: the call's status, and why it ended.
pub(super) fn status(call: &Call) -> Map<String, Value> {
    let mut fields = Map::from_iter([("status".to_owned(), call.status.into())]);
    let reason = call.ended.as_ref().map(|ended| ended.reason.as_str());
    fields.extend(reason.map(|reason| ("endedReason".to_owned(), reason.into())));
    about(call, "status-update", fields)
}

/// `end-of-call-report`, with what was recorded in one of its places.
pub(super) fn report(call: &Call, place: ArtifactPlace) -> Map<String, Value> {
    let mut fields: Map<String, Value> = call
        .head()
        .into_iter()
        .filter(|(key, _)| {
            matches!(
                key.as_str(),
                "startedAt" | "endedAt" | "endedReason" | "cost"
            )
        })
        .collect();
    let (artifact, analysis) = (call.artifact(), call.analysis());
    match place {
        ArtifactPlace::Artifact => {
            fields.insert("artifact".into(), artifact.into());
            fields.insert("analysis".into(), analysis);
        }
        ArtifactPlace::Message => {
            fields.extend(artifact);
            fields.insert("analysis".into(), analysis);
        }
        ArtifactPlace::Call => {
            let mut shown = call.head();
            shown.insert("artifact".into(), artifact.into());
            shown.insert("analysis".into(), analysis);
            fields.insert("call".into(), shown.into());
        }
    }
    about(call, "end-of-call-report", fields)
}
