//! What is told of a call after it: its voicemail, summary and transcript.

use domain::{
    call::Direction as Way,
    text::{self, Entry, Number, Parties, PhoneCall, Speaker, TranscriptLine, What},
};
use jiff::Timestamp;

use super::{Reading, left, words};
use crate::openphone::event::{Line, Summary, Transcript, Voicemail};

/// Only who calls leaves a voicemail.
pub(super) fn of_voicemail(
    call_id: &str,
    voicemail: &Voicemail,
    told_at: Option<Timestamp>,
    reading: Reading<'_>,
) -> Entry {
    let mut entry = Entry::call(call_id);
    entry.parties = Parties {
        direction: Some(Way::Inbound),
        line: voicemail.to.as_ref().and_then(|to| reading.number(to)),
        person: voicemail
            .from
            .as_ref()
            .and_then(|from| reading.number(from)),
        ..Parties::default()
    };
    entry.what = What::Call(Box::new(PhoneCall {
        voicemail: Some(left(voicemail, told_at)),
        ..PhoneCall::default()
    }));
    entry
}

fn is_complete(status: Option<&str>) -> bool {
    status == Some("completed")
}

pub(super) fn of_summary(summary: &Summary) -> Option<Entry> {
    let mut entry = Entry::call(summary.call_id.clone()?);
    let told = text::Summary {
        complete: is_complete(summary.status.as_deref()),
        points: summary.summary.iter().map(words).collect(),
        next_steps: summary.next_steps.iter().map(words).collect(),
    };
    entry.what = What::Call(Box::new(PhoneCall {
        summary: Some(told).filter(|told| !told.points.is_empty() || !told.next_steps.is_empty()),
        ..PhoneCall::default()
    }));
    Some(entry)
}

pub(super) fn of_transcript(transcript: &Transcript, reading: Reading<'_>) -> Option<Entry> {
    let mut entry = Entry::call(transcript.call_id.clone()?);
    let lines: Vec<TranscriptLine> = transcript
        .lines
        .iter()
        .filter_map(|line| of_line(line, reading))
        .collect();
    entry.parties.person = speaker(transcript, reading);
    entry.what = What::Call(Box::new(PhoneCall {
        duration_s: transcript.duration_s,
        transcript: Some(text::Transcript {
            complete: is_complete(transcript.status.as_deref()),
            lines,
        })
        .filter(|transcript| !transcript.lines.is_empty()),
        ..PhoneCall::default()
    }));
    Some(entry)
}

fn of_line(line: &Line, reading: Reading<'_>) -> Option<TranscriptLine> {
    let number = line.speaker.as_ref().and_then(|text| reading.number(text));
    Some(TranscriptLine {
        speaker: side(line, number.as_ref(), reading),
        words: words(line.content.as_ref()?),
        start_ms: line.start_s.and_then(milliseconds),
        end_ms: line.end_s.and_then(milliseconds),
    })
}

fn side(line: &Line, number: Option<&Number>, reading: Reading<'_>) -> Speaker {
    match number {
        _ if line.user_id.is_some() => Speaker::Business,
        Some(number) if reading.is_line(number) => Speaker::Business,
        Some(_) => Speaker::Person,
        None => Speaker::Unknown,
    }
}

/// The person's number, when exactly one speaks: a transcript says nothing else of who it was.
fn speaker(transcript: &Transcript, reading: Reading<'_>) -> Option<Number> {
    let mut people = transcript.lines.iter().filter_map(|line| {
        let number = reading.number(line.speaker.as_ref()?)?;
        (side(line, Some(&number), reading) == Speaker::Person).then_some(number)
    });
    let person = people.next()?;
    people.all(|other| other == person).then_some(person)
}

fn milliseconds(seconds: f64) -> Option<i64> {
    // `as` saturates, and a call is shorter than what a float tells apart.
    (seconds.is_finite() && seconds >= 0.0).then(|| (seconds * 1000.0).round() as i64)
}
