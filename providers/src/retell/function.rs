//! What Retell asks in a call: that a custom function be carried out, with its result as the answer.

use std::{borrow::Cow, fmt};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::outline::{ParseProblem, hash, name, pluck, required};

/// What such a question counts as among the events, which have names.
pub const KIND: &str = "function";

const CALL_ID: &str = "call.call_id";
const AGENT: &str = "call.agent_id";
const FROM: &str = "call.from_number";
const TO: &str = "call.to_number";

/// Where Retell cuts what its model gets to see, in characters. They are counted as UTF-16 units here, of which
/// there are never fewer.
const CUT_AT: usize = 15_000;
/// Characters for the text alone, so that the whole stays under the cut.
const ROOM: usize = CUT_AT - 1 - r#"{"result":""}"#.len();

/// A function that the agent wants carried out, and the call it is wanted in.
#[derive(Clone, PartialEq)]
pub struct FunctionQuestion {
    pub name: String,
    pub args: Map<String, Value>,
    pub provider_call_id: Option<String>,
    pub agent_id: Option<String>,
    /// As the provider wrote it: a withheld one is words, or missing.
    pub from_number: Option<String>,
    pub to_number: Option<String>,
    /// The call's, as we gave it; empty when it has none.
    pub metadata: Map<String, Value>,
}

impl FunctionQuestion {
    /// The same for the same question asked again: 64 hex digits.
    ///
    /// Retell sends no id of an invocation and asks up to twice more after a failure or a late answer. So the key
    /// is made of what stays the same: the call's id, the function's name, and its arguments whatever their order.
    /// It follows that a function wanted twice in one call with the same arguments has one key, and that without
    /// a call id two callers may share one: then nothing may be changed on the strength of it.
    pub fn invocation(&self) -> String {
        let mut asked = json!([self.provider_call_id, self.name, self.args]);
        // Sorted already, unless a dependency turns on serde_json's keeping of the order as sent.
        asked.sort_all_objects();
        hash(asked.to_string().as_bytes())
    }
}

impl fmt::Debug for FunctionQuestion {
    /// Without arguments, numbers and metadata, which are about the person on the line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionQuestion")
            .field("name", &self.name)
            .field("provider_call_id", &self.provider_call_id)
            .field("agent_id", &self.agent_id)
            .finish_non_exhaustive()
    }
}

/// Reads the question. Unknown keys are fine, and a text of an unexpected type counts as absent.
///
/// A body that is the arguments alone (`args_at_root`) is refused with [`ParseProblem::Missing`] of `name`, or of
/// `args` where an argument happens to be called `name`: it says nothing about the call, so an operator has to
/// switch that form off.
pub fn read(body: &[u8]) -> Result<FunctionQuestion, ParseProblem> {
    let plucked = pluck(body, &["name", CALL_ID, AGENT, FROM, TO])?;
    let text = |path| name(plucked.text(path), path);
    let function = required(plucked.text("name"), "name")?;
    let Objects { args, call } = serde_json::from_slice(body)?;
    if args.is_none() && call.is_none() {
        return Err(ParseProblem::Missing("args"));
    }
    Ok(FunctionQuestion {
        name: function,
        args: args.unwrap_or_default(),
        provider_call_id: text(CALL_ID)?,
        agent_id: text(AGENT)?,
        from_number: text(FROM)?,
        to_number: text(TO)?,
        metadata: match call.unwrap_or_default().metadata {
            Value::Object(metadata) => metadata,
            _ => Map::new(),
        },
    })
}

/// What is kept of the body beside texts; the transcript and all else is skipped.
#[derive(Deserialize)]
struct Objects {
    args: Option<Map<String, Value>>,
    call: Option<Call>,
}

#[derive(Default, Deserialize)]
struct Call {
    #[serde(default)]
    metadata: Value,
}

/// The answer with a result for the agent's model, cut with an ellipsis where Retell would cut it without one.
pub fn answer(text: &str) -> Vec<u8> {
    json!({"result": fitting(text)}).to_string().into_bytes()
}

fn fitting(text: &str) -> Cow<'_, str> {
    let (mut used, mut kept) = (0, 0);
    for (start, c) in text.char_indices() {
        used += written(c);
        if used > ROOM {
            return format!("{}…", text.get(..kept).unwrap_or_default()).into();
        }
        if used < ROOM {
            kept = start + c.len_utf8();
        }
    }
    text.into()
}

/// How many UTF-16 units a character takes in JSON.
fn written(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..' ' => 6,
        _ => c.len_utf16(),
    }
}

#[cfg(test)]
#[path = "function_tests.rs"]
mod tests;
