//! A turn of a coding agent, as a capture client posts its hooks.

use serde_json::{Value, json};

use crate::senders::{event::Event, story::Story};

pub(in crate::senders) const STEPS: u64 = 9;

pub(in crate::senders) fn event(story: &Story, step: u64) -> Event {
    let (hook, fields) = match step {
        0 => (
            "SessionStart",
            json!({"source": story.pick("source", &["startup", "resume", "clear"]), "model": "some-model"}),
        ),
        1 => (
            "UserPromptSubmit",
            json!({"prompt": story.sentence("prompt")}),
        ),
        2 => ("PreToolUse", tool(story)),
        3 => {
            let mut fields = tool(story);
            fields["tool_response"] =
                json!({"stdout": story.sentence("output"), "stderr": "", "interrupted": false});
            fields["duration_ms"] = 4120.into();
            ("PostToolUse", fields)
        }
        4 => (
            "Notification",
            json!({"message": "Waiting for your input", "notification_type": "idle_prompt"}),
        ),
        5 => (
            "SubagentStop",
            json!({"stop_hook_active": false, "agent_id": "agent_9", "agent_type": "code-reviewer"}),
        ),
        6 => (
            "Stop",
            json!({"stop_hook_active": false, "last_assistant_message": story.sentence("last")}),
        ),
        7 => (
            "SessionEnd",
            json!({"reason": story.pick("reason", &["clear", "logout", "prompt_input_exit", "other"])}),
        ),
        _ => {
            let hooks = [
                "PreCompact",
                "TaskCreated",
                "CwdChanged",
                "MoonPhaseChanged",
            ];
            (story.pick("other", &hooks), json!({"trigger": "auto"}))
        }
    };
    told(story, step, hook, fields)
}

fn told(story: &Story, step: u64, hook: &str, fields: Value) -> Event {
    let session = story.uuid("session");
    let mut payload = fields;
    payload["session_id"] = session.as_str().into();
    payload["transcript_path"] = format!("/home/ada/.agent/projects/app/{session}.jsonl").into();
    payload["cwd"] = "/src/app".into();
    payload["permission_mode"] = "default".into();
    payload["hook_event_name"] = hook.into();
    let seconds = i64::try_from(step).unwrap_or_default() * 4;
    let id = story.timed_uuid(&format!("event {step}"), seconds);
    let kind = format!("agent.hook.{hook}");
    let body = json!({
        "type": kind,
        "timestamp": story.at(seconds),
        "data": {
            "client": {"id": "cl_simulator", "version": "0.1.0", "host": "workbench"},
            "event_id": id,
            "seq": story.number.saturating_mul(STEPS).saturating_add(step),
            "payload": payload,
        },
    });
    Event::json(&kind, &session, &id, body)
}

fn tool(story: &Story) -> Value {
    json!({
        "tool_name": "Bash",
        "tool_input": {"command": "make test", "description": "Run tests", "timeout": 120_000},
        "tool_use_id": format!("toolu_{}", story.hex("tool", 24)),
    })
}
