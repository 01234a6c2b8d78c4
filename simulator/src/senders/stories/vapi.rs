//! An inbound call at Vapi, from the question who answers it to the report of its end.

use serde_json::{Value, json};

use crate::senders::{
    event::{Body, Event},
    story::Story,
};

pub(in crate::senders) const STEPS: u64 = 10;

/// `tried` counts the deliveries: addresses of recordings are presigned anew for each.
pub(in crate::senders) fn event(story: &Story, step: u64, tried: u32) -> Event {
    let call = story.uuid("call");
    match step {
        0 => told(story, "assistant-request", "", 0, assistant_request(story)),
        1 => told(
            story,
            "status-update",
            "in-progress",
            2,
            json!({"status": "in-progress"}),
        ),
        2 => told(story, "speech-update", "", 3, speech_update(story)),
        3 => told(story, "transcript", "", 4, transcript(story)),
        4 => told(
            story,
            "conversation-update",
            "",
            5,
            conversation_update(story),
        ),
        5 => tool_calls(story),
        6 => told(story, "hang", "", 7, json!({})),
        7 => {
            let ended = json!({"status": "ended", "endedReason": reason(story)});
            told(
                story,
                "status-update",
                "ended",
                story.duration() + 10,
                ended,
            )
        }
        8 => {
            let report = end_of_call_report(story, &call, tried);
            told(
                story,
                "end-of-call-report",
                "",
                story.duration() + 12,
                report,
            )
        }
        _ => {
            let kinds = [
                "assistant.started",
                "user-interrupted",
                "language-change-detected",
                "chat.created",
                "session.updated",
                "mood-update",
            ];
            told(story, story.pick("other", &kinds), "", 8, json!({}))
        }
    }
}

/// A message about the story's call. What tells it apart from others of its type is `detail`.
fn told(story: &Story, kind: &str, detail: &str, seconds: i64, fields: Value) -> Event {
    let call = story.uuid("call");
    let mut message = fields;
    message["type"] = kind.into();
    message["timestamp"] = story.at_ms(seconds).into();
    message["call"] = json!({
        "id": call,
        "orgId": "b3b80000-0000-4000-a000-000000000001",
        "type": "inboundPhoneCall",
        "status": if kind == "end-of-call-report" { "ended" } else { "in-progress" },
        "phoneNumberId": "9e8d7c6b-5a49-4838-a726-150403020100",
        "customer": {"number": story.customer()},
        "createdAt": story.at(0),
    });
    Event {
        kind: kind.to_owned(),
        subject: call.clone(),
        identity: match detail {
            "" => format!("{kind}/{call}"),
            detail => format!("{kind}/{call}/{detail}"),
        },
        id: format!("msg_{}", story.hex(&format!("id {kind} {detail}"), 24)),
        body: Body::Json(json!({"message": message})),
    }
}

fn assistant_request(story: &Story) -> Value {
    json!({
        "phoneNumber": {
            "id": "9e8d7c6b-5a49-4838-a726-150403020100",
            "number": story.business(),
            "provider": "twilio",
        },
        "customer": {"number": story.customer()},
    })
}

fn speech_update(story: &Story) -> Value {
    json!({
        "status": story.pick("speech", &["started", "stopped"]),
        "role": story.pick("speaker", &["assistant", "user"]),
        "turn": 3,
    })
}

fn transcript(story: &Story) -> Value {
    json!({"role": "user", "transcriptType": "final", "transcript": story.sentence("said")})
}

fn conversation_update(story: &Story) -> Value {
    let talk = story.talk().into_iter().enumerate();
    let messages: Value = talk
        .map(|(turn, words)| json!({"role": role(turn), "content": words}))
        .collect();
    json!({"messages": [], "messagesOpenAIFormatted": messages})
}

fn role(turn: usize) -> &'static str {
    if turn.is_multiple_of(2) {
        "assistant"
    } else {
        "user"
    }
}

/// Arguments come as text or as an object: the vendor's documents disagree.
fn tool_calls(story: &Story) -> Event {
    let id = format!("call_{}", story.hex("tool", 24));
    let arguments = json!({"date": "2026-01-06"});
    let arguments = match story.chance("arguments as text", 0.5) {
        true => Value::String(arguments.to_string()),
        false => arguments,
    };
    let call = json!({
        "id": id,
        "type": "function",
        "function": {"name": "check_room", "arguments": arguments},
    });
    let fields = json!({
        "toolCallList": [call],
        "toolWithToolCallList": [{"type": "function", "name": "check_room", "toolCall": call}],
    });
    told(story, "tool-calls", &id, 6, fields)
}

fn reason(story: &Story) -> &'static str {
    let reasons = [
        "customer-ended-call",
        "assistant-ended-call",
        "silence-timed-out",
        "call.in-progress.error-providerfault-transport-never-connected",
    ];
    story.pick("reason", &reasons)
}

fn end_of_call_report(story: &Story, call: &str, tried: u32) -> Value {
    let talk = story.talk();
    let transcript: String = talk
        .iter()
        .enumerate()
        .map(|(turn, words)| match role(turn) {
            "assistant" => format!("AI: {words}\n"),
            _ => format!("User: {words}\n"),
        })
        .collect();
    let messages: Value = talk
        .iter()
        .enumerate()
        .map(|(turn, words)| {
            let role = if turn.is_multiple_of(2) {
                "bot"
            } else {
                "user"
            };
            json!({"role": role, "message": words, "secondsFromStart": 1.2 + turn as f64 * 2.5})
        })
        .collect();
    let recording = |kind: &str| {
        format!("https://storage.example.net/{call}-{kind}.wav?X-Amz-Signature=delivery{tried}")
    };
    let analysis = match story.chance("no analysis", 0.2) {
        true => json!({}),
        false => json!({
            "summary": story.sentence("summary"),
            "structuredData": {"wantsCallback": story.chance("callback", 0.4)},
            "successEvaluation": story.pick("success", &["true", "false"]),
        }),
    };
    json!({
        "endedReason": reason(story),
        "startedAt": story.at(2),
        "endedAt": story.at(story.duration() + 2),
        "cost": 0.14,
        "costs": [{"type": "transport", "cost": 0.02, "minutes": 1.0}],
        "analysis": analysis,
        "artifact": {
            "transcript": transcript,
            "messages": messages,
            "recordingUrl": recording("mono"),
            "stereoRecordingUrl": recording("stereo"),
            "variableValues": {"first_name": "Ada"},
        },
    })
}
