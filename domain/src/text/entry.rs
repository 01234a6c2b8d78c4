//! One text or phone call of a conversation, joined from all that was heard of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{EntryKey, Number, PhoneCall, Words};
use crate::call::Direction;

/// One text or call. Every part may be unknown: events are lost, late, and do not all say the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The provider's. Those of texts and calls look alike.
    pub id: String,
    pub parties: Parties,
    /// When it was written or began.
    pub at: Option<Timestamp>,
    /// When the first event about it was made.
    pub first_heard: Option<Timestamp>,
    pub what: What,
}

/// Who is in it, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    pub direction: Option<Direction>,
    /// The business's number.
    pub line: Option<Number>,
    /// The provider's id of it.
    pub line_id: Option<String>,
    pub person: Option<Number>,
    /// The provider's.
    pub conversation_id: Option<String>,
    /// The provider's id of the colleague.
    pub user_id: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Text(Text),
    Call(Box<PhoneCall>),
}

coded_enum! {
    EntryKind {
        Text = "text",
        Call = "call",
    }
}

/// A text message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Text {
    pub body: Option<Words>,
    pub media: BTreeSet<Media>,
    pub status: Option<TextStatus>,
    /// The carrier's or provider's, of one that did not arrive.
    pub error_code: Option<String>,
}

coded_enum! {
    /// How far a text came. The greater counts when several are told: a handset that has it outweighs a carrier's doubt.
    TextStatus {
        Queued = "queued",
        Sent = "sent",
        Undelivered = "undelivered",
        Failed = "failed",
        Delivered = "delivered",
        /// By us, from the person.
        Received = "received",
    }
}

/// A picture or another file. Its address expires.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Media {
    pub url: Words,
    /// Such as `image/jpeg`.
    pub kind: Option<String>,
}

impl Entry {
    /// A text of which only the provider's id is known.
    pub fn text(id: impl Into<String>) -> Entry {
        Entry::new(id.into(), What::Text(Text::default()))
    }

    /// A call of which only the provider's id is known.
    pub fn call(id: impl Into<String>) -> Entry {
        Entry::new(id.into(), What::Call(Box::default()))
    }

    fn new(id: String, what: What) -> Entry {
        Entry {
            id,
            parties: Parties::default(),
            at: None,
            first_heard: None,
            what,
        }
    }

    pub fn kind(&self) -> EntryKind {
        match self.what {
            What::Text(_) => EntryKind::Text,
            What::Call(_) => EntryKind::Call,
        }
    }

    pub fn key(&self) -> EntryKey {
        EntryKey {
            kind: self.kind(),
            id: self.id.clone(),
        }
    }

    /// Adds what another event says of the same entry. The order of events does not matter, nor how often one comes.
    /// What is said of another entry changes nothing.
    pub fn join(&mut self, other: Entry) {
        if self.key() != other.key() {
            return;
        }
        self.parties.join(other.parties);
        earlier(&mut self.at, other.at);
        earlier(&mut self.first_heard, other.first_heard);
        match (&mut self.what, other.what) {
            (What::Text(text), What::Text(other)) => text.join(other),
            (What::Call(call), What::Call(other)) => call.join(*other),
            _ => {}
        }
    }
}

impl Parties {
    fn join(&mut self, other: Parties) {
        greater(&mut self.direction, other.direction);
        greater(&mut self.line, other.line);
        greater(&mut self.line_id, other.line_id);
        greater(&mut self.person, other.person);
        greater(&mut self.conversation_id, other.conversation_id);
        greater(&mut self.user_id, other.user_id);
    }
}

impl Text {
    fn join(&mut self, other: Text) {
        greater(&mut self.body, other.body);
        greater(&mut self.status, other.status);
        greater(&mut self.error_code, other.error_code);
        self.media.extend(other.media);
    }
}

/// What is known outweighs what is not, and of two the greater counts: a rule, so that no order decides.
pub(super) fn greater<T: Ord>(known: &mut Option<T>, other: Option<T>) {
    if other > *known {
        *known = other;
    }
}

pub(super) fn earlier(known: &mut Option<Timestamp>, other: Option<Timestamp>) {
    *known = match (*known, other) {
        (Some(known), Some(other)) => Some(known.min(other)),
        (known, other) => known.or(other),
    };
}
