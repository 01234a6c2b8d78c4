//! What a hook's event says, read in full.

use jiff::Timestamp;
use serde_json::Value;

use super::TYPE_PREFIX;
use crate::{
    json::{Json, broken, needed::text},
    outline::ParseProblem,
    private::Private,
};

/// The hook's name from a client that cannot tell it.
const UNTOLD: &str = "unknown";

/// An event with what all of them carry.
#[derive(Debug, Clone, PartialEq)]
pub struct Hook {
    /// As the agent names it: `PostToolUse`. Unknown ones are kept.
    pub hook_event_name: String,
    pub session_id: Option<String>,
    pub cwd: Option<Private>,
    /// The path of the session's file on the agent's machine.
    pub transcript_path: Option<Private>,
    pub permission_mode: Option<String>,
    pub prompt_id: Option<String>,
    /// Set when it happened inside a subagent.
    pub agent_id: Option<String>,
    pub agent_type: Option<String>,
    /// Made when it was captured; `None` for input that did not come from `bellhop capture`.
    pub event_id: Option<String>,
    pub captured_at: Option<Timestamp>,
    /// Counts the events of one machine: the order of those captured at the same instant.
    pub seq: Option<i64>,
    /// Why the client could not send all of the agent's input, such as `too_large`.
    pub incomplete: Option<String>,
    pub client: Option<Client>,
    pub says: Says,
}

/// The program that captured an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    pub id: Option<String>,
    pub version: Option<String>,
    pub host: Option<Private>,
}

/// What an event says, by its hook.
#[derive(Debug, Clone, PartialEq)]
pub enum Says {
    SessionStart {
        source: Option<String>,
        model: Option<String>,
    },
    SessionEnd {
        reason: Option<String>,
    },
    Prompt {
        prompt: Option<Private>,
    },
    /// `PreToolUse`, `PostToolUse`, `PostToolUseFailure`, `PermissionRequest`, `PermissionDenied`.
    Tool {
        name: Option<String>,
        /// Pairs what comes before a use with what comes after it.
        use_id: Option<String>,
        input: Option<Private<Value>>,
        response: Option<Private<Value>>,
        error: Option<Private>,
        reason: Option<Private>,
        duration_ms: Option<i64>,
    },
    /// The end of a turn, of the agent or of a subagent, and not of the session.
    Stop {
        message: Option<Private>,
        error: Option<Private>,
    },
    Notification {
        message: Option<Private>,
        kind: Option<String>,
    },
    Other {
        event_type: String,
    },
}

/// Reads an event in full, as it is or in an envelope. Unknown hooks and fields are fine; what names no hook is no
/// event.
pub fn read(body: &[u8]) -> Result<Hook, ParseProblem> {
    let value: Value = broken::read(body)?;
    let json = Json::from(&value);
    let input = match json.at("hook_event_name").exists() {
        true => json,
        false => json.at("data.payload"),
    };
    let hook_event_name = name_in(json)?;
    let data = json.at("data");
    let client = data.at("client");
    Ok(Hook {
        session_id: input.at("session_id").text(),
        cwd: input.at("cwd").private(),
        transcript_path: input.at("transcript_path").private(),
        permission_mode: input.at("permission_mode").text(),
        prompt_id: input.at("prompt_id").text(),
        agent_id: input.at("agent_id").text(),
        agent_type: input.at("agent_type").text(),
        event_id: data.at("event_id").text(),
        captured_at: json
            .first(&["data.captured_at", "timestamp", "captured_at"])
            .instant(),
        seq: data.at("seq").integer(),
        incomplete: data.at("incomplete").text(),
        client: client.exists().then(|| Client {
            id: client.at("id").text(),
            version: client.at("version").text(),
            host: client.at("host").private(),
        }),
        says: says(&hook_event_name, input),
        hook_event_name,
    })
}

/// The hook's name. Where the input has none, the client may have seen it before it cut the input.
fn name_in(json: Json<'_>) -> Result<String, ParseProblem> {
    let named = json.needed(&["hook_event_name", "data.payload.hook_event_name"], text);
    if !matches!(named, Err(ParseProblem::Missing(_))) {
        return named;
    }
    let event_type = json.at("type").text();
    let seen = event_type
        .as_deref()
        .and_then(|name| name.strip_prefix(TYPE_PREFIX));
    let was_cut = matches!(
        json.at("data.incomplete").text().as_deref(),
        Some("too_large" | "too_slow")
    );
    match seen {
        Some(hook) if hook != UNTOLD || was_cut => Ok(hook.to_owned()),
        _ => named,
    }
}

fn says(hook: &str, input: Json<'_>) -> Says {
    match hook {
        "SessionStart" => Says::SessionStart {
            source: input.at("source").text(),
            model: input.at("model").text(),
        },
        "SessionEnd" => Says::SessionEnd {
            reason: input.at("reason").text(),
        },
        "UserPromptSubmit" => Says::Prompt {
            prompt: input.first(&["prompt", "user_prompt"]).private(),
        },
        "PreToolUse" | "PostToolUse" | "PostToolUseFailure" | "PermissionRequest"
        | "PermissionDenied" => tool(input),
        "Stop" | "StopFailure" | "SubagentStop" => Says::Stop {
            message: input.at("last_assistant_message").private(),
            error: input.first(&["error", "error_type"]).private(),
        },
        "Notification" => Says::Notification {
            message: input.at("message").private(),
            kind: input.at("notification_type").text(),
        },
        _ => Says::Other {
            event_type: format!("{TYPE_PREFIX}{hook}"),
        },
    }
}

fn tool(input: Json<'_>) -> Says {
    Says::Tool {
        name: input.at("tool_name").text(),
        use_id: input.at("tool_use_id").text(),
        input: input.at("tool_input").value().cloned().map(Private),
        response: input
            .first(&["tool_response", "tool_result"])
            .value()
            .cloned()
            .map(Private),
        error: input.at("error").private(),
        reason: input.at("reason").private(),
        duration_ms: input.at("duration_ms").integer(),
    }
}
