use jiff::tz::TimeZone;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(toml: &str, zones: &[&str]) -> Hours {
    let settings = Settings::from_toml(&format!("[hours]\nholidays = \"none\"\n{toml}")).unwrap();
    let zones: Vec<TimeZone> = zones
        .iter()
        .map(|zone| TimeZone::get(zone).unwrap())
        .collect();
    Hours::new(&settings, &zones)
}

fn every_day(windows: &str) -> String {
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    days.map(|day| format!("{day} = [{windows}]\n")).concat()
}

fn openings(hours: &Hours, from: &str, to: &str) -> Vec<String> {
    hours
        .openings(at(from), at(to))
        .map(|open| format!("{} {}", open.from, open.until))
        .collect()
}

#[test]
fn a_window_is_open_at_its_start_and_closed_at_its_end() {
    let hours = hours("", &["Europe/London"]);
    assert_eq!(
        hours.closed_reason(at("2027-01-11T07:59:59.999Z")),
        Some(Reason::OutsideHours)
    );
    assert_eq!(hours.closed_reason(at("2027-01-11T08:00:00Z")), None);
    assert_eq!(hours.closed_reason(at("2027-01-11T19:59:59.999Z")), None);
    assert_eq!(
        hours.closed_reason(at("2027-01-11T20:00:00Z")),
        Some(Reason::OutsideHours)
    );
    assert_eq!(
        hours.closed_reason(at("2027-01-10T12:00:00Z")),
        Some(Reason::ClosedDay)
    );
}

#[test]
fn a_holiday_is_closed_by_its_date_in_the_zone() {
    let settings = Settings::from_toml("[hours]\nholidays = [\"2027-01-12\"]").unwrap();
    let auckland = Hours::new(&settings, &[TimeZone::get("Pacific/Auckland").unwrap()]);
    assert_eq!(
        auckland.closed_reason(at("2027-01-11T20:00:00Z")),
        Some(Reason::Holiday)
    );
    assert_eq!(auckland.closed_reason(at("2027-01-12T20:00:00Z")), None);
}

#[test]
fn an_edge_inside_a_gap_moves_to_the_gaps_end() {
    let opening = hours(&every_day("\"01:30-05:00\""), &["Europe/London"]);
    assert_eq!(
        openings(&opening, "2027-03-28T00:00:00Z", "2027-03-28T12:00:00Z"),
        ["2027-03-28T01:00:00Z 2027-03-28T04:00:00Z"]
    );
    let closing = hours(&every_day("\"00:00-01:30\""), &["Europe/London"]);
    assert_eq!(
        openings(&closing, "2027-03-27T23:00:00Z", "2027-03-28T12:00:00Z"),
        ["2027-03-28T00:00:00Z 2027-03-28T01:00:00Z"]
    );
    let swallowed = hours(&every_day("\"01:15-01:45\""), &["Europe/London"]);
    assert_eq!(
        openings(&swallowed, "2027-03-28T00:00:00Z", "2027-03-28T12:00:00Z"),
        [""; 0]
    );
}

#[test]
fn an_edge_inside_a_repeated_hour_never_opens_outside_the_window() {
    let opening = hours(&every_day("\"01:30-05:00\""), &["Europe/London"]);
    assert_eq!(
        openings(&opening, "2026-10-25T00:00:00Z", "2026-10-25T12:00:00Z"),
        [
            "2026-10-25T00:30:00Z 2026-10-25T01:00:00Z",
            "2026-10-25T01:30:00Z 2026-10-25T05:00:00Z"
        ]
    );
}

#[test]
fn half_hour_changes_are_followed() {
    let lord_howe = hours(&every_day("\"02:15-03:00\""), &["Australia/Lord_Howe"]);
    // 2026-10-04: 02:00 becomes 02:30 (from +10:30 to +11).
    assert_eq!(
        openings(&lord_howe, "2026-10-03T12:00:00Z", "2026-10-04T00:00:00Z"),
        ["2026-10-03T15:30:00Z 2026-10-03T16:00:00Z"]
    );
}

#[test]
fn a_day_that_begins_at_one_is_open_from_one() {
    // Beirut: 2027-03-28 begins at 01:00.
    let beirut = hours(&every_day("\"00:00-03:00\""), &["Asia/Beirut"]);
    assert_eq!(
        openings(&beirut, "2027-03-27T18:00:00Z", "2027-03-28T12:00:00Z"),
        ["2027-03-27T22:00:00Z 2027-03-28T00:00:00Z"]
    );
    // São Paulo's last change of this kind was on 2018-11-04.
    let sao_paulo = hours(&every_day("\"00:30-03:00\""), &["America/Sao_Paulo"]);
    assert_eq!(
        openings(&sao_paulo, "2018-11-04T00:00:00Z", "2018-11-04T12:00:00Z"),
        ["2018-11-04T03:00:00Z 2018-11-04T05:00:00Z"]
    );
}

#[test]
fn an_hour_repeated_across_midnight_belongs_to_the_day_it_shows() {
    // Asunción: 2024-03-24 00:00 became 23:00 of the 23rd, and 2024-10-06 began at 01:00.
    let evening = hours(&every_day("\"23:30-24:00\""), &["America/Asuncion"]);
    assert_eq!(
        openings(&evening, "2024-03-23T12:00:00Z", "2024-03-24T12:00:00Z"),
        [
            "2024-03-24T02:30:00Z 2024-03-24T03:00:00Z",
            "2024-03-24T03:30:00Z 2024-03-24T04:00:00Z"
        ]
    );
    let night = hours(&every_day("\"00:30-03:00\""), &["America/Asuncion"]);
    assert_eq!(
        openings(&night, "2024-10-05T12:00:00Z", "2024-10-06T12:00:00Z"),
        ["2024-10-06T04:00:00Z 2024-10-06T06:00:00Z"]
    );
}

#[test]
fn a_skipped_day_has_no_hours() {
    let apia = hours(&every_day("\"08:00-20:00\""), &["Pacific/Apia"]);
    // 2011-12-30 was never shown in Samoa: after the 29th came the 31st.
    assert_eq!(
        openings(&apia, "2011-12-29T11:00:00Z", "2011-12-31T09:00:00Z"),
        [
            "2011-12-29T18:00:00Z 2011-12-30T06:00:00Z",
            "2011-12-30T18:00:00Z 2011-12-31T06:00:00Z"
        ]
    );
}

#[test]
fn ramadan_moves_the_clocks_of_casablanca() {
    let casablanca = hours(&every_day("\"08:00-09:00\""), &["Africa/Casablanca"]);
    // Ramadan of 2026: +00 from 15 February to 22 March, +01 otherwise.
    assert_eq!(
        openings(&casablanca, "2026-02-14T00:00:00Z", "2026-02-15T00:00:00Z"),
        ["2026-02-14T07:00:00Z 2026-02-14T08:00:00Z"]
    );
    assert_eq!(
        openings(&casablanca, "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
        ["2026-03-01T08:00:00Z 2026-03-01T09:00:00Z"]
    );
    assert_eq!(
        openings(&casablanca, "2026-03-23T00:00:00Z", "2026-03-24T00:00:00Z"),
        ["2026-03-23T07:00:00Z 2026-03-23T08:00:00Z"]
    );
}

#[test]
fn only_the_overlap_of_several_zones_is_open() {
    let both = hours("", &["Europe/London", "America/New_York"]);
    assert_eq!(
        openings(&both, "2027-01-11T00:00:00Z", "2027-01-12T00:00:00Z"),
        ["2027-01-11T13:00:00Z 2027-01-11T20:00:00Z"]
    );
    assert_eq!(
        both.closed(at("2027-01-11T12:00:00Z"))
            .unwrap()
            .zone
            .iana_name(),
        Some("America/New_York")
    );
}

#[test]
fn zones_that_never_overlap_never_open_and_the_search_ends() {
    let never = hours(
        &every_day("\"09:00-10:00\""),
        &["Europe/London", "Pacific/Apia"],
    );
    assert_eq!(
        never.first_open_at_or_after(at("2027-01-11T00:00:00Z"), at("2029-01-11T00:00:00Z")),
        None
    );
    assert_eq!(
        never.last_start_at_or_before(at("2029-01-11T00:00:00Z"), 60, at("2027-01-11T00:00:00Z")),
        None
    );
}

#[test]
fn windows_that_touch_across_midnight_are_one_opening() {
    let night = hours(
        "monday = [\"22:00-24:00\"]\ntuesday = [\"00:00-02:00\", \"02:00-03:00\"]",
        &["UTC"],
    );
    assert_eq!(
        openings(&night, "2027-01-11T12:00:00Z", "2027-01-12T12:00:00Z"),
        ["2027-01-11T22:00:00Z 2027-01-12T03:00:00Z"]
    );
    assert_eq!(
        night.last_start_at_or_before(at("2027-01-11T23:45:00Z"), 60, at("2027-01-11T00:00:00Z")),
        Some(at("2027-01-11T23:45:00Z"))
    );
    assert_eq!(
        night.last_start_at_or_before(at("2027-01-12T02:30:00Z"), 60, at("2027-01-11T00:00:00Z")),
        Some(at("2027-01-12T02:00:00Z"))
    );
}

#[test]
fn hours_around_the_clock_are_one_opening() {
    let always = hours(&every_day("\"00:00-24:00\""), &["Europe/London"]);
    assert_eq!(
        openings(&always, "2027-01-01T00:00:00Z", "2027-06-01T00:00:00Z"),
        ["2027-01-01T00:00:00Z 2027-06-01T00:00:00Z"]
    );
}

#[test]
fn the_last_start_leaves_its_minutes_before_closing() {
    let hours = hours("", &["Europe/London"]);
    let long_ago = at("2026-12-01T00:00:00Z");
    let last = |instant: &str, minutes| {
        hours
            .last_start_at_or_before(at(instant), minutes, long_ago)
            .map(|start| start.to_string())
    };
    assert_eq!(
        last("2027-01-11T15:20:30Z", 60).as_deref(),
        Some("2027-01-11T15:20:30Z")
    );
    assert_eq!(
        last("2027-01-11T19:00:00Z", 60).as_deref(),
        Some("2027-01-11T19:00:00Z")
    );
    assert_eq!(
        last("2027-01-11T19:00:01Z", 60).as_deref(),
        Some("2027-01-11T19:00:00Z")
    );
    assert_eq!(
        last("2027-01-11T08:00:00Z", 60).as_deref(),
        Some("2027-01-11T08:00:00Z")
    );
    assert_eq!(
        last("2027-01-11T07:59:59Z", 60).as_deref(),
        Some("2027-01-08T19:00:00Z")
    );
    assert_eq!(
        last("2027-01-11T19:59:30Z", 0).as_deref(),
        Some("2027-01-11T19:59:30Z")
    );
    assert_eq!(
        last("2027-01-11T20:00:00Z", 0).as_deref(),
        Some("2027-01-11T19:59:00Z")
    );
    assert_eq!(last("2027-01-11T20:00:00Z", 721), None);
    assert_eq!(
        hours.last_start_at_or_before(at("2027-01-11T07:00:00Z"), 60, at("2027-01-08T19:00:01Z")),
        None
    );
}

#[test]
fn the_ends_of_time_are_survived() {
    let hours = hours("", &["Europe/London", "Pacific/Auckland"]);
    assert_eq!(
        hours.first_open_at_or_after(Timestamp::MAX, Timestamp::MAX),
        None
    );
    hours.first_open_at_or_after(Timestamp::MIN, Timestamp::MIN);
    hours.last_start_at_or_before(
        Timestamp::MAX,
        60,
        shift(Timestamp::MAX, SignedDuration::from_hours(-100)),
    );
    hours.is_open(Timestamp::MIN);
}
