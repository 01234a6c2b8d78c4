use super::*;
use crate::settings::Identify;

const TWO: &[Visit] = &[
    (1, "2027-04-08T09:00:00Z", SCHEDULED),
    (2, "2027-04-09T13:00:00Z", SCHEDULED),
];

fn in_both(given: &Given, function: &str, arguments: Value, british: &str, american: &str) {
    let mut given = given.clone();
    for (locale, expected) in [("en-GB", british), ("en-US", american)] {
        given.settings.tenant.locale = locale.to_owned();
        let said = match given.read(function, arguments.clone()) {
            Ok(_) => given.say(function, arguments.clone()),
            Err(why) => why.answer(at(given.now), None, &given.settings).spoken,
        };
        assert_eq!(said, expected, "{locale} {function} {arguments}");
    }
}

#[test]
fn what_is_done_is_said_with_its_time() {
    let given = given();
    let two = given.clone().visits(TWO);
    let confirmed = given
        .clone()
        .visits(&[(1, "2027-04-08T09:00:00Z", CONFIRMED)]);
    let cancelled = given
        .clone()
        .visits(&[(1, "2027-04-08T09:00:00Z", CANCELLED)]);
    let none = given.clone().visits(&[]);
    let moved = json!({ "new_datetime": "2027-04-09 12:00" });
    for (given, function, arguments, british, american) in [
        (
            &given,
            "look_up",
            json!({}),
            "Your appointment is on Thursday the 8th of April at 10:00 AM.",
            "Your appointment is on Thursday, April 8th at 10:00 AM.",
        ),
        (
            &two,
            "look_up",
            json!({}),
            "You have 2 appointments to come. The next is on Thursday the 8th of April at 10:00 AM. After that: Friday the 9th of April at 2:00 PM.",
            "You have 2 appointments to come. The next is on Thursday, April 8th at 10:00 AM. After that: Friday, April 9th at 2:00 PM.",
        ),
        (
            &none,
            "look_up",
            json!({}),
            "You have no appointment to come.",
            "You have no appointment to come.",
        ),
        (
            &given,
            "confirm",
            json!({}),
            "Your appointment on Thursday the 8th of April at 10:00 AM is confirmed.",
            "Your appointment on Thursday, April 8th at 10:00 AM is confirmed.",
        ),
        (
            &confirmed,
            "confirm",
            json!({}),
            "Your appointment on Thursday the 8th of April at 10:00 AM is already confirmed.",
            "Your appointment on Thursday, April 8th at 10:00 AM is already confirmed.",
        ),
        (
            &given,
            "cancel",
            json!({}),
            "Your appointment on Thursday the 8th of April at 10:00 AM is cancelled.",
            "Your appointment on Thursday, April 8th at 10:00 AM is canceled.",
        ),
        (
            &cancelled,
            "cancel",
            json!({}),
            "Your appointment on Thursday the 8th of April at 10:00 AM is already cancelled.",
            "Your appointment on Thursday, April 8th at 10:00 AM is already canceled.",
        ),
        (
            &given,
            "reschedule",
            moved,
            "Your appointment is now on Friday the 9th of April at 12 noon.",
            "Your appointment is now on Friday, April 9th at 12 noon.",
        ),
        (
            &given,
            "reschedule",
            json!({ "when": "2027-04-08 10:00" }),
            "Your appointment is already on Thursday the 8th of April at 10:00 AM.",
            "Your appointment is already on Thursday, April 8th at 10:00 AM.",
        ),
        (
            &given,
            "book",
            json!({ "when": "2027-04-09 14:30" }),
            "You are booked for Friday the 9th of April at 2:30 PM.",
            "You are booked for Friday, April 9th at 2:30 PM.",
        ),
        (
            &given,
            "book",
            json!({ "when": "2027-04-08 10:00" }),
            "You are already booked for Thursday the 8th of April at 10:00 AM.",
            "You are already booked for Thursday, April 8th at 10:00 AM.",
        ),
        (
            &given,
            "free_slots",
            json!({}),
            "I could offer Monday the 5th of April at 11:00 AM, 11:30 AM or 12 noon.",
            "I could offer Monday, April 5th at 11:00 AM, 11:30 AM or 12 noon.",
        ),
        (
            &given,
            "free_slots",
            json!({ "from": "2027-04-08", "part": "evening" }),
            "I could offer Thursday the 8th of April at 5:00 PM, 5:30 PM or 6:00 PM.",
            "I could offer Thursday, April 8th at 5:00 PM, 5:30 PM or 6:00 PM.",
        ),
        (
            &given,
            "note",
            json!({ "text": "x" }),
            "I have noted that for a colleague.",
            "I have noted that for a colleague.",
        ),
        (
            &given,
            "opt_out",
            json!({}),
            "We will not call you any more.",
            "We will not call you any more.",
        ),
        (
            &stranger(Caller::Unknown),
            "opt_out",
            json!({ "appointment": "whichever" }),
            "We will not call this number any more.",
            "We will not call this number any more.",
        ),
    ] {
        in_both(given, function, arguments, british, american);
    }
}

#[test]
fn what_is_not_done_is_said_with_the_reason_and_a_way_on() {
    let mut given = given();
    given.settings.booking.horizon_days = 10;
    given.settings.hours.tuesday = Vec::new();
    given.taken.push(taken(3, "2027-04-09T10:00:00Z"));
    let two = given.clone().visits(TWO);
    let cancelled = given
        .clone()
        .visits(&[(1, "2027-04-08T09:00:00Z", CANCELLED)]);
    let twice = given
        .clone()
        .visits(&[(1, "2027-04-08T09:00:00Z", CANCELLED), TWO[1]]);
    let mut off = given.clone();
    off.settings.booking.enabled = false;
    let off_cancelled = off
        .clone()
        .visits(&[(1, "2027-04-08T09:00:00Z", CANCELLED)]);
    for (given, function, arguments, british, american) in [
        (
            &two,
            "cancel",
            json!({}),
            "Which appointment is it: Thursday the 8th of April at 10:00 AM; or Friday the 9th of April at 2:00 PM?",
            "Which appointment is it: Thursday, April 8th at 10:00 AM; or Friday, April 9th at 2:00 PM?",
        ),
        (
            &twice,
            "cancel",
            json!({}),
            "Do you mean the appointment on Friday the 9th of April at 2:00 PM?",
            "Do you mean the appointment on Friday, April 9th at 2:00 PM?",
        ),
        (
            &given,
            "cancel",
            json!({ "date": "2027-04-20" }),
            "I see no such appointment. Which day and time is it?",
            "I see no such appointment. Which day and time is it?",
        ),
        (
            &cancelled,
            "confirm",
            json!({}),
            "That appointment was cancelled. Would you like to book a new one?",
            "That appointment was canceled. Would you like to book a new one?",
        ),
        (
            &off_cancelled,
            "confirm",
            json!({}),
            "That appointment was cancelled. Shall I take a note for a colleague?",
            "That appointment was canceled. Shall I take a note for a colleague?",
        ),
        (
            &off,
            "book",
            json!({}),
            "I cannot arrange times myself. A colleague will call you back.",
            "I cannot arrange times myself. A colleague will call you back.",
        ),
        (
            &given,
            "book",
            json!({ "when": "2027-04-09 11:00" }),
            "That time is taken. I could offer Friday the 9th of April at 10:30 AM, 11:30 AM or 12 noon.",
            "That time is taken. I could offer Friday, April 9th at 10:30 AM, 11:30 AM or 12 noon.",
        ),
        (
            &given,
            "book",
            json!({ "when": "2027-04-05 09:30" }),
            "That is too soon: we need to know 2 hours before. I could offer Monday the 5th of April at 11:00 AM, 11:30 AM or 12 noon.",
            "That is too soon: we need to know 2 hours before. I could offer Monday, April 5th at 11:00 AM, 11:30 AM or 12 noon.",
        ),
        (
            &given,
            "book",
            json!({ "when": "2027-04-06 08:00" }),
            "We are closed that day. I could offer Monday the 5th of April at 6:30 PM, 7:00 PM or 7:30 PM.",
            "We are closed that day. I could offer Monday, April 5th at 6:30 PM, 7:00 PM or 7:30 PM.",
        ),
        (
            &given,
            "book",
            json!({ "when": "2027-04-20 08:00" }),
            "That is too far ahead: we book up to 10 days ahead. I could offer Wednesday the 14th of April at 7:30 PM; or Thursday the 15th of April at 8:00 AM or 8:30 AM.",
            "That is too far ahead: we book up to 10 days ahead. I could offer Wednesday, April 14th at 7:30 PM; or Thursday, April 15th at 8:00 AM or 8:30 AM.",
        ),
        (
            &given,
            "reschedule",
            json!({}),
            "Which day and time would suit? I could offer Monday the 5th of April at 11:00 AM, 11:30 AM or 12 noon.",
            "Which day and time would suit? I could offer Monday, April 5th at 11:00 AM, 11:30 AM or 12 noon.",
        ),
        (
            &given,
            "reschedule",
            json!({ "date": "2027-04-09" }),
            "Which time would suit on Friday the 9th of April? I could offer Friday the 9th of April at 8:00 AM, 8:30 AM or 9:00 AM.",
            "Which time would suit on Friday, April 9th? I could offer Friday, April 9th at 8:00 AM, 8:30 AM or 9:00 AM.",
        ),
        (
            &given,
            "free_slots",
            json!({ "date": "2027-04-06" }),
            "Nothing is free then. I could offer Monday the 5th of April at 6:30 PM, 7:00 PM or 7:30 PM.",
            "Nothing is free then. I could offer Monday, April 5th at 6:30 PM, 7:00 PM or 7:30 PM.",
        ),
        (
            &given,
            "opt_out",
            json!({ "phone": "+12125550123" }),
            "I can only do that for the number you are calling from.",
            "I can only do that for the number you are calling from.",
        ),
    ] {
        in_both(given, function, arguments, british, american);
    }
}

#[test]
fn times_of_several_days_are_told_apart() {
    let mut given = given();
    given.settings.booking.horizon_days = 4;
    given.settings.booking.slot_minutes = 480;
    in_both(
        &given,
        "free_slots",
        json!({}),
        "I could offer Tuesday the 6th of April at 8:00 AM; Wednesday the 7th of April at 8:00 AM; or Friday the 9th of April at 8:00 AM.",
        "I could offer Tuesday, April 6th at 8:00 AM; Wednesday, April 7th at 8:00 AM; or Friday, April 9th at 8:00 AM.",
    );
}

#[test]
fn a_stranger_is_asked_for_what_proves_it() {
    let mut given = stranger(Caller::Unknown);
    for (rule, said, needed) in [
        (
            Identify::Number,
            "I cannot see who is calling. Shall I take a note for a colleague?",
            json!([]),
        ),
        (
            Identify::NameAndDate,
            "I cannot see who is calling. May I have your full name and the date of your appointment?",
            json!(["name", "appointment_date"]),
        ),
        (
            Identify::NameAndTime,
            "I cannot see who is calling. May I have your full name and the day and time of your appointment?",
            json!(["name", "appointment_date", "appointment_time"]),
        ),
    ] {
        given.settings.booking.identify = rule;
        let answer = given.deed("look_up", json!({})).answer;
        assert_eq!(answer.spoken, said);
        assert_eq!(answer.json["needed"], needed);
    }
    in_both(
        &stranger(Caller::Withheld),
        "book",
        json!({}),
        "I cannot arrange that myself. Which number can we call you back on?",
        "I cannot arrange that myself. Which number can we call you back on?",
    );
}

#[test]
fn what_is_not_understood_is_asked_about() {
    let given = given();
    for (function, arguments, british, american) in [
        (
            "book",
            json!({ "date": "03/04/2027" }),
            "Is that the 4th of March or the 3rd of April?",
            "Is that March 4th or April 3rd?",
        ),
        (
            "book",
            json!({ "date": "Monday 9 April 2027" }),
            "The 9th of April is a Friday. Which day do you mean?",
            "April 9th is a Friday. Which day do you mean?",
        ),
        (
            "book",
            json!({ "date": "2027-02-30" }),
            "There is no such date. Which day is it?",
            "There is no such date. Which day is it?",
        ),
        (
            "book",
            json!({ "time": "3 pm" }),
            "Which day would suit?",
            "Which day would suit?",
        ),
        (
            "book",
            json!({ "date": "Friday" }),
            "Which day and time would suit?",
            "Which day and time would suit?",
        ),
        (
            "book",
            json!({ "when": "2028-03-26 01:30" }),
            "The clocks change then, and there is no such time that day. Which other time would suit?",
            "The clocks change then, and there is no such time that day. Which other time would suit?",
        ),
        (
            "book",
            json!({ "date": "2027-04-09", "time": "26:00" }),
            "There is no such time. Which time is it?",
            "There is no such time. Which time is it?",
        ),
        (
            "cancel",
            json!({ "appointment": "that one" }),
            "Which day and time is your appointment?",
            "Which day and time is your appointment?",
        ),
        (
            "free_slots",
            json!({ "part": "lunch" }),
            "Would the morning, the afternoon or the evening suit?",
            "Would the morning, the afternoon or the evening suit?",
        ),
        (
            "note",
            json!({}),
            "What should I note down?",
            "What should I note down?",
        ),
        (
            "note",
            json!({ "text": "x", "phone": "seven" }),
            "Which number can we call you back on?",
            "Which number can we call you back on?",
        ),
        (
            "note",
            json!({ "text": "x", "name": ["Ada"] }),
            "May I have your full name?",
            "May I have your full name?",
        ),
        (
            "book",
            json!({ "type": ["x"] }),
            "What is the appointment for?",
            "What is the appointment for?",
        ),
        (
            "sing",
            json!({}),
            "I cannot do that, but I can take a note for a colleague.",
            "I cannot do that, but I can take a note for a colleague.",
        ),
    ] {
        in_both(&given, function, arguments, british, american);
    }
}

#[test]
fn the_models_answer_is_an_object_with_everything_in_it() {
    let answer = given().deed("look_up", json!({})).answer;
    assert_eq!(
        Value::Object(answer.json),
        json!({
            "ok": true,
            "function": "look_up",
            "say": "Your appointment is on Thursday the 8th of April at 10:00 AM.",
            "name": "Ada Lovelace",
            "appointment_count": 1,
            "appointments": [{
                "id": apt(1),
                "starts_at": "2027-04-08T10:00:00+01:00",
                "spoken": "Thursday the 8th of April at 10:00 AM",
                "status": "scheduled",
                "type": "Tax return",
                "provider": "Mr Charles Babbage",
                "location": "12 Quay Street",
            }],
        })
    );
    let given = given();
    let why = given
        .read("book", json!({ "date": "03/04/2027" }))
        .err()
        .unwrap();
    assert_eq!(
        Value::Object(
            why.answer(at(NOW), Some(Function::Book), &given.settings)
                .json
        ),
        json!({
            "ok": false,
            "function": "book",
            "say": "Is that the 4th of March or the 3rd of April?",
            "reason": "not_understood",
            "argument": "time",
            "unclear": "either_of",
            "dates": ["2027-03-04", "2027-04-03"],
            "format": "YYYY-MM-DD HH:MM",
            "timezone": "Europe/London",
            "today": "Monday 2027-04-05",
        })
    );
}

#[test]
fn every_refusal_says_something() {
    let given = given();
    let zone = TimeZone::get("Europe/London").unwrap();
    let words = say::Words::of(&given.settings, &zone);
    let wish = given.read("book", json!({})).ok().unwrap();
    for why in Refusal::ALL {
        let said = words.refusal(*why, &wish, false, &[], &[]);
        assert!(said.ends_with(['.', '?']), "{said}");
    }
}
