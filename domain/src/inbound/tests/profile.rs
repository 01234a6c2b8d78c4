//! How a person is reached, what they prefer, and what was before.

use super::*;
use crate::{appointment::AppointmentStatus, call::CallOutcome};

#[derive(Clone, Default)]
pub(super) struct OnFile {
    pub(super) email: Option<String>,
    pub(super) numbers: Vec<&'static str>,
    pub(super) address: Option<String>,
    pub(super) remarks: Option<String>,
    pub(super) past: Vec<(&'static str, AppointmentStatus)>,
    pub(super) kind: String,
    pub(super) calls: Vec<(&'static str, Direction, CallOutcome)>,
    pub(super) topic: Option<String>,
}

impl OnFile {
    pub(super) fn lists<'a>(
        &'a self,
        zone: &'a TimeZone,
    ) -> (
        Vec<PhoneNumber>,
        Vec<PastAppointment<'a>>,
        Vec<EarlierCall<'a>>,
    ) {
        let numbers = self.numbers.iter();
        let past = self.past.iter().map(|(starts_at, status)| PastAppointment {
            starts_at: at(starts_at),
            zone,
            kind: Some(&self.kind),
            provider: Some("Mr Charles Babbage"),
            status: *status,
        });
        let calls = self
            .calls
            .iter()
            .map(|(when, direction, outcome)| EarlierCall {
                at: at(when),
                direction: *direction,
                topic: self.topic.as_deref(),
                outcome: *outcome,
            });
        (
            numbers
                .map(|number| PhoneNumber::from_e164(number).unwrap())
                .collect(),
            past.collect(),
            calls.collect(),
        )
    }

    pub(super) fn profile<'a>(
        &'a self,
        numbers: &'a [PhoneNumber],
        appointments: &'a [PastAppointment<'a>],
        calls: &'a [EarlierCall<'a>],
    ) -> Profile<'a> {
        Profile {
            email: self.email.as_deref(),
            numbers,
            address: self.address.as_deref(),
            remarks: self.remarks.as_deref(),
            appointments,
            calls,
        }
    }
}

pub(super) fn on_file() -> OnFile {
    OnFile {
        email: Some("ada.lovelace@example.org".to_owned()),
        numbers: vec!["+447700900123", "+12125550123"],
        address: Some("3 Mill Lane\nNewton".to_owned()),
        remarks: Some("Prefers afternoons.".to_owned()),
        past: vec![
            ("2027-03-01T08:00:00Z", AppointmentStatus::Confirmed),
            ("2026-11-02T09:00:00Z", AppointmentStatus::Cancelled),
        ],
        kind: "Payroll".to_owned(),
        calls: vec![
            (
                "2027-03-21T10:00:00Z",
                Direction::Inbound,
                CallOutcome::NoClearAnswer,
            ),
            (
                "2027-02-26T10:00:00Z",
                Direction::Outbound,
                CallOutcome::Confirmed,
            ),
        ],
        topic: Some("the pension".to_owned()),
    }
}

const PROFILE: &[Told] = &[
    Told::Contact,
    Told::Preferences,
    Told::PastAppointments,
    Told::Calls,
];

fn telling(tell: &[Told]) -> Given {
    Given {
        tell: tell.to_vec(),
        on_file: on_file(),
        ..given()
    }
}

#[test]
fn a_whole_profile_reads_like_this() {
    let given = telling(&[&[Told::Name], PROFILE].concat());
    let memory = memory(&given);
    assert_eq!(
        memory.summary,
        "The number belongs to Ada Lovelace; ask for the name to confirm it. \
         On file, to compare and not to read out: mail ada.lovelace@example.org; number 07700 900123; \
         number +1 212-555-0123; address 3 Mill Lane Newton. \
         What is noted of them: Prefers afternoons. \
         Earlier appointments: on Monday the 1st of March (Payroll, confirmed); \
         on Monday the 2nd of November 2026 (Payroll, cancelled). \
         Earlier calls: yesterday (from them, about the pension, no clear answer); \
         on Friday the 26th of February (to them, about the pension, confirmed)."
    );
    assert_eq!(
        memory.json,
        serde_json::json!({
            "caller": "known",
            "is_known": true,
            "ask_name": true,
            "name": "Ada Lovelace",
            "first_name": "Ada",
            "contact": {
                "email": "ada.lovelace@example.org",
                "numbers": ["07700 900123", "+1 212-555-0123"],
                "address": "3 Mill Lane Newton",
            },
            "preferences": "Prefers afternoons",
            "past_appointments": [
                { "date": "2027-03-01", "type": "Payroll", "provider": "Mr Charles Babbage", "status": "confirmed" },
                { "date": "2026-11-02", "type": "Payroll", "provider": "Mr Charles Babbage", "status": "cancelled" },
            ],
            "calls": [
                { "date": "2027-03-21", "direction": "inbound", "topic": "the pension", "outcome": "no_clear_answer" },
                { "date": "2027-02-26", "direction": "outbound", "topic": "the pension", "outcome": "confirmed" },
            ],
        })
    );
}

#[test]
fn each_part_of_a_profile_is_told_only_when_the_tenant_says_so() {
    for (told, key) in PROFILE
        .iter()
        .zip(["contact", "preferences", "past_appointments", "calls"])
    {
        let json = memory(&telling(&[*told])).json;
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), 4, "{keys:?}");
        assert!(json.get(key).is_some(), "{keys:?}");
    }
    let usual = memory(&telling(&Inbound::default().tell));
    assert_eq!(usual.json, memory(&given()).json);
}

#[test]
fn a_clinic_tells_nothing_of_a_profile() {
    let clinic = |tell: &[Told]| {
        memory(&Given {
            mode: Mode::Health,
            ..telling(tell)
        })
    };
    let (with, without) = (clinic(EVERYTHING), clinic(&EVERYTHING[..6]));
    assert_eq!(with.summary, without.summary);
    assert_eq!(with.json, without.json);
}

#[test]
fn remarks_that_sound_like_a_complaint_are_told_to_no_agent() {
    let mut given = telling(PROFILE);
    given.on_file.remarks = Some("Prefers afternoons. Wants a refund.".to_owned());
    assert_eq!(memory(&given).json.get("preferences"), None);
}

#[test]
fn what_waits_for_a_person_keeps_remarks_and_topics_back() {
    let held = Given {
        held_back: true,
        ..telling(PROFILE)
    };
    let Memory { json, summary, .. } = memory(&held);
    assert_eq!(json.get("preferences"), None);
    assert_eq!(json["calls"][0].get("topic"), None);
    assert_eq!(json["calls"][0]["outcome"], "no_clear_answer");
    assert!(!summary.contains("pension"), "{summary}");
}

#[test]
fn a_name_that_is_not_told_is_not_in_a_profile_either() {
    let mut given = telling(PROFILE);
    given.on_file.remarks = Some("Mrs Lovelace prefers afternoons".to_owned());
    given.on_file.address = Some("Lovelace House, Newton".to_owned());
    given.on_file.email = Some("adalovelace@example.org".to_owned());
    let Memory { json, summary, .. } = memory(&given);
    let told = format!("{summary}{json}").to_lowercase();
    assert!(!told.contains("lovelace"), "{told}");
}

#[test]
fn a_long_profile_is_cut() {
    let mut given = telling(PROFILE);
    given.on_file.numbers = vec!["+447700900123"; 9];
    given.on_file.past = vec![("2027-03-01T08:00:00Z", AppointmentStatus::Scheduled); 9];
    given.on_file.calls = vec![(NOW, Direction::Inbound, CallOutcome::Confirmed); 9];
    given.on_file.remarks = Some("word ".repeat(200));
    let json = memory(&given).json;
    let length = |value: &Value| value.as_array().unwrap().len();
    assert_eq!(length(&json["contact"]["numbers"]), 4);
    assert_eq!(
        (length(&json["past_appointments"]), length(&json["calls"])),
        (5, 5)
    );
    assert!(json["preferences"].as_str().unwrap().len() <= 300);
}
