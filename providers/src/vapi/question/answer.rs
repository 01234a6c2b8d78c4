//! The answers to Vapi's questions.
//!
//! Each goes out with status 200, also one that says that something failed: Vapi's model sees no other.

use std::{collections::BTreeMap, fmt};

use domain::{ids::ContextId, settings::Fallback};
use serde_json::{Map, Value, json};

use crate::vapi::CONTEXT_ID_KEY;

/// What came of a tool call.
#[derive(Clone, PartialEq)]
pub struct ToolResult {
    pub id: Option<String>,
    pub name: Option<String>,
    pub outcome: Result<Value, String>,
}

impl fmt::Debug for ToolResult {
    /// Without what it says, which is about the person on the line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolResult")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("ok", &self.outcome.is_ok())
            .finish_non_exhaustive()
    }
}

/// The answer that lets this assistant take the call. What has no value is left out.
pub fn assistant_answer(
    assistant_id: &str,
    variables: &BTreeMap<String, String>,
    metadata: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut overrides = Map::new();
    if !variables.is_empty() {
        overrides.insert("variableValues".to_owned(), json!(variables));
    }
    if !metadata.is_empty() {
        overrides.insert("metadata".to_owned(), json!(metadata));
    }
    let answer = match overrides.is_empty() {
        true => json!({"assistantId": assistant_id}),
        false => json!({"assistantId": assistant_id, "assistantOverrides": overrides}),
    };
    answer.to_string().into_bytes()
}

/// The same with the id of what is told, in both places where Vapi may show it again. The assistant's prompt has no
/// use for it.
pub fn context_answer(
    assistant_id: &str,
    variables: &BTreeMap<String, String>,
    context: ContextId,
) -> Vec<u8> {
    let id = BTreeMap::from([(CONTEXT_ID_KEY.to_owned(), context.to_string())]);
    let mut variables = variables.clone();
    variables.extend(id.clone());
    assistant_answer(assistant_id, &variables, &id)
}

/// The answer that passes the call on to a number (E.164) without a word.
pub fn forward_answer(number: &str) -> Vec<u8> {
    let destination = json!({"type": "number", "number": number, "message": ""});
    json!({"destination": destination}).to_string().into_bytes()
}

/// The answer that is spoken to the caller, and ends the call.
pub fn spoken_error(text: &str) -> Vec<u8> {
    json!({"error": line(text)}).to_string().into_bytes()
}

/// The safe answer, for when nothing can be looked up: it tells nothing of the caller.
pub fn safe_answer(fallback: Fallback<'_>) -> Vec<u8> {
    let nothing = BTreeMap::new();
    match fallback {
        Fallback::Assistant(id) => assistant_answer(id, &nothing, &nothing),
        Fallback::Forward(number) => forward_answer(number),
        Fallback::Apologise(words) => spoken_error(words),
    }
}

/// The answer to tool calls: an entry for each result, in their order.
///
/// The older message has no id to match an entry by and takes its one result from the top, errors too; third
/// parties show it, the vendor documents it no longer. So a lone result without id stands in both places.
pub fn tool_answer(results: &[ToolResult]) -> Vec<u8> {
    let entries: Vec<_> = results.iter().map(entry).collect();
    let answer = match results {
        [only] if only.id.is_none() => json!({"results": entries, "result": said(only)}),
        _ => json!({"results": entries}),
    };
    answer.to_string().into_bytes()
}

fn entry(result: &ToolResult) -> Value {
    let mut entry = Map::new();
    if let Some(id) = &result.id {
        entry.insert("toolCallId".to_owned(), json!(id));
    }
    if let Some(name) = &result.name {
        entry.insert("name".to_owned(), json!(name));
    }
    let key = match result.outcome {
        Ok(_) => "result",
        Err(_) => "error",
    };
    entry.insert(key.to_owned(), said(result).into());
    entry.into()
}

/// A result or an error as Vapi takes it: one line of text.
fn said(result: &ToolResult) -> String {
    match &result.outcome {
        Ok(Value::String(text)) | Err(text) => line(text),
        Ok(value) => line(&value.to_string()),
    }
}

/// On one line: Vapi cannot read a result with a line break.
fn line(text: &str) -> String {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let parts: Vec<_> = text.split(breaks).filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
