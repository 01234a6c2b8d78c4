//! What coding agents do, recorded as conversation, messages and tool uses (CAP-2).

use jiff::Timestamp;
use providers::{
    agent::webhook::{Hook, Says, read},
    private::Private,
};
use store::{AgentMessage, AgentSign, Result, StoredEvent, TenantTx, ToolUse};

use crate::advance_event::Followed;

/// Every write is by the event's or the tool use's own id, so that an event may be recorded again.
pub(crate) async fn record(tx: &mut TenantTx, event: &StoredEvent) -> Result<Followed> {
    let hook = match read(&event.body) {
        Ok(hook) => hook,
        Err(problem) => return Ok(Followed::invalid(&problem)),
    };
    let Some(session_id) = hook.session_id.as_deref().map(storable) else {
        return Ok(Followed::kept("names no session"));
    };
    let at = hook.captured_at.unwrap_or(event.received_at);
    tx.agent_seen(&sign(&hook, &session_id, at)).await?;
    if let Some((role, text)) = said(&hook.says) {
        tx.agent_said(&AgentMessage {
            event: event.id,
            session_id: session_id.clone(),
            role,
            text: storable(text),
            captured_at: at,
            seq: hook.seq.unwrap_or_default(),
        })
        .await?;
    }
    if let Some(used) = used(&hook, &session_id, event, at) {
        tx.tool_used(&used).await?;
    }
    Ok(match hook.says {
        Says::Other { .. } => Followed::kept("a hook that this version does not know"),
        _ => Followed::done(),
    })
}

fn sign(hook: &Hook, session_id: &str, at: Timestamp) -> AgentSign {
    let client = hook
        .client
        .as_ref()
        .and_then(|client| client.host.as_deref());
    AgentSign {
        session_id: session_id.to_owned(),
        at,
        client: client.map(|host| storable(host)),
        cwd: hook.cwd.as_deref().map(|cwd| storable(cwd)),
        model: match &hook.says {
            Says::SessionStart { model, .. } => model.as_deref().map(storable),
            _ => None,
        },
        starts: matches!(hook.says, Says::SessionStart { .. }),
        ends: match &hook.says {
            Says::SessionEnd { reason } => Some(storable(reason.as_deref().unwrap_or("other"))),
            _ => None,
        },
    }
}

fn said(says: &Says) -> Option<(&'static str, &str)> {
    let (role, text): (_, &Option<Private>) = match says {
        Says::Prompt { prompt } => ("user", prompt),
        Says::Stop { message, .. } => ("assistant", message),
        Says::Notification { message, .. } => ("notification", message),
        _ => return None,
    };
    text.as_deref().map(|text| (role, text.as_str()))
}

/// A use without an id of its own is told by one event alone, and gets that one's.
fn used(hook: &Hook, session_id: &str, event: &StoredEvent, at: Timestamp) -> Option<ToolUse> {
    let Says::Tool {
        name,
        use_id,
        input,
        response,
        error,
        reason,
        duration_ms,
    } = &hook.says
    else {
        return None;
    };
    let begins = hook.hook_event_name == "PreToolUse";
    Some(ToolUse {
        session_id: session_id.to_owned(),
        tool_use_id: use_id
            .as_deref()
            .map_or_else(|| event.id.to_string(), storable),
        tool_name: name.as_deref().map(storable),
        input: input.as_deref().map(|input| storable(&input.to_string())),
        response: response
            .as_deref()
            .map(|response| storable(&response.to_string())),
        error: error
            .as_deref()
            .or(reason.as_deref())
            .map(|error| storable(error)),
        duration_ms: *duration_ms,
        started_at: begins.then_some(at),
        ended_at: (!begins).then_some(at),
    })
}

/// A text column takes every character but NUL.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
