use domain::{
    followup,
    text::{CallStage, Conversation, EntryKind, Speaker},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::openphone::event::read;

const PERSON: &str = "+447700900123";
const LINE: &str = "+442079460000";

fn lines() -> Vec<PhoneNumber> {
    vec![PhoneNumber::from_e164(LINE).unwrap()]
}

fn told(event: &Value) -> Option<Entry> {
    let lines = lines();
    let reading = Reading {
        country: Country::GB,
        lines: &lines,
    };
    entry(&read(event.to_string().as_bytes()).unwrap(), reading)
}

fn legacy(kind: &str, object: Value) -> Value {
    json!({"id": format!("EV-{kind}"), "object": "event", "apiVersion": "v3", "type": kind,
        "createdAt": "2027-03-22T09:05:00.000Z", "data": {"object": object}})
}

fn quo(kind: &str, resource: Value) -> Value {
    json!({"id": format!("EV-{kind}"), "apiVersion": "2026-03-30", "type": kind,
        "createdAt": "2027-03-22T09:05:00.000Z", "data": {"resource": resource, "context": {
            "phoneNumberId": "PN1", "conversationId": "CN1", "senderIdentifier": PERSON,
            "recipientIdentifiers": [LINE],
            "participants": {"workspace": [LINE], "external": [PERSON]}}}})
}

fn number(text: &str) -> Option<Number> {
    Number::read(text, Country::GB)
}

#[test]
fn a_text_is_the_same_entry_in_every_version() {
    let common = json!({"id": "AC5", "direction": "incoming", "media": [{"url": "https://m.example/1", "type": "image/jpeg"}],
        "status": "received", "createdAt": "2027-03-22T09:00:00.000Z", "phoneNumberId": "PN1", "conversationId": "CN1"});
    let with = |more: Value| {
        let mut object = common.clone();
        object
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        object
    };
    let v3 = legacy(
        "message.received",
        with(json!({"from": PERSON, "to": LINE, "body": "Hello"})),
    );
    let v4 = legacy(
        "message.received",
        with(json!({"from": PERSON, "to": [LINE], "text": "Hello"})),
    );
    let new = quo("message.received", with(json!({"text": "Hello"})));
    let entries: Vec<Entry> = [v3, v4, new].iter().filter_map(told).collect();
    assert_eq!(entries.len(), 3);
    for entry in &entries {
        assert_eq!(entry, &entries[0]);
    }
    let entry = &entries[0];
    assert_eq!(entry.parties.direction, Some(Way::Inbound));
    assert_eq!(
        (&entry.parties.person, &entry.parties.line),
        (&number(PERSON), &number(LINE))
    );
    let What::Text(text) = &entry.what else {
        panic!()
    };
    assert_eq!(
        (text.body.clone(), text.status),
        (Some("Hello".into()), Some(TextStatus::Received))
    );
    assert_eq!(text.media.len(), 1);
}

#[test]
fn what_became_of_our_text_is_told_of_the_same_entry() {
    for (kind, status) in [
        ("message.delivered", TextStatus::Delivered),
        ("message.failed", TextStatus::Failed),
        ("message.undelivered", TextStatus::Undelivered),
    ] {
        let object = json!({"id": "AC6", "direction": "outgoing", "from": LINE, "to": PERSON, "body": "It is.", "errorCode": 30003});
        let entry = told(&legacy(kind, object)).unwrap();
        assert_eq!(entry.parties.person, number(PERSON));
        let What::Text(text) = entry.what else {
            panic!()
        };
        assert_eq!(
            (text.status, text.error_code.as_deref()),
            (Some(status), Some("30003"))
        );
    }
}

#[test]
fn a_sender_that_cannot_be_dialed_is_kept_as_it_is_written() {
    let object =
        json!({"id": "AC7", "direction": "incoming", "from": "HMRC", "to": LINE, "body": "Pay"});
    let entry = told(&legacy("message.received", object)).unwrap();
    assert_eq!(entry.parties.person, Some(Number::Other("HMRC".into())));
}

#[test]
fn the_lines_tell_the_sides_of_a_call_that_does_not() {
    let object = json!({"id": "AC1", "direction": "incoming", "participants": [LINE, PERSON], "answeredAt": null});
    let entry = told(&legacy("call.completed", object.clone())).unwrap();
    assert_eq!(
        (entry.parties.person, entry.parties.line),
        (number(PERSON), number(LINE))
    );
    let event = read(legacy("call.completed", object).to_string().as_bytes()).unwrap();
    let blind = Reading {
        country: Country::GB,
        lines: &[],
    };
    assert_eq!(super::entry(&event, blind).unwrap().parties.person, None);
}

/// Everything that is told of one missed call with a message, in both systems.
fn missed(system: fn(&str, Value) -> Value) -> Vec<Value> {
    let sides = json!({"from": PERSON, "to": LINE});
    let call = |more: Value| {
        let mut object = json!({"id": "AC1", "direction": "incoming", "createdAt": "2027-03-22T09:00:00.000Z",
            "phoneNumberId": "PN1", "conversationId": "CN1"});
        for part in [&sides, &more] {
            object
                .as_object_mut()
                .unwrap()
                .extend(part.as_object().unwrap().clone());
        }
        object
    };
    let after = |more: Value| {
        let mut object = json!({"callId": "AC1", "status": "completed"});
        object
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        object
    };
    vec![
        system("call.ringing", call(json!({"status": "ringing"}))),
        system(
            "call.completed",
            call(
                json!({"status": "unanswered", "completedAt": "2027-03-22T09:01:00.000Z",
            "voicemail": {"url": "https://v.example/1?sig=a", "duration": 12}}),
            ),
        ),
        system(
            "call.voicemail.completed",
            after(
                json!({"voicemailId": "VM1", "recordingUrl": "https://v.example/1?sig=b",
            "transcript": "Call me", "from": PERSON, "to": LINE}),
            ),
        ),
        system(
            "call.recording.completed",
            call(
                json!({"status": "unanswered", "recordings": [{"id": "RE1", "url": "https://r.example/1", "type": "audio/mpeg"}]}),
            ),
        ),
        system(
            "call.summary.completed",
            after(json!({"summary": ["Wants a call."], "nextSteps": ["Call."]})),
        ),
        system(
            "call.transcript.completed",
            after(json!({"dialogue": [
            {"content": "Hello", "start": 0.5, "end": 1.1, "identifier": LINE, "userId": "US1"},
            {"content": "Call me", "start": 1.5, "end": 3.0, "identifier": PERSON, "userId": null}]})),
        ),
    ]
}

#[test]
fn a_missed_call_with_a_message_is_one_entry_with_all_that_came_of_it() {
    for system in [legacy, quo] {
        let conversation: Conversation = missed(system).iter().filter_map(told).collect();
        let entries = conversation.in_order();
        assert_eq!(entries.len(), 1);
        let entry = entries[0];
        assert_eq!(entry.kind(), EntryKind::Call);
        assert_eq!(entry.parties.person, number(PERSON));
        let What::Call(call) = &entry.what else {
            panic!()
        };
        assert_eq!(call.stage(entry.parties.direction), CallStage::Voicemail);
        assert_eq!(
            call.voicemail.as_ref().unwrap().transcript,
            Some("Call me".into())
        );
        assert_eq!(call.recordings.len(), 1);
        let lines = &call.transcript.as_ref().unwrap().lines;
        let sides: Vec<Speaker> = lines.iter().map(|line| line.speaker).collect();
        assert_eq!(sides, [Speaker::Business, Speaker::Person]);
        assert_eq!(
            (lines[1].start_ms, lines[1].end_ms),
            (Some(1500), Some(3000))
        );
        assert!(call.summary.as_ref().unwrap().complete);
        assert_eq!(
            followup::missed(entry).unwrap().kind,
            followup::MissedKind::Voicemail
        );
    }
}

#[test]
fn what_is_said_of_a_call_alone_says_who_it_was_when_it_can() {
    let transcript = missed(quo).pop().unwrap();
    assert_eq!(told(&transcript).unwrap().parties.person, number(PERSON));
    let two = quo(
        "call.transcript.completed",
        json!({"callId": "AC1", "dialogue": [
        {"content": "a", "identifier": PERSON}, {"content": "b", "identifier": "+447700900999"}]}),
    );
    assert_eq!(told(&two).unwrap().parties.person, None);
}

#[test]
fn an_answered_call_is_not_missed() {
    let object = json!({"id": "AC1", "direction": "incoming", "status": "answered", "answeredAt": "2027-03-22T09:00:05.000Z",
        "completedAt": "2027-03-22T09:01:00.000Z"});
    for event in [
        legacy("call.completed", object.clone()),
        quo("call.completed", object),
    ] {
        let entry = told(&event).unwrap();
        assert_eq!(followup::missed(&entry), None);
        assert_eq!(
            followup::talked_at(&entry),
            Some("2027-03-22T09:01:00Z".parse().unwrap())
        );
    }
}

#[test]
fn other_events_and_gaps_are_borne() {
    for event in [
        legacy("contact.updated", json!({"id": "CT1"})),
        quo("task.created", json!({"id": "TS1"})),
        quo("call.menu.selected", json!({"id": "AC1"})),
    ] {
        assert_eq!(told(&event), None, "{event}");
    }
    for event in [
        legacy("call.completed", json!({"id": "AC1"})),
        quo(
            "call.summary.completed",
            json!({"callId": "AC1", "processingStatus": "failed"}),
        ),
        quo(
            "call.transcript.completed",
            json!({"callId": "AC1", "dialogue": "none"}),
        ),
        quo("call.voicemail.completed", json!({"callId": "AC1"})),
    ] {
        assert_eq!(
            told(&event).map(|entry| entry.id).as_deref(),
            Some("AC1"),
            "{event}"
        );
    }
}

proptest! {
    #[test]
    fn the_order_of_events_does_not_matter(order in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle(), taken in 0..13_usize) {
        let events: Vec<Value> = missed(legacy).into_iter().chain(missed(quo)).collect();
        let entries = |order: &[usize]| -> Conversation {
            order.iter().filter_map(|at| told(&events[*at])).collect()
        };
        let some = &order[..taken];
        let mut sorted = some.to_vec();
        sorted.sort_unstable();
        prop_assert_eq!(entries(some), entries(&sorted));
    }
}
