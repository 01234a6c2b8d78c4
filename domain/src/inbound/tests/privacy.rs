//! What nobody may hear.

use proptest::prelude::*;

use super::*;
use crate::context::privacy::medical_word;

/// Everything an agent is told, business and announcements included.
fn told(memory: &Memory) -> String {
    let variables: Vec<&str> = memory.variables.values().map(String::as_str).collect();
    format!(
        "{}\n{}\n{}",
        variables.join("\n"),
        memory.summary,
        memory.json
    )
}

/// What only the person should hear.
const PERSONAL: &[&str] = &[
    "Ada",
    "Lovelace",
    "LOVELACE",
    "March",
    "Tax",
    "Babbage",
    "Quay",
    "receipts",
    "bookkeeping",
    "ledger",
    "improving",
    "invoice",
    "Welcome back",
    "ada.lovelace@",
    "07700",
    "Mill Lane",
    "afternoons",
    "Payroll",
    "pension",
];

fn assert_nothing_personal(given: &Given, caller: &str, summary: &str) {
    for mode in [Mode::General, Mode::Health] {
        let given = Given {
            mode,
            tell: EVERYTHING.to_vec(),
            on_file: profile::on_file(),
            // Times on a day that no personal fact names.
            free: Some(vec!["2027-04-06T10:00:00Z"]),
            ..given.clone()
        };
        let memory = memory(&given);
        let told = told(&memory);
        for word in PERSONAL {
            assert!(!told.contains(word), "{word}: {told}");
        }
        let variables = &memory.variables;
        assert_eq!(variables["caller"], caller);
        assert_eq!(variables["is_known"], "false");
        assert_eq!(variables["ask_name"], "true");
        assert_eq!(variables["customer_name"], "there");
        assert_eq!(variables["customer_first_name"], "there");
        assert_eq!(variables["appointment_count"], "");
        assert_eq!(variables["business_name"], "Harbour Accounts");
        assert_eq!(
            variables["greeting"],
            "Hello, this is Harbour Accounts. May I ask who is calling?"
        );
        assert_eq!(memory.summary, summary);
    }
}

const ONE_FREE: &str = "One time is free: Tuesday the 6th of April at 11:00 AM.";

#[test]
fn an_unknown_caller_is_told_about_the_business_only() {
    let given = Given {
        caller: Caller::Unknown,
        ..given()
    };
    let summary = format!("The caller's number is not known. Ask who is calling. {ONE_FREE}");
    assert_nothing_personal(&given, "unknown", &summary);
}

#[test]
fn a_withheld_number_is_told_about_the_business_only() {
    let given = Given {
        caller: Caller::Withheld,
        ..given()
    };
    let summary = format!("The caller's number is withheld. Ask who is calling. {ONE_FREE}");
    assert_nothing_personal(&given, "withheld", &summary);
}

#[test]
fn a_number_of_several_people_is_told_about_the_business_only() {
    let given = Given {
        caller: Caller::Shared,
        ..given()
    };
    let summary = format!(
        "Several people call from this number. Ask who is calling, and say nothing about anybody before. {ONE_FREE}"
    );
    assert_nothing_personal(&given, "shared", &summary);
}

#[test]
fn an_unknown_number_or_agent_is_told_neither_a_person_nor_whether_one_is_known() {
    for line in [Line::UnknownNumber, Line::UnknownAgent] {
        for (caller, code) in [
            (Caller::Known, "unknown"),
            (Caller::Unknown, "unknown"),
            (Caller::Shared, "unknown"),
            (Caller::Withheld, "withheld"),
        ] {
            let given = Given {
                line,
                caller,
                ..given()
            };
            assert_nothing_personal(
                &given,
                code,
                "This line is not set up. Say nothing about anybody, and take a message.",
            );
        }
    }
}

/// A word that stands in no sentence of ours.
fn rare_word() -> impl Strategy<Value = String> {
    "[A-Z]?[zqxv]{3}[a-z]{0,5}"
}

/// Sentences that may be told, and words that may not, side by side.
fn text_with(secret: String) -> impl Strategy<Value = String> {
    let secret = prop::sample::select(vec![
        secret.clone(),
        format!("{secret}'s"),
        secret.to_uppercase(),
        format!("({secret})"),
        format!("{}\u{ad}{}", &secret[..2], &secret[2..]),
    ]);
    let medical = prop::sample::select(vec![
        "biopsy",
        "X-ray",
        "test results",
        "diagnosis",
        "chemo",
    ]);
    let harmless = prop::sample::select(vec!["the bill", "parking", "asked about", "a", "."]);
    let piece = prop_oneof![
        secret,
        medical.prop_map(str::to_owned),
        harmless.prop_map(str::to_owned)
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.join(" "))
}

/// Every text of the JSON.
fn leaves(json: &Value) -> Vec<&str> {
    match json {
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(leaves).collect(),
        Value::Object(values) => values.values().flat_map(leaves).collect(),
        _ => Vec::new(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_clinic_gives_away_no_name_kind_provider_or_illness(
        (secrets, texts) in prop::array::uniform3(rare_word()).prop_flat_map(|secrets| {
            let texts: Vec<_> = (0..9).map(|at| text_with(secrets[at % 3].clone())).collect();
            (Just(secrets), texts)
        }),
        held_back: bool,
    ) {
        let [family, kind, provider] = secrets.clone();
        let mut texts = texts.into_iter();
        let mut text = || texts.next().unwrap();
        let given = Given {
            mode: Mode::Health,
            tell: EVERYTHING.to_vec(),
            name: format!("Ada {family}"),
            visits: vec![
                Visit {
                    kind: format!("{kind} for {}", text()),
                    provider: format!("Dr {provider}"),
                    location: text(),
                    instructions: text(),
                    ..visit("2027-03-29T08:00:00Z")
                };
                6
            ],
            last_call: Some((NOW, Some(text()), Some(text()))),
            issues: vec![text(), text(), text()],
            held_back,
            ..given()
        };
        let memory = memory(&given);
        let told = told(&memory).to_lowercase();
        for secret in secrets {
            prop_assert!(!told.contains(&secret.to_lowercase()), "{}: {}", secret, told);
        }
        for value in leaves(&memory.json).into_iter().chain(memory.variables.values().map(String::as_str)) {
            prop_assert_eq!(medical_word(value), None, "{}", value);
        }
        prop_assert_eq!(memory.variables["customer_name"].as_str(), "Ada");
    }

    #[test]
    fn whatever_is_stored_every_variable_is_one_line_without_braces(
        texts in prop::array::uniform8(any::<String>()),
        hostile in "[{}\\[\\]\"\\\\\n\r\t\u{2028}\u{85}a-z .]{0,40}",
        health: bool,
        caller in prop::sample::select(Caller::ALL),
        line in prop::sample::select(Line::ALL),
        seconds in Timestamp::MIN.as_second()..Timestamp::MAX.as_second(),
    ) {
        let [name, kind, provider, location, instructions, topic, summary, issue] = texts;
        let given = Given {
            mode: Mode::of(health),
            line,
            caller,
            tell: EVERYTHING.to_vec(),
            name,
            visits: vec![
                Visit { kind, provider, location, instructions, starts_at: NOW },
                Visit { kind: hostile.clone(), location: hostile.clone(), ..visit("9999-12-30T00:00:00Z") },
            ],
            last_call: Some(("-009999-01-03T00:00:00Z", Some(topic), Some(summary))),
            issues: vec![issue.clone(), hostile.clone()],
            on_file: profile::OnFile {
                email: Some(issue.clone()),
                address: Some(hostile.clone()),
                remarks: Some(format!("{hostile}{issue}")),
                topic: Some(hostile.clone()),
                kind: issue,
                ..profile::on_file()
            },
            announcements: vec![Announcement {
                name: "notice".to_owned(),
                text: hostile,
                from: None,
                until: None,
            }],
            ..given()
        };
        let memory = memory_at(&given, Timestamp::from_second(seconds).unwrap());
        let json = &memory.variables["memory_json"];
        prop_assert!(!json.contains("{{"), "{}", json);
        let variables = memory.variables.iter().filter(|(name, _)| *name != "memory_json");
        let values = variables.map(|(_, value)| value.as_str()).chain(leaves(&memory.json));
        for value in values {
            prop_assert!(!value.contains(['{', '}']), "{:?}", value);
        }
        for value in memory.variables.values() {
            let odd = value.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
            prop_assert!(!odd, "{:?}", value);
        }
    }
}
