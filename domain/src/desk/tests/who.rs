use super::*;
use crate::settings::{Identify, Told};

const ADA_ON_THURSDAY: &str = r#"{ "name": "Ada Lovelace", "appointment_date": "2027-04-08" }"#;

fn proof() -> Value {
    serde_json::from_str(ADA_ON_THURSDAY).unwrap()
}

fn by(identify: Identify, mut given: Given) -> Given {
    given.settings.booking.identify = identify;
    given
}

const UNPROVEN: [Caller; 3] = [Caller::Unknown, Caller::Withheld, Caller::Shared];

#[test]
fn a_known_caller_is_told_and_may_change() {
    let given = given();
    assert_eq!(
        given.deed("look_up", json!({})).identity,
        Identity::Number(con(1))
    );
    for function in ["look_up", "confirm", "cancel"] {
        assert_eq!(given.refusal(function, json!({})), None, "{function}");
    }
}

#[test]
fn nobody_else_hears_or_changes_anything() {
    for caller in UNPROVEN {
        let given = stranger(caller);
        for (function, arguments) in [
            ("look_up", json!({})),
            ("look_up", proof()),
            ("confirm", proof()),
            ("cancel", json!({ "appointment_id": apt(1).to_string() })),
            (
                "reschedule",
                json!({ "date": "2027-04-09", "time": "11:00" }),
            ),
        ] {
            let deed = given.deed(function, arguments);
            assert_eq!(
                deed.refusal,
                Some(Refusal::NotIdentified),
                "{caller} {function}"
            );
            assert!(deed.act == Act::Nothing);
            let told = serde_json::to_string(&deed.answer).unwrap();
            for secret in ["Ada", "Lovelace", "April", "apt_", "Babbage", "Tax"] {
                assert!(!told.contains(secret), "{secret} in {told}");
            }
        }
    }
}

#[test]
fn everybody_hears_the_general_and_of_free_times() {
    for caller in UNPROVEN {
        let given = stranger(caller);
        let told = given.deed("look_up", json!({})).answer.json;
        assert_eq!(told["business_name"], "Harbour Accounts");
        assert_eq!(told["business_hours"], "Monday to Friday, 8 AM to 8 PM");
        assert_eq!(given.refusal("free_slots", json!({})), None);
    }
}

#[test]
fn everybody_may_leave_a_note_and_stop_calls_to_the_own_number() {
    for caller in UNPROVEN {
        let given = stranger(caller);
        let note = given.deed("note", json!({ "text": "Ring the bell" }));
        assert_eq!(note.refusal, None);
        assert_eq!(
            act(&note),
            json!({ "do": "note", "text": "Ring the bell", "urgent": false })
        );
        let opt_out = given.deed("opt_out", json!({}));
        if caller == Caller::Withheld {
            let note = act(&opt_out);
            assert_eq!(opt_out.refusal, None);
            assert_eq!(
                (&note["do"], &note["urgent"]),
                (&json!("note"), &json!(true))
            );
        } else {
            assert_eq!(
                act(&opt_out),
                json!({ "do": "opt_out", "number": "+447700900123" })
            );
        }
    }
}

#[test]
fn calls_to_who_is_proven_stop_for_the_person_and_for_the_phone_in_hand() {
    for (caller, number) in [
        (Caller::Unknown, json!("+447700900123")),
        (Caller::Shared, json!("+447700900123")),
        (Caller::Withheld, Value::Null),
    ] {
        let given = by(Identify::NameAndDate, stranger(caller));
        for named in [None, Some("07700 900123"), Some("07700 900456")] {
            let mut arguments = proof();
            if let Some(named) = named {
                arguments["phone"] = json!(named);
            }
            let deed = given.deed("opt_out", arguments);
            assert_eq!(deed.refusal, None, "{caller} {named:?}");
            let act = act(&deed);
            assert_eq!(act["do"], "opt_out");
            assert_eq!(act["contact"], json!(con(1)), "{caller} {named:?}");
            assert_eq!(act.get("number").unwrap_or(&Value::Null), &number);
        }
    }
    let known = act(&given().deed("opt_out", json!({})));
    assert_eq!(known["contact"], json!(con(1)));
    assert_eq!(known["number"], "+447700900123");
}

#[test]
fn nobody_stops_calls_to_another_number() {
    let given = given();
    let other = json!({ "phone": "07700 900456" });
    assert_eq!(given.refusal("opt_out", other), Some(Refusal::OtherNumber));
    assert_eq!(
        given.refusal("opt_out", json!({ "number": "07700900123" })),
        None
    );
}

#[test]
fn words_prove_what_the_tenant_lets_them() {
    let exact = json!({ "name": "Ada Lovelace", "appointment_date": "2027-04-08", "appointment_time": "10:00" });
    for caller in UNPROVEN {
        for (rule, arguments, expected) in [
            (Identify::Number, exact.clone(), Identity::Nobody),
            (Identify::NameAndDate, proof(), Identity::Proof(con(1))),
            (
                Identify::NameAndDate,
                exact.clone(),
                Identity::Proof(con(1)),
            ),
            (Identify::NameAndTime, proof(), Identity::Mistaken),
            (
                Identify::NameAndTime,
                exact.clone(),
                Identity::Proof(con(1)),
            ),
            (
                Identify::NameAndDate,
                json!({ "name": "Ada Lovelace" }),
                Identity::Nobody,
            ),
            (
                Identify::NameAndDate,
                json!({ "date": "2027-04-08" }),
                Identity::Nobody,
            ),
        ] {
            let deed = by(rule, stranger(caller)).deed("look_up", arguments.clone());
            assert_eq!(deed.identity, expected, "{caller} {rule} {arguments}");
        }
    }
}

#[test]
fn a_proof_must_fit_one_person_fully() {
    let given = by(Identify::NameAndDate, stranger(Caller::Unknown));
    for (name, day, fits) in [
        ("ada LOVELACE", "2027-04-08", true),
        ("Mrs. Ada Lovelace", "2027-04-08", true),
        ("Lovelace, Ada", "8 April", true),
        ("Ada", "2027-04-08", false),
        ("Ada Ada", "2027-04-08", false),
        ("Lovelace", "2027-04-08", false),
        ("Ada Byron", "2027-04-08", false),
        ("Ada Lovelace Byron", "2027-04-08", false),
        ("Ada Lovelace", "2027-04-09", false),
    ] {
        let deed = given.deed("look_up", json!({ "name": name, "appointment_date": day }));
        let expected = if fits {
            Identity::Proof(con(1))
        } else {
            Identity::Mistaken
        };
        assert_eq!(deed.identity, expected, "{name} {day}");
    }
    let mut twins = given.clone();
    let mut other = twins.others[0].clone();
    other.id = con(2);
    twins.others.push(other);
    assert_eq!(twins.deed("look_up", proof()).identity, Identity::Mistaken);
    let cancelled = given.visits(&[(1, "2027-04-08T09:00:00Z", CANCELLED)]);
    assert_eq!(
        cancelled.deed("look_up", proof()).identity,
        Identity::Mistaken
    );
}

#[test]
fn a_wrong_proof_and_nobody_are_answered_alike() {
    let given = by(Identify::NameAndDate, stranger(Caller::Unknown));
    let mut empty = given.clone();
    empty.others.clear();
    let wrong = json!({ "name": "Ada Lovelace", "appointment_date": "2027-04-09" });
    assert!(given.deed("look_up", wrong.clone()) == empty.deed("look_up", wrong));
}

#[test]
fn whoever_was_proven_stays_so_for_the_call() {
    let mut given = by(Identify::NameAndDate, stranger(Caller::Shared));
    given.earlier = vec![Identity::Nobody, Identity::Proof(con(1)), Identity::Nobody];
    assert_eq!(
        given.deed("cancel", json!({})).identity,
        Identity::Proof(con(1))
    );
    let named = json!({ "name": "Ada Lovelace", "date": "2027-04-09" });
    assert_eq!(
        given.refusal("cancel", named),
        Some(Refusal::NoSuchAppointment)
    );
    let other = json!({ "name": "Charles Babbage", "date": "2027-04-09" });
    assert_eq!(given.deed("cancel", other).identity, Identity::Mistaken);
}

#[test]
fn after_a_few_mistakes_nobody_is_identified() {
    let mut given = by(Identify::NameAndDate, stranger(Caller::Unknown));
    given.earlier = vec![Identity::Mistaken; MOST_MISTAKES - 1];
    assert_eq!(
        given.deed("look_up", proof()).identity,
        Identity::Proof(con(1))
    );
    given.earlier.push(Identity::Mistaken);
    assert_eq!(given.deed("look_up", proof()).identity, Identity::Nobody);
}

#[test]
fn another_name_on_a_known_number_is_somebody_else_for_the_whole_call() {
    let mut given = given();
    for name in ["Mary Lovelace", "Charles Babbage", "Mary"] {
        let deed = given.deed("look_up", json!({ "name": name }));
        assert_eq!(deed.identity, Identity::Mistaken, "{name}");
        assert_eq!(deed.refusal, Some(Refusal::NotIdentified));
    }
    for name in [
        "Ada",
        "Mrs Lovelace",
        "Ada King Lovelace",
        "ada lovelace",
        "Dr.",
    ] {
        let deed = given.deed("look_up", json!({ "name": name }));
        assert_eq!(deed.identity, Identity::Number(con(1)), "{name}");
    }
    given.earlier = vec![Identity::Number(con(1)), Identity::Mistaken];
    assert_eq!(
        given.refusal("cancel", json!({})),
        Some(Refusal::NotIdentified)
    );
    let named = json!({ "name": "Ada Lovelace" });
    assert_eq!(given.refusal("cancel", named), None);
    given.earlier.push(Identity::Number(con(1)));
    assert_eq!(given.refusal("cancel", json!({})), None);
}

#[test]
fn a_known_number_without_a_name_identifies_by_itself() {
    let mut given = given();
    given.contact.as_mut().unwrap().name = "";
    assert_eq!(given.refusal("confirm", json!({ "name": "Ada" })), None);
}

#[test]
fn a_foreign_line_or_call_gets_nothing_done_but_an_opt_out() {
    let arguments = |function: Function| match function {
        Function::Note => json!({ "text": "Ring the bell" }),
        Function::Reschedule | Function::Book => json!({ "when": "2027-04-09 11:00" }),
        _ => json!({}),
    };
    for function in Function::ALL {
        let ask = |given: &Given| given.deed(function.code(), arguments(*function));
        let refused = |refusal| (*function != Function::OptOut).then_some(refusal);
        for line in [Line::UnknownNumber, Line::UnknownAgent] {
            let deed = ask(&Given { line, ..given() });
            assert_eq!(deed.refusal, refused(Refusal::LineUnknown), "{function}");
            assert_eq!(deed.act == Act::Nothing, deed.refusal.is_some());
        }
        let unknown = ask(&Given {
            call: OnCall::Unknown,
            ..given()
        });
        assert_eq!(unknown.refusal, refused(Refusal::CallUnknown), "{function}");
        let over = ask(&Given {
            call: OnCall::Over,
            ..given()
        });
        let expected = match function {
            Function::Note | Function::OptOut => None,
            _ => Some(Refusal::CallOver),
        };
        assert_eq!(over.refusal, expected, "{function}");
    }
}

#[test]
fn health_mode_tells_no_kind_no_provider_and_no_family_name() {
    let mut given = given();
    given.settings.tenant.health_mode = true;
    for (function, arguments) in [
        ("look_up", json!({})),
        ("confirm", json!({})),
        ("cancel", json!({})),
        ("cancel", json!({ "date": "2027-04-20" })),
        (
            "reschedule",
            json!({ "date": "2027-04-09", "time": "11:00" }),
        ),
    ] {
        let told = serde_json::to_string(&given.deed(function, arguments).answer).unwrap();
        for secret in ["Tax", "Babbage", "Quay", "Lovelace", "receipts"] {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
        assert!(told.contains("apt_"), "{told}");
    }
}

#[test]
fn appointments_are_listed_only_where_the_tenant_tells_of_them() {
    let mut given = given().visits(&[
        (1, "2027-04-08T09:00:00Z", SCHEDULED),
        (2, "2027-04-09T09:00:00Z", SCHEDULED),
    ]);
    given.settings.inbound.tell = vec![Told::FreeTimes];
    assert_eq!(given.refusal("look_up", json!({})), Some(Refusal::NotTold));
    let deed = given.deed("cancel", json!({}));
    assert_eq!(deed.refusal, Some(Refusal::WhichAppointment));
    assert_eq!(
        deed.answer.spoken,
        "Which day and time is your appointment?"
    );
    assert!(!deed.answer.json.contains_key("appointments"));
    assert_eq!(
        given.refusal("cancel", json!({ "date": "2027-04-08" })),
        None
    );
}
