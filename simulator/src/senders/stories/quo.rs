//! Texts and a call at Quo, in the webhooks of the dated API.

use serde_json::{Value, json};

use crate::senders::{event::Event, story::Story};

pub(in crate::senders) const STEPS: u64 = 13;

pub(in crate::senders) fn event(story: &Story, step: u64) -> Event {
    match step {
        0 => message(story, "received"),
        1 => {
            let fates = ["delivered", "delivered", "failed", "undelivered"];
            message(story, story.pick("fate", &fates))
        }
        2 => call(story, "call.ringing"),
        3 if answered(story) => call(story, "call.answered"),
        3 => call(story, "call.missed"),
        4 => call(story, "call.completed"),
        5 => call(story, "call.recording.completed"),
        6 => summary(story),
        7 => transcript(story),
        8 => voicemail(story),
        9 => call(
            story,
            story.pick("route", &["call.forwarded", "call.menu.selected"]),
        ),
        10 => contact(story, "contact.updated"),
        11 => contact(story, "contact.deleted"),
        _ => {
            let kinds = ["task.created", "task.completed", "call.hummed"];
            let kind = story.pick("other", &kinds);
            let id = format!("TS{}", story.hex("task", 24));
            told(
                story,
                kind,
                200,
                json!({"id": id, "createdAt": story.at(200)}),
                None,
            )
        }
    }
}

fn told(story: &Story, kind: &str, seconds: i64, resource: Value, more: Option<Value>) -> Event {
    let mut context = json!({"orgId": "OR1", "phoneNumberId": "PN1"});
    if let (Some(context), Some(Value::Object(more))) = (context.as_object_mut(), more) {
        context.extend(more);
    }
    let subject = resource
        .get("callId")
        .or(resource.get("id"))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let body = json!({
        "id": format!("EV{}", story.hex(&format!("event {kind}"), 32)),
        "apiVersion": "2026-03-30",
        "createdAt": story.at(seconds),
        "type": kind,
        "data": {
            "resource": resource,
            "context": context,
            "links": {"quo": "https://my.quo.com/inbox/PN1"},
        },
    });
    let delivery = format!("msg_{}", story.hex(&format!("delivery {kind}"), 27));
    Event::json(kind, &subject, &delivery, body)
}

fn answered(story: &Story) -> bool {
    story.chance("answered", 0.7)
}

fn message(story: &Story, status: &str) -> Event {
    let incoming = status == "received";
    let (customer, business) = (story.customer(), story.business());
    let (from, to) = if incoming {
        (customer, business)
    } else {
        (business, customer)
    };
    let lost = matches!(status, "failed" | "undelivered");
    let resource = json!({
        "id": format!("AC{}", story.hex(&format!("message {incoming}"), 32)),
        "createdAt": story.at(0),
        "direction": if incoming { "incoming" } else { "outgoing" },
        "text": story.sentence(status),
        "media": [],
        "status": status,
        "errorCode": lost.then_some(30003),
    });
    let context = json!({
        "conversationId": format!("CN{}", story.hex("conversation", 24)),
        "userId": "US1",
        "contacts": {"ids": [], "lookupStatus": "none"},
        "senderIdentifier": from,
        "recipientIdentifiers": [to],
    });
    told(
        story,
        &format!("message.{status}"),
        1,
        resource,
        Some(context),
    )
}

fn call_id(story: &Story) -> String {
    format!("AC{}", story.hex("call", 32))
}

fn call(story: &Story, kind: &str) -> Event {
    let duration = story.duration();
    let over = matches!(
        kind,
        "call.completed" | "call.missed" | "call.recording.completed"
    );
    let talked = answered(story) && kind != "call.ringing";
    let mut resource = json!({
        "id": call_id(story),
        "direction": "incoming",
        "status": if answered(story) { "answered" } else { "unanswered" },
        "createdAt": story.at(0),
        "answeredAt": talked.then(|| story.at(5)),
        "completedAt": over.then(|| story.at(duration + 5)),
        "updatedAt": story.at(if over { duration + 5 } else { 5 }),
        "duration": over.then_some(duration),
        "hasVoicemail": !answered(story),
    });
    if kind == "call.recording.completed" {
        resource["recordings"] = json!([{
            "id": format!("RE{}", story.hex("recording", 24)),
            "duration": duration,
            "startTime": story.at(5),
            "type": "audio/mpeg",
            "url": format!("https://media.example.net/{}.mp3", call_id(story)),
        }]);
    }
    let seconds = if over { duration + 6 } else { 1 };
    told(story, kind, seconds, resource, Some(call_context(story)))
}

fn call_context(story: &Story) -> Value {
    let participants = match story.chance("participants unknown", 0.1) {
        true => json!({"workspace": [], "external": [], "resolution": "unavailable"}),
        false => json!({
            "workspace": [story.business()],
            "external": [story.customer()],
            "resolution": "available",
        }),
    };
    json!({
        "conversationId": format!("CN{}", story.hex("conversation", 24)),
        "contacts": {"ids": [], "lookupStatus": "none"},
        "participants": participants,
    })
}

fn summary(story: &Story) -> Event {
    let resource = json!({
        "callId": call_id(story),
        "fromPhoneNumber": story.customer(),
        "answeredByUserId": "US1",
        "handledByAiAgent": false,
        "processingStatus": "completed",
        "summary": [story.sentence("summary")],
        "nextSteps": [story.sentence("next step")],
        "jobs": [],
    });
    told(story, "call.summary.completed", 400, resource, None)
}

fn transcript(story: &Story) -> Event {
    let dialogue: Value = story
        .talk()
        .into_iter()
        .enumerate()
        .map(|(turn, words)| {
            let ours = turn.is_multiple_of(2);
            let start = turn as f64 * 3.0;
            json!({
                "content": words,
                "start": start,
                "end": start + 2.5,
                "identifier": if ours { story.business() } else { story.customer() },
                "userId": ours.then_some("US1"),
            })
        })
        .collect();
    let resource = json!({
        "callId": call_id(story),
        "createdAt": story.at(400),
        "duration": story.duration(),
        "processingStatus": "completed",
        "dialogue": dialogue,
    });
    told(story, "call.transcript.completed", 410, resource, None)
}

fn voicemail(story: &Story) -> Event {
    let resource = json!({
        "callId": call_id(story),
        "id": format!("VM{}", story.hex("voicemail", 24)),
        "voicemailId": format!("VM{}", story.hex("voicemail", 24)),
        "direction": "incoming",
        "createdAt": story.at(30),
        "updatedAt": story.at(31),
        "duration": 12,
        "from": story.customer(),
        "to": story.business(),
        "recordingUrl": format!("https://media.example.net/{}-voicemail.mp3", call_id(story)),
        "transcript": story.sentence("voicemail"),
    });
    told(story, "call.voicemail.completed", 31, resource, None)
}

fn contact(story: &Story, kind: &str) -> Event {
    let resource = json!({
        "id": format!("CT{}", story.hex("contact", 24)),
        "defaultFields": {
            "firstName": story.pick("first name", &["Ada", "Grace", "Zoë", "Łukasz"]),
            "lastName": "Byron",
            "phoneNumbers": [{"name": "mobile", "value": story.customer()}],
        },
        "createdAt": story.at(0),
        "updatedAt": story.at(100),
    });
    told(story, kind, 100, resource, None)
}
