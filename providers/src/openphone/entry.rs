//! What an event says of a conversation, in our own terms: one type for the webhooks of OpenPhone and Quo and for lists.

mod material;

use domain::{
    call::Direction as Way,
    country::Country,
    phone::PhoneNumber,
    text::{
        self, CallSign, Entry, Number, Parties, PhoneCall, Recording, Text, TextStatus, What, Words,
    },
};
use jiff::Timestamp;

use super::event::{Call, Direction, Event, Media, Message, Place, Says, Voicemail};
use crate::{outline::hash, private::Private};
use material::{of_summary, of_transcript, of_voicemail};

/// How numbers are read.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Whose national numbers are understood.
    pub country: Country,
    /// The lines of the business. Where an event does not say which side is whose, they tell.
    pub lines: &'a [PhoneNumber],
}

/// The part of a conversation that an event tells; `None` for one that tells of something else, or of nothing that has
/// an id. Parts of one text or call are put together with [`Entry::join`], in any order.
pub fn entry(event: &Event, reading: Reading<'_>) -> Option<Entry> {
    let mut entry = match &event.says {
        Says::Message(message) => of_message(message, reading)?,
        Says::Call(call) | Says::Recordings(call) => of_call(call, event.at, reading)?,
        Says::Voicemail { call_id, voicemail } => {
            of_voicemail(call_id.as_deref()?, voicemail, event.at, reading)
        }
        Says::Summary(summary) => of_summary(summary)?,
        Says::Transcript(transcript) => of_transcript(transcript, reading)?,
        Says::Contact { .. } | Says::Other { .. } => return None,
    };
    entry.first_heard = event.at;
    entry.parties.place(&event.place);
    Some(entry)
}

trait Placed {
    fn place(&mut self, place: &Place);
}

impl Placed for Parties {
    fn place(&mut self, place: &Place) {
        self.line_id.clone_from(&place.phone_number_id);
        self.conversation_id.clone_from(&place.conversation_id);
        self.user_id.clone_from(&place.user_id);
    }
}

impl Reading<'_> {
    fn number(self, text: &Private) -> Option<Number> {
        Number::read(text, self.country)
    }

    fn first(self, texts: &[Private]) -> Option<Number> {
        texts.iter().find_map(|text| self.number(text))
    }

    fn is_line(self, number: &Number) -> bool {
        number
            .dialable()
            .is_some_and(|number| self.lines.contains(number))
    }

    /// The first of both sides' numbers that is a line, or is none.
    fn among(self, texts: &[Private], line: bool) -> Option<Number> {
        if self.lines.is_empty() {
            return None;
        }
        let mut numbers = texts.iter().filter_map(|text| self.number(text));
        numbers.find(|number| self.is_line(number) == line)
    }
}

fn way(direction: Option<&Direction>) -> Option<Way> {
    match direction? {
        Direction::Incoming => Some(Way::Inbound),
        Direction::Outgoing => Some(Way::Outbound),
        Direction::Other(_) => None,
    }
}

fn of_message(message: &Message, reading: Reading<'_>) -> Option<Entry> {
    let mut entry = Entry::text(message.id.clone()?);
    let told = match message.happened.as_str() {
        "received" => Some(Way::Inbound),
        "delivered" | "failed" | "undelivered" => Some(Way::Outbound),
        _ => None,
    };
    let direction = way(message.direction.as_ref()).or(told);
    let from = message.from.as_ref().and_then(|from| reading.number(from));
    let to = reading.first(&message.to);
    let (line, person) = match direction {
        Some(Way::Outbound) => (from, to),
        Some(Way::Inbound) => (to, from),
        None => (None, None),
    };
    entry.parties = Parties {
        direction,
        line,
        person,
        ..Parties::default()
    };
    entry.at = message.created_at;
    entry.what = What::Text(Text {
        body: message.text.as_ref().map(words),
        media: message.media.iter().filter_map(of_media).collect(),
        status: status(message, direction),
        error_code: message.error_code.clone(),
    });
    Some(entry)
}

fn status(message: &Message, direction: Option<Way>) -> Option<TextStatus> {
    if direction == Some(Way::Inbound) {
        return Some(TextStatus::Received);
    }
    let told = message.status.as_deref();
    [Some(message.happened.as_str()), told]
        .into_iter()
        .flatten()
        .find_map(TextStatus::from_code)
}

fn of_media(media: &Media) -> Option<text::Media> {
    Some(text::Media {
        url: words(media.url.as_ref()?),
        kind: media.kind.clone(),
    })
}

fn of_call(call: &Call, told_at: Option<Timestamp>, reading: Reading<'_>) -> Option<Entry> {
    let mut entry = Entry::call(call.id.clone()?);
    let person = reading.first(&call.external);
    let line = reading.first(&call.workspace);
    entry.parties = Parties {
        direction: way(call.direction.as_ref()),
        line: line.or_else(|| reading.among(&call.participants, true)),
        person: person.or_else(|| reading.among(&call.participants, false)),
        ..Parties::default()
    };
    entry.at = call.created_at;
    let recordings = call.recordings.iter();
    entry.what = What::Call(Box::new(PhoneCall {
        signs: signs(call).into_iter().collect(),
        answered_at: call.answered_at,
        ended_at: call.completed_at,
        duration_s: call.duration_s,
        recordings: recordings
            .filter_map(|media| Some((key(media)?, recording(media, told_at))))
            .collect(),
        voicemail: call
            .voicemail
            .as_ref()
            .filter(|voicemail| **voicemail != Voicemail::default())
            .map(|voicemail| left(voicemail, told_at)),
        ..PhoneCall::default()
    }));
    Some(entry)
}

fn signs(call: &Call) -> Vec<CallSign> {
    let happened = call.happened.as_str();
    // The status of a call that rings is one to come.
    let status = call.status.as_deref().filter(|_| happened != "ringing");
    let mut signs = vec![match happened {
        "ringing" => CallSign::Rang,
        "answered" => CallSign::Answered,
        "forwarded" => CallSign::Forwarded,
        _ => CallSign::Over,
    }];
    signs.extend(match status {
        Some("answered" | "ai-handled") => Some(CallSign::Answered),
        Some("forwarded") => Some(CallSign::Forwarded),
        Some("failed") => Some(CallSign::Failed),
        _ => None,
    });
    if call.was_missed() {
        signs.push(CallSign::Missed);
    }
    signs
}

/// Of the address only a hash, and without the signature, which differs from one telling to the next.
fn key(media: &Media) -> Option<String> {
    let address = || {
        let url = media.url.as_ref()?;
        Some(hash(url.split(['?', '#']).next()?.as_bytes()))
    };
    media
        .id
        .clone()
        .or_else(address)
        .filter(|key| !key.is_empty())
}

fn recording(media: &Media, told_at: Option<Timestamp>) -> Recording {
    Recording {
        told_at,
        url: media.url.as_ref().map(words),
        kind: media.kind.clone(),
        duration_s: media.duration_s,
    }
}

fn left(voicemail: &Voicemail, told_at: Option<Timestamp>) -> text::Voicemail {
    text::Voicemail {
        id: voicemail.id.clone(),
        sound: Recording {
            told_at,
            url: voicemail.url.as_ref().map(words),
            kind: None,
            duration_s: voicemail.duration_s,
        },
        transcript: voicemail.transcript.as_ref().map(words),
    }
}

fn words(text: &Private) -> Words {
    Words(text.0.clone())
}

#[cfg(test)]
mod tests;
