use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

/// Looks no farther than there: what is read are the appointments that reach into it.
fn reaching(given: &Given, within: Span) -> Given {
    let a_day = SignedDuration::from_hours(24);
    let mut read = given.clone();
    read.looked_through = within;
    read.taken.retain(|taken| {
        taken.span.from >= within.from - a_day && taken.span.from < within.until + a_day
    });
    read
}

/// What is decided by the first that is enough, and how many were looked through.
fn decided_by_steps(given: &Given, wish: &Wish) -> (Deed, usize) {
    let steps = Reach::for_wish(at(given.now), wish, &given.settings);
    let mut decided = steps.iter().map(|reach| {
        let deed = reaching(given, reach.within).decided(wish, &given.settings);
        (reach.settles(&deed, wish, &given.settings), deed)
    });
    let found = decided.position(|(is_settled, _)| is_settled).unwrap();
    let deed = reaching(given, steps[found].within).decided(wish, &given.settings);
    (deed, found + 1)
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
        let (near, _) = decided_by_steps(&given, &wish);
        let all = given.decided(&wish, &given.settings);
        prop_assert!(near == all, "{} against {}", near.answer.spoken, all.answer.spoken);
    }
}

#[test]
fn no_more_is_looked_through_than_the_wish_takes() {
    let mut full = given();
    // A whole Friday.
    full.taken.push(Taken {
        appointment: apt(9),
        span: Span::of_minutes(at("2027-04-09T06:00:00Z"), 14 * 60),
    });
    for (function, arguments, steps) in [
        ("free_slots", json!({}), 1),
        ("free_slots", json!({ "date": "2027-04-30" }), 1),
        // The weekend is closed.
        ("free_slots", json!({ "from": "2027-04-10" }), 2),
        ("book", json!({ "when": "2027-04-12 11:00" }), 1),
        ("book", json!({ "when": "2027-04-12" }), 1),
        ("book", json!({}), 1),
        (
            "reschedule",
            json!({ "new_datetime": "2027-04-28 11:00" }),
            1,
        ),
        // It is not free, so others have to be found.
        ("book", json!({ "when": "2027-04-09 11:00" }), 3),
        ("free_slots", json!({ "date": "2027-04-09" }), 3),
        // Where the horizon is near, all is looked through at once.
        ("book", json!({ "when": "2027-06-04 07:00" }), 1),
    ] {
        let wish = full.read(function, arguments.clone()).unwrap();
        let (_, looked) = decided_by_steps(&full, &wish);
        assert_eq!(looked, steps, "{function} {arguments}");
    }
}
