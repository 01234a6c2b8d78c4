//! What an answer to the question for an assistant comes to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What becomes of a call that came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// This assistant takes it, with the overrides that were answered.
    Assistant {
        /// `None` when it was described in the answer, or is a squad or a workflow.
        id: Option<String>,
        overrides: Value,
    },
    /// Passed on to a number or a SIP address.
    Forwarded { to: String },
    /// The caller hears this, and the call ends.
    Refused { words: String },
    /// Nobody takes it: an ended reason of Vapi's.
    Failed { reason: String },
}

impl Taken {
    /// The reason with which the call ends at once; `None` when it goes on.
    pub(super) fn ends(&self) -> Option<&str> {
        match self {
            Self::Assistant { .. } => None,
            Self::Forwarded { .. } => Some("assistant-request-returned-forwarding-phone-number"),
            Self::Refused { .. } => Some("assistant-request-returned-error"),
            Self::Failed { reason } => Some(reason),
        }
    }
}

fn failed(how: &str) -> Taken {
    Taken::Failed {
        reason: format!("assistant-request-{how}"),
    }
}

fn invalid() -> Taken {
    failed("returned-invalid-assistant")
}

/// How Vapi understands an answer: a destination goes before everything else. `known` are the assistants there are.
pub(super) fn taken(answer: Option<(u16, Option<&Value>)>, known: Option<&[String]>) -> Taken {
    let Some((200..300, answer)) = answer else {
        return failed("failed");
    };
    let Some(Value::Object(answer)) = answer else {
        return failed("returned-no-assistant");
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(destination) = answer.get("destination") {
        let to = destination.get("number").or(destination.get("sipUri"));
        return to
            .and_then(text)
            .map_or_else(invalid, |to| Taken::Forwarded { to });
    }
    if let Some(words) = answer.get("error") {
        return match text(words).filter(|words| !words.is_empty()) {
            Some(words) => Taken::Refused { words },
            None => failed("returned-unspeakable-error"),
        };
    }
    let overrides = answer
        .get("assistantOverrides")
        .cloned()
        .unwrap_or_default();
    if !(overrides.is_null() || overrides.is_object()) {
        return invalid();
    }
    if let Some(id) = answer.get("assistantId") {
        let id = text(id).filter(|id| known.is_none_or(|known| known.contains(id)));
        return match id {
            Some(id) => Taken::Assistant {
                id: Some(id),
                overrides,
            },
            None => invalid(),
        };
    }
    let described = ["assistant", "squadId", "squad", "workflowId", "workflow"];
    match described.iter().any(|key| answer.contains_key(*key)) {
        true => Taken::Assistant {
            id: None,
            overrides,
        },
        false => failed("returned-no-assistant"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(answer: Option<(u16, Option<&Value>)>) -> Option<String> {
        let taken = taken(answer, Some(&["a1".to_owned()]));
        taken.ends().map(str::to_owned)
    }

    #[test]
    fn an_answer_is_understood_as_vapi_understands_it() {
        let number = json!({"type": "number", "number": "+442079460999"});
        for (answer, expected) in [
            (json!({"assistantId": "a1"}), None),
            (json!({"assistant": {"model": {}}}), None),
            (
                json!({"assistantId": "a1", "destination": number}),
                Some("assistant-request-returned-forwarding-phone-number"),
            ),
            (
                json!({"error": "Not now."}),
                Some("assistant-request-returned-error"),
            ),
            (
                json!({"error": ""}),
                Some("assistant-request-returned-unspeakable-error"),
            ),
            (
                json!({"assistantId": "a2"}),
                Some("assistant-request-returned-invalid-assistant"),
            ),
            (
                json!({"assistantId": "a1", "assistantOverrides": []}),
                Some("assistant-request-returned-invalid-assistant"),
            ),
            (
                json!({"destination": {}}),
                Some("assistant-request-returned-invalid-assistant"),
            ),
            (json!({}), Some("assistant-request-returned-no-assistant")),
            (json!([]), Some("assistant-request-returned-no-assistant")),
        ] {
            assert_eq!(
                reason(Some((200, Some(&answer)))).as_deref(),
                expected,
                "{answer}"
            );
        }
        let fine = json!({"assistantId": "a1"});
        assert_eq!(
            reason(Some((500, Some(&fine)))).as_deref(),
            Some("assistant-request-failed")
        );
        assert_eq!(reason(None).as_deref(), Some("assistant-request-failed"));
        assert_eq!(
            reason(Some((200, None))).as_deref(),
            Some("assistant-request-returned-no-assistant")
        );
    }
}
