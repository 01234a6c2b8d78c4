//! What the assistant wants carried out in a call: asked in each of the shapes that are seen, answers checked.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    WebhookFault,
    deliver::{forged, post, server_of},
    ledger::ToolSeen,
    message,
    state::Shared,
};

/// One function that the assistant wants carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolUse {
    pub name: String,
    #[serde(default)]
    pub arguments: Map<String, Value>,
    #[serde(default)]
    pub shape: ToolShape,
    /// Asked twice at once, not at all, or under a wrong secret; the others do nothing here.
    #[serde(default = "no_fault")]
    pub fault: WebhookFault,
}

fn no_fault() -> WebhookFault {
    WebhookFault::None
}

impl ToolUse {
    pub fn new(name: &str, arguments: Value) -> Self {
        let arguments = match arguments {
            Value::Object(arguments) => arguments,
            _ => Map::new(),
        };
        Self {
            name: name.to_owned(),
            arguments,
            shape: ToolShape::default(),
            fault: WebhookFault::None,
        }
    }

    pub fn in_shape(self, shape: ToolShape) -> Self {
        Self { shape, ..self }
    }

    pub fn with_fault(self, fault: WebhookFault) -> Self {
        Self { fault, ..self }
    }
}

/// How a tool call is written. Schema, documentation and deliveries disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolShape {
    /// `function.arguments`, as text.
    #[default]
    FunctionText,
    /// `function.arguments`, as an object.
    FunctionObject,
    /// `name` and `arguments`, which is text.
    PlainText,
    /// `name` and `parameters`, which is an object.
    PlainParameters,
    /// Only in `toolWithToolCallList`.
    WithTool,
    /// The older message `function-call`, without an id.
    FunctionCall,
}

impl ToolShape {
    pub const ALL: [Self; 6] = [
        Self::FunctionText,
        Self::FunctionObject,
        Self::PlainText,
        Self::PlainParameters,
        Self::WithTool,
        Self::FunctionCall,
    ];

    fn kind(self) -> &'static str {
        match self {
            Self::FunctionCall => "function-call",
            _ => "tool-calls",
        }
    }
}

/// Asks for one after another.
pub(super) async fn ask_all(shared: &Arc<Shared>, call_id: &str, tools: &[ToolUse]) {
    for (nth, tool) in tools.iter().enumerate() {
        let id = format!("call_{nth}_{}", call_id.get(..8).unwrap_or_default());
        match tool.fault {
            WebhookFault::Drop => {}
            WebhookFault::Duplicate => {
                tokio::join!(
                    ask(shared, call_id, &id, tool),
                    ask(shared, call_id, &id, tool)
                );
            }
            _ => ask(shared, call_id, &id, tool).await,
        }
    }
}

async fn ask(shared: &Shared, call_id: &str, id: &str, tool: &ToolUse) {
    let Some(server) = server_of(shared, call_id) else {
        return;
    };
    let server = match tool.fault {
        WebhookFault::BadSignature => forged(&server),
        _ => server,
    };
    let fields = fields(id, tool);
    let message = shared.read(call_id, |call| {
        message::about(call, tool.shape.kind(), fields)
    });
    let body = json!({ "message": message }).to_string();
    let timeout = Duration::from_secs_f64(shared.scenario().messages.timeout_seconds);
    let began = Instant::now();
    let answer = post(shared, &server, id, body, timeout).await;
    let id = (tool.shape != ToolShape::FunctionCall).then(|| id.to_owned());
    let seen = ToolSeen {
        provider_call_id: call_id.to_owned(),
        tool_call_id: id.clone(),
        name: tool.name.clone(),
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        ..answered(answer, id.as_deref())
    };
    shared.note_tool(seen);
}

fn fields(id: &str, tool: &ToolUse) -> Map<String, Value> {
    let name = &tool.name;
    let text = Value::Object(tool.arguments.clone()).to_string();
    let call = match tool.shape {
        ToolShape::FunctionText => {
            json!({"id": id, "type": "function", "function": {"name": name, "arguments": text}})
        }
        ToolShape::FunctionObject => {
            json!({"id": id, "type": "function", "function": {"name": name, "arguments": tool.arguments}})
        }
        ToolShape::PlainText => json!({"id": id, "name": name, "arguments": text}),
        ToolShape::PlainParameters => json!({"id": id, "name": name, "parameters": tool.arguments}),
        ToolShape::WithTool => json!({"id": id, "parameters": tool.arguments}),
        ToolShape::FunctionCall => json!({"name": name, "parameters": tool.arguments}),
    };
    let with_tool = json!([{"type": "function", "name": name, "toolCall": call}]);
    let fields = match tool.shape {
        ToolShape::FunctionCall => BTreeMap::from([("functionCall", call)]),
        ToolShape::WithTool => BTreeMap::from([("toolWithToolCallList", with_tool)]),
        _ => BTreeMap::from([
            ("toolCallList", json!([call])),
            ("toolWithToolCallList", with_tool),
        ]),
    };
    let named = fields.into_iter();
    named.map(|(key, value)| (key.to_owned(), value)).collect()
}

/// What an answer comes to: only the status, and what the model is told.
fn answered(answer: Result<(u16, axum::body::Bytes), &'static str>, id: Option<&str>) -> ToolSeen {
    let problem = |status, problem: &str| ToolSeen {
        status,
        problem: Some(problem.to_owned()),
        ..ToolSeen::default()
    };
    let (status, body) = match answer {
        Ok((200, body)) => (200, body),
        Ok((status, _)) => return problem(Some(status), "a status other than 200 is ignored"),
        Err(error) => return problem(None, error),
    };
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    let entry = match id {
        Some(id) => entry(&answer, id),
        // The older message takes its result from the top.
        None => Some(&answer),
    };
    let Some(entry) = entry else {
        return problem(Some(status), "no entry with this id");
    };
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let (result, error) = (text("result"), text("error"));
    let told = result.as_ref().or(error.as_ref());
    let wrong = match told {
        None => Some("neither a result nor an error that is text"),
        Some(told) if told.contains(['\n', '\r']) => Some("a line break in the text"),
        Some(_) => None,
    };
    ToolSeen {
        status: Some(status),
        problem: wrong.map(str::to_owned),
        result,
        error,
        ..ToolSeen::default()
    }
}

fn entry<'a>(answer: &'a Value, id: &str) -> Option<&'a Value> {
    let mut entries = answer.get("results")?.as_array()?.iter();
    entries.find(|entry| entry.get("toolCallId").and_then(Value::as_str) == Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(status: u16, body: &str, id: Option<&str>) -> ToolSeen {
        answered(Ok((status, body.to_owned().into())), id)
    }

    #[test]
    fn an_answer_reaches_the_model_only_in_the_vendors_shape() {
        let fine =
            r#"{"results":[{"toolCallId":"t0","result":"x"},{"toolCallId":"t1","result":"free"}]}"#;
        assert_eq!(seen(200, fine, Some("t1")).result.as_deref(), Some("free"));
        let failed = r#"{"results":[{"toolCallId":"t1","error":"away"}]}"#;
        assert_eq!(seen(200, failed, Some("t1")).error.as_deref(), Some("away"));
        assert_eq!(
            seen(200, r#"{"result":"free"}"#, None).result.as_deref(),
            Some("free")
        );
        for (status, body) in [
            (201, fine),
            (500, fine),
            (200, ""),
            (200, r#"{"results":[]}"#),
            (200, r#"{"results":[{"toolCallId":"t2","result":"x"}]}"#),
            (
                200,
                r#"{"results":[{"toolCallId":"t1","result":{"free":1}}]}"#,
            ),
            (
                200,
                "{\"results\":[{\"toolCallId\":\"t1\",\"result\":\"a\\nb\"}]}",
            ),
        ] {
            assert!(seen(status, body, Some("t1")).problem.is_some(), "{body}");
        }
    }
}
