use super::*;
use crate::{holidays::HolidayCalendar, settings::Window};
use jiff::civil::date;

fn moved_to(time: &str) -> Value {
    json!({ "new_datetime": time })
}

/// The free times that are told, as local times.
fn told(deed: &Deed) -> Vec<String> {
    let times = deed.answer.json.get("free_times").and_then(Value::as_array);
    let starts = times.into_iter().flatten().map(|time| &time["starts_at"]);
    starts.map(|at| at.as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_appointment_moves_to_a_free_time() {
    let deed = given().deed("reschedule", moved_to("2027-04-09 11:00"));
    assert_eq!(
        act(&deed),
        json!({
            "do": "move", "appointment": apt(1), "version": 7,
            "starts_at": "2027-04-09T10:00:00Z", "minutes": 30, "choice": "exact",
        })
    );
    assert_eq!(
        deed.answer.json["appointment"]["starts_at"],
        "2027-04-09T11:00:00+01:00"
    );
    assert_eq!(deed.answer.json["appointment"]["status"], "scheduled");
}

#[test]
fn a_free_time_is_booked() {
    let deed = given().deed(
        "book",
        json!({ "when": "2027-04-09 11:00", "type": "Audit" }),
    );
    assert_eq!(
        act(&deed),
        json!({
            "do": "book", "contact": con(1), "starts_at": "2027-04-09T10:00:00Z", "minutes": 30,
            "choice": "exact", "kind": "Audit",
        })
    );
    assert_eq!(
        deed.answer.json["booked"]["starts_at"],
        "2027-04-09T11:00:00+01:00"
    );
}

#[test]
fn a_time_that_cannot_be_had_is_refused_with_others() {
    let mut given = given();
    given.settings.hours.wednesday = Vec::new();
    given.settings.hours.holidays = HolidayCalendar::Dates(vec![date(2027, 4, 12)]);
    given.settings.booking.horizon_days = 30;
    given.taken.push(taken(2, "2027-04-09T10:00:00Z"));
    for (time, expected) in [
        ("2027-04-02 11:00", Refusal::Past),
        ("2027-04-05 10:30", Refusal::TooSoon),
        ("2027-06-01 11:00", Refusal::TooFar),
        ("2027-04-07 11:00", Refusal::ClosedDay),
        ("2027-04-12 11:00", Refusal::Holiday),
        ("2027-04-09 21:00", Refusal::OutsideHours),
        ("2027-04-09 19:45", Refusal::OutsideHours),
        ("2027-04-09 11:10", Refusal::NotAStart),
        ("2027-04-09 11:00", Refusal::Busy),
    ] {
        for (function, arguments) in [
            ("reschedule", moved_to(time)),
            ("book", json!({ "when": time })),
        ] {
            let deed = given.deed(function, arguments);
            assert_eq!(deed.refusal, Some(expected), "{function} {time}");
            assert!(deed.act == Act::Nothing);
            assert_eq!(told(&deed).len(), 3, "{function} {time}");
        }
    }
}

#[test]
fn unknown_time_is_never_booked() {
    let mut given = given();
    given.calendar = Calendar::Kept {
        known: vec![Span {
            from: at("2027-04-05T00:00:00Z"),
            until: at("2027-04-06T00:00:00Z"),
        }],
        busy: Vec::new(),
    };
    let deed = given.deed("book", json!({ "when": "2027-04-09 11:00" }));
    assert_eq!(deed.refusal, Some(Refusal::CalendarUnknown));
    assert!(
        told(&deed)
            .iter()
            .all(|time| time.starts_with("2027-04-05T"))
    );
    let deed = given.deed("free_slots", json!({ "date": "2027-04-09" }));
    assert_eq!(deed.refusal, Some(Refusal::CalendarUnknown));
    given.calendar = Calendar::Kept {
        known: Vec::new(),
        busy: Vec::new(),
    };
    let deed = given.deed("free_slots", json!({}));
    assert_eq!(deed.refusal, Some(Refusal::CalendarUnknown));
    assert!(told(&deed).is_empty());
}

#[test]
fn an_appointment_is_not_in_its_own_way_and_keeps_its_length() {
    let mut given = given();
    given.taken = vec![Taken {
        appointment: apt(1),
        span: Span::of_minutes(at("2027-04-08T09:00:00Z"), 60),
    }];
    assert_eq!(
        given.refusal("reschedule", moved_to("2027-04-08 10:30")),
        None
    );
    assert_eq!(
        given.refusal("book", json!({ "when": "2027-04-08 10:30" })),
        Some(Refusal::Busy)
    );
}

#[test]
fn without_a_time_one_is_asked_for() {
    let given = given();
    for function in ["book", "reschedule"] {
        let deed = given.deed(function, json!({}));
        assert_eq!(deed.refusal, Some(Refusal::TimeMissing));
        assert_eq!(told(&deed)[0], "2027-04-05T11:00:00+01:00");
        let deed = given.deed(function, json!({ "date": "2027-04-09" }));
        assert_eq!(deed.refusal, Some(Refusal::TimeMissing));
        assert_eq!(told(&deed)[0], "2027-04-09T08:00:00+01:00");
        for (day, expected) in [
            ("2027-04-02", Refusal::Past),
            ("2027-12-01", Refusal::TooFar),
            ("2027-04-10", Refusal::NothingFree),
        ] {
            let deed = given.deed(function, json!({ "date": day }));
            assert_eq!(deed.refusal, Some(expected), "{function} {day}");
            assert_eq!(told(&deed).len(), 3);
        }
        // A Saturday: the nearest times are those of Friday evening.
        let deed = given.deed(function, json!({ "date": "2027-04-10" }));
        assert_eq!(told(&deed)[2], "2027-04-09T19:30:00+01:00");
    }
}

#[test]
fn free_times_are_found_by_day_and_part() {
    let mut given = given();
    given.settings.hours.friday = vec![Window::new(11 * 60, 13 * 60)];
    let free = |arguments: Value| told(&given.deed("free_slots", arguments));
    assert_eq!(free(json!({})).len(), 8);
    assert_eq!(free(json!({}))[0], "2027-04-05T11:00:00+01:00");
    let friday = |time: &str| format!("2027-04-09T{time}:00+01:00");
    assert_eq!(
        free(json!({ "date": "2027-04-09" })),
        ["11:00", "11:30", "12:00", "12:30"].map(friday)
    );
    assert_eq!(
        free(json!({ "date": "2027-04-09", "part": "afternoon" })),
        ["12:00", "12:30"].map(friday)
    );
    assert_eq!(
        given.refusal(
            "free_slots",
            json!({ "date": "2027-04-09", "part": "evening" })
        ),
        Some(Refusal::NothingFree)
    );
    for (day, expected) in [
        ("2027-04-04", Refusal::Past),
        ("2027-04-10", Refusal::NothingFree),
        ("2027-12-01", Refusal::TooFar),
    ] {
        let deed = given.deed("free_slots", json!({ "date": day }));
        assert_eq!(deed.refusal, Some(expected), "{day}");
        assert_eq!(told(&deed).len(), 3);
    }
}

#[test]
fn the_first_of_two_equal_local_times_is_booked_and_said_so() {
    let mut given = given();
    given.now = "2027-10-29T08:00:00Z";
    given.settings.hours.sunday = vec![Window::new(0, 180)];
    let deed = given.deed("book", json!({ "when": "2027-10-31 01:30" }));
    assert_eq!(act(&deed)["starts_at"], "2027-10-31T00:30:00Z");
    assert_eq!(act(&deed)["choice"], "first_of_two");
    let second = given.deed("book", json!({ "when": "2027-10-31T01:30:00Z" }));
    assert_eq!(second.refusal, Some(Refusal::NotAStart));
}
