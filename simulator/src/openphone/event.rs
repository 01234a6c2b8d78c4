//! The bodies of webhooks, in each of the vendor's shapes, and the objects of lists.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Shape,
    ledger::{Call, Message},
};

/// One event, before it is signed.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) kind: String,
    /// The text or call it is about.
    pub(super) subject: String,
    pub(super) body: Value,
}

/// The time as the vendor writes it.
pub(super) fn time(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The same event always has the same id.
fn envelope(
    shape: Shape,
    kind: &str,
    subject: &str,
    at_ms: i64,
    object: Value,
    context: Value,
) -> Event {
    let id = format!("EV{subject}-{}", kind.replace('.', "-"));
    let body = match shape {
        Shape::V3 | Shape::V4 => json!({
            "id": id, "object": "event", "createdAt": time(at_ms), "type": kind,
            "apiVersion": if shape == Shape::V3 { "v3" } else { "v4" },
            "data": {"object": object},
        }),
        Shape::Quo => json!({
            "id": id, "apiVersion": "2026-03-30", "createdAt": time(at_ms), "type": kind,
            "data": {"resource": object, "context": context, "links": {"quo": "https://my.quo.com/inbox"}},
        }),
    };
    Event {
        kind: kind.to_owned(),
        subject: subject.to_owned(),
        body,
    }
}

/// What became of a text: `received`, `delivered`, `failed` or `undelivered`. The older webhooks know only the first two.
pub(super) fn of_message(shape: Shape, message: &Message, happened: &str) -> Option<Event> {
    let kind = format!("message.{happened}");
    if shape != Shape::Quo && !matches!(happened, "received" | "delivered") {
        return None;
    }
    let (from, to) = sides(message.incoming, &message.person, &message.line);
    let mut object = json!({
        "id": message.id, "createdAt": time(message.created_ms), "status": happened, "media": [],
        "direction": if message.incoming { "incoming" } else { "outgoing" },
    });
    match shape {
        Shape::V3 => extend(
            &mut object,
            json!({"body": message.body, "from": from, "to": to}),
        ),
        Shape::V4 => extend(
            &mut object,
            json!({"text": message.body, "from": from, "to": [to]}),
        ),
        Shape::Quo => extend(
            &mut object,
            json!({"text": message.body, "errorCode": error_code(happened)}),
        ),
    }
    if shape != Shape::Quo {
        let place = json!({"object": "message", "userId": "US1", "phoneNumberId": message.line_id, "conversationId": conversation(&message.person)});
        extend(&mut object, place);
    }
    let mut context = context(&message.line_id, &message.person);
    extend(
        &mut context,
        json!({"senderIdentifier": from, "recipientIdentifiers": [to]}),
    );
    Some(envelope(
        shape,
        &kind,
        &message.id,
        message.updated_ms,
        object,
        context,
    ))
}

fn error_code(happened: &str) -> Option<u32> {
    matches!(happened, "failed" | "undelivered").then_some(30003)
}

fn sides<'a>(incoming: bool, person: &'a str, line: &'a str) -> (&'a str, &'a str) {
    match incoming {
        true => (person, line),
        false => (line, person),
    }
}

fn conversation(person: &str) -> String {
    format!("CN{}", person.trim_start_matches('+'))
}

fn context(line_id: &str, person: &str) -> Value {
    json!({
        "orgId": "OR1", "phoneNumberId": line_id, "userId": "US1", "conversationId": conversation(person),
        "contacts": {"ids": [], "lookupStatus": "none"},
    })
}

fn extend(object: &mut Value, more: Value) {
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.extend(more);
    }
}

/// A state of a call, or its recording. The older webhooks do not tell who answered or missed it while it lasts.
pub(super) fn of_call(
    shape: Shape,
    call: &Call,
    kind: &str,
    media: &str,
    at_ms: i64,
) -> Option<Event> {
    let is_new = matches!(kind, "call.answered" | "call.missed");
    if shape != Shape::Quo && is_new {
        return None;
    }
    let over = call.completed_ms.is_some();
    let mut object = json!({
        "id": call.id, "direction": "incoming", "createdAt": time(call.created_ms),
        "answeredAt": call.answered_ms.map(time), "completedAt": call.completed_ms.map(time),
    });
    let recording = json!([{"id": format!("RE{}", call.id), "url": media, "type": "audio/mpeg", "duration": call.duration_s}]);
    let with_recording = kind == "call.recording.completed";
    if shape == Shape::Quo {
        let status = if call.answered_ms.is_some() {
            "answered"
        } else {
            "unanswered"
        };
        extend(
            &mut object,
            json!({"status": status, "updatedAt": time(at_ms), "duration": over.then_some(call.duration_s), "hasVoicemail": call.voicemail.is_some()}),
        );
        if with_recording {
            object["recordings"] = recording;
        }
    } else {
        let status = if over { "completed" } else { "ringing" };
        let voicemail = call
            .voicemail
            .as_ref()
            .filter(|_| over)
            .map(|_| json!({"url": media, "type": "audio/mpeg", "duration": call.duration_s}));
        extend(
            &mut object,
            json!({"object": "call", "status": status, "userId": "US1", "phoneNumberId": call.line_id,
            "conversationId": conversation(&call.person), "voicemail": voicemail, "media": if with_recording { recording } else { json!([]) }}),
        );
        let sides = match shape {
            Shape::V3 => json!({"from": call.person, "to": call.line}),
            _ => json!({"participants": [call.person, call.line], "duration": call.duration_s}),
        };
        extend(&mut object, sides);
    }
    let mut context = context(&call.line_id, &call.person);
    extend(
        &mut context,
        json!({"participants": {"workspace": [call.line], "external": [call.person], "resolution": "available"}}),
    );
    Some(envelope(shape, kind, &call.id, at_ms, object, context))
}

/// Summary, transcript or voicemail. The older webhooks have no event for the last.
pub(super) fn of_material(
    shape: Shape,
    call: &Call,
    kind: &str,
    media: &str,
    at_ms: i64,
) -> Option<Event> {
    let status = if shape == Shape::Quo {
        "processingStatus"
    } else {
        "status"
    };
    let (object, mut body) = match kind {
        "call.summary.completed" => ("callSummary", summary(call)?),
        "call.transcript.completed" => ("callTranscript", transcript(call)?),
        _ if shape == Shape::Quo => ("", voicemail(call, media, at_ms)?),
        _ => return None,
    };
    extend(&mut body, json!({"callId": call.id, status: "completed"}));
    if shape != Shape::Quo {
        body["object"] = object.into();
    }
    Some(envelope(
        shape,
        kind,
        &call.id,
        at_ms,
        body,
        context(&call.line_id, &call.person),
    ))
}

pub(super) fn summary(call: &Call) -> Option<Value> {
    (!call.summary.is_empty())
        .then(|| json!({"summary": call.summary, "nextSteps": [], "jobs": []}))
}

pub(super) fn transcript(call: &Call) -> Option<Value> {
    let turn = |(turn, spoken): (usize, &super::Spoken)| {
        let start = turn as f64 * 3.0;
        json!({"content": spoken.words, "start": start, "end": start + 2.5, "userId": spoken.ours.then_some("US1"),
            "identifier": if spoken.ours { &call.line } else { &call.person }})
    };
    let dialogue: Vec<Value> = call.talk.iter().enumerate().map(turn).collect();
    (!dialogue.is_empty()).then(|| {
        json!({"createdAt": time(call.created_ms), "duration": call.duration_s, "dialogue": dialogue})
    })
}

fn voicemail(call: &Call, media: &str, at_ms: i64) -> Option<Value> {
    let words = call.voicemail.as_ref()?;
    let id = format!("VM{}", call.id);
    Some(
        json!({"id": id, "voicemailId": id, "direction": "incoming", "createdAt": time(at_ms), "updatedAt": time(at_ms),
        "duration": call.duration_s, "from": call.person, "to": call.line, "recordingUrl": media, "transcript": words}),
    )
}

/// A text as lists have it.
pub(super) fn listed_message(message: &Message) -> Value {
    let (from, to) = sides(message.incoming, &message.person, &message.line);
    json!({"id": message.id, "to": [to], "from": from, "text": message.body, "phoneNumberId": message.line_id,
        "direction": if message.incoming { "incoming" } else { "outgoing" }, "userId": "US1", "status": message.status,
        "createdAt": time(message.created_ms), "updatedAt": time(message.updated_ms)})
}

/// A call as lists have it.
pub(super) fn listed_call(call: &Call) -> Value {
    json!({"id": call.id, "direction": "incoming", "status": call.status, "phoneNumberId": call.line_id, "userId": "US1",
        "createdAt": time(call.created_ms), "answeredAt": call.answered_ms.map(time), "completedAt": call.completed_ms.map(time),
        "duration": call.duration_s, "participants": [call.person], "updatedAt": time(call.completed_ms.unwrap_or(call.created_ms))})
}
