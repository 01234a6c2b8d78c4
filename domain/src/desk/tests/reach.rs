use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

/// What is read for these settings: the appointments that start until a day after the horizon.
fn reading(given: &Given, settings: &Settings) -> Given {
    let days = i64::from(settings.booking.horizon_days) + 1;
    let until = at(given.now) + SignedDuration::from_hours(24 * days);
    let mut read = given.clone();
    read.taken.retain(|taken| taken.span.from < until);
    read
}

/// What is decided by the days to come, should that be enough.
fn decided_near(given: &Given, wish: &Wish) -> Option<Deed> {
    let settings = near(at(given.now), wish, &given.settings)?;
    let deed = reading(given, &settings).decided(wish, &settings);
    is_the_same_farther(&deed, wish).then_some(deed)
}

/// A day in the next two months, at a time when somebody may be there.
fn moment() -> impl Strategy<Value = String> {
    let day = (4_u8..=6, 1_u8..=28);
    (day, 8_u8..20, prop::sample::select(&["00", "30", "10"][..])).prop_map(
        |((month, day), hour, minute)| format!("2027-{month:02}-{day:02} {hour:02}:{minute}"),
    )
}

fn wishes() -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        moment().prop_map(|at| ("book", json!({ "when": at }))),
        moment().prop_map(|at| ("reschedule", json!({ "new_datetime": at }))),
        moment().prop_map(|at| ("book", json!({ "when": at[..10] }))),
        moment().prop_map(|at| ("free_slots", json!({ "from": at[..10] }))),
        moment().prop_map(|at| ("free_slots", json!({ "date": at[..10] }))),
        Just(("free_slots", json!({ "part_of_day": "afternoon" }))),
        Just(("free_slots", json!({}))),
    ]
}

proptest! {
    #[test]
    fn what_the_days_to_come_are_enough_for_is_decided_as_by_all_of_them(
        (function, arguments) in wishes(),
        busy in prop::collection::vec((0_i64..70, 6_i64..20, 1_i64..16), 0..120),
        buffer in prop::sample::select(vec![0_u16, 30]),
        horizon in prop::sample::select(vec![3_u16, 6, 30, 60]),
    ) {
        let mut given = given();
        given.settings.booking.buffer_minutes = buffer;
        given.settings.booking.horizon_days = horizon;
        given.taken.extend(busy.into_iter().map(|(day, hour, halves)| {
            let from = at(NOW) + SignedDuration::from_hours(24 * day + hour - 8);
            Taken {
                appointment: apt(9),
                span: Span { from, until: from + SignedDuration::from_mins(30 * halves) },
            }
        }));
        let Ok(wish) = given.read(function, arguments) else {
            return Ok(());
        };
        if let Some(near) = decided_near(&given, &wish) {
            let all = reading(&given, &given.settings).decided(&wish, &given.settings);
            prop_assert!(near == all, "{} against {}", near.answer.spoken, all.answer.spoken);
        }
    }
}

#[test]
fn a_time_soon_is_found_without_looking_far() {
    let given = given();
    for (function, arguments) in [
        ("free_slots", json!({})),
        ("book", json!({ "when": "2027-04-09 11:00" })),
        ("reschedule", json!({ "new_datetime": "2027-04-28 11:00" })),
    ] {
        let wish = given.read(function, arguments).unwrap();
        assert!(decided_near(&given, &wish).is_some(), "{function}");
    }
    let far = given
        .read("book", json!({ "when": "2027-06-02 11:00" }))
        .unwrap();
    assert!(near(at(NOW), &far, &given.settings).is_none());
}
