//! A phone call in a conversation: how it went, and what came of it afterwards.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Words,
    entry::{earlier, greater},
};
use crate::call::Direction;

/// A call and its material, which comes minutes later, in any order or never.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PhoneCall {
    pub signs: BTreeSet<CallSign>,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub duration_s: Option<i64>,
    /// By the provider's id, else by a hash of the address.
    pub recordings: BTreeMap<String, Recording>,
    pub voicemail: Option<Voicemail>,
    pub transcript: Option<Transcript>,
    pub summary: Option<Summary>,
}

coded_enum! {
    /// Something that an event said of a call.
    CallSign {
        Rang = "rang",
        /// By a person or an assistant of the business; of an outgoing call maybe by a machine.
        Answered = "answered",
        Forwarded = "forwarded",
        Failed = "failed",
        Missed = "missed",
        Over = "over",
    }
}

coded_enum! {
    /// How a call went, as far as is known.
    CallStage {
        /// Nothing but its material has been heard of yet.
        Unknown = "unknown",
        Ringing = "ringing",
        Talking = "talking",
        /// Somebody answered, and it is over.
        Answered = "answered",
        Forwarded = "forwarded",
        /// The person left a message.
        Voicemail = "voicemail",
        /// We did not answer.
        Missed = "missed",
        /// The person did not answer.
        NoAnswer = "no_answer",
        Failed = "failed",
    }
}

impl CallStage {
    /// Whether it is over, or out of our hands: nothing but its material can come.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Unknown | Self::Ringing | Self::Talking)
    }
}

/// The sound of a call. Its address is signed and expires, so the newest told counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Recording {
    /// When the event that told it was made.
    pub told_at: Option<Timestamp>,
    pub url: Option<Words>,
    /// Such as `audio/mpeg`.
    pub kind: Option<String>,
    pub duration_s: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Voicemail {
    pub id: Option<String>,
    pub sound: Recording,
    pub transcript: Option<Words>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Transcript {
    /// Whether the provider says that nothing more comes.
    pub complete: bool,
    pub lines: Vec<TranscriptLine>,
}

impl Transcript {
    /// The one in which most was said, whatever the order in which they came: the others are parts of it.
    pub fn longest(told: impl Iterator<Item = Transcript>) -> Option<Transcript> {
        told.max_by(|one, other| {
            let longer = one.length().cmp(&other.length());
            longer.then_with(|| one.cmp(other))
        })
    }

    fn length(&self) -> usize {
        self.lines.iter().map(|line| line.words.len()).sum()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TranscriptLine {
    pub speaker: Speaker,
    pub words: Words,
    /// Since the call's beginning.
    pub start_ms: Option<i64>,
    pub end_ms: Option<i64>,
}

coded_enum! {
    Speaker {
        Business = "business",
        Person = "person",
        Unknown = "unknown",
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Summary {
    /// Whether the provider says that nothing more comes.
    pub complete: bool,
    pub points: Vec<Words>,
    pub next_steps: Vec<Words>,
}

impl PhoneCall {
    /// How the call went. Somebody answered outweighs that it was missed: one of several phones that rang was not.
    pub fn stage(&self, direction: Option<Direction>) -> CallStage {
        let is = |sign| self.signs.contains(&sign);
        let answered = is(CallSign::Answered) || self.answered_at.is_some();
        let outbound = direction == Some(Direction::Outbound);
        match () {
            () if answered && is(CallSign::Over) => CallStage::Answered,
            () if answered => CallStage::Talking,
            () if is(CallSign::Forwarded) => CallStage::Forwarded,
            () if self.voicemail.is_some() && !outbound => CallStage::Voicemail,
            () if is(CallSign::Failed) => CallStage::Failed,
            () if is(CallSign::Missed) && !outbound => CallStage::Missed,
            () if is(CallSign::Over) && outbound => CallStage::NoAnswer,
            () if is(CallSign::Over) && direction.is_some() => CallStage::Missed,
            () if is(CallSign::Rang) && !is(CallSign::Over) => CallStage::Ringing,
            () => CallStage::Unknown,
        }
    }

    /// Whether it says more than what its sound and its words were.
    pub fn tells_how_it_went(&self) -> bool {
        !self.signs.is_empty() || self.summary.is_some() || self.voicemail.is_some()
    }

    pub(super) fn join(&mut self, other: PhoneCall) {
        self.signs.extend(other.signs);
        earlier(&mut self.answered_at, other.answered_at);
        greater(&mut self.ended_at, other.ended_at);
        greater(&mut self.duration_s, other.duration_s);
        for (key, recording) in other.recordings {
            let known = self.recordings.entry(key).or_default();
            *known = known.clone().max(recording);
        }
        if let Some(other) = other.voicemail {
            self.voicemail.get_or_insert_default().join(other);
        }
        fuller(&mut self.transcript, other.transcript, |it| {
            (it.complete, it.lines.len())
        });
        fuller(&mut self.summary, other.summary, |it| {
            (it.complete, it.points.len())
        });
    }
}

impl Voicemail {
    fn join(&mut self, other: Voicemail) {
        greater(&mut self.id, other.id);
        greater(&mut self.transcript, other.transcript);
        if other.sound > self.sound {
            self.sound = other.sound;
        }
    }
}

/// The complete one counts, else the longer.
fn fuller<T: Ord>(known: &mut Option<T>, other: Option<T>, size: impl Fn(&T) -> (bool, usize)) {
    let size = |it: &Option<T>| it.as_ref().map(&size);
    let order = size(&other)
        .cmp(&size(known))
        .then_with(|| other.cmp(known));
    if order == Ordering::Greater {
        *known = other;
    }
}
