use super::*;

const TWO: &[Visit] = &[
    (1, "2027-04-08T09:00:00Z", SCHEDULED),
    (2, "2027-04-09T13:00:00Z", CONFIRMED),
];

fn of(number: u128) -> Value {
    json!({ "appointment_id": apt(number).to_string() })
}

#[test]
fn the_only_appointment_is_meant_when_none_is_named() {
    let given = given();
    assert_eq!(
        act(&given.deed("confirm", json!({}))),
        json!({ "do": "confirm", "appointment": apt(1), "version": 7 })
    );
    assert_eq!(
        act(&given.deed("cancel", json!({ "reason": "ill" }))),
        json!({ "do": "cancel", "appointment": apt(1), "version": 7, "reason": "ill" })
    );
}

#[test]
fn of_several_none_is_taken_without_being_named() {
    let given = given().visits(TWO);
    for function in ["confirm", "cancel", "reschedule"] {
        let deed = given.deed(function, json!({}));
        assert_eq!(deed.refusal, Some(Refusal::WhichAppointment), "{function}");
        assert_eq!(
            deed.answer.json["appointments"].as_array().unwrap().len(),
            2
        );
    }
    for arguments in [
        of(2),
        json!({ "date": "2027-04-09" }),
        json!({ "date": "2027-04-09", "time": "2 pm" }),
        json!({ "starts_at": "2027-04-09T14:00:00+01:00" }),
        json!({ "appointment_id": apt(2).to_string(), "date": "2027-04-09" }),
    ] {
        let deed = given.deed("cancel", arguments.clone());
        assert!(
            matches!(deed.act, Act::Cancel { appointment, .. } if appointment == apt(2)),
            "{arguments}"
        );
    }
    let next = given.deed("cancel", json!({ "appointment": "next" }));
    assert!(matches!(next.act, Act::Cancel { appointment, .. } if appointment == apt(1)));
}

#[test]
fn a_reminder_call_is_about_its_own_appointment() {
    let mut given = given().visits(TWO);
    given.about = Some(apt(1));
    let deed = given.deed("confirm", json!({}));
    assert!(matches!(deed.act, Act::Confirm { appointment, .. } if appointment == apt(1)));
    let named = given.deed("cancel", json!({ "date": "2027-04-09" }));
    assert!(matches!(named.act, Act::Cancel { appointment, .. } if appointment == apt(2)));
    let mut gone = given.visits(&[TWO[1], (1, "2027-04-08T09:00:00Z", CANCELLED)]);
    gone.about = Some(apt(1));
    assert_eq!(
        gone.refusal("confirm", json!({})),
        Some(Refusal::AppointmentCancelled)
    );
}

#[test]
fn no_other_appointment_is_taken_for_the_one_that_was_named() {
    let given = given();
    for arguments in [
        of(9),
        json!({ "date": "2027-04-09" }),
        json!({ "date": "2027-04-08", "time": "10:30" }),
        json!({ "starts_at": "2027-04-08T10:00:00Z" }),
        json!({ "appointment_id": apt(1).to_string(), "date": "2027-04-09" }),
    ] {
        for function in ["confirm", "cancel"] {
            let deed = given.deed(function, arguments.clone());
            assert_eq!(
                deed.refusal,
                Some(Refusal::NoSuchAppointment),
                "{arguments}"
            );
        }
    }
    let none = given.visits(&[]);
    assert_eq!(
        none.refusal("confirm", json!({})),
        Some(Refusal::NoAppointment)
    );
    assert_eq!(none.refusal("confirm", of(1)), Some(Refusal::NoAppointment));
}

#[test]
fn told_twice_to_cancel_it_the_other_one_stays() {
    let given = given().visits(&[
        (1, "2027-04-08T09:00:00Z", CANCELLED),
        (2, "2027-04-09T13:00:00Z", SCHEDULED),
    ]);
    for arguments in [json!({}), json!({ "appointment": "next" })] {
        let deed = given.deed("cancel", arguments);
        assert_eq!(deed.refusal, Some(Refusal::WhichAppointment));
        assert!(deed.act == Act::Nothing);
    }
    let named = given.deed("cancel", of(2));
    assert!(matches!(named.act, Act::Cancel { .. }));
    assert_eq!(given.refusal("confirm", json!({})), None);
}

#[test]
fn told_twice_to_cancel_that_of_a_day_the_other_of_the_day_stays() {
    let given = given().visits(&[
        (1, "2027-04-08T09:00:00Z", CANCELLED),
        (2, "2027-04-08T13:00:00Z", SCHEDULED),
    ]);
    let deed = given.deed("cancel", json!({ "date": "2027-04-08" }));
    assert_eq!(deed.refusal, Some(Refusal::WhichAppointment));
    let deed = given.deed("cancel", json!({ "date": "2027-04-08", "time": "10:00" }));
    assert!(deed.act == Act::Nothing && deed.refusal.is_none());
    let deed = given.deed("cancel", json!({ "date": "2027-04-08", "time": "14:00" }));
    assert!(matches!(deed.act, Act::Cancel { appointment, .. } if appointment == apt(2)));
}

#[test]
fn what_is_so_already_is_fine_and_changes_nothing() {
    let confirmed = given().visits(&[(1, "2027-04-08T09:00:00Z", CONFIRMED)]);
    let deed = confirmed.deed("confirm", json!({}));
    assert_eq!(deed.refusal, None);
    assert!(deed.act == Act::Nothing);
    assert_eq!(deed.answer.json["ok"], true);
    assert_eq!(deed.answer.json["changed"], false);

    let cancelled = given().visits(&[(1, "2027-04-08T09:00:00Z", CANCELLED)]);
    let deed = cancelled.deed("cancel", json!({}));
    assert_eq!(deed.refusal, None);
    assert!(deed.act == Act::Nothing);

    let moved = given().deed("reschedule", json!({ "when": "2027-04-08 10:00" }));
    assert_eq!(moved.refusal, None);
    assert!(moved.act == Act::Nothing);

    let booked = given().deed("book", json!({ "when": "2027-04-08 10:00" }));
    assert_eq!(booked.refusal, None);
    assert!(booked.act == Act::Nothing);
}

#[test]
fn what_is_cancelled_or_past_is_not_changed() {
    let cancelled = given().visits(&[(1, "2027-04-08T09:00:00Z", CANCELLED)]);
    for function in ["confirm", "reschedule"] {
        for arguments in [json!({}), of(1)] {
            let refusal = cancelled.refusal(function, arguments);
            assert_eq!(refusal, Some(Refusal::AppointmentCancelled), "{function}");
        }
    }
    let past = given().visits(&[(1, "2027-04-05T08:00:00Z", SCHEDULED)]);
    for function in ["confirm", "cancel", "reschedule"] {
        assert_eq!(
            past.refusal(function, of(1)),
            Some(Refusal::AppointmentPast),
            "{function}"
        );
        assert_eq!(
            past.refusal(function, json!({})),
            Some(Refusal::NoAppointment),
            "{function}"
        );
    }
    let deleted = given().visits(&[(1, "2027-04-08T09:00:00Z", AppointmentStatus::Deleted)]);
    assert_eq!(
        deleted.refusal("confirm", of(1)),
        Some(Refusal::NoAppointment)
    );
}

#[test]
fn an_appointment_that_stands_on_the_same_day_goes_before_one_that_does_not() {
    let given = given().visits(&[
        (1, "2027-04-08T09:00:00Z", CANCELLED),
        (2, "2027-04-08T13:00:00Z", SCHEDULED),
    ]);
    let deed = given.deed("confirm", json!({ "date": "2027-04-08" }));
    assert!(matches!(deed.act, Act::Confirm { appointment, .. } if appointment == apt(2)));
}

#[test]
fn a_person_who_asked_for_another_time_can_still_confirm() {
    let asked = AppointmentStatus::RescheduleRequested;
    let given = given().visits(&[(1, "2027-04-08T09:00:00Z", asked)]);
    assert!(matches!(
        given.deed("confirm", json!({})).act,
        Act::Confirm { .. }
    ));
}

#[test]
fn whoever_has_many_appointments_to_come_is_booked_no_further_one() {
    let stands = AppointmentStatus::Confirmed;
    let mut given = given().visits(&[
        (1, "2027-04-08T09:00:00Z", stands),
        (2, "2027-04-12T09:00:00Z", stands),
        (3, "2027-04-13T09:00:00Z", AppointmentStatus::Cancelled),
    ]);
    let wish = json!({ "when": "2027-04-09 11:00" });
    for (most, refusal) in [(3, None), (2, Some(Refusal::EnoughBooked))] {
        given.settings.booking.most_ahead = most;
        let deed = given.deed("book", wish.clone());
        assert_eq!(deed.refusal, refusal, "{most}");
        let told = json!(deed.answer.json).to_string();
        assert_eq!(
            told.contains("several appointments"),
            refusal.is_some(),
            "{told}"
        );
        assert_eq!(
            act(&deed)["do"],
            if refusal.is_some() {
                "follow_up"
            } else {
                "book"
            }
        );
    }
    // The same one once more is no further one.
    let again = given.deed("book", json!({ "when": "2027-04-08 10:00" }));
    assert_eq!(again.refusal, None);
}

#[test]
fn without_booking_a_colleague_calls_back() {
    let mut given = given();
    given.settings.booking.enabled = false;
    let deed = given.deed("reschedule", json!({ "when": "2027-04-09 11:00" }));
    assert_eq!(deed.refusal, Some(Refusal::BookingOff));
    assert_eq!(
        act(&deed),
        json!({
            "do": "follow_up", "wanted": "reschedule", "contact": con(1), "appointment": [apt(1), 7],
            "time": "2027-04-09 11:00", "number": "+447700900123",
        })
    );
    let deed = given.deed("book", json!({ "date": "2027-04-09", "type": "Audit" }));
    assert_eq!(
        act(&deed),
        json!({
            "do": "follow_up", "wanted": "book", "contact": con(1), "time": "2027-04-09",
            "kind": "Audit", "number": "+447700900123",
        })
    );
    let deed = given.deed("free_slots", json!({ "phone": "07700 900456" }));
    assert_eq!(
        act(&deed),
        json!({ "do": "follow_up", "wanted": "free_slots", "contact": con(1), "number": "+447700900456" })
    );
    for function in ["confirm", "cancel", "look_up"] {
        assert_eq!(given.refusal(function, json!({})), None, "{function}");
    }
}

#[test]
fn who_is_not_identified_is_called_back_about_a_booking() {
    let deed =
        stranger(Caller::Unknown).deed("book", json!({ "date": "2027-04-09", "name": "Grace" }));
    assert_eq!(deed.refusal, Some(Refusal::NotIdentified));
    assert_eq!(
        act(&deed),
        json!({
            "do": "follow_up", "wanted": "book", "name": "Grace", "time": "2027-04-09",
            "number": "+447700900123",
        })
    );
    let mut off = stranger(Caller::Shared);
    off.settings.booking.enabled = false;
    let deed = off.deed("reschedule", json!({}));
    assert_eq!(
        act(&deed),
        json!({ "do": "follow_up", "wanted": "reschedule", "number": "+447700900123" })
    );
}

#[test]
fn nobody_is_called_back_without_a_number() {
    let withheld = stranger(Caller::Withheld);
    let deed = withheld.deed("book", json!({ "date": "2027-04-09" }));
    assert_eq!(deed.refusal, Some(Refusal::NumberMissing));
    assert!(deed.act == Act::Nothing);
    let deed = withheld.deed(
        "book",
        json!({ "date": "2027-04-09", "phone": "07700 900456" }),
    );
    assert!(matches!(deed.act, Act::FollowUp(_)));
}
