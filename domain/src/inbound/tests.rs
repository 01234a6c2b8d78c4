mod privacy;
mod profile;

use jiff::civil::date;

use super::*;
use crate::{country::Country, phone::PhoneNumber, settings::Inbound, spoken::DayWindows};

const EVERYTHING: &[Told] = Told::ALL;

#[derive(Clone)]
struct Visit {
    starts_at: &'static str,
    kind: String,
    provider: String,
    location: String,
    instructions: String,
}

#[derive(Clone)]
struct Given {
    mode: Mode,
    locale: Locale,
    line: Line,
    caller: Caller,
    tell: Vec<Told>,
    name: String,
    visits: Vec<Visit>,
    last_call: Option<(&'static str, Option<String>, Option<String>)>,
    sentiments: Vec<Sentiment>,
    issues: Vec<String>,
    awaits_call: bool,
    held_back: bool,
    on_file: profile::OnFile,
    free: Option<Vec<&'static str>>,
    announcements: Vec<Announcement>,
}

fn visit(starts_at: &'static str) -> Visit {
    Visit {
        starts_at,
        kind: "Tax return".to_owned(),
        provider: "Mr Charles Babbage".to_owned(),
        location: "12 Quay Street".to_owned(),
        instructions: "Please bring the receipts.".to_owned(),
    }
}

/// Ada Lovelace calls Harbour Accounts, who have her appointment of next Monday in their book.
fn given() -> Given {
    Given {
        mode: Mode::General,
        locale: Locale::British,
        line: Line::Ours,
        caller: Caller::Known,
        tell: Inbound::default().tell,
        name: "LOVELACE, Ada".to_owned(),
        visits: vec![visit("2027-03-29T08:00:00Z")],
        last_call: Some((
            "2027-03-19T10:00:00Z",
            Some("bookkeeping".to_owned()),
            Some("Ada asked for a second copy of the ledger.".to_owned()),
        )),
        sentiments: vec![Sentiment::Positive, Sentiment::Neutral, Sentiment::Negative],
        issues: vec!["The invoice of May is wrong.".to_owned()],
        awaits_call: false,
        held_back: false,
        on_file: profile::OnFile::default(),
        free: Some(vec!["2027-03-23T10:00:00Z", "2027-03-30T13:30:00Z"]),
        announcements: Vec::new(),
    }
}

const NOW: &str = "2027-03-22T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn memory(given: &Given) -> Memory {
    memory_at(given, at(NOW))
}

fn memory_at(given: &Given, now: Timestamp) -> Memory {
    let zone = TimeZone::get("Europe/London").unwrap();
    let number = PhoneNumber::from_e164("+442079460018").unwrap();
    let hours: [DayWindows; 7] = std::array::from_fn(|_| vec![(8 * 60, 20 * 60)]);
    let appointments: Vec<AppointmentFacts<'_>> = given
        .visits
        .iter()
        .map(|visit| AppointmentFacts {
            starts_at: at(visit.starts_at),
            zone: &zone,
            kind: Some(&visit.kind),
            provider: Some(&visit.provider),
            location: Some(&visit.location),
            instructions: Some(&visit.instructions),
            duration_minutes: Some(30),
        })
        .collect();
    let issues: Vec<&str> = given.issues.iter().map(String::as_str).collect();
    let free: Option<Vec<Timestamp>> = given
        .free
        .as_ref()
        .map(|times| times.iter().map(|time| at(time)).collect());
    let (numbers, past, calls) = given.on_file.lists(&zone);
    let facts = MemoryFacts {
        mode: given.mode,
        locale: given.locale,
        line: given.line,
        caller: given.caller,
        tell: &given.tell,
        zone: &zone,
        business: BusinessFacts {
            name: "Harbour Accounts",
            country: Country::GB,
            callback_number: Some(&number),
            hours: &hours,
        },
        announcements: &given.announcements,
        name: &given.name,
        appointments: &appointments,
        last_call: given
            .last_call
            .as_ref()
            .map(|(at, topic, summary)| LastCall {
                at: at.parse().unwrap(),
                topic: topic.as_deref(),
                summary: summary.as_deref(),
            }),
        sentiments: &given.sentiments,
        issues: &issues,
        awaits_call: given.awaits_call,
        held_back: given.held_back,
        profile: given.on_file.profile(&numbers, &past, &calls),
        free_slots: free.as_deref(),
    };
    build(&facts, now)
}

fn variable(given: &Given, name: &str) -> String {
    memory(given).variables[name].clone()
}

fn greeting(given: &Given) -> String {
    variable(given, "greeting")
}

#[test]
fn a_british_summary_reads_like_this() {
    let given = Given {
        tell: EVERYTHING.to_vec(),
        ..given()
    };
    assert_eq!(
        memory(&given).summary,
        "The number belongs to Ada Lovelace; ask for the name to confirm it. \
         Ada has an appointment on Monday the 29th of March at 9:00 AM. \
         It is booked as Tax return with Mr Charles Babbage. \
         The last call was on Friday the 19th of March, about bookkeeping. \
         What was said: Ada asked for a second copy of the ledger. \
         The mood of the last calls is improving. \
         One matter is open: The invoice of May is wrong. \
         These times are free: Tuesday the 23rd of March at 10:00 AM; Tuesday the 30th of March at 2:30 PM."
    );
}

#[test]
fn an_american_summary_reads_like_this() {
    let given = Given {
        locale: Locale::American,
        visits: vec![
            visit("2027-03-29T08:00:00Z"),
            visit("2027-04-05T11:00:00Z"),
            visit("2027-04-12T13:00:00Z"),
        ],
        last_call: Some(("2026-11-20T10:00:00Z", None, None)),
        free: None,
        ..given()
    };
    assert_eq!(
        memory(&given).summary,
        "The number belongs to Ada Lovelace; ask for the name to confirm it. \
         Ada has 3 appointments. The next is on Monday, March 29th at 9:00 AM. \
         It is booked as Tax return with Mr Charles Babbage. \
         After that: Monday, April 5th at 12 noon; Monday, April 12th at 2:00 PM. \
         The last call was on Friday, November 20th, 2026. \
         One matter is open: The invoice of May is wrong. \
         Free times are not known; look them up before offering one."
    );
}

#[test]
fn a_summary_of_a_clinic_names_no_treatment_and_no_provider() {
    let given = Given {
        mode: Mode::Health,
        tell: EVERYTHING.to_vec(),
        last_call: Some((
            "2027-03-21T10:00:00Z",
            Some("parking".to_owned()),
            Some("Ms Lovelace asked where to park.".to_owned()),
        )),
        issues: vec![
            "Waits for a call about the test results".to_owned(),
            "Mr Babbage has not called back".to_owned(),
            "Asked for a receipt".to_owned(),
        ],
        free: Some(Vec::new()),
        ..given()
    };
    assert_eq!(
        memory(&given).summary,
        "The number belongs to Ada; ask for the name to confirm it. \
         Ada has an appointment on Monday the 29th of March at 9:00 AM. \
         The last call was yesterday, about parking. \
         One matter is open: Asked for a receipt. \
         There are no free times."
    );
}

#[test]
fn a_known_caller_is_welcomed_back() {
    let jason = Given {
        name: "Jason Smith".to_owned(),
        ..given()
    };
    assert_eq!(
        greeting(&jason),
        "Welcome back, Jason! Last time we discussed bookkeeping."
    );
    for (name, topic, expected) in [
        ("Jason Smith", None, "Welcome back, Jason!"),
        ("Jason Smith", Some("  "), "Welcome back, Jason!"),
        (
            "Jason Smith",
            Some("the ledger."),
            "Welcome back, Jason! Last time we discussed the ledger.",
        ),
        (
            "Jason Smith",
            Some("is it due?"),
            "Welcome back, Jason! Last time we discussed is it due?",
        ),
        ("Mr Smith", None, "Welcome back, Mr Smith!"),
        ("", None, "Welcome back!"),
    ] {
        let given = Given {
            name: name.to_owned(),
            last_call: Some((NOW, topic.map(str::to_owned), None)),
            ..given()
        };
        assert_eq!(greeting(&given), expected, "{name:?} {topic:?}");
    }
}

#[test]
fn a_clinic_does_not_greet_with_a_medical_topic_or_a_family_name() {
    for (topic, expected) in [
        (
            "parking",
            "Welcome back, Ada! Last time we discussed parking.",
        ),
        ("your prescription", "Welcome back, Ada!"),
        ("Lovelace's bill", "Welcome back, Ada!"),
        ("the tax return", "Welcome back, Ada!"),
        ("a call from Mr Babbage", "Welcome back, Ada!"),
    ] {
        let given = Given {
            mode: Mode::Health,
            last_call: Some((NOW, Some(topic.to_owned()), None)),
            ..given()
        };
        assert_eq!(greeting(&given), expected, "{topic}");
        let told = variable(&given, "last_topic");
        assert_eq!(told.is_empty(), !expected.contains("discussed"), "{topic}");
    }
    let mr_smith = Given {
        mode: Mode::Health,
        name: "Mr Smith".to_owned(),
        last_call: None,
        ..given()
    };
    assert_eq!(greeting(&mr_smith), "Welcome back!");
}

#[test]
fn the_next_appointment_is_told_as_a_reminder_tells_it() {
    let told = memory(&given()).variables;
    for (name, value) in [
        ("caller", "known"),
        ("is_known", "true"),
        ("ask_name", "true"),
        ("call_purpose", "inbound_call"),
        ("customer_name", "Ada Lovelace"),
        ("customer_first_name", "Ada"),
        ("appointment_count", "1"),
        ("appointment_day", "Monday"),
        ("appointment_date", "the 29th of March"),
        ("appointment_time", "9:00 AM"),
        ("appointment_full", "Monday the 29th of March at 9:00 AM"),
        ("appointment_type", "Tax return"),
        ("appointment_duration", "30 minutes"),
        ("appointment_location", "12 Quay Street"),
        ("provider_name", "Mr Charles Babbage"),
        ("special_instructions", "Please bring the receipts."),
        ("urgency", "low"),
        ("business_name", "Harbour Accounts"),
        ("callback_number", "020 7946 0018"),
        ("business_hours", "every day, 8 AM to 8 PM"),
        ("last_topic", "bookkeeping"),
    ] {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(told["greeting"], told[context::OPENING_SCRIPT]);
}

#[test]
fn every_variable_is_told_to_everybody() {
    let mut expected: Vec<&str> = context::VARIABLES
        .iter()
        .chain(VARIABLES)
        .copied()
        .collect();
    expected.sort_unstable();
    for caller in Caller::ALL {
        for mode in [Mode::General, Mode::Health] {
            let told = memory(&Given {
                mode,
                caller: *caller,
                visits: Vec::new(),
                ..given()
            });
            let names: Vec<&str> = told.variables.keys().map(String::as_str).collect();
            assert_eq!(names, expected, "{caller}");
        }
    }
}

#[test]
fn the_three_forms_have_one_content() {
    let given = Given {
        tell: EVERYTHING.to_vec(),
        ..given()
    };
    let memory = memory(&given);
    assert_eq!(memory.variables["memory_summary"], memory.summary);
    assert_eq!(
        serde_json::from_str::<Value>(&memory.variables["memory_json"]).unwrap(),
        memory.json
    );
    assert_eq!(
        memory.json,
        serde_json::json!({
            "caller": "known",
            "is_known": true,
            "ask_name": true,
            "name": "Ada Lovelace",
            "first_name": "Ada",
            "appointment_count": 1,
            "appointments": [{
                "starts_at": "2027-03-29T09:00:00+01:00",
                "spoken": "Monday the 29th of March at 9:00 AM",
                "type": "Tax return",
                "provider": "Mr Charles Babbage",
                "location": "12 Quay Street",
                "instructions": "Please bring the receipts.",
                "duration_minutes": 30,
            }],
            "last_call": {
                "date": "2027-03-19",
                "topic": "bookkeeping",
                "summary": "Ada asked for a second copy of the ledger",
            },
            "sentiment": "improving",
            "issues": ["The invoice of May is wrong"],
            "free_times": [
                { "starts_at": "2027-03-23T10:00:00+00:00", "spoken": "Tuesday the 23rd of March at 10:00 AM" },
                { "starts_at": "2027-03-30T14:30:00+01:00", "spoken": "Tuesday the 30th of March at 2:30 PM" },
            ],
        })
    );
}

#[test]
fn the_tenant_chooses_what_is_told() {
    let keys = |tell: &[Told]| -> Vec<String> {
        let given = Given {
            tell: tell.to_vec(),
            ..given()
        };
        let json = memory(&given).json;
        let always = ["caller", "is_known", "ask_name"];
        let keys = json.as_object().unwrap().keys();
        keys.filter(|key| !always.contains(&key.as_str()))
            .cloned()
            .collect()
    };
    for (told, expected) in [
        (Told::Name, vec!["first_name", "name"]),
        (
            Told::Appointments,
            vec!["appointment_count", "appointments"],
        ),
        (Told::LastCall, vec!["last_call"]),
        (Told::Sentiment, vec!["sentiment"]),
        (Told::Issues, vec!["issues"]),
        (Told::FreeTimes, vec!["free_times"]),
    ] {
        assert_eq!(keys(&[told]), expected, "{told}");
    }
    assert!(keys(&[]).is_empty());
    // Neither moods nor the profile, unless the tenant says so.
    let usual = [
        "appointment_count",
        "appointments",
        "first_name",
        "free_times",
        "issues",
        "last_call",
        "name",
    ];
    assert_eq!(keys(&Inbound::default().tell), usual);
}

#[test]
fn a_name_that_is_not_told_is_in_no_other_text_either() {
    let given = Given {
        tell: vec![Told::Appointments, Told::LastCall, Told::Issues],
        issues: vec![
            "Mrs Lovelace has moved".to_owned(),
            "A letter came back".to_owned(),
        ],
        ..given()
    };
    assert_eq!(
        memory(&given).summary,
        "The caller's number is known; ask for the name to confirm it. \
         The caller has an appointment on Monday the 29th of March at 9:00 AM. \
         It is booked as Tax return with Mr Charles Babbage. \
         The last call was on Friday the 19th of March, about bookkeeping. \
         One matter is open: A letter came back."
    );
    assert_eq!(
        greeting(&given),
        "Welcome back! Last time we discussed bookkeeping."
    );
    assert_eq!(variable(&given, "customer_name"), "there");
}

#[test]
fn whoever_waits_to_be_called_back_is_known_to() {
    let waits = Given {
        awaits_call: true,
        ..given()
    };
    let told = memory(&waits).summary;
    let expected =
        "2 matters are open: a colleague is to call them back; The invoice of May is wrong.";
    assert!(told.contains(expected), "{told}");
    for silent in [
        Given {
            tell: vec![Told::Name],
            ..waits.clone()
        },
        Given {
            held_back: true,
            ..waits
        },
    ] {
        let told = memory(&silent).summary;
        assert!(!told.contains("call them back"), "{told}");
    }
}

#[test]
fn what_waits_for_a_person_keeps_the_words_of_the_past_back() {
    let held = Given {
        tell: EVERYTHING.to_vec(),
        held_back: true,
        free: None,
        ..given()
    };
    assert_eq!(
        memory(&held).summary,
        "The number belongs to Ada Lovelace; ask for the name to confirm it. \
         Ada has an appointment on Monday the 29th of March at 9:00 AM. \
         It is booked as Tax return with Mr Charles Babbage. \
         The last call was on Friday the 19th of March. \
         A colleague is looking into a matter; do not bring it up, and offer to take a message. \
         Free times are not known; look them up before offering one."
    );
    assert_eq!(greeting(&held), "Welcome back, Ada!");
    let without_issues = Given {
        tell: vec![Told::Name, Told::LastCall],
        ..held.clone()
    };
    assert!(!memory(&without_issues).summary.contains("colleague"));
    let clinic = memory(&Given {
        mode: Mode::Health,
        ..held
    });
    assert!(!clinic.summary.contains("colleague"), "{}", clinic.summary);
    assert_eq!(clinic.json.get("held_back"), None);
}

#[test]
fn a_clinic_names_no_treatment_and_no_provider_however_short() {
    let short = Visit {
        kind: "GP".to_owned(),
        provider: "Dr Q".to_owned(),
        ..visit("2027-03-29T08:00:00Z")
    };
    let given = Given {
        mode: Mode::Health,
        visits: vec![short],
        tell: vec![Told::Appointments],
        ..given()
    };
    let memory = memory(&given);
    assert_eq!(
        memory.json["appointments"],
        serde_json::json!([{
            "starts_at": "2027-03-29T09:00:00+01:00",
            "spoken": "Monday the 29th of March at 9:00 AM",
            "location": "12 Quay Street",
            "instructions": "Please bring the receipts.",
            "duration_minutes": 30,
        }])
    );
    assert_eq!(memory.variables["appointment_type"], "appointment");
    assert_eq!(memory.variables["provider_name"], "your provider");
}

#[test]
fn instructions_that_a_clinic_must_not_say_become_neutral() {
    for (instructions, told) in [
        ("Bring your prescription", context::NEUTRAL_INSTRUCTIONS),
        ("Ask for Mr Babbage", context::NEUTRAL_INSTRUCTIONS),
        ("Come early.", "Come early."),
        (" ", ""),
    ] {
        let visit = Visit {
            instructions: instructions.to_owned(),
            ..visit("2027-03-29T08:00:00Z")
        };
        let given = Given {
            mode: Mode::Health,
            visits: vec![visit],
            ..given()
        };
        assert_eq!(variable(&given, "special_instructions"), told);
    }
}

#[test]
fn a_mood_is_never_told_by_a_clinic() {
    let given = Given {
        tell: EVERYTHING.to_vec(),
        mode: Mode::Health,
        ..given()
    };
    let memory = memory(&given);
    assert!(!memory.summary.contains("mood"), "{}", memory.summary);
    assert_eq!(memory.json.get("sentiment"), None);
}

#[test]
fn what_is_unknown_is_never_told_as_free() {
    for (free, json, sentence) in [
        (
            None,
            serde_json::json!("unknown"),
            "Free times are not known; look them up before offering one.",
        ),
        (
            Some(vec!["2027-03-22T09:00:00Z"]),
            serde_json::json!("unknown"),
            "Free times are not known; look them up before offering one.",
        ),
        (
            Some(Vec::new()),
            serde_json::json!([]),
            "There are no free times.",
        ),
        (
            Some(vec!["2027-03-22T08:30:00Z", "2027-03-23T10:00:00Z"]),
            serde_json::json!([{
                "starts_at": "2027-03-23T10:00:00+00:00",
                "spoken": "Tuesday the 23rd of March at 10:00 AM",
            }]),
            "One time is free: Tuesday the 23rd of March at 10:00 AM.",
        ),
    ] {
        let memory = memory(&Given { free, ..given() });
        assert_eq!(memory.json["free_times"], json);
        assert!(memory.summary.ends_with(sentence), "{}", memory.summary);
    }
}

#[test]
fn somebody_without_appointments_has_none_told() {
    let given = Given {
        visits: Vec::new(),
        tell: vec![Told::Name, Told::Appointments],
        ..given()
    };
    assert_eq!(
        memory(&given).summary,
        "The number belongs to Ada Lovelace; ask for the name to confirm it. Ada has no appointment."
    );
    assert_eq!(variable(&given, "appointment_count"), "0");
    assert_eq!(variable(&given, "appointment_full"), "");
    assert_eq!(variable(&given, "urgency"), "");
}

#[test]
fn the_day_of_the_last_call_is_told_as_people_do() {
    for (called, locale, told) in [
        ("2027-03-22T00:00:00Z", Locale::British, "today"),
        ("2027-03-21T23:59:59Z", Locale::British, "yesterday"),
        (
            "2027-03-20T12:00:00Z",
            Locale::British,
            "on Saturday the 20th of March",
        ),
        (
            "2025-03-20T12:00:00Z",
            Locale::British,
            "on Thursday the 20th of March 2025",
        ),
        (
            "2025-03-20T12:00:00Z",
            Locale::American,
            "on Thursday, March 20th, 2025",
        ),
    ] {
        let given = Given {
            locale,
            last_call: Some((called, None, None)),
            tell: vec![Told::LastCall],
            ..given()
        };
        assert_eq!(
            memory(&given).summary,
            format!(
                "The caller's number is known; ask for the name to confirm it. The last call was {told}."
            )
        );
    }
}

#[test]
fn lists_and_texts_are_limited() {
    let given = Given {
        tell: EVERYTHING.to_vec(),
        visits: vec![visit("2027-03-29T08:00:00Z"); 7],
        issues: vec!["Word ".repeat(100); 9],
        free: Some(vec!["2027-03-29T08:00:00Z"; 20]),
        last_call: Some((NOW, Some("word ".repeat(100)), Some("word ".repeat(100)))),
        ..given()
    };
    let Memory { json, summary, .. } = memory(&given);
    let length = |key: &str| json[key].as_array().unwrap().len();
    assert_eq!(
        (
            length("appointments"),
            length("issues"),
            length("free_times")
        ),
        (5, 5, 8)
    );
    assert_eq!(json["appointment_count"], 7);
    assert!(summary.contains("Ada has 7 appointments."), "{summary}");
    let text = |value: &Value| value.as_str().unwrap().chars().count();
    assert_eq!(text(&json["last_call"]["topic"]), 79);
    assert_eq!(text(&json["last_call"]["summary"]), 299);
    assert_eq!(text(&json["issues"][0]), 199);
    assert!(summary.chars().count() < 2500, "{}", summary.len());
}

#[test]
fn announcements_are_told_to_everybody_and_replace_nothing() {
    let announcement = |name: &str, day| Announcement {
        name: name.to_owned(),
        text: "Closed on Friday".to_owned(),
        from: Some(day),
        until: Some(day),
    };
    let announcements = vec![
        announcement("notice", date(2027, 3, 22)),
        announcement("old_notice", date(2027, 3, 21)),
        announcement("greeting", date(2027, 3, 22)),
    ];
    for (line, caller) in [
        (Line::Ours, Caller::Known),
        (Line::Ours, Caller::Unknown),
        (Line::UnknownAgent, Caller::Known),
    ] {
        let told = memory(&Given {
            announcements: announcements.clone(),
            line,
            caller,
            ..given()
        });
        assert_eq!(told.variables["notice"], "Closed on Friday");
        assert_eq!(told.variables.get("old_notice"), None);
        assert_ne!(told.variables["greeting"], "Closed on Friday");
    }
}
