use jiff::{ToSpan, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::{
    call::Direction,
    settings::{FollowupLine, Settings},
    text::{CallSign, Voicemail, Words},
};

const LINE: &str = "+442079460000";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// 08:00 to 20:00 in London, Monday to Friday.
fn hours() -> Hours {
    Hours::new(
        &Settings::default(),
        &[TimeZone::get("Europe/London").unwrap()],
    )
}

fn settings() -> Followups {
    Followups {
        lines: vec![FollowupLine {
            number: LINE.to_owned(),
            owner: "Grace".to_owned(),
        }],
        ..Followups::default()
    }
}

fn missed_at(text: &str) -> Missed {
    Missed {
        at: at(text),
        kind: MissedKind::Call,
        line: None,
        wanted_at: None,
    }
}

fn step(now: &str, facts: &FollowUpFacts) -> FollowUpStep {
    let (settings, hours) = (settings(), hours());
    let rules = FollowUpRules {
        settings: &settings,
        hours: &hours,
    };
    next_step(at(now), facts, rules)
}

fn facts(missed: &[Missed]) -> FollowUpFacts {
    FollowUpFacts {
        missed: missed.to_vec(),
        ..FollowUpFacts::default()
    }
}

#[test]
fn a_missed_call_is_due_after_two_open_hours() {
    for (called, due) in [
        // In winter London is on UTC; 22 March 2027 is a Monday.
        ("2027-03-22T09:00:00Z", "2027-03-22T11:00:00Z"),
        ("2027-03-22T03:00:00Z", "2027-03-22T10:00:00Z"),
        ("2027-03-22T19:30:00Z", "2027-03-23T09:30:00Z"),
        ("2027-03-22T18:00:00Z", "2027-03-22T20:00:00Z"),
        // Good Friday, a weekend, Easter Monday, and the clocks go forward in between.
        ("2027-03-25T19:00:00Z", "2027-03-30T08:00:00Z"),
    ] {
        let step = step(called, &facts(&[missed_at(called)]));
        assert_eq!(step.open().unwrap().due_at, at(due), "{called}");
    }
}

#[test]
fn a_message_is_due_sooner_than_a_call_and_a_wish_when_it_was_wished() {
    let voicemail = Missed {
        kind: MissedKind::Voicemail,
        ..missed_at("2027-03-22T09:00:00Z")
    };
    let wish = |wanted: &str| Missed {
        kind: MissedKind::CallbackAsked,
        wanted_at: Some(at(wanted)),
        ..missed_at("2027-03-22T09:00:00Z")
    };
    for (missed, due) in [
        (voicemail, "2027-03-22T10:00:00Z"),
        (wish("2027-03-23T14:00:00Z"), "2027-03-23T14:00:00Z"),
        (wish("2027-03-23T22:00:00Z"), "2027-03-24T08:00:00Z"),
        (wish("2027-03-21T14:00:00Z"), "2027-03-22T10:00:00Z"),
    ] {
        let step = step("2027-03-22T09:00:00Z", &facts(&[missed]));
        assert_eq!(step.open().unwrap().due_at, at(due));
    }
}

#[test]
fn it_is_open_until_due_and_overdue_from_then_on() {
    let facts = facts(&[missed_at("2027-03-22T09:00:00Z")]);
    for (now, state) in [
        ("2027-03-22T09:00:00Z", FollowUpState::Open),
        ("2027-03-22T10:59:59Z", FollowUpState::Open),
        ("2027-03-22T11:00:00Z", FollowUpState::Overdue),
        ("2027-04-22T11:00:00Z", FollowUpState::Overdue),
    ] {
        assert_eq!(step(now, &facts).state(), state, "{now}");
    }
}

#[test]
fn several_calls_of_one_number_are_one_follow_up() {
    let voicemail = Missed {
        kind: MissedKind::Voicemail,
        line: Some(Number::read(LINE, crate::country::Country::GB).unwrap()),
        ..missed_at("2027-03-22T09:05:00Z")
    };
    let calls = [
        missed_at("2027-03-22T09:10:00Z"),
        voicemail,
        missed_at("2027-03-22T09:00:00Z"),
    ];
    let step = step("2027-03-22T09:10:00Z", &facts(&calls));
    let open = step.open().unwrap();
    assert_eq!((open.count, open.kind), (3, MissedKind::Voicemail));
    assert_eq!(open.first_at, at("2027-03-22T09:00:00Z"));
    assert_eq!(open.last_at, at("2027-03-22T09:10:00Z"));
    assert_eq!(open.due_at, at("2027-03-22T10:05:00Z"));
    assert_eq!(open.owner, "Grace");
}

#[test]
fn a_talk_or_a_colleague_settles_what_came_before_and_nothing_after() {
    let calls = [
        missed_at("2027-03-22T09:00:00Z"),
        missed_at("2027-03-22T12:00:00Z"),
    ];
    for (settled, count) in [
        ("2027-03-22T08:00:00Z", Some(2)),
        ("2027-03-22T09:00:00Z", Some(1)),
        ("2027-03-22T11:00:00Z", Some(1)),
        ("2027-03-22T12:00:00Z", None),
        ("2027-03-22T13:00:00Z", None),
    ] {
        let talked = FollowUpFacts {
            talked_at: Some(at(settled)),
            ..facts(&calls)
        };
        let closed = FollowUpFacts {
            closed_at: Some(at(settled)),
            ..facts(&calls)
        };
        for facts in [talked, closed] {
            let step = step("2027-03-22T13:00:00Z", &facts);
            assert_eq!(step.open().map(|open| open.count), count, "{settled}");
        }
    }
}

#[test]
fn a_wish_outlasts_the_talk_in_which_it_was_uttered_and_no_later_one() {
    let wish = Missed {
        kind: MissedKind::CallbackAsked,
        ..missed_at("2027-03-22T09:00:00Z")
    };
    for (talked, is_open) in [
        ("2027-03-22T08:59:00Z", true),
        ("2027-03-22T09:00:00Z", true),
        ("2027-03-22T09:00:01Z", false),
    ] {
        let facts = FollowUpFacts {
            talked_at: Some(at(talked)),
            ..facts(std::slice::from_ref(&wish))
        };
        let step = step("2027-03-22T09:30:00Z", &facts);
        assert_eq!(step.open().is_some(), is_open, "{talked}");
    }
}

#[test]
fn a_wish_that_was_left_in_a_voicemail_is_no_second_call() {
    let voicemail = Missed {
        kind: MissedKind::Voicemail,
        ..missed_at("2027-03-22T09:00:00Z")
    };
    let wish = Missed {
        kind: MissedKind::CallbackAsked,
        wanted_at: Some(at("2027-03-22T09:20:00Z")),
        ..missed_at("2027-03-22T09:00:00Z")
    };
    let step = step("2027-03-22T09:00:00Z", &facts(&[voicemail, wish]));
    let open = step.open().unwrap();
    assert_eq!((open.count, open.kind), (1, MissedKind::CallbackAsked));
    assert_eq!(open.due_at, at("2027-03-22T09:20:00Z"));
}

#[test]
fn a_wish_stands_from_when_it_was_written_or_the_talk_was_over() {
    let (said_at, now) = (at("2027-03-22T09:00:00Z"), at("2027-03-22T09:20:00Z"));
    let ended = call(Direction::Inbound, &[CallSign::Answered, CallSign::Over]);
    let mut unended = ended.clone();
    if let What::Call(call) = &mut unended.what {
        call.ended_at = None;
    }
    for (entry, kind, stands) in [
        (Entry::text("MS1"), PassageKind::Text, said_at),
        (ended.clone(), PassageKind::Voicemail, said_at),
        (
            ended.clone(),
            PassageKind::Transcript,
            at("2027-03-22T09:03:00Z"),
        ),
        (ended, PassageKind::Summary, at("2027-03-22T09:03:00Z")),
        (unended, PassageKind::Transcript, now),
    ] {
        let passage = Passage {
            kind,
            at: said_at,
            words: Words("Call me".to_owned()),
        };
        let uttered = Uttered::in_entry(&entry, "+447700900123");
        let wish = wished(&uttered, &passage, None, now);
        assert_eq!((wish.at, wish.kind), (stands, MissedKind::CallbackAsked));
    }
}

#[test]
fn nobody_follows_up_when_it_is_switched_off() {
    let off = Followups {
        enabled: false,
        ..settings()
    };
    let hours = hours();
    let rules = FollowUpRules {
        settings: &off,
        hours: &hours,
    };
    let facts = facts(&[missed_at("2027-03-22T09:00:00Z")]);
    assert_eq!(
        next_step(at("2027-03-22T09:00:00Z"), &facts, rules),
        FollowUpStep::Done
    );
}

#[test]
fn a_line_that_nobody_is_named_for_has_the_usual_owner() {
    let settings = settings();
    let line = |text: &str| Number::read(text, crate::country::Country::GB);
    for (line, name) in [
        (line(LINE), "Grace"),
        (line("020 7946 0000"), "Grace"),
        (line("+442079460001"), "reception"),
        (line("PRIVATE"), "reception"),
        (None, "reception"),
    ] {
        assert_eq!(owner(line.as_ref(), &settings), name);
    }
}

fn call(direction: Direction, signs: &[CallSign]) -> Entry {
    let mut entry = Entry::call("AC1");
    entry.at = Some(at("2027-03-22T09:00:00Z"));
    entry.parties.direction = Some(direction);
    if let What::Call(call) = &mut entry.what {
        call.signs = signs.iter().copied().collect();
        call.ended_at = Some(at("2027-03-22T09:03:00Z"));
    }
    entry
}

#[test]
fn only_incoming_calls_that_nobody_took_are_missed() {
    use CallSign::{Answered, Missed as NotTaken, Over, Rang};
    let ended = Some(at("2027-03-22T09:03:00Z"));
    let kind = |entry: &Entry| missed(entry).map(|missed| missed.kind);
    for (entry, expected, talked) in [
        (call(Direction::Inbound, &[Rang]), None, None),
        (
            call(Direction::Inbound, &[NotTaken, Over]),
            Some(MissedKind::Call),
            None,
        ),
        (
            call(Direction::Inbound, &[Over]),
            Some(MissedKind::Call),
            None,
        ),
        (call(Direction::Inbound, &[Answered, Over]), None, ended),
        (
            call(Direction::Inbound, &[Answered, NotTaken, Over]),
            None,
            ended,
        ),
        (call(Direction::Inbound, &[Answered]), None, None),
        (call(Direction::Outbound, &[Over]), None, None),
        (call(Direction::Outbound, &[Answered, Over]), None, ended),
        (Entry::text("AC2"), None, None),
    ] {
        assert_eq!(
            (kind(&entry), talked_at(&entry)),
            (expected, talked),
            "{entry:?}"
        );
    }
    let mut left = call(Direction::Inbound, &[Over]);
    if let What::Call(call) = &mut left.what {
        call.voicemail = Some(Voicemail::default());
    }
    assert_eq!(kind(&left), Some(MissedKind::Voicemail));
}

proptest! {
    #[test]
    fn the_order_of_calls_does_not_matter_and_a_wait_ends_later(
        minutes in prop::collection::vec(0_i64..20_000, 1..8),
        talked in prop::option::of(0_i64..20_000),
        now in 0_i64..40_000,
    ) {
        let begin = at("2027-03-22T00:00:00Z");
        let later = |minutes: i64| begin.checked_add(minutes.minutes()).unwrap();
        let calls: Vec<Missed> = minutes
            .iter()
            .map(|minutes| Missed { at: later(*minutes), ..missed_at("2027-03-22T00:00:00Z") })
            .collect();
        let one = FollowUpFacts { talked_at: talked.map(later), ..facts(&calls) };
        let reversed: Vec<Missed> = calls.into_iter().rev().collect();
        let other = FollowUpFacts { talked_at: talked.map(later), ..facts(&reversed) };
        let now = later(now);
        let (settings, hours) = (settings(), hours());
        let rules = FollowUpRules { settings: &settings, hours: &hours };
        let step = next_step(now, &one, rules);
        prop_assert_eq!(&step, &next_step(now, &other, rules));
        match step {
            FollowUpStep::Wait { open, until } => prop_assert!(until > now && until == open.due_at),
            FollowUpStep::Overdue { open } => prop_assert!(open.due_at <= now),
            FollowUpStep::Done => {
                let newest = minutes.iter().max().copied().unwrap_or_default();
                prop_assert!(talked.is_some_and(|talked| talked >= newest));
            }
        }
    }
}
