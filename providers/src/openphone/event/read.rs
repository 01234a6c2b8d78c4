//! The full reading of an event. Names differ between the versions, so each is looked for under all of them.

use serde_json::Value;

use super::{
    Call, Direction, Event, Line, Media, Message, Place, Says, Summary, Transcript, Voicemail,
    check::check,
};
use crate::{
    json::{Json, broken, needed::text},
    outline::ParseProblem,
    private::Private,
};

/// Reads an event in full. Unknown types, states and fields are fine; an event of a known type has to say what
/// it is about.
pub fn read(body: &[u8]) -> Result<Event, ParseProblem> {
    let value: Value = broken::read(body)?;
    let json = Json::from(&value);
    let event_type = json.needed(&["type"], text)?;
    check(&event_type, json)?;
    let about = About {
        object: json.first(&["data.resource", "data.object", "resource"]),
        context: json.first(&["data.context", "context"]),
    };
    Ok(Event {
        id: json.at("id").text(),
        api_version: json.at("apiVersion").text(),
        at: json.at("createdAt").instant(),
        place: about.place(),
        says: says(event_type, about),
    })
}

/// A text, as lists have it.
pub(in crate::openphone) fn listed_message(object: &Value) -> Event {
    let about = About::object(object);
    listed(about, Says::Message(Box::new(about.message("listed"))))
}

/// A call, as lists have it.
pub(in crate::openphone) fn listed_call(object: &Value) -> Event {
    let about = About::object(object);
    let status = about.object.at("status").text();
    let happened = match status.as_deref() {
        Some("queued" | "initiated" | "ringing") => "ringing",
        Some("in-progress") => "answered",
        _ => "completed",
    };
    listed(about, Says::Call(Box::new(about.call(happened))))
}

/// What is read of a call afterwards, by the name of its event.
pub(in crate::openphone) fn listed_material(event_type: &str, object: &Value) -> Event {
    let about = About::object(object);
    listed(about, says(event_type.to_owned(), about))
}

fn listed(about: About<'_>, says: Says) -> Event {
    Event {
        id: None,
        api_version: None,
        at: None,
        place: about.place(),
        says,
    }
}

fn says(event_type: String, about: About<'_>) -> Says {
    let object = about.object;
    let call_id = || object.at("callId").text();
    match event_type.as_str() {
        "call.recording.completed" => Says::Recordings(Box::new(about.call("recording"))),
        "call.voicemail.completed" => Says::Voicemail {
            call_id: call_id(),
            voicemail: Box::new(voicemail(object)),
        },
        "call.summary.completed" => Says::Summary(Box::new(summary(object))),
        "call.transcript.completed" => Says::Transcript(Box::new(transcript(object))),
        "contact.updated" | "contact.deleted" => Says::Contact {
            id: object.at("id").text(),
            deleted: event_type == "contact.deleted",
        },
        _ => match event_type.split_once('.') {
            Some(("message", happened)) => Says::Message(Box::new(about.message(happened))),
            Some((
                "call",
                happened @ ("ringing" | "answered" | "completed" | "forwarded" | "missed"),
            )) => Says::Call(Box::new(about.call(happened))),
            _ => Says::Other { event_type },
        },
    }
}

/// What an event is about, and where it happened.
#[derive(Clone, Copy)]
struct About<'a> {
    object: Json<'a>,
    context: Json<'a>,
}

impl<'a> About<'a> {
    fn object(object: &'a Value) -> Self {
        let object = Json::from(object);
        Self {
            object,
            context: object.at("context"),
        }
    }

    /// From the object, as OpenPhone has it, else from the context, as Quo does.
    fn either(self, key: &str) -> Json<'a> {
        match self.object.at(key) {
            json if json.exists() => json,
            _ => self.context.at(key),
        }
    }

    fn place(self) -> Place {
        let contacts = self.context.at("contacts.ids").texts();
        Place {
            phone_number_id: self.either("phoneNumberId").text(),
            conversation_id: self.either("conversationId").text(),
            user_id: self.either("userId").text(),
            contact_ids: match contacts.is_empty() {
                true => self.object.at("contactIds").texts(),
                false => contacts,
            },
        }
    }

    fn message(self, happened: &str) -> Message {
        let object = self.object;
        let to = object.at("to").private_texts();
        Message {
            id: object.at("id").text(),
            happened: happened.to_owned(),
            direction: direction(object),
            from: object
                .at("from")
                .private()
                .or_else(|| self.context.at("senderIdentifier").private()),
            to: match to.is_empty() {
                true => self.context.at("recipientIdentifiers").private_texts(),
                false => to,
            },
            text: object.first(&["text", "body"]).private(),
            media: object.at("media").items().map(media).collect(),
            status: object.at("status").text(),
            error_code: object.at("errorCode").text(),
            created_at: object.at("createdAt").instant(),
        }
    }

    fn call(self, happened: &str) -> Call {
        let object = self.object;
        let direction = direction(object);
        let (external, workspace) = self.sides(direction.as_ref());
        let recordings = object.first(&["recordings", "media"]);
        Call {
            id: object.first(&["id", "callId"]).text(),
            happened: happened.to_owned(),
            direction,
            status: object.at("status").text(),
            external,
            workspace,
            participants: object.at("participants").private_texts(),
            created_at: object.at("createdAt").instant(),
            answered_at: object.at("answeredAt").instant(),
            completed_at: object.at("completedAt").instant(),
            updated_at: object.at("updatedAt").instant(),
            duration_s: object.at("duration").integer(),
            recordings: recordings.items().map(media).collect(),
            voicemail: Some(object.at("voicemail"))
                .filter(|json| json.exists())
                .map(voicemail),
        }
    }

    /// The numbers of the person and of the business.
    fn sides(self, direction: Option<&Direction>) -> (Vec<Private>, Vec<Private>) {
        let (from, to) = (self.object.at("from"), self.object.at("to"));
        match direction {
            Some(Direction::Incoming) if from.exists() => {
                (from.private_texts(), to.private_texts())
            }
            Some(Direction::Outgoing) if to.exists() => (to.private_texts(), from.private_texts()),
            _ => {
                let side = |key| self.context.at(key).private_texts();
                (
                    side("participants.external"),
                    side("participants.workspace"),
                )
            }
        }
    }
}

fn direction(object: Json<'_>) -> Option<Direction> {
    Some(match object.at("direction").text()?.as_str() {
        "incoming" => Direction::Incoming,
        "outgoing" => Direction::Outgoing,
        other => Direction::Other(other.to_owned()),
    })
}

fn media(json: Json<'_>) -> Media {
    Media {
        id: json.at("id").text(),
        url: json.at("url").private(),
        kind: json.at("type").text(),
        duration_s: json.at("duration").integer(),
    }
}

fn voicemail(json: Json<'_>) -> Voicemail {
    Voicemail {
        id: json.first(&["voicemailId", "id"]).text(),
        url: json.first(&["recordingUrl", "url"]).private(),
        duration_s: json.at("duration").integer(),
        transcript: json.at("transcript").private(),
        from: json.at("from").private(),
        to: json.at("to").private(),
    }
}

fn summary(json: Json<'_>) -> Summary {
    Summary {
        call_id: json.at("callId").text(),
        status: json.first(&["processingStatus", "status"]).text(),
        summary: json.at("summary").private_texts(),
        next_steps: json.at("nextSteps").private_texts(),
    }
}

fn transcript(json: Json<'_>) -> Transcript {
    let line = |json: Json<'_>| Line {
        content: json.at("content").private(),
        start_s: json.at("start").number(),
        end_s: json.at("end").number(),
        speaker: json.at("identifier").private(),
        user_id: json.at("userId").text(),
    };
    Transcript {
        call_id: json.at("callId").text(),
        status: json.first(&["processingStatus", "status"]).text(),
        duration_s: json.at("duration").integer(),
        lines: json.at("dialogue").items().map(line).collect(),
    }
}
