use jiff::civil::date;
use proptest::prelude::*;

use super::*;

struct Given {
    mode: Mode,
    locale: Locale,
    name: String,
    kind: Option<String>,
    provider: Option<String>,
    location: Option<String>,
    instructions: Option<String>,
    script: Option<String>,
    announcements: Vec<Announcement>,
}

/// A check-up of Ada Lovelace at Harbour Dental on Monday 2024-01-15, 14:30 in London.
fn given(mode: Mode) -> Given {
    let text = |text: &str| Some(text.to_owned());
    Given {
        mode,
        locale: Locale::British,
        name: "Dr. Ada Lovelace".to_owned(),
        kind: text("Root canal treatment"),
        provider: text("Dr Charles Babbage"),
        location: text("12 Quay Street, second floor"),
        instructions: text("Please arrive 10 minutes early"),
        script: None,
        announcements: Vec::new(),
    }
}

fn told(given: &Given, now: &str) -> BTreeMap<String, String> {
    let zone = TimeZone::get("Europe/London").unwrap();
    let number = PhoneNumber::from_e164("+442079460018").unwrap();
    let weekdays = vec![(8 * 60, 20 * 60)];
    let hours = std::array::from_fn(|day| {
        if day < 5 {
            weekdays.clone()
        } else {
            Vec::new()
        }
    });
    let facts = ContextFacts {
        mode: given.mode,
        locale: given.locale,
        name: &given.name,
        starts_at: "2024-01-15T14:30:00Z".parse().unwrap(),
        zone: &zone,
        kind: given.kind.as_deref(),
        provider: given.provider.as_deref(),
        location: given.location.as_deref(),
        instructions: given.instructions.as_deref(),
        duration_minutes: Some(30),
        business: BusinessFacts {
            name: "Harbour Dental",
            country: Country::GB,
            callback_number: Some(&number),
            hours: &hours,
        },
        script: given.script.as_deref(),
        announcements: &given.announcements,
    };
    build(&facts, now.parse().unwrap())
}

const DAY_BEFORE: &str = "2024-01-14T14:30:00Z";

fn announcement(name: &str, text: &str, from: Option<Date>, until: Option<Date>) -> Announcement {
    Announcement {
        name: name.to_owned(),
        text: text.to_owned(),
        from,
        until,
    }
}

#[test]
fn a_general_call_is_told_everything() {
    let told = told(&given(Mode::General), DAY_BEFORE);
    for (name, value) in [
        ("customer_name", "Dr. Ada Lovelace"),
        ("customer_first_name", "Ada"),
        ("appointment_day", "Monday"),
        ("appointment_date", "the 15th of January"),
        ("appointment_time", "2:30 PM"),
        ("appointment_full", "Monday the 15th of January at 2:30 PM"),
        ("appointment_type", "Root canal treatment"),
        ("appointment_duration", "30 minutes"),
        ("appointment_location", "12 Quay Street, second floor"),
        ("provider_name", "Dr Charles Babbage"),
        ("special_instructions", "Please arrive 10 minutes early"),
        ("business_name", "Harbour Dental"),
        ("callback_number", "020 7946 0018"),
        ("business_hours", "Monday to Friday, 8 AM to 8 PM"),
        ("call_purpose", "appointment_reminder"),
        ("urgency", "normal"),
    ] {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(told[OPENING_SCRIPT].starts_with(
        "Hello Dr. Ada Lovelace, this is Harbour Dental calling about your Root canal"
    ));
    let mut names: Vec<&str> = told.keys().map(String::as_str).collect();
    let mut expected = VARIABLES.to_vec();
    expected.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, expected);
}

#[test]
fn a_health_call_is_told_a_first_name_and_nothing_medical() {
    let told = told(&given(Mode::Health), DAY_BEFORE);
    for (name, value) in [
        ("customer_name", "Ada"),
        ("customer_first_name", "Ada"),
        ("appointment_type", "appointment"),
        ("provider_name", "your provider"),
        ("appointment_location", "12 Quay Street, second floor"),
        ("special_instructions", "Please arrive 10 minutes early"),
    ] {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(told[OPENING_SCRIPT].starts_with(
        "Hello, this is Harbour Dental calling to remind Ada about your upcoming appointment on Monday the 15th of January at 2:30 PM."
    ));
    assert!(
        told.values()
            .all(|value| !value.contains("Lovelace") && !value.contains("Babbage"))
    );
}

#[test]
fn americans_hear_the_american_form() {
    let given = Given {
        locale: Locale::American,
        ..given(Mode::General)
    };
    assert_eq!(
        told(&given, DAY_BEFORE)["appointment_full"],
        "Monday, January 15th at 2:30 PM"
    );
}

#[test]
fn medical_instructions_and_places_become_neutral() {
    let given = Given {
        instructions: Some("Bring your X‑ray and prescriptions".to_owned()),
        location: Some("Oncology, 2nd floor".to_owned()),
        ..given(Mode::Health)
    };
    let told = told(&given, DAY_BEFORE);
    assert_eq!(
        told["special_instructions"],
        "Please follow any instructions you were given for your visit."
    );
    assert_eq!(told["appointment_location"], "our usual address");
    assert_eq!(privacy::medical_word(&told["special_instructions"]), None);
}

#[test]
fn identifiers_are_removed_in_health_mode() {
    let instructions = Some("Bring ID 943 476 5919, seen 04/03/1985, call 07700 900123".to_owned());
    let told = told(
        &Given {
            instructions,
            ..given(Mode::Health)
        },
        DAY_BEFORE,
    );
    assert_eq!(told["special_instructions"], "Bring ID, seen, call");
}

#[test]
fn long_instructions_are_cut_on_a_word() {
    for mode in [Mode::Health, Mode::General] {
        let told_of = |text: String| {
            told(
                &Given {
                    instructions: Some(text),
                    ..given(mode)
                },
                DAY_BEFORE,
            )["special_instructions"]
                .clone()
        };
        let cut = told_of("word ".repeat(100));
        assert_eq!((cut.len(), cut.ends_with("word")), (299, true));
        assert_eq!(told_of("é".repeat(400)).chars().count(), 300);
        assert_eq!(told_of("x".repeat(300)), "x".repeat(300));
        assert_eq!(told_of(format!("{} yz", "x".repeat(300))), "x".repeat(300));
    }
}

#[test]
fn what_is_not_known_is_told_neutrally() {
    let given = Given {
        name: String::new(),
        kind: None,
        provider: Some("  ".to_owned()),
        location: None,
        instructions: None,
        ..given(Mode::General)
    };
    let told = told(&given, DAY_BEFORE);
    assert_eq!(told["customer_first_name"], "there");
    assert_eq!(
        (
            told["appointment_type"].as_str(),
            told["provider_name"].as_str()
        ),
        ("appointment", "your provider")
    );
    assert_eq!(
        (
            told["appointment_location"].as_str(),
            told["special_instructions"].as_str()
        ),
        ("our usual address", "")
    );
}

#[test]
fn announcements_hold_on_their_days_and_replace_nothing() {
    let announcements = vec![
        announcement(
            "offer",
            "Whitening is half price",
            Some(date(2024, 1, 14)),
            Some(date(2024, 1, 14)),
        ),
        announcement("old", "Closed for repairs", None, Some(date(2024, 1, 13))),
        announcement("coming", "New entrance", Some(date(2024, 1, 15)), None),
        announcement("always", "Free parking", None, None),
        announcement("customer_name", "Everybody", None, None),
    ];
    let given = Given {
        announcements,
        ..given(Mode::General)
    };
    let told = told(&given, "2024-01-14T23:30:00Z");
    assert_eq!(
        told.get("offer").map(String::as_str),
        Some("Whitening is half price")
    );
    assert_eq!(told.get("always").map(String::as_str), Some("Free parking"));
    assert_eq!((told.get("old"), told.get("coming")), (None, None));
    assert_eq!(told["customer_name"], "Dr. Ada Lovelace");
}

#[test]
fn a_medical_announcement_is_left_out_in_health_mode() {
    let announcements = vec![announcement("offer", "Flu vaccinations today", None, None)];
    let health = Given {
        announcements: announcements.clone(),
        ..given(Mode::Health)
    };
    assert_eq!(told(&health, DAY_BEFORE).get("offer"), None);
    let general = Given {
        announcements,
        ..given(Mode::General)
    };
    assert!(told(&general, DAY_BEFORE).contains_key("offer"));
}

#[test]
fn a_tenant_says_it_in_its_own_words() {
    let announcements = vec![announcement("offer", "Parking is free.", None, None)];
    let script = Some("Hi {customer_first_name}, see you {appointment_day}. {offer}".to_owned());
    let told = told(
        &Given {
            announcements,
            script,
            ..given(Mode::Health)
        },
        DAY_BEFORE,
    );
    assert_eq!(
        told[OPENING_SCRIPT],
        "Hi Ada, see you Monday. Parking is free."
    );
}

#[test]
fn urgency_follows_the_hours_that_are_left() {
    for (now, expected) in [
        ("2024-01-10T14:30:00Z", "low"),
        ("2024-01-13T14:30:00Z", "low"),
        ("2024-01-13T14:30:01Z", "normal"),
        ("2024-01-15T10:30:00Z", "normal"),
        ("2024-01-15T10:30:01Z", "high"),
        ("2024-01-15T15:30:00Z", "high"),
    ] {
        assert_eq!(
            told(&given(Mode::General), now)["urgency"],
            expected,
            "{now}"
        );
    }
}

#[test]
fn braces_of_a_value_cannot_name_a_variable_of_the_provider() {
    let told = told(
        &Given {
            name: "Ada {{api_key}}".to_owned(),
            kind: Some("{{x}}".to_owned()),
            ..given(Mode::General)
        },
        DAY_BEFORE,
    );
    assert!(
        told.values().all(|value| !value.contains(['{', '}'])),
        "{told:?}"
    );
}

#[test]
fn what_nobody_sees_is_not_told() {
    let hidden =
        "Ring\u{fe0f} the\u{e0001}\u{e0068}\u{e0069} bell\u{2028}twice\u{3164}\u{61c}\u{e0100}";
    assert_eq!(clean(hidden, 100), "Ring the bell twice");
}

/// Free text with a good chance of what health mode is there for.
fn telling_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[a-z ,.{}-]{0,40}",
        prop::sample::select(vec![
            "your test",
            "results",
            "X-",
            "ray",
            "medication",
            "04/03/1985",
            "07700 900",
            "123",
            "123-45-6789",
            "DOB",
            "treat",
            "ment",
            "4 March 1985",
            "\u{200b}",
            " ",
            "\n",
            "diagnosis",
            "١٢٣٤٥٦٧٨",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn in_health_mode_nothing_private_is_ever_told(
        name in telling_text(),
        instructions in telling_text(),
        location in telling_text(),
        kind in telling_text(),
        offer in telling_text(),
    ) {
        let announcements = vec![announcement("offer", &offer, None, None)];
        let given = Given {
            name,
            kind: Some(kind),
            instructions: Some(instructions),
            location: Some(location),
            announcements,
            ..given(Mode::Health)
        };
        let mut told = told(&given, DAY_BEFORE);
        prop_assert!(told["special_instructions"].chars().count() <= LONGEST_INSTRUCTIONS);
        told.remove("callback_number");
        told.remove(OPENING_SCRIPT);
        for (name, value) in told {
            prop_assert_eq!(privacy::medical_word(&value), None, "{}: {}", name, value);
            let digits = value.split(|c: char| !c.is_numeric() && !matches!(c, ' ' | '-' | '.' | '/'));
            let longest = digits.map(|run| run.chars().filter(|c| c.is_numeric()).count()).max();
            prop_assert!(longest < Some(7), "{}: {}", name, value);
            let odd = value.chars().any(|c| c.is_control() || matches!(c, '{' | '}'));
            prop_assert!(!odd, "{}: {}", name, value);
        }
    }

    #[test]
    fn no_text_makes_a_general_call_panic(name in any::<String>(), text in any::<String>(), script in any::<String>()) {
        let given = Given {
            name: name.clone(),
            kind: Some(text.clone()),
            provider: Some(name),
            instructions: Some(text.clone()),
            location: Some(text),
            script: Some(script),
            ..given(Mode::General)
        };
        let told = told(&given, DAY_BEFORE);
        prop_assert!(told["special_instructions"].chars().count() <= LONGEST_INSTRUCTIONS);
    }
}
