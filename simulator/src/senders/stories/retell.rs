//! A call at Retell that no reminder made, and a chat.

use serde_json::{Value, json};

use crate::senders::{
    event::{Body, Event},
    story::Story,
};

pub(in crate::senders) const STEPS: u64 = 8;

pub(in crate::senders) fn event(story: &Story, step: u64) -> Event {
    match step {
        0 if story.chance("failed dial", 0.3) => failed_dial(story),
        0 => call(story, "call_started"),
        1 => call(story, "transcript_updated"),
        2 => call(story, "call_ended"),
        3 => call(story, "call_analyzed"),
        4 => chat(story, "chat_started"),
        5 => chat(story, "chat_ended"),
        6 => chat(story, "chat_analyzed"),
        _ => other(story),
    }
}

/// Retell sends no delivery id: the event and what it is about are the identity.
fn told(story: &Story, kind: &str, key: &str, about: Value, seconds: i64) -> Event {
    let subject = about[format!("{key}_id")].as_str().unwrap_or_default();
    let body = json!({"event": kind, key: about, "event_timestamp": story.at_ms(seconds)});
    Event::json(kind, subject, &format!("{kind}/{subject}"), body)
}

fn head(story: &Story, id: &str, status: &str) -> Value {
    json!({
        "call_id": id,
        "call_type": "phone_call",
        "agent_id": "agent_7c1f",
        "agent_version": 4,
        "agent_name": "Reception",
        "call_status": status,
        "direction": "inbound",
        "from_number": story.customer(),
        "to_number": story.business(),
    })
}

fn call(story: &Story, kind: &str) -> Event {
    let duration = story.duration();
    let over = matches!(kind, "call_ended" | "call_analyzed");
    let status = if over { "ended" } else { "ongoing" };
    let mut call = head(story, &format!("call_{}", story.hex("call", 32)), status);
    call["start_timestamp"] = story.at_ms(0).into();
    if kind == "transcript_updated" {
        call["transcript_with_tool_calls"] = turns(story);
    }
    if over {
        call["end_timestamp"] = story.at_ms(duration).into();
        call["duration_ms"] = (duration * 1000).into();
        call["disconnection_reason"] = story
            .pick("reason", &["user_hangup", "agent_hangup", "inactivity"])
            .into();
        call["transcript"] = transcript(story).into();
        call["transcript_object"] = turns(story);
        call["recording_url"] = format!(
            "https://recordings.example.net/{}.wav",
            story.hex("call", 32)
        )
        .into();
    }
    if kind == "call_analyzed" {
        call["call_analysis"] = json!({
            "call_summary": story.sentence("summary"),
            "in_voicemail": false,
            "user_sentiment": story.pick("sentiment", &["Positive", "Neutral", "Negative", "Unknown"]),
            "call_successful": story.chance("successful", 0.8),
            "custom_analysis_data": {"wants_callback": story.chance("callback", 0.3)},
        });
    }
    let seconds = match kind {
        "call_started" => 0,
        "transcript_updated" => 3,
        "call_ended" => duration,
        _ => duration + 20,
    };
    told(story, kind, "call", call, seconds)
}

fn failed_dial(story: &Story) -> Event {
    let id = format!("call_{}", story.hex("dial", 32));
    let mut call = head(story, &id, "not_connected");
    call["direction"] = "outbound".into();
    call["from_number"] = story.business().into();
    call["to_number"] = story.customer().into();
    call["disconnection_reason"] = story
        .pick("dial", &["dial_no_answer", "dial_busy", "dial_failed"])
        .into();
    told(story, "call_ended", "call", call, 0)
}

fn chat(story: &Story, kind: &str) -> Event {
    let mut chat = json!({
        "chat_id": format!("chat_{}", story.hex("chat", 24)),
        "agent_id": "agent_7c1f",
        "chat_status": if kind == "chat_started" { "ongoing" } else { "ended" },
        "start_timestamp": story.at_ms(0),
    });
    if kind != "chat_started" {
        chat["end_timestamp"] = story.at_ms(40).into();
        chat["transcript"] = transcript(story).into();
    }
    if kind == "chat_analyzed" {
        chat["chat_analysis"] = json!({"chat_summary": story.sentence("chat summary")});
    }
    told(story, kind, "chat", chat, 40)
}

fn other(story: &Story) -> Event {
    let kinds = [
        "transfer_started",
        "transfer_ended",
        "call_rated",
        "agent_published",
    ];
    let kind = story.pick("other", &kinds);
    let call = head(story, &format!("call_{}", story.hex("call", 32)), "ongoing");
    let mut event = told(story, kind, "call", call, 5);
    if let (Body::Json(body), "transfer_started") = (&mut event.body, kind) {
        body["transfer_destination"] = json!({"type": "predefined", "number": "+442079460999"});
        body["transfer_option"] = json!({"type": "cold_transfer"});
    }
    event
}

fn role(turn: usize) -> &'static str {
    if turn.is_multiple_of(2) {
        "agent"
    } else {
        "user"
    }
}

fn turns(story: &Story) -> Value {
    let talk = story.talk().into_iter().enumerate();
    talk.map(|(turn, words)| json!({"role": role(turn), "content": words}))
        .collect()
}

fn transcript(story: &Story) -> String {
    let talk = story.talk().into_iter().enumerate();
    talk.map(|(turn, words)| match role(turn) {
        "agent" => format!("Agent: {words}\n"),
        _ => format!("User: {words}\n"),
    })
    .collect()
}
