//! Calls that nobody answered: who calls back, and by when (MEM-9).
//!
//! Nothing is counted up. What waits follows from the calls themselves, so that their events may come in any order: a
//! number waits while it has a missed call that is newer than the last talk with it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    hours::{Hours, shift},
    phone::PhoneNumber,
    settings::Followups,
    text::{CallStage, Entry, Number, Passage, PassageKind, What},
};

#[cfg(test)]
mod tests;

coded_enum! {
    /// Why somebody waits for a call. The greater counts when there are several.
    MissedKind {
        Call = "call",
        /// They left a message.
        Voicemail = "voicemail",
        /// They wrote or said that they want to be called.
        CallbackAsked = "callback_asked",
    }
}

/// One call of a person that nobody answered, or a wish to be called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// When it began, or was said.
    pub at: Timestamp,
    pub kind: MissedKind,
    /// The number of the business.
    pub line: Option<Number>,
    /// The time that the person named.
    pub wanted_at: Option<Timestamp>,
}

/// Everything known of one number that decides whether it waits. Of a withheld number each call is one for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FollowUpFacts {
    /// In any order; older ones do no harm.
    pub missed: Vec<Missed>,
    /// The end of the newest call in which somebody talked, whoever called whom.
    pub talked_at: Option<Timestamp>,
    /// When a colleague last said that it is done.
    pub closed_at: Option<Timestamp>,
}

coded_enum! {
    FollowUpState {
        Open = "open",
        Overdue = "overdue",
        Done = "done",
    }
}

/// What is to be done for one number: one entry of the list, however often it called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    pub owner: String,
    pub kind: MissedKind,
    /// The line of the newest call that told one.
    pub line: Option<Number>,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    pub count: usize,
    pub due_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowUpStep {
    /// Open until then, when it becomes overdue.
    Wait { open: FollowUp, until: Timestamp },
    /// The alert stands until the next step is another.
    Overdue { open: FollowUp },
    /// Nobody waits.
    Done,
}

impl FollowUpStep {
    pub const fn state(&self) -> FollowUpState {
        match self {
            Self::Wait { .. } => FollowUpState::Open,
            Self::Overdue { .. } => FollowUpState::Overdue,
            Self::Done => FollowUpState::Done,
        }
    }

    pub const fn open(&self) -> Option<&FollowUp> {
        match self {
            Self::Wait { open, .. } | Self::Overdue { open } => Some(open),
            Self::Done => None,
        }
    }
}

/// Where the calls of the business open, and who looks after them.
#[derive(Debug, Clone, Copy)]
pub struct FollowUpRules<'a> {
    pub settings: &'a Followups,
    pub hours: &'a Hours,
}

/// The next step for one number at `now`.
pub fn next_step(now: Timestamp, facts: &FollowUpFacts, rules: FollowUpRules<'_>) -> FollowUpStep {
    match open(facts, rules) {
        None => FollowUpStep::Done,
        Some(open) if open.due_at <= now => FollowUpStep::Overdue { open },
        Some(open) => {
            let until = open.due_at;
            FollowUpStep::Wait { open, until }
        }
    }
}

fn open(facts: &FollowUpFacts, rules: FollowUpRules<'_>) -> Option<FollowUp> {
    let settled = facts.talked_at.max(facts.closed_at);
    // A wish that was uttered in a talk stands when the talk ends, and outlasts it.
    let is_open = |missed: &&Missed| {
        settled.is_none_or(|settled| match missed.kind {
            MissedKind::CallbackAsked => missed.at >= settled,
            MissedKind::Call | MissedKind::Voicemail => missed.at > settled,
        })
    };
    let mut waiting: Vec<&Missed> = facts.missed.iter().filter(is_open).collect();
    waiting.sort_by_key(|missed| (missed.at, missed.kind));
    let (first, last) = (waiting.first()?, waiting.last()?);
    if !rules.settings.enabled {
        return None;
    }
    // A wish that was left in a voicemail is no second call.
    let mut instants: Vec<Timestamp> = waiting.iter().map(|missed| missed.at).collect();
    instants.dedup();
    let mut newest_first = waiting.iter().rev();
    let line = newest_first.find_map(|missed| missed.line.clone());
    Some(FollowUp {
        owner: owner(line.as_ref(), rules.settings).to_owned(),
        kind: waiting.iter().map(|missed| missed.kind).max()?,
        line,
        first_at: first.at,
        last_at: last.at,
        count: instants.len(),
        due_at: waiting.iter().map(|missed| due(missed, rules)).min()?,
    })
}

/// Who looks after calls on this line.
pub fn owner<'a>(line: Option<&Number>, settings: &'a Followups) -> &'a str {
    let number = line.and_then(Number::dialable).map(PhoneNumber::e164);
    let own = settings
        .lines
        .iter()
        .find(|own| Some(own.number.as_str()) == number);
    own.map_or(&settings.owner, |own| &own.owner)
}

/// So far ahead open time is looked for. A business that is closed for longer has other worries.
const HORIZON: SignedDuration = SignedDuration::from_hours(60 * 24);

/// When it has to be done: after so many open minutes, or at the time that the person named if that is open, else at
/// the next opening after it.
fn due(missed: &Missed, rules: FollowUpRules<'_>) -> Timestamp {
    let minutes = match missed.kind {
        MissedKind::Call => rules.settings.due_minutes,
        MissedKind::Voicemail | MissedKind::CallbackAsked => rules.settings.voicemail_due_minutes,
    };
    if let Some(wanted) = missed.wanted_at.filter(|wanted| *wanted > missed.at) {
        let opens = rules
            .hours
            .first_open_at_or_after(wanted, shift(wanted, HORIZON));
        return opens.unwrap_or(wanted);
    }
    after_open_minutes(rules.hours, missed.at, minutes)
}

/// The instant by which the business was open for so many minutes since `from`. Where it never opens, time runs on.
fn after_open_minutes(hours: &Hours, from: Timestamp, minutes: u16) -> Timestamp {
    let mut left = SignedDuration::from_mins(minutes.into());
    for open in hours.openings(from, shift(from, HORIZON)) {
        let length = open.until.duration_since(open.from);
        if length >= left {
            return shift(open.from, left);
        }
        left = left.saturating_sub(length);
    }
    shift(from, SignedDuration::from_mins(minutes.into()))
}

/// The missed call that an entry of a conversation is, if it is one.
pub fn missed(entry: &Entry) -> Option<Missed> {
    let What::Call(call) = &entry.what else {
        return None;
    };
    let kind = match call.stage(entry.parties.direction) {
        CallStage::Missed => MissedKind::Call,
        CallStage::Voicemail => MissedKind::Voicemail,
        _ => return None,
    };
    Some(Missed {
        at: entry.at.or(entry.first_heard)?,
        kind,
        line: entry.parties.line.clone(),
        wanted_at: None,
    })
}

/// When and where a person uttered something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uttered {
    /// The person's.
    pub e164: String,
    /// The number of the business.
    pub line: Option<Number>,
    /// When the talk was over; `None` of a text, or when nobody told.
    pub ended_at: Option<Timestamp>,
}

impl Uttered {
    /// As an entry of the conversation with this number tells.
    pub fn in_entry(entry: &Entry, e164: &str) -> Self {
        let ended_at = match &entry.what {
            What::Call(call) => call.ended_at,
            What::Text(_) => None,
        };
        Self {
            e164: e164.to_owned(),
            line: entry.parties.line.clone(),
            ended_at,
        }
    }
}

/// The wish to be called that was read out of a person's words by `now`. One that was uttered in a talk stands from its
/// end, or from now if nobody told when that was: the talk itself must not settle it.
pub fn wished(
    uttered: &Uttered,
    passage: &Passage,
    wanted_at: Option<Timestamp>,
    now: Timestamp,
) -> Missed {
    let at = match passage.kind {
        PassageKind::Text | PassageKind::Voicemail => passage.at,
        PassageKind::Transcript | PassageKind::Summary => {
            uttered.ended_at.unwrap_or(now).max(passage.at)
        }
    };
    Missed {
        at,
        kind: MissedKind::CallbackAsked,
        line: uttered.line.clone(),
        wanted_at,
    }
}

/// The end of the talk that an entry of a conversation is, if somebody talked and it is over.
pub fn talked_at(entry: &Entry) -> Option<Timestamp> {
    let What::Call(call) = &entry.what else {
        return None;
    };
    let talked = call.stage(entry.parties.direction) == CallStage::Answered;
    let at = call
        .ended_at
        .or(call.answered_at)
        .or(entry.at)
        .or(entry.first_heard);
    at.filter(|_| talked)
}
