use std::collections::BTreeSet;

use proptest::prelude::*;

use super::at;
use crate::{
    call::Direction,
    country::Country,
    text::{
        CallSign, CallStage, Conversation, Entry, EntryKey, EntryKind, Number, Passage,
        PassageKind, PhoneCall, Recording, Speaker, Summary, TextStatus, Transcript,
        TranscriptLine, Voicemail, What, Words, passage_of_talk, passages,
    },
};

const PERSON: &str = "+447700900123";

fn call(make: impl FnOnce(&mut PhoneCall)) -> Entry {
    let mut entry = Entry::call("AC1");
    if let What::Call(call) = &mut entry.what {
        make(call);
    }
    entry
}

fn line(speaker: Speaker, words: &str) -> TranscriptLine {
    TranscriptLine {
        speaker,
        words: words.into(),
        start_ms: None,
        end_ms: None,
    }
}

fn transcript(complete: bool, words: &[&str]) -> Option<Transcript> {
    Some(Transcript {
        complete,
        lines: words
            .iter()
            .map(|words| line(Speaker::Person, words))
            .collect(),
    })
}

fn recording(told_at: &str, url: &str) -> Recording {
    Recording {
        told_at: Some(at(told_at)),
        url: Some(url.into()),
        ..Recording::default()
    }
}

/// All that is told of one incoming call, of one text that came before it, and of one that we sent after it.
fn told() -> Vec<Entry> {
    let mut ringing = call(|call| call.signs = BTreeSet::from([CallSign::Rang]));
    ringing.at = Some(at("2027-03-22T09:00:00Z"));
    ringing.first_heard = ringing.at;
    ringing.parties.direction = Some(Direction::Inbound);
    ringing.parties.person = Number::read(PERSON, Country::GB);
    let answered = call(|call| {
        call.signs = BTreeSet::from([CallSign::Answered, CallSign::Over]);
        call.answered_at = Some(at("2027-03-22T09:00:05Z"));
        call.ended_at = Some(at("2027-03-22T09:01:00Z"));
    });
    let first_recording = call(|call| {
        let told = recording("2027-03-22T09:02:00Z", "https://r.example/1?sig=a");
        call.recordings.insert("RE1".to_owned(), told);
    });
    let fresh_address = call(|call| {
        let told = recording("2027-03-22T09:09:00Z", "https://r.example/1?sig=b");
        call.recordings.insert("RE1".to_owned(), told);
    });
    let mut half =
        call(|call| call.transcript = transcript(false, &["Hello", "Is", "Tuesday", "free?"]));
    half.first_heard = Some(at("2027-03-22T09:03:00Z"));
    let whole = call(|call| call.transcript = transcript(true, &["Hello", "Is Tuesday free?"]));
    let summary = call(|call| {
        call.summary = Some(Summary {
            complete: true,
            points: vec!["Asked about Tuesday.".into()],
            next_steps: vec!["Call back.".into()],
        });
    });
    let mut text = Entry::text("AC2");
    text.at = Some(at("2027-03-22T08:00:00Z"));
    text.parties.direction = Some(Direction::Inbound);
    if let What::Text(text) = &mut text.what {
        text.body = Some("Is Tuesday free?".into());
        text.status = Some(TextStatus::Received);
    }
    let ours = |status| {
        let mut ours = Entry::text("AC3");
        ours.at = Some(at("2027-03-22T10:00:00Z"));
        ours.parties.direction = Some(Direction::Outbound);
        if let What::Text(text) = &mut ours.what {
            text.body = Some("It is.".into());
            text.status = Some(status);
        }
        ours
    };
    vec![
        ringing,
        answered,
        first_recording,
        fresh_address,
        half,
        whole,
        summary,
        text,
        ours(TextStatus::Queued),
        ours(TextStatus::Delivered),
    ]
}

fn whole_call(conversation: &Conversation) -> &PhoneCall {
    let key = EntryKey {
        kind: EntryKind::Call,
        id: "AC1".to_owned(),
    };
    match &conversation.get(&key).unwrap().what {
        What::Call(call) => call,
        What::Text(_) => unreachable!(),
    }
}

#[test]
fn texts_and_calls_stand_in_order_with_all_that_belongs_to_them() {
    let conversation: Conversation = told().into_iter().collect();
    let order: Vec<&str> = conversation
        .in_order()
        .iter()
        .map(|entry| entry.id.as_str())
        .collect();
    assert_eq!(order, ["AC2", "AC1", "AC3"]);
    let call = whole_call(&conversation);
    assert_eq!(call.stage(Some(Direction::Inbound)), CallStage::Answered);
    assert_eq!(
        call.recordings["RE1"].url,
        Some("https://r.example/1?sig=b".into())
    );
    assert_eq!(call.transcript.as_ref().unwrap().lines.len(), 2);
    assert!(call.summary.is_some());
    let What::Text(ours) = &conversation.in_order()[2].what else {
        unreachable!()
    };
    assert_eq!(ours.status, Some(TextStatus::Delivered));
}

#[test]
fn a_text_and_a_call_of_one_id_are_two_entries() {
    let conversation: Conversation = [Entry::text("AC1"), Entry::call("AC1")]
        .into_iter()
        .collect();
    assert_eq!(conversation.in_order().len(), 2);
    let mut text = Entry::text("AC1");
    text.join(Entry::call("AC1"));
    assert_eq!(text, Entry::text("AC1"));
}

#[test]
fn a_recording_waits_for_its_call() {
    let mut conversation = Conversation::default();
    let mut events = told();
    let ringing = events.remove(0);
    conversation.add(events.remove(1));
    assert_eq!(whole_call(&conversation).stage(None), CallStage::Unknown);
    conversation.add(ringing);
    assert_eq!(whole_call(&conversation).recordings.len(), 1);
    assert_eq!(conversation.in_order().len(), 1);
}

#[test]
fn the_stage_of_a_call_is_what_outweighs() {
    use CallSign::{Answered, Failed, Forwarded, Missed, Over, Rang};
    let (inbound, outbound) = (Some(Direction::Inbound), Some(Direction::Outbound));
    for (signs, direction, voicemail, stage) in [
        (vec![], None, false, CallStage::Unknown),
        (vec![Rang], inbound, false, CallStage::Ringing),
        (vec![Rang, Answered], inbound, false, CallStage::Talking),
        (vec![Answered, Over], inbound, false, CallStage::Answered),
        (
            vec![Answered, Missed, Over],
            inbound,
            false,
            CallStage::Answered,
        ),
        (vec![Missed], inbound, false, CallStage::Missed),
        (vec![Missed, Over], inbound, true, CallStage::Voicemail),
        (vec![Over], inbound, false, CallStage::Missed),
        (vec![Over], outbound, false, CallStage::NoAnswer),
        (vec![Over], None, false, CallStage::Unknown),
        (vec![Forwarded, Over], inbound, false, CallStage::Forwarded),
        (vec![Failed, Over], inbound, false, CallStage::Failed),
        (vec![], inbound, true, CallStage::Voicemail),
    ] {
        let call = PhoneCall {
            signs: signs.iter().copied().collect(),
            voicemail: voicemail.then(Voicemail::default),
            ..PhoneCall::default()
        };
        assert_eq!(call.stage(direction), stage, "{signs:?}");
    }
}

#[test]
fn an_entry_survives_its_storage_and_prints_nothing_personal() {
    let conversation: Conversation = told().into_iter().collect();
    for entry in conversation.in_order() {
        let stored = serde_json::to_string(entry).unwrap();
        assert_eq!(&serde_json::from_str::<Entry>(&stored).unwrap(), entry);
        let printed = format!("{entry:?}");
        for private in ["Tuesday", "7700900", "r.example"] {
            assert!(!printed.contains(private), "{printed}");
        }
    }
}

#[test]
fn the_longest_of_several_transcripts_counts_in_whatever_order_they_came() {
    let part = transcript(true, &["I moved"]).unwrap();
    let same_length = transcript(true, &["I stood"]).unwrap();
    let whole = transcript(true, &["I moved", "to Mill Lane"]).unwrap();
    let longest =
        |told: &[&Transcript]| Transcript::longest(told.iter().map(|each| (*each).clone()));
    assert_eq!(longest(&[&part, &whole]), longest(&[&whole, &part]));
    assert_eq!(longest(&[&whole, &part]), Some(whole));
    assert_eq!(
        longest(&[&part, &same_length]),
        longest(&[&same_length, &part])
    );
    assert_eq!(longest(&[]), None);
}

#[test]
fn of_a_talk_with_an_agent_the_transcript_is_read_or_else_the_summary() {
    let now = at("2027-03-23T00:00:00Z");
    let said = transcript(true, &["I moved"]);
    let none = transcript(true, &[]);
    let all = PassageKind::ALL;
    let summary = Some("The caller moved.");
    for (said, summary, kinds, read) in [
        (
            &said,
            summary,
            all,
            Some((PassageKind::Transcript, "Person: I moved")),
        ),
        (
            &None,
            summary,
            all,
            Some((PassageKind::Summary, "The caller moved.")),
        ),
        (
            &none,
            summary,
            all,
            Some((PassageKind::Summary, "The caller moved.")),
        ),
        (
            &said,
            summary,
            &[PassageKind::Summary][..],
            Some((PassageKind::Summary, "The caller moved.")),
        ),
        (&said, summary, &[PassageKind::Text][..], None),
        (&None, Some(" "), all, None),
        (&None, None, all, None),
    ] {
        let found = passage_of_talk(said.as_ref(), summary, kinds, now);
        let found = found
            .as_ref()
            .map(|passage| (passage.kind, passage.words.0.as_str()));
        assert_eq!(found, read);
    }
}

#[test]
fn what_the_person_said_is_read_and_what_we_wrote_is_not() {
    let now = at("2027-03-23T00:00:00Z");
    let all = |kinds: &[PassageKind]| -> Vec<Passage> {
        let conversation: Conversation = told().into_iter().collect();
        let entries = conversation.in_order();
        entries
            .iter()
            .flat_map(|entry| passages(entry, kinds, now))
            .collect()
    };
    let read: Vec<(PassageKind, String)> = all(PassageKind::ALL)
        .into_iter()
        .map(|passage| (passage.kind, passage.words.0))
        .collect();
    let expected = [
        (PassageKind::Text, "Is Tuesday free?"),
        (
            PassageKind::Transcript,
            "Person: Hello\nPerson: Is Tuesday free?",
        ),
        (PassageKind::Summary, "Asked about Tuesday.\nCall back."),
    ];
    assert_eq!(read, expected.map(|(kind, words)| (kind, words.to_owned())));
    let one = all(&[PassageKind::Text]);
    assert_eq!(one.len(), 1);
    let other = Passage {
        kind: PassageKind::Summary,
        ..one[0].clone()
    };
    assert_ne!(one[0].fingerprint(), other.fingerprint());
}

proptest! {
    #[test]
    fn any_order_of_events_makes_the_same_conversation(
        order in Just((0..told().len()).collect::<Vec<_>>()).prop_shuffle(),
        again in prop::collection::vec(0..told().len(), 0..6),
    ) {
        let events = told();
        let expected: Conversation = events.iter().cloned().collect();
        let found: Conversation = order.iter().chain(&again).map(|at| events[*at].clone()).collect();
        prop_assert_eq!(&found, &expected);
    }

    #[test]
    fn any_part_of_the_events_makes_the_same_conversation_in_any_order(
        order in Just((0..told().len()).collect::<Vec<_>>()).prop_shuffle(),
        taken in 0..told().len(),
    ) {
        let events = told();
        let some = &order[..taken];
        let mut sorted = some.to_vec();
        sorted.sort_unstable();
        let join = |order: &[usize]| -> Conversation { order.iter().map(|at| events[*at].clone()).collect() };
        prop_assert_eq!(join(some), join(&sorted));
    }

    #[test]
    fn two_transcripts_come_to_one_whichever_was_first(
        one in (any::<bool>(), prop::collection::vec("[ab]{0,2}", 0..3)),
        other in (any::<bool>(), prop::collection::vec("[ab]{0,2}", 0..3)),
    ) {
        let entry = |(complete, words): &(bool, Vec<String>)| {
            let lines = words.iter().map(|word| TranscriptLine { words: Words(word.clone()), ..line(Speaker::Unknown, "") });
            let lines = lines.collect();
            call(|call| call.transcript = Some(Transcript { complete: *complete, lines }))
        };
        let (mut first, mut second) = (entry(&one), entry(&other));
        first.join(entry(&other));
        second.join(entry(&one));
        prop_assert_eq!(first, second);
    }
}
