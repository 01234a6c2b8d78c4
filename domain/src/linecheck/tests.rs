use proptest::prelude::*;

use super::*;
use crate::{call::Direction, country::Country};

const MONITOR: &str = "+442079460001";
const MAIN: &str = "+442079460000";

fn at(text: &str) -> Timestamp {
    format!("2027-03-22T{text}Z").parse().unwrap()
}

fn settings() -> LineCheck {
    LineCheck {
        enabled: true,
        monitor_number: Some(MONITOR.to_owned()),
        main_number: Some(MAIN.to_owned()),
        ..LineCheck::default()
    }
}

fn planned() -> CheckFacts {
    CheckFacts {
        planned_at: at("06:00:00"),
        sent_at: None,
        failure: None,
        arrived_at: None,
        was_asked_for: false,
    }
}

fn sent() -> CheckFacts {
    CheckFacts {
        sent_at: Some(at("06:00:10")),
        ..planned()
    }
}

fn failed(class: FailureClass, may_pass: bool) -> CheckFacts {
    let failure = SendFailure {
        class,
        may_pass,
        at: at("06:00:12"),
        not_before: None,
    };
    CheckFacts {
        failure: Some(failure),
        ..sent()
    }
}

fn step(now: &str, facts: &CheckFacts) -> CheckStep {
    next_step(at(now), facts, &settings())
}

#[test]
fn a_check_is_sent_and_judged_after_two_minutes() {
    let wait = |until: &str| CheckStep::Wait { until: at(until) };
    assert_eq!(step("06:00:00", &planned()), CheckStep::Send);
    assert_eq!(step("06:00:10", &sent()), wait("06:02:10.001"));
    assert_eq!(step("06:02:10", &sent()), wait("06:02:10.001"));
    assert_eq!(
        step("06:02:10.001", &sent()),
        CheckStep::AlertAndWait {
            until: at("07:00:10")
        }
    );
    assert_eq!(
        step("07:00:10", &sent()),
        CheckStep::Finished(Verdict::Lost)
    );
}

#[test]
fn what_arrives_is_in_time_or_late() {
    for (arrived, verdict) in [
        ("06:00:11", Verdict::Arrived),
        ("06:02:10", Verdict::Arrived),
        ("06:02:11", Verdict::Late),
        ("11:00:00", Verdict::Late),
    ] {
        let facts = CheckFacts {
            arrived_at: Some(at(arrived)),
            ..sent()
        };
        assert_eq!(
            step(arrived, &facts),
            CheckStep::Finished(verdict),
            "{arrived}"
        );
        assert_eq!(verdict.alerts(), verdict != Verdict::Arrived);
    }
}

#[test]
fn what_had_to_be_asked_for_was_not_heard_here_however_soon_it_arrived() {
    let facts = CheckFacts {
        arrived_at: Some(at("06:00:11")),
        was_asked_for: true,
        ..sent()
    };
    assert_eq!(
        step("06:02:11", &facts),
        CheckStep::Finished(Verdict::NotHeard)
    );
    assert!(Verdict::NotHeard.alerts());
}

#[test]
fn what_could_not_be_sent_is_sent_again_if_that_can_help() {
    let passing = failed(FailureClass::Unavailable, true);
    assert_eq!(
        step("06:00:12", &passing),
        CheckStep::Wait {
            until: at("06:00:32")
        }
    );
    assert_eq!(step("06:00:32", &passing), CheckStep::Send);
    assert_eq!(
        step("06:02:01", &passing),
        CheckStep::Finished(Verdict::NotSent)
    );
    let refused = failed(FailureClass::Misconfigured, false);
    assert_eq!(
        step("06:00:12", &refused),
        CheckStep::Finished(Verdict::NotSent)
    );
    let mut limited = failed(FailureClass::RateLimited, true);
    limited.failure.as_mut().unwrap().not_before = Some(at("06:30:00"));
    assert_eq!(
        step("06:00:12", &limited),
        CheckStep::Finished(Verdict::NotSent)
    );
}

#[test]
fn a_check_in_doubt_is_not_sent_again() {
    let doubtful = failed(FailureClass::Uncertain, true);
    for now in ["06:00:12", "06:01:00", "06:05:00", "06:59:00", "09:00:00"] {
        assert_ne!(step(now, &doubtful), CheckStep::Send, "{now}");
    }
    assert_eq!(
        step("07:00:10", &doubtful),
        CheckStep::Finished(Verdict::Lost)
    );
}

#[test]
fn a_check_that_is_found_hours_later_is_not_begun() {
    assert_eq!(step("06:59:59", &planned()), CheckStep::Send);
    assert_eq!(
        step("07:00:01", &planned()),
        CheckStep::Finished(Verdict::NotSent)
    );
}

#[test]
fn each_check_has_a_code_of_its_own_and_always_the_same() {
    let (tenant, other) = (TenantId::generate(), TenantId::generate());
    let code = Code::of(tenant, at("06:00:00"));
    assert_eq!(code, Code::of(tenant, at("06:00:00")));
    assert_ne!(code, Code::of(tenant, at("12:00:00")));
    assert_ne!(code, Code::of(other, at("06:00:00")));
    assert_eq!(Code::read(&code.text()), Some(code.clone()));
    assert_eq!(
        Code::read(&format!("  {}\n", code.text())),
        Some(code.clone())
    );
    for text in [
        "",
        "Bellhop line check",
        "Bellhop line check ABC",
        "Bellhop line check abcdefghjk",
        "What is a Bellhop line check ABCDEFGHJK",
        "Bellhop line check ABCDEFGHJK please",
    ] {
        assert_eq!(Code::read(text), None, "{text}");
    }
}

fn text(line: &str, person: &str, body: &str) -> Entry {
    let mut entry = Entry::text("AC1");
    entry.parties.direction = Some(Direction::Inbound);
    entry.parties.line = Number::read(line, Country::GB);
    entry.parties.person = Number::read(person, Country::GB);
    if let What::Text(text) = &mut entry.what {
        text.body = Some(body.into());
    }
    entry
}

#[test]
fn only_a_text_between_the_two_lines_is_a_check() {
    let code = Code::of(TenantId::generate(), at("06:00:00"));
    let body = code.text();
    for (entry, is_check) in [
        (text(MAIN, MONITOR, &body), true),
        (text(MONITOR, MAIN, &body), true),
        (text(MAIN, "+447700900123", &body), false),
        (text("+442079460009", MONITOR, &body), false),
        (text(MAIN, MONITOR, "Hello"), false),
        (text(MAIN, "anonymous", &body), false),
    ] {
        assert_eq!(
            code_of(&entry, &settings()).is_some(),
            is_check,
            "{entry:?}"
        );
    }
    let not_set_up = LineCheck::default();
    assert_eq!(code_of(&text(MAIN, MONITOR, &body), &not_set_up), None);
}

proptest! {
    #[test]
    fn a_check_ends_and_is_sent_once_unless_it_provably_failed(
        answers in prop::collection::vec(0_usize..6, 1..40),
        arrives_after in prop::option::of(0_i64..10_000),
    ) {
        let (mut now, mut facts) = (at("06:00:00"), planned());
        let mut answers = answers.into_iter().cycle();
        let (mut sends, mut certain_failures) = (0, 0);
        let mut verdict = None;
        for _ in 0..60 {
            match next_step(now, &facts, &settings()) {
                CheckStep::Finished(found) => { verdict = Some(found); break }
                CheckStep::Wait { until } | CheckStep::AlertAndWait { until } => {
                    prop_assert!(until > now);
                    let arrival = facts.sent_at.zip(arrives_after).map(|(sent, after)| shift(sent, SignedDuration::from_secs(after)));
                    match arrival.filter(|arrival| (now..until).contains(arrival)) {
                        Some(arrival) => { facts.arrived_at = Some(arrival); now = arrival }
                        None => now = until,
                    }
                }
                CheckStep::Send => {
                    sends += 1;
                    facts.sent_at = Some(now);
                    facts.failure = None;
                    let class = FailureClass::ALL.get(answers.next().unwrap_or_default()).copied();
                    if let Some(class) = class {
                        certain_failures += usize::from(class != FailureClass::Uncertain);
                        let may_pass = !matches!(class, FailureClass::Misconfigured);
                        facts.failure = Some(SendFailure { class, may_pass, at: now, not_before: None });
                    }
                }
            }
        }
        prop_assert!(verdict.is_some());
        prop_assert!(sends <= certain_failures + 1);
    }
}
