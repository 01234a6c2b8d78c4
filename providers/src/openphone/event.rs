//! What the events of OpenPhone (versions 2 to 4) and Quo say: one type for both, since they mean the same.

mod check;
mod read;

use jiff::Timestamp;

pub use read::read;
pub(super) use read::{listed_call, listed_material, listed_message};

use crate::{
    outline::{Outline, ParseProblem, hash, name, pluck, required},
    private::Private,
};

const PATHS: &[&str] = &["id", "type"];

/// Where the call's id stands: on an event about something of a call, then on one about the call itself.
/// OpenPhone says `object`, Quo `resource`, and one of Quo's samples has that at the top.
const CALL_PATHS: &[&str] = &[
    "data.resource.callId",
    "data.object.callId",
    "resource.callId",
    "data.resource.id",
    "data.object.id",
    "resource.id",
];

/// The outline of an event of either system; `delivery_id` for an envelope without an id.
pub(crate) fn outline_of(
    provider: &str,
    delivery_id: Option<&str>,
    body: &[u8],
) -> Result<Outline, ParseProblem> {
    let plucked = pluck(body, &[PATHS, CALL_PATHS].concat())?;
    let event_type = required(plucked.text("type"), "type")?;
    let id = match name(plucked.text("id"), "id")? {
        Some(id) => Some(id),
        None => name(delivery_id, "webhook-id")?,
    };
    // The ids of calls and texts look alike, so that only the type tells them apart.
    let provider_call_id = match event_type.starts_with("call.") {
        true => name(plucked.first(CALL_PATHS), "the call's id")?,
        false => None,
    };
    let id = id.as_deref().unwrap_or("-");
    Ok(Outline {
        dedupe_key: format!("{provider}:{id}:{}", hash(body)),
        event_type,
        call_id: None,
        provider_call_id,
    })
}

/// An event with what all of them carry.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The envelope's id, the same over retries.
    pub id: Option<String>,
    /// `v2` to `v4`, or a date.
    pub api_version: Option<String>,
    /// When the vendor made it. Order by [`Call::updated_at`] and the like: events come in any.
    pub at: Option<Timestamp>,
    pub place: Place,
    pub says: Says,
}

/// Where in the workspace it happened.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    pub phone_number_id: Option<String>,
    pub conversation_id: Option<String>,
    pub user_id: Option<String>,
    /// Contacts that the vendor knows by the number.
    pub contact_ids: Vec<String>,
}

/// What an event says, by its type.
#[derive(Debug, Clone, PartialEq)]
pub enum Says {
    /// `message.…`
    Message(Box<Message>),
    /// `call.ringing`, `call.answered`, `call.completed`, `call.forwarded`, `call.missed`.
    Call(Box<Call>),
    /// `call.recording.completed`: the call, with its [`Call::recordings`].
    Recordings(Box<Call>),
    /// `call.voicemail.completed`. An older webhook has it in [`Call::voicemail`].
    Voicemail {
        call_id: Option<String>,
        voicemail: Box<Voicemail>,
    },
    /// `call.summary.completed`
    Summary(Box<Summary>),
    /// `call.transcript.completed`
    Transcript(Box<Transcript>),
    /// `contact.updated` and `contact.deleted`. What the contact is now should be read by its id.
    Contact {
        id: Option<String>,
        deleted: bool,
    },
    Other {
        event_type: String,
    },
}

/// Which way, seen from the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Direction {
    Incoming,
    Outgoing,
    Other(String),
}

/// A text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    pub id: Option<String>,
    /// What happened to it, from the event's type: `received`, `delivered`, `failed`, `undelivered`, …
    pub happened: String,
    pub direction: Option<Direction>,
    pub from: Option<Private>,
    pub to: Vec<Private>,
    pub text: Option<Private>,
    pub media: Vec<Media>,
    pub status: Option<String>,
    pub error_code: Option<String>,
    pub created_at: Option<Timestamp>,
}

/// A picture, a recording: something to be fetched soon, because its address expires.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Media {
    pub id: Option<String>,
    pub url: Option<Private>,
    /// Such as `audio/mpeg`.
    pub kind: Option<String>,
    /// In seconds.
    pub duration_s: Option<i64>,
}

/// A phone call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Call {
    pub id: Option<String>,
    /// What happened to it, from the event's type: `ringing`, `answered`, `completed`, `missed`, …
    pub happened: String,
    pub direction: Option<Direction>,
    /// Open, and not the same words in webhooks and reads.
    pub status: Option<String>,
    /// Of the person, when it can be told.
    pub external: Vec<Private>,
    /// Of the business, when it can be told.
    pub workspace: Vec<Private>,
    /// Where neither can be told from the other.
    pub participants: Vec<Private>,
    pub created_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// In seconds.
    pub duration_s: Option<i64>,
    pub recordings: Vec<Media>,
    pub voicemail: Option<Voicemail>,
}

/// What a caller left.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Voicemail {
    pub id: Option<String>,
    pub url: Option<Private>,
    /// In seconds.
    pub duration_s: Option<i64>,
    pub transcript: Option<Private>,
    pub from: Option<Private>,
    pub to: Option<Private>,
}

/// The vendor's summary of a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    pub call_id: Option<String>,
    pub status: Option<String>,
    pub summary: Vec<Private>,
    pub next_steps: Vec<Private>,
}

/// What was said in a call.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transcript {
    pub call_id: Option<String>,
    pub status: Option<String>,
    pub duration_s: Option<i64>,
    pub lines: Vec<Line>,
}

/// One turn of a conversation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    pub content: Option<Private>,
    /// In seconds from the start.
    pub start_s: Option<f64>,
    pub end_s: Option<f64>,
    /// The speaker's number.
    pub speaker: Option<Private>,
    /// Set when somebody of the business speaks.
    pub user_id: Option<String>,
}

impl Call {
    /// Whether somebody called and nobody answered. OpenPhone has no event of its own for it.
    pub fn was_missed(&self) -> bool {
        let over = self.happened == "completed" && self.direction == Some(Direction::Incoming);
        let unanswered = match self.status.as_deref() {
            // A webhook of Quo tells it by the status, one of OpenPhone by the missing time.
            Some("answered" | "ai-handled" | "forwarded") => false,
            Some("unanswered" | "abandoned" | "missed" | "no-answer") => true,
            _ => self.answered_at.is_none(),
        };
        self.happened == "missed" || (over && unanswered)
    }
}

#[cfg(test)]
#[path = "event/tests.rs"]
mod tests;
