use proptest::prelude::*;

use super::*;
use crate::zone::LocalChoice;

/// The wish as text: who, which, what.
fn shown(wish: &Wish) -> String {
    let mut said = vec![wish.function().code().to_owned()];
    said.extend(wish.name.clone().map(|name| format!("name={name}")));
    said.extend(
        wish.phone
            .clone()
            .map(|phone| format!("phone={}", phone.e164())),
    );
    said.extend(
        wish.which
            .id
            .map(|id| format!("id={}", id.uuid().as_u128())),
    );
    said.extend(wish.which.at.map(asked));
    said.extend(wish.which.next.then(|| "next".to_owned()));
    said.extend(match &wish.want {
        Want::Reschedule { to: Some(to) } => Some(format!("to {}", wanted(*to))),
        Want::Book { at: Some(at), kind } => {
            let kind = kind.as_ref().map(|kind| format!(" for {kind}"));
            Some(format!("at {}{}", wanted(*at), kind.unwrap_or_default()))
        }
        Want::Note { text, urgent } => Some(format!("{text:?} {urgent}")),
        Want::Cancel {
            reason: Some(reason),
        } => Some(format!("because {reason}")),
        Want::FreeSlots(search) => Some(format!(
            "{:?} {:?} {:?}",
            search.from.map(|day| day.to_string()),
            search.until.map(|day| day.to_string()),
            search.part.map(|part| part.to_string())
        )),
        _ => None,
    });
    said.join(" ")
}

fn asked(asked: Asked) -> String {
    match asked {
        Asked::Day(day) => day.to_string(),
        Asked::Local(local) => local.strftime("%Y-%m-%d %H:%M").to_string(),
        Asked::Instant(instant) => instant.to_string(),
    }
}

fn wanted(wanted: Wanted) -> String {
    match wanted {
        Wanted::Day(day) => day.to_string(),
        Wanted::At(at, LocalChoice::Exact) => at.to_string(),
        Wanted::At(at, LocalChoice::FirstOfTwo) => format!("{at} (first)"),
    }
}

fn read(function: &str, arguments: Value) -> Result<String, Misunderstanding> {
    given().read(function, arguments).map(|wish| shown(&wish))
}

fn unclear(function: &str, arguments: Value) -> Option<(Argument, &'static str)> {
    let why = given().read(function, arguments).err()?;
    Some((why.argument, why.unclear.code()))
}

#[test]
fn a_time_is_read_however_a_model_writes_it() {
    let expected = Ok("book at 2027-04-09T10:00:00Z".to_owned());
    for arguments in [
        json!({ "date": "2027-04-09", "time": "11:00" }),
        json!({ "Date": "2027-04-09", "Start_Time": "11:00 AM" }),
        json!({ "day": "Friday 9 April 2027", "time": "11am" }),
        json!({ "date": "April 9, 2027", "time": "11 a.m." }),
        json!({ "date": "9 April", "time": "11:00" }),
        json!({ "date": "April 9th", "time": "11:00:00" }),
        json!({ "startsAt": "2027-04-09T11:00" }),
        json!({ "datetime": "2027-04-09T10:00:00Z" }),
        json!({ "when": "2027-04-09T11:00:00+01:00" }),
        json!({ "slot": "2027-04-09 11:00", "date": "2027-04-09", "time": "11:00" }),
        json!({ "start": "2027-04-09T11:00:00+01:00", "date": "2027-04-09" }),
        json!({ "appointment_date": "2027-04-09", "appointment_time": "11:00" }),
        json!({ "new_date": "2027-04-09", "time": "11:00" }),
        json!({ "date": "2027-04-09T11:00:00", "time": null, "when": "" }),
        json!({ "date": 20270409, "time": "1100", "day": "n/a" }),
    ] {
        assert_eq!(read("book", arguments.clone()), expected, "{arguments}");
    }
}

#[test]
fn today_and_tomorrow_are_days_and_noon_is_a_time() {
    for (arguments, expected) in [
        (
            json!({ "date": "today", "time": "3 pm" }),
            "book at 2027-04-05T14:00:00Z",
        ),
        (
            json!({ "when": "Tomorrow at noon" }),
            "book at 2027-04-06T11:00:00Z",
        ),
        (json!({ "date": "tomorrow" }), "book at 2027-04-06"),
        (json!({}), "book"),
    ] {
        assert_eq!(
            read("book", arguments.clone()).as_deref(),
            Ok(expected),
            "{arguments}"
        );
    }
}

#[test]
fn a_date_without_a_year_is_the_next_one() {
    for (date, expected) in [
        ("5 April", "book at 2027-04-05"),
        ("4 April", "book at 2028-04-04"),
        ("December 24th", "book at 2027-12-24"),
        ("29 Feb", "book at 2028-02-29"),
    ] {
        let found = read("book", json!({ "date": date }));
        if date == "29 Feb" {
            // There is none this year, and it would be a guess to mean another.
            assert!(found.is_err());
        } else {
            assert_eq!(found.as_deref(), Ok(expected), "{date}");
        }
    }
}

#[test]
fn what_could_mean_two_times_or_none_is_asked_about() {
    let day = |text: &str| unclear("book", json!({ "date": text, "time": "11:00" }));
    for (text, code) in [
        ("03/04/2027", "either_of"),
        ("2027-02-30", "no_such_date"),
        ("Monday 2027-04-09", "other_weekday"),
        ("Friday", "not_understood"),
        ("next week", "not_understood"),
        ("09/04/27", "not_understood"),
        ("2027-04-09 09", "not_understood"),
        ("soon", "not_understood"),
        ("2027-04-09 12:00", "contradiction"),
    ] {
        assert_eq!(day(text), Some((Argument::Time, code)), "{text}");
    }
    for (arguments, code) in [
        (json!({ "time": "11:00" }), "day_missing"),
        (json!({ "when": "3pm" }), "day_missing"),
        (
            json!({ "date": "2027-04-09", "time": "25:00" }),
            "no_such_time",
        ),
        (
            json!({ "date": "2027-04-09", "time": "half ten" }),
            "not_understood",
        ),
        (
            json!({ "date": "2027-04-09", "time": "11:00-12:00" }),
            "not_understood",
        ),
        (
            json!({ "date": "2027-04-09", "day": "2027-04-10" }),
            "contradiction",
        ),
        (
            json!({ "date": "2027-04-09", "when": "2027-04-10 11:00" }),
            "contradiction",
        ),
        (json!({ "date": ["2027-04-09"] }), "not_understood"),
        (
            json!({ "date": "2027-04-09 ".repeat(30) }),
            "not_understood",
        ),
    ] {
        let found = unclear("book", arguments.clone());
        assert_eq!(found, Some((Argument::Time, code)), "{arguments}");
    }
}

#[test]
fn the_clocks_decide_what_a_local_time_means() {
    let at = |time: &str| read("book", json!({ "when": time }));
    assert_eq!(
        at("2027-10-31 01:30").as_deref(),
        Ok("book at 2027-10-31T00:30:00Z (first)")
    );
    assert_eq!(
        at("2027-10-31T01:30:00Z").as_deref(),
        Ok("book at 2027-10-31T01:30:00Z")
    );
    assert_eq!(
        unclear("book", json!({ "when": "2028-03-26 01:30" })),
        Some((Argument::Time, "skipped_by_clocks"))
    );
}

#[test]
fn an_appointment_is_chosen_by_id_or_time_or_not_at_all() {
    let id = apt(5).to_string();
    for (arguments, expected) in [
        (json!({}), "cancel"),
        (json!({ "appointment_id": id }), "cancel id=5"),
        (json!({ "appointment": id }), "cancel id=5"),
        (
            json!({ "id": id, "appointment": id, "date": "2027-04-09" }),
            "cancel id=5 2027-04-09",
        ),
        (json!({ "appointment": "next" }), "cancel next"),
        (json!({ "which": "the next one" }), "cancel next"),
        (json!({ "appointment": "2027-04-09" }), "cancel 2027-04-09"),
        (
            json!({ "date": "2027-04-09", "time": "11:00" }),
            "cancel 2027-04-09 11:00",
        ),
        (
            json!({ "appointment_date": "2027-04-09", "time": "11:00" }),
            "cancel 2027-04-09 11:00",
        ),
        (
            json!({ "starts_at": "2027-04-09T11:00:00+01:00" }),
            "cancel 2027-04-09T10:00:00Z",
        ),
        (
            json!({ "appointment_id": null, "reason": "ill" }),
            "cancel because ill",
        ),
    ] {
        assert_eq!(
            read("cancel", arguments.clone()).as_deref(),
            Ok(expected),
            "{arguments}"
        );
    }
    for arguments in [
        json!({ "appointment_id": "1" }),
        json!({ "appointment_id": con(5).to_string() }),
        json!({ "appointment_id": id, "appointment": apt(6).to_string() }),
        json!({ "appointment": "the long one" }),
        json!({ "appointment": "2027-04-09", "when": "2027-04-10" }),
        json!({ "time": "11:00" }),
    ] {
        let found = unclear("cancel", arguments.clone());
        assert_eq!(
            found.map(|(argument, _)| argument),
            Some(Argument::Appointment),
            "{arguments}"
        );
    }
}

#[test]
fn the_old_time_and_the_new_one_are_told_apart() {
    let id = apt(5).to_string();
    for (arguments, expected) in [
        (json!({}), "reschedule"),
        (
            json!({ "date": "2027-04-09", "time": "11:00" }),
            "reschedule to 2027-04-09T10:00:00Z",
        ),
        (
            json!({ "appointment_id": id, "new_date": "2027-04-09", "new_time": "11:00" }),
            "reschedule id=5 to 2027-04-09T10:00:00Z",
        ),
        (
            json!({ "date": "2027-04-08", "new_date": "2027-04-09", "new_time": "11:00" }),
            "reschedule 2027-04-08 to 2027-04-09T10:00:00Z",
        ),
        (
            json!({ "appointment_date": "2027-04-08", "date": "2027-04-09", "time": "11:00" }),
            "reschedule 2027-04-08 to 2027-04-09T10:00:00Z",
        ),
        (
            json!({ "from": "2027-04-08 10:00", "to": "2027-04-09 11:00" }),
            "reschedule 2027-04-08 10:00 to 2027-04-09T10:00:00Z",
        ),
        (
            json!({ "new_date": "2027-04-09" }),
            "reschedule to 2027-04-09",
        ),
    ] {
        assert_eq!(
            read("reschedule", arguments.clone()).as_deref(),
            Ok(expected),
            "{arguments}"
        );
    }
}

#[test]
fn free_times_are_searched_by_day_and_part_of_the_day() {
    for (arguments, expected) in [
        (json!({}), "free_slots None None None"),
        (
            json!({ "date": "2027-04-09", "part_of_day": "Morning" }),
            r#"free_slots Some("2027-04-09") Some("2027-04-09") Some("morning")"#,
        ),
        (
            json!({ "from": "tomorrow", "until": "2027-04-09", "part": "any" }),
            r#"free_slots Some("2027-04-06") Some("2027-04-09") None"#,
        ),
        (
            json!({ "from": "2027-04-09 15:00" }),
            r#"free_slots Some("2027-04-09") None None"#,
        ),
    ] {
        assert_eq!(
            read("free_slots", arguments.clone()).as_deref(),
            Ok(expected),
            "{arguments}"
        );
    }
    assert_eq!(
        unclear("free_slots", json!({ "part": "lunch" })),
        Some((Argument::Part, "not_understood"))
    );
}

#[test]
fn names_numbers_and_notes_are_read() {
    for (function, arguments, expected) in [
        (
            "note",
            json!({ "message": " Ring\nthe {bell} ", "urgent": true, "caller_name": "Ada" }),
            r#"note name=Ada "Ring the (bell)" true"#,
        ),
        (
            "note",
            json!({ "text": "Hello", "urgent": "maybe", "phone": "07700 900456" }),
            r#"note phone=+447700900456 "Hello" false"#,
        ),
        (
            "book",
            json!({ "date": "2027-04-09", "type": "Audit", "number": "+12125550123" }),
            "book phone=+12125550123 at 2027-04-09 for Audit",
        ),
        (
            "look_up",
            json!({ "name": "unknown", "phone": "nonsense" }),
            "look_up",
        ),
    ] {
        assert_eq!(
            read(function, arguments.clone()).as_deref(),
            Ok(expected),
            "{arguments}"
        );
    }
    assert_eq!(
        unclear("note", json!({})),
        Some((Argument::Text, "missing"))
    );
    assert_eq!(
        unclear("note", json!({ "text": "x", "phone": "0" })),
        Some((Argument::Phone, "not_understood"))
    );
    assert_eq!(
        unclear("transfer", json!({})),
        Some((Argument::Function, "not_understood"))
    );
    let long = given()
        .read("note", json!({ "text": "word ".repeat(5000) }))
        .ok()
        .unwrap();
    assert!(matches!(long.want, Want::Note { text, .. } if text.chars().count() <= 2000));
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9./ tz:+apm-]{0,24}".prop_map(Value::from),
        "(mon|today|tomorrow|9|29|31)? ?(jan|feb|april)? ?(2027|9999|-1)?( at )?[0-9]{0,2}(:[0-9]{2})?(am|pm)?"
            .prop_map(Value::from),
        proptest::collection::vec(any::<u8>().prop_map(Value::from), 0..3).prop_map(Value::from),
    ]
}

fn any_arguments() -> impl Strategy<Value = Value> {
    let keys = [
        "date",
        "time",
        "when",
        "new_date",
        "new_time",
        "to",
        "from",
        "appointment",
        "appointment_id",
        "name",
        "phone",
        "text",
        "part",
        "reason",
        "type",
        "appointment_date",
        "appointment_time",
    ];
    let key = prop_oneof![5 => proptest::sample::select(keys.to_vec()).prop_map(str::to_owned), 1 => any::<String>()];
    proptest::collection::btree_map(key, any_value(), 0..6)
        .prop_map(|map| Value::Object(map.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// And what is answered is one line, whatever was said.
    #[test]
    fn no_arguments_make_it_panic(
        function in proptest::sample::select(Function::ALL),
        arguments in any_arguments(),
        now in prop_oneof![Just(NOW), Just("9999-12-30T22:00:00Z"), Just("-009999-01-02T01:59:59Z")],
    ) {
        let mut given = given();
        given.now = now;
        let answer = match given.read(function.code(), arguments.clone()) {
            Ok(_) => given.deed(function.code(), arguments).answer,
            Err(why) => why.answer(at(given.now), Some(function), &given.settings),
        };
        prop_assert!(!answer.spoken.is_empty());
        prop_assert!(!answer.spoken.contains('\n'));
        prop_assert_eq!(answer.json.get("say").and_then(Value::as_str), Some(answer.spoken.as_str()));
    }
}
