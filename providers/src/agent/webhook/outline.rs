//! The outline of a hook's event.

use http::HeaderMap;

use super::{ID_HEADER, TYPE_PREFIX};
use crate::{
    outline::{Outline, ParseProblem, Plucked, hash, name, pluck},
    signature::header,
};

const PATHS: &[&str] = &[
    "type",
    "data.event_id",
    "hook_event_name",
    "session_id",
    "tool_use_id",
    "prompt_id",
];

/// Reads the outline of an event, whose type is `agent.hook.<name of the hook>` in either form.
///
/// The dedupe key of an envelope is its event id alone: the client makes it once, when it captures the
/// event, and may write the envelope anew before a retry, so another body is still the same event. The
/// agent's own input has neither id nor time. There a tool's use is named by its id, a prompt by its own,
/// and all else by the prompt it belongs to and the body: two equal events of one prompt become one, which
/// a hook that is set up twice does on purpose.
pub fn outline(headers: &HeaderMap, body: &[u8]) -> Result<Outline, ParseProblem> {
    let plucked = pluck(body, PATHS)?;
    let hook = name(plucked.word("hook_event_name"), "hook_event_name")?;
    let sent_id = match plucked.text("data.event_id") {
        Some(id) if !id.is_empty() => Some(id),
        _ => header(headers, ID_HEADER),
    };
    let id = name(sent_id, "data.event_id")?;
    let (event_type, key) = match hook {
        Some(hook) => {
            let key = id.map_or_else(|| natural_key(&hook, &plucked, body), Ok)?;
            (format!("{TYPE_PREFIX}{hook}"), key)
        }
        None => (
            name(plucked.text("type"), "type")?.ok_or(ParseProblem::Missing("hook_event_name"))?,
            id.unwrap_or_else(|| hash(body)),
        ),
    };
    Ok(Outline {
        event_type,
        dedupe_key: format!("agent:{key}"),
        call_id: None,
        provider_call_id: None,
    })
}

fn natural_key(hook: &str, plucked: &Plucked, body: &[u8]) -> Result<String, ParseProblem> {
    let part = |path| name(plucked.text(path), path);
    let session = part("session_id")?.unwrap_or_else(|| "-".to_owned());
    let subject = match (part("tool_use_id")?, part("prompt_id")?) {
        (Some(tool), _) => tool,
        (None, Some(prompt)) if hook == "UserPromptSubmit" => prompt,
        (None, prompt) => format!("{}:{}", prompt.as_deref().unwrap_or("-"), hash(body)),
    };
    Ok(format!("{session}:{hook}:{subject}"))
}
