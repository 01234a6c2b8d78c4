//! Texts and a call at OpenPhone, in the older webhooks' two shapes.

use serde_json::{Value, json};

use crate::senders::{event::Event, story::Story};

pub(in crate::senders) const STEPS: u64 = 9;

pub(in crate::senders) fn event(story: &Story, step: u64) -> Event {
    match step {
        0 => message(story, "message.received"),
        1 => message(story, "message.delivered"),
        2 => call(story, "call.ringing"),
        3 => call(story, "call.completed"),
        4 => call(story, "call.recording.completed"),
        5 => summary(story),
        6 => transcript(story),
        7 => contact(story, "contact.updated"),
        _ if story.chance("deleted", 0.5) => contact(story, "contact.deleted"),
        _ => {
            let kinds = ["call.flagged", "number.ported", "message.scheduled"];
            let kind = story.pick("other", &kinds);
            let id = format!("XX{}", story.hex("other", 24));
            told(story, kind, 200, json!({"id": id, "object": "other"}))
        }
    }
}

/// The same number's webhooks were made in the app (`v3`) or by the API (`v4`).
fn is_v4(story: &Story) -> bool {
    story.chance("v4", 0.5)
}

fn told(story: &Story, kind: &str, seconds: i64, object: Value) -> Event {
    let id = format!("EV{}", story.hex(&format!("event {kind}"), 32));
    let subject = object
        .get("callId")
        .or(object.get("id"))
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let body = json!({
        "id": id,
        "object": "event",
        "apiVersion": if is_v4(story) { "v4" } else { "v3" },
        "createdAt": story.at(seconds),
        "type": kind,
        "data": {"object": object},
    });
    Event::json(kind, &subject, &id, body)
}

fn message(story: &Story, kind: &str) -> Event {
    let incoming = kind == "message.received";
    let (customer, business) = (story.customer(), story.business());
    let (from, to) = if incoming {
        (customer, business)
    } else {
        (business, customer)
    };
    let mut object = json!({
        "id": format!("AC{}", story.hex(kind, 32)),
        "object": "message",
        "from": from,
        "direction": if incoming { "incoming" } else { "outgoing" },
        "media": [],
        "status": if incoming { "received" } else { "delivered" },
        "createdAt": story.at(0),
        "userId": "US1",
        "phoneNumberId": "PN1",
        "conversationId": format!("CN{}", story.hex("conversation", 24)),
    });
    let text = story.sentence(kind);
    if is_v4(story) {
        object["text"] = text.into();
        object["to"] = json!([to]);
    } else {
        object["body"] = text.into();
        object["to"] = to.into();
    }
    told(story, kind, 1, object)
}

fn call_id(story: &Story) -> String {
    format!("AC{}", story.hex("call", 32))
}

fn call(story: &Story, kind: &str) -> Event {
    let missed = story.chance("missed", 0.3);
    let duration = story.duration();
    let over = kind != "call.ringing";
    let answered = (over && !missed).then(|| story.at(5));
    let mut object = json!({
        "id": call_id(story),
        "object": "call",
        "answeredAt": answered,
        "completedAt": over.then(|| story.at(duration + 5)),
        "conversationId": format!("CN{}", story.hex("conversation", 24)),
        "createdAt": story.at(0),
        "direction": "incoming",
        "media": [],
        "phoneNumberId": "PN1",
        "status": if over { "completed" } else { "ringing" },
        "userId": "US1",
    });
    if is_v4(story) {
        object["participants"] = json!([story.customer(), story.business()]);
        object["answeredBy"] = answered.map(|_| "US1").into();
        object["duration"] = over.then_some(duration).into();
        object["contactIds"] = json!([]);
    } else {
        object["from"] = story.customer().into();
        object["to"] = story.business().into();
    }
    let media = |kind: &str| {
        let url = format!("https://media.example.net/{}-{kind}.mp3", call_id(story));
        json!({"url": url, "type": "audio/mpeg", "duration": duration})
    };
    if over && missed {
        object["voicemail"] = media("voicemail");
    }
    if kind == "call.recording.completed" {
        object["media"] = json!([media("recording")]);
    }
    let seconds = if over { duration + 6 } else { 0 };
    told(story, kind, seconds, object)
}

fn summary(story: &Story) -> Event {
    let object = json!({
        "object": "callSummary",
        "callId": call_id(story),
        "status": "completed",
        "summary": [story.sentence("summary")],
        "nextSteps": [story.sentence("next step")],
    });
    told(story, "call.summary.completed", 400, object)
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
    let object = json!({
        "object": "callTranscript",
        "callId": call_id(story),
        "createdAt": story.at(400),
        "duration": story.duration(),
        "status": "completed",
        "dialogue": dialogue,
    });
    told(story, "call.transcript.completed", 410, object)
}

fn contact(story: &Story, kind: &str) -> Event {
    let object = json!({
        "id": format!("CT{}", story.hex("contact", 24)),
        "object": "contact",
        "defaultFields": {
            "firstName": story.pick("first name", &["Ada", "Grace", "Zoë", "Łukasz"]),
            "lastName": "Byron",
            "phoneNumbers": [{"name": "mobile", "value": story.customer()}],
        },
        "createdAt": story.at(0),
        "updatedAt": story.at(100),
    });
    told(story, kind, 100, object)
}
