use super::*;
use crate::zone;

/// The plan of an appointment known long before, in London with default settings.
fn london(starts_at: &str, call_before_hours: u16) -> Plan {
    planned(starts_at, "2026-01-01T00:00:00Z", call_before_hours, "")
}

fn planned(starts_at: &str, known_at: &str, call_before_hours: u16, settings: &str) -> Plan {
    let zones = [zone::find("Europe/London").unwrap()];
    plan(&PlanRequest {
        starts_at: starts_at.parse().unwrap(),
        known_at: known_at.parse().unwrap(),
        call_before_hours: Some(call_before_hours),
        zones: &zones,
        settings: &Settings::from_toml(settings).unwrap(),
    })
}

fn shown(plan: &Plan) -> String {
    let at = plan.planned.map(|at| at.to_string());
    let result = at
        .or(plan.refused.map(|reason| reason.to_string()))
        .unwrap();
    format!("{} {result}", plan.adjustment)
}

#[test]
fn an_open_ideal_time_is_the_plan() {
    // Thursday 2 p.m., asked on Wednesday.
    let plan = london("2027-01-14T14:00:00Z", 24);
    assert_eq!(shown(&plan), "none 2027-01-13T14:00:00Z");
    assert_eq!(
        plan.reasons,
        [
            "24 hours before the appointment on Thursday 14 January 2027, 14:00 (Europe/London) is \
             Wednesday 13 January 2027, 14:00 (Europe/London)",
            "that is inside the calling hours",
        ]
    );
}

#[test]
fn a_closed_ideal_time_moves_forward_to_the_opening() {
    assert_eq!(
        shown(&london("2027-01-14T12:00:00Z", 6)),
        "forward 2027-01-14T08:00:00Z"
    );
    let plan = london("2027-01-11T15:00:00Z", 24);
    assert_eq!(shown(&plan), "forward 2027-01-11T08:00:00Z");
    assert_eq!(
        plan.reasons[1..],
        [
            "Sunday 10 January 2027 has no calling hours",
            "moved forward to the first open time, Monday 11 January 2027, 08:00 (Europe/London)"
        ]
    );
}

#[test]
fn a_forward_time_too_near_moves_backward_before_closing() {
    // Tuesday after Easter at 09:00: Saturday to Monday are closed, Good Friday too.
    let plan = london("2027-03-30T08:00:00Z", 24);
    assert_eq!(shown(&plan), "backward 2027-03-25T19:00:00Z");
    assert_eq!(
        plan.reasons,
        [
            "24 hours before the appointment on Tuesday 30 March 2027, 09:00 (Europe/London) is \
             Monday 29 March 2027, 09:00 (Europe/London)",
            "Monday 29 March 2027 is a holiday: Easter Monday",
            "the next open time, Tuesday 30 March 2027, 08:00 (Europe/London), is less than 2 hours before the appointment",
            "moved backward to Thursday 25 March 2027, 19:00 (Europe/London), the latest time at least 60 minutes \
             before the calling hours end",
        ]
    );
}

#[test]
fn exactly_the_minimum_lead_is_enough() {
    assert_eq!(
        shown(&london("2027-01-11T10:00:00Z", 24)),
        "forward 2027-01-11T08:00:00Z"
    );
    assert_eq!(
        shown(&london("2027-01-11T09:59:59Z", 24)),
        "backward 2027-01-08T19:00:00Z"
    );
}

#[test]
fn an_hour_before_is_kept_when_it_is_open_although_it_is_less_than_the_lead() {
    assert_eq!(
        shown(&london("2027-01-14T14:00:00Z", 1)),
        "none 2027-01-14T13:00:00Z"
    );
    // But not in the last hour of the day.
    assert_eq!(
        shown(&london("2027-01-14T20:30:00Z", 1)),
        "backward 2027-01-14T19:00:00Z"
    );
}

#[test]
fn a_backward_time_that_is_past_becomes_forward_if_the_buffer_permits() {
    // Known on Sunday, so Friday evening is past; Monday 08:00 leaves an hour and a half.
    let plan = planned("2027-01-11T09:30:00Z", "2027-01-10T09:00:00Z", 24, "");
    assert_eq!(shown(&plan), "forward 2027-01-11T08:00:00Z");
    assert!(
        plan.reasons
            .iter()
            .any(|words| words.starts_with("no earlier time")),
        "{plan:?}"
    );
    let plan = planned("2027-01-11T09:00:00Z", "2027-01-10T09:00:00Z", 24, "");
    assert_eq!(shown(&plan), "forward 2027-01-11T08:00:00Z");
    let plan = planned("2027-01-11T08:59:59Z", "2027-01-10T08:00:00Z", 24, "");
    assert_eq!(shown(&plan), "none no_open_time");
    assert!(plan.reasons.len() >= 3, "{plan:?}");
}

#[test]
fn a_late_booking_is_called_soon_or_skipped() {
    let (start, known) = ("2027-01-14T14:00:00Z", "2027-01-14T07:00:00Z");
    assert_eq!(
        shown(&planned(start, known, 24, "")),
        "late 2027-01-14T08:00:00Z"
    );
    assert_eq!(
        shown(&planned(start, "2027-01-14T12:59:00Z", 24, "")),
        "late 2027-01-14T12:59:00Z"
    );
    assert_eq!(
        shown(&planned(start, "2027-01-14T13:00:00Z", 24, "")),
        "late 2027-01-14T13:00:00Z"
    );
    assert_eq!(
        shown(&planned(start, "2027-01-14T13:00:01Z", 24, "")),
        "late no_open_time"
    );
    let skip = "[reminders]\nlate_booking = \"skip\"";
    assert_eq!(shown(&planned(start, known, 24, skip)), "late late_booking");
    assert_eq!(
        shown(&planned(start, "2027-01-13T14:00:00Z", 24, skip)),
        "none 2027-01-13T14:00:00Z"
    );
}

#[test]
fn an_appointment_already_past_is_refused() {
    let start = "2027-01-14T14:00:00Z";
    assert_eq!(
        shown(&planned(start, start, 24, "")),
        "none appointment_past"
    );
    assert_eq!(
        shown(&planned(
            start,
            "2028-01-14T14:00:00Z",
            24,
            "[reminders]\nlate_booking = \"skip\""
        )),
        "none appointment_past"
    );
}

#[test]
fn hours_before_are_elapsed_hours_when_the_clocks_change() {
    // From 09:00 summer time back 24 hours is 08:00 winter time.
    let weekend = "[hours]\nsaturday = [\"07:00-20:00\"]\nsunday = [\"07:00-20:00\"]";
    let plan = planned("2027-03-28T08:00:00Z", "2027-01-01T00:00:00Z", 24, weekend);
    assert_eq!(shown(&plan), "none 2027-03-27T08:00:00Z");
    let plan = planned("2026-10-25T09:00:00Z", "2026-01-01T00:00:00Z", 24, weekend);
    assert!(
        plan.reasons[0].ends_with("Saturday 24 October 2026, 10:00 (Europe/London)"),
        "{plan:?}"
    );
}

#[test]
fn a_window_edge_in_the_gap_opens_at_the_gaps_end() {
    let night = "[hours]\nsunday = [\"01:30-05:00\"]";
    let plan = planned("2027-03-28T20:00:00Z", "2027-01-01T00:00:00Z", 20, night);
    assert_eq!(shown(&plan), "forward 2027-03-28T01:00:00Z");
}

#[test]
fn an_appointment_in_a_repeated_hour_says_which() {
    let first = london("2026-10-25T00:30:00Z", 24);
    assert_eq!(
        first.reasons[0],
        "the clocks of Europe/London show 01:30 twice on that day; the appointment is at the first"
    );
    assert!(london("2026-10-25T01:30:00Z", 24).reasons[0].ends_with("second"));
}

#[test]
fn the_way_back_respects_a_buffer_longer_than_the_hours_before() {
    let long_buffer = "[reminders]\nappointment_buffer_hours = 3\nminimum_lead_hours = 3";
    let plan = planned(
        "2027-01-14T14:00:00Z",
        "2026-01-01T00:00:00Z",
        1,
        long_buffer,
    );
    assert_eq!(shown(&plan), "backward 2027-01-14T11:00:00Z");
}

#[test]
fn hours_before_outside_the_range_are_taken_as_the_nearest_and_said() {
    let plan = london("2027-01-14T14:00:00Z", 500);
    assert_eq!(shown(&plan), "none 2027-01-07T14:00:00Z");
    assert_eq!(plan.reasons[0], "500 hours asked for, taken as 168");
}

#[test]
fn every_closed_day_on_the_way_forward_is_named() {
    // Christmas 2027 falls on a weekend: 90 hours before Wednesday is Saturday, and both are made up for.
    let plan = london("2027-12-29T15:00:00Z", 90);
    assert_eq!(shown(&plan), "forward 2027-12-29T08:00:00Z");
    assert_eq!(
        plan.reasons[1..5],
        [
            "Saturday 25 December 2027 has no calling hours",
            "Sunday 26 December 2027 has no calling hours",
            "Monday 27 December 2027 is a holiday: substitute day for Christmas Day",
            "Tuesday 28 December 2027 is a holiday: substitute day for Boxing Day",
        ]
    );
}

#[test]
fn extreme_instants_do_not_break_planning() {
    let zones = [zone::find("Pacific/Auckland").unwrap()];
    for (starts_at, known_at) in [
        (Timestamp::MAX, Timestamp::MIN),
        (Timestamp::MIN, Timestamp::MIN),
        (Timestamp::MAX, Timestamp::MAX),
    ] {
        let settings = Settings::default();
        let plan = plan(&PlanRequest {
            starts_at,
            known_at,
            call_before_hours: None,
            zones: &zones,
            settings: &settings,
        });
        assert!(plan.planned.is_some() != plan.refused.is_some());
    }
}
