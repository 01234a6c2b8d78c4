//! What a message of a known type has to say: what it is about. The rest of it may be missing or new.

use serde_json::Value;

use crate::{
    json::{
        Json,
        needed::{list_of, text},
    },
    outline::ParseProblem,
};

/// Messages about a call, and `transcript` with or without its filter.
const OF_CALL: &[&str] = &[
    "assistant-request",
    "conversation-update",
    "end-of-call-report",
    "function-call",
    "hang",
    "speech-update",
    "status-update",
    "tool-calls",
    "transfer-destination-request",
];

pub(super) fn check(event_type: &str, json: Json<'_>) -> Result<(), ParseProblem> {
    if OF_CALL.contains(&event_type) || event_type.starts_with("transcript") {
        call(json)?;
    }
    match event_type {
        "status-update" => json.needed(&["message.status"], text).map(drop),
        "tool-calls" => tool_calls(json),
        _ => Ok(()),
    }
}

fn call(json: Json<'_>) -> Result<(), ParseProblem> {
    // An assistant can also be written with, and then there is no call.
    let of_chat = json.at("message.chat").exists() && !json.at("message.call").exists();
    match of_chat {
        true => Ok(()),
        false => json.needed(&["message.call.id"], text).map(drop),
    }
}

/// Answers go by the ids, wherever else the shapes disagree.
fn tool_calls(json: Json<'_>) -> Result<(), ParseProblem> {
    let ids = |list: &Value, path: &str| {
        let ids = list_of(list, |call| text(Json::from(call).at(path).value()?))?;
        (!ids.is_empty()).then_some(())
    };
    let listed = json.needed(&["message.toolCallList"], |list| ids(list, "id"));
    listed.or_else(|problem| {
        let with_tools = json.needed(&["message.toolWithToolCallList"], |list| {
            ids(list, "toolCall.id")
        });
        with_tools.map_err(|_| problem)
    })
}
