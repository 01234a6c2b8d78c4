//! What is given to be read: the words of one text, transcript, summary or voicemail.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{Entry, PhoneCall, Speaker, Transcript, What, Words};
use crate::call::Direction;

coded_enum! {
    /// Where words come from.
    PassageKind {
        Text = "text",
        Transcript = "transcript",
        Summary = "summary",
        Voicemail = "voicemail",
    }
}

/// Words to be read, and nothing else of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    pub kind: PassageKind,
    /// When it was written or said.
    pub at: Timestamp,
    pub words: Words,
}

impl Passage {
    /// The same for the same words of the same kind: what was read once need not be read again.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint_in(&[])
    }

    /// The same only in the same place, such as one call.
    pub fn fingerprint_in(&self, place: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(place);
        hash.update(self.kind.code().as_bytes());
        hash.update([0]);
        hash.update(self.words.as_bytes());
        hash.finalize().into()
    }
}

/// What an entry has to be read, of the kinds that are wanted. Our own texts hold nothing about the person.
pub fn passages(entry: &Entry, kinds: &[PassageKind], now: Timestamp) -> Vec<Passage> {
    let at = entry.at.or(entry.first_heard).unwrap_or(now);
    let found = match &entry.what {
        What::Text(text) if entry.parties.direction == Some(Direction::Inbound) => {
            vec![(PassageKind::Text, text.body.clone())]
        }
        What::Text(_) => Vec::new(),
        What::Call(call) => of_call(call),
    };
    wanted(found, kinds, at).collect()
}

/// What a call that a voice agent took or made has to be read: its transcript, or where none is known its summary, which
/// says the same in fewer words.
pub fn passage_of_talk(
    transcript: Option<&Transcript>,
    summary: Option<&str>,
    kinds: &[PassageKind],
    at: Timestamp,
) -> Option<Passage> {
    let found = vec![
        (PassageKind::Transcript, transcript.map(script)),
        (PassageKind::Summary, summary.map(Words::from)),
    ];
    wanted(found, kinds, at).next()
}

fn wanted(
    found: Vec<(PassageKind, Option<Words>)>,
    kinds: &[PassageKind],
    at: Timestamp,
) -> impl Iterator<Item = Passage> {
    found
        .into_iter()
        .filter(|(kind, _)| kinds.contains(kind))
        .filter_map(move |(kind, words)| {
            let words = words.filter(|words| !words.trim().is_empty())?;
            Some(Passage { kind, at, words })
        })
}

/// Who said what, line by line.
fn script(transcript: &Transcript) -> Words {
    let lines = transcript.lines.iter().map(|line| match line.speaker {
        Speaker::Business => format!("Business: {}", line.words.0),
        Speaker::Person => format!("Person: {}", line.words.0),
        Speaker::Unknown => format!("Somebody: {}", line.words.0),
    });
    Words(lines.collect::<Vec<_>>().join("\n"))
}

fn of_call(call: &PhoneCall) -> Vec<(PassageKind, Option<Words>)> {
    let transcript = call.transcript.as_ref().map(script);
    let summary = call.summary.as_ref().map(|summary| {
        let points = summary.points.iter().chain(&summary.next_steps);
        Words(
            points
                .map(|point| point.0.as_str())
                .collect::<Vec<_>>()
                .join("\n"),
        )
    });
    let voicemail = call.voicemail.as_ref();
    vec![
        (PassageKind::Transcript, transcript),
        (PassageKind::Summary, summary),
        (
            PassageKind::Voicemail,
            voicemail.and_then(|voicemail| voicemail.transcript.clone()),
        ),
    ]
}
