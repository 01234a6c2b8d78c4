//! What an answer to the question for an assistant comes to.

use serde_json::Value;

/// What becomes of a call that came in.
#[derive(Debug, Clone, PartialEq)]
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
    Failed { reason: &'static str },
}

impl Taken {
    /// The reason with which the call ends at once; `None` when it goes on.
    pub(super) fn ends(&self) -> Option<&'static str> {
        match self {
            Self::Assistant { .. } => None,
            Self::Forwarded { .. } => Some("assistant-request-returned-forwarding-phone-number"),
            Self::Refused { .. } => Some("assistant-request-returned-error"),
            Self::Failed { reason } => Some(reason),
        }
    }
}

const FAILED: Taken = Taken::Failed {
    reason: "assistant-request-failed",
};
const NO_ASSISTANT: Taken = Taken::Failed {
    reason: "assistant-request-returned-no-assistant",
};
const INVALID: Taken = Taken::Failed {
    reason: "assistant-request-returned-invalid-assistant",
};

/// How Vapi understands an answer: a destination goes before everything else. `known` are the assistants there are.
pub(super) fn taken(answer: Option<(u16, Option<&Value>)>, known: Option<&[String]>) -> Taken {
    let Some((200..300, answer)) = answer else {
        return FAILED;
    };
    let Some(Value::Object(answer)) = answer else {
        return NO_ASSISTANT;
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(destination) = answer.get("destination") {
        let to = destination.get("number").or(destination.get("sipUri"));
        return to
            .and_then(text)
            .map_or(INVALID, |to| Taken::Forwarded { to });
    }
    if let Some(words) = answer.get("error") {
        return match text(words).filter(|words| !words.is_empty()) {
            Some(words) => Taken::Refused { words },
            None => Taken::Failed {
                reason: "assistant-request-returned-unspeakable-error",
            },
        };
    }
    let overrides = answer
        .get("assistantOverrides")
        .cloned()
        .unwrap_or_default();
    if !(overrides.is_null() || overrides.is_object()) {
        return INVALID;
    }
    if let Some(id) = answer.get("assistantId") {
        let id = text(id).filter(|id| known.is_none_or(|known| known.contains(id)));
        return match id {
            Some(id) => Taken::Assistant {
                id: Some(id),
                overrides,
            },
            None => INVALID,
        };
    }
    let described = ["assistant", "squadId", "squad", "workflowId", "workflow"];
    match described.iter().any(|key| answer.contains_key(*key)) {
        true => Taken::Assistant {
            id: None,
            overrides,
        },
        false => NO_ASSISTANT,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(answer: Option<(u16, Option<&Value>)>) -> Option<&'static str> {
        taken(answer, Some(&["a1".to_owned()])).ends()
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
            assert_eq!(reason(Some((200, Some(&answer)))), expected, "{answer}");
        }
        let fine = json!({"assistantId": "a1"});
        assert_eq!(
            reason(Some((500, Some(&fine)))),
            Some("assistant-request-failed")
        );
        assert_eq!(reason(None), Some("assistant-request-failed"));
        assert_eq!(
            reason(Some((200, None))),
            Some("assistant-request-returned-no-assistant")
        );
    }
}
