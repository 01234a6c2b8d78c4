//! What Vapi waits for an answer to: the assistant for a call that comes in, and the results of tool calls.

mod answer;

use std::fmt;

use domain::ids::CallId;
use serde_json::{Map, Value, json};

pub use answer::{
    ToolResult, assistant_answer, context_answer, forward_answer, safe_answer, spoken_error,
    tool_answer,
};

use super::webhook::our_call_in;
use crate::{
    json::Json,
    outline::{ParseProblem, hash, name},
};

/// A message that somebody on the line waits for, or one of the many that nobody does.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    Assistant(AssistantQuestion),
    Tools(ToolQuestion),
    /// Of another type: not answered here.
    Other,
}

/// Which assistant takes the call of whom to which of our numbers. Numbers are as the provider wrote them:
/// withheld ones are words, or missing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AssistantQuestion {
    pub provider_call_id: Option<String>,
    pub assistant_id: Option<String>,
    /// Vapi's id of our number.
    pub phone_number_id: Option<String>,
    pub from_number: Option<String>,
    pub to_number: Option<String>,
}

impl fmt::Debug for AssistantQuestion {
    /// Without numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssistantQuestion")
            .field("provider_call_id", &self.provider_call_id)
            .field("assistant_id", &self.assistant_id)
            .field("phone_number_id", &self.phone_number_id)
            .finish_non_exhaustive()
    }
}

/// Functions that the assistant wants carried out in a call; each wants an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolQuestion {
    pub provider_call_id: Option<String>,
    /// Ours, in a call that we placed.
    pub call_id: Option<CallId>,
    pub calls: Vec<ToolCall>,
}

impl ToolQuestion {
    /// The same for the same call of a tool asked about again: 64 hex digits.
    ///
    /// Made of the ids of the call and of the tool call, and of name and arguments too: the older message has no
    /// id, and one that a model used twice must not pass for the same wish. Without the call's id two callers may
    /// share a key: then nothing may be changed on the strength of it.
    pub fn invocation(&self, call: &ToolCall) -> String {
        let mut asked = json!([self.provider_call_id, call.id, call.name, call.args]);
        // Sorted already, unless a dependency turns on serde_json's keeping of the order as sent.
        asked.sort_all_objects();
        hash(asked.to_string().as_bytes())
    }
}

/// One function that the assistant wants carried out.
#[derive(Clone, Default, PartialEq)]
pub struct ToolCall {
    /// As sent, of any length. The older message (`function-call`) has none.
    pub id: Option<String>,
    pub name: Option<String>,
    /// `None` when they cannot be read: the call has to be answered with an error.
    pub args: Option<Map<String, Value>>,
}

impl ToolCall {
    /// The result that answers this call: a value, of which anything but text is told as JSON, or why there is none.
    pub fn result(&self, outcome: Result<Value, String>) -> ToolResult {
        ToolResult {
            id: self.id.clone(),
            name: self.name.clone(),
            outcome,
        }
    }
}

impl fmt::Debug for ToolCall {
    /// Without arguments, which are about the person on the line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCall")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("readable", &self.args.is_some())
            .finish_non_exhaustive()
    }
}

/// Reads a message. Unknown types and keys are fine, and a part of an unexpected type counts as absent.
pub fn read(body: &[u8]) -> Result<Question, ParseProblem> {
    let value: Value = serde_json::from_slice(body)?;
    let body = Json::from(&value);
    let message = body.at("message");
    let kind = message.at("type").text();
    let kind = kind.ok_or(ParseProblem::Missing("message.type"))?;
    Ok(match kind.as_str() {
        "assistant-request" => Question::Assistant(assistant(message)?),
        "tool-calls" => Question::Tools(tools(body, tool_calls(message))?),
        "function-call" => {
            let call = tool_call(message.at("functionCall"));
            Question::Tools(tools(body, vec![call])?)
        }
        _ => Question::Other,
    })
}

fn assistant(message: Json<'_>) -> Result<AssistantQuestion, ParseProblem> {
    let text = |paths: &[&str], field| {
        let found = paths.iter().find_map(|path| message.at(path).text());
        name(found.as_deref(), field)
    };
    Ok(AssistantQuestion {
        provider_call_id: text(&["call.id"], "message.call.id")?,
        assistant_id: text(&["call.assistantId"], "message.call.assistantId")?,
        phone_number_id: text(
            &["phoneNumber.id", "call.phoneNumberId"],
            "message.phoneNumber.id",
        )?,
        from_number: text(
            &["customer.number", "call.customer.number"],
            "message.customer.number",
        )?,
        to_number: text(&["phoneNumber.number"], "message.phoneNumber.number")?,
    })
}

fn tools(body: Json<'_>, calls: Vec<ToolCall>) -> Result<ToolQuestion, ParseProblem> {
    let call_id = body.at("message.call.id").text();
    Ok(ToolQuestion {
        provider_call_id: name(call_id.as_deref(), "message.call.id")?,
        call_id: our_call_in(body),
        calls,
    })
}

fn tool_calls(message: Json<'_>) -> Vec<ToolCall> {
    let listed: Vec<_> = message.at("toolCallList").items().map(tool_call).collect();
    if !listed.is_empty() {
        return listed;
    }
    let with_tools = message.at("toolWithToolCallList").items();
    let of_tool = |each: Json<'_>| {
        let call = tool_call(each.at("toolCall"));
        ToolCall {
            name: call.name.or_else(|| function_name(each)),
            ..call
        }
    };
    with_tools.map(of_tool).collect()
}

/// Schema, documentation and deliveries disagree on where name and arguments stand.
fn tool_call(call: Json<'_>) -> ToolCall {
    ToolCall {
        id: call.at("id").text(),
        name: function_name(call),
        args: args(call.first(&["function.arguments", "arguments", "parameters"])),
    }
}

fn function_name(json: Json<'_>) -> Option<String> {
    json.first(&["function.name", "name"]).text()
}

/// An object, or one written as text. A function without parameters may come with nothing at all.
fn args(json: Json<'_>) -> Option<Map<String, Value>> {
    match json.value() {
        None => Some(Map::new()),
        Some(Value::Object(args)) => Some(args.clone()),
        Some(Value::String(text)) if text.trim().is_empty() => Some(Map::new()),
        Some(Value::String(text)) => {
            let args: Option<Map<_, _>> = serde_json::from_str(text).ok()?;
            Some(args.unwrap_or_default())
        }
        Some(_) => None,
    }
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "question_properties.rs"]
mod properties;
