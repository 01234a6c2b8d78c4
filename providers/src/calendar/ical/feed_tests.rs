use domain::calendar::common;
use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn span(start: &str, end: &str) -> Span {
    Span::new(at(start), at(end)).unwrap()
}

fn london() -> TimeZone {
    TimeZone::get("Europe/London").unwrap()
}

/// The last week of March 2027, in which the clocks are put forward.
fn week() -> Span {
    span("2027-03-26T00:00:00Z", "2027-04-02T00:00:00Z")
}

fn feed(content: &str) -> Feed {
    Feed::read(format!("BEGIN:VCALENDAR\n{content}\nEND:VCALENDAR\n").as_bytes()).unwrap()
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\nUID:1\n{lines}\nEND:VEVENT\n")
}

fn read(content: &str) -> FreeBusy {
    feed(content).free_busy(week(), &london(), week().start)
}

/// Spans as `26 09:00-10:00`: the day, and the times in UTC. A later day of the end comes before its time.
fn shown(spans: &[Span]) -> Vec<String> {
    let zone = TimeZone::UTC;
    let show = |span: &Span| {
        let (start, end) = (zone.to_datetime(span.start), zone.to_datetime(span.end));
        let day = match start.date() == end.date() {
            true => String::new(),
            false => end.strftime("%d ").to_string(),
        };
        format!(
            "{}-{day}{}",
            start.strftime("%d %H:%M"),
            end.strftime("%H:%M")
        )
    };
    spans.iter().map(show).collect()
}

fn busy(content: &str) -> Vec<String> {
    let read = read(content);
    assert_eq!(read.known, [week()], "{content}");
    shown(&read.busy)
}

#[test]
fn each_way_to_write_an_event_takes_its_time() {
    for (lines, expected) in [
        (
            "DTSTART:20270326T090000Z\nDTEND:20270326T100000Z",
            "26 09:00-10:00",
        ),
        (
            "DTSTART:20270329T090000\nDTEND:20270329T100000",
            "29 08:00-09:00",
        ),
        (
            "DTSTART;TZID=America/New_York:20270326T090000\nDURATION:PT45M",
            "26 13:00-13:45",
        ),
        (
            "DTSTART;TZID=\"GMT Standard Time\":20270329T090000\nDURATION:PT1H",
            "29 08:00-09:00",
        ),
        (
            "DTSTART;TZID=Europe/London:20270326T090000\nDTEND;TZID=Europe/Paris:20270326T110000",
            "26 09:00-10:00",
        ),
        ("DTSTART;VALUE=DATE:20270327", "27 00:00-28 00:00"),
        (
            "DTSTART;VALUE=DATE:20270327\nDTEND;VALUE=DATE:20270329",
            "27 00:00-28 23:00",
        ),
        (
            "DTSTART;VALUE=DATE:20270327\nDURATION:P2D",
            "27 00:00-28 23:00",
        ),
        (
            "DTSTART:20270325T230000Z\nDTEND:20270326T010000Z",
            "26 00:00-01:00",
        ),
    ] {
        assert_eq!(busy(&event(lines)), [expected], "{lines}");
    }
}

#[test]
fn what_takes_no_time_is_not_busy() {
    let nine = "DTSTART:20270326T090000Z\nDTEND:20270326T100000Z";
    for lines in [
        format!("{nine}\nSTATUS:CANCELLED"),
        format!("{nine}\nTRANSP:TRANSPARENT"),
        "DTSTART:20270326T090000Z".to_owned(),
        "DTSTART:20270101T090000Z\nDTEND:20270101T100000Z".to_owned(),
        "DTSTART:nonsense\nSTATUS:CANCELLED".to_owned(),
    ] {
        assert_eq!(busy(&event(&lines)), [""; 0], "{lines}");
    }
    assert_eq!(
        busy("BEGIN:VTODO\nDTSTART:20270326T090000Z\nDURATION:PT1H\nEND:VTODO"),
        [""; 0]
    );
}

#[test]
fn a_series_keeps_its_time_by_the_clock_when_the_clocks_change() {
    let lines = "DTSTART;TZID=Europe/London:20200106T090000\nDTEND;TZID=Europe/London:20200106T093000\nRRULE:FREQ=WEEKLY;BYDAY=FR,MO";
    assert_eq!(busy(&event(lines)), ["26 09:00-09:30", "29 08:00-08:30"]);
}

#[test]
fn some_of_a_series_can_be_removed_moved_freed_and_added() {
    let series = "DTSTART;TZID=Europe/London:20270301T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20270331T080000Z\n";
    let series = format!(
        "{series}EXDATE;TZID=Europe/London:20270326T090000,20270327T090000\nEXDATE:20270331T080000Z\nRDATE;VALUE=PERIOD:20270401T120000Z/PT2H"
    );
    let moved = "RECURRENCE-ID;TZID=Europe/London:20270328T090000\nDTSTART:20270328T150000Z\nDURATION:PT30M";
    let freed = "RECURRENCE-ID:20270329T080000Z\nDTSTART:20270329T080000Z\nDURATION:PT1H\nTRANSP:TRANSPARENT";
    let content = [event(moved), event(&series), event(freed)].concat();
    assert_eq!(
        busy(&content),
        ["28 15:00-15:30", "30 08:00-09:00", "01 12:00-14:00"]
    );
}

#[test]
fn only_its_own_series_is_changed_by_what_replaces_one() {
    let other = "BEGIN:VEVENT\nUID:2\nRECURRENCE-ID:20270326T090000Z\nDTSTART:20270326T120000Z\nDURATION:PT1H\nEND:VEVENT\n";
    let nameless = other.replace("UID:2\n", "");
    let series = "DTSTART:20270326T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=1";
    for other in [other, &nameless] {
        let content = format!("{other}{}", event(series));
        assert_eq!(busy(&content), ["26 09:00-10:00", "26 12:00-13:00"]);
    }
}

#[test]
fn times_without_a_zone_are_those_of_the_calendar_or_else_of_the_tenant() {
    let nine = event("DTSTART:20270326T090000\nDURATION:PT1H");
    for (zone, expected) in [
        ("", "26 09:00-10:00"),
        ("X-WR-TIMEZONE:Europe/Berlin\n", "26 08:00-09:00"),
        ("X-WR-TIMEZONE:Nowhere\n", "26 09:00-10:00"),
    ] {
        assert_eq!(busy(&format!("{zone}{nine}")), [expected]);
    }
}

#[test]
fn stretches_of_a_free_busy_part_are_taken_unless_free() {
    let content = "BEGIN:VFREEBUSY\nFREEBUSY:20270326T090000Z/20270326T100000Z,20270327T090000Z/PT1H\nFREEBUSY;FBTYPE=FREE:20270326T110000Z/PT1H\nFREEBUSY;FBTYPE=BUSY-TENTATIVE:20270328T090000Z/PT1H\nEND:VFREEBUSY";
    assert_eq!(
        busy(content),
        ["26 09:00-10:00", "27 09:00-10:00", "28 09:00-10:00"]
    );
}

#[test]
fn an_alarm_inside_an_event_changes_nothing() {
    let lines = "DTSTART:20270326T090000Z\nBEGIN:VALARM\nDURATION:PT9H\nTRIGGER:-PT10M\nEND:VALARM\nDTEND:20270326T100000Z";
    assert_eq!(busy(&event(lines)), ["26 09:00-10:00"]);
}

#[test]
fn what_is_not_understood_is_unknown_and_never_free() {
    let nine = "DTSTART:20270328T090000Z\nDURATION:PT1H";
    for (lines, known) in [
        // When it is, nobody knows.
        ("DURATION:PT1H", vec![]),
        ("DTSTART:soon\nDURATION:PT1H", vec![]),
        // A zone that says nothing: somewhere around that time.
        (
            "DTSTART;TZID=Nowhere:20270328T120000\nDURATION:PT1H",
            vec!["26 00:00-27 20:00", "29 21:00-02 00:00"],
        ),
        (
            "DTSTART;TZID=Nowhere:20270328T120000\nRRULE:FREQ=DAILY;COUNT=2\nDURATION:PT1H",
            vec!["26 00:00-27 20:00"],
        ),
        // A rule or a length that says nothing: from the first on.
        (
            &format!("{nine}\nRRULE:FREQ=FORTNIGHTLY"),
            vec!["26 00:00-27 17:00"],
        ),
        (
            "DTSTART:20270328T090000Z\nDTEND:late",
            vec!["26 00:00-27 17:00"],
        ),
        (&format!("{nine}\nRDATE:some"), vec!["26 00:00-27 17:00"]),
        // One that ends before it starts.
        (
            "DTSTART:20270328T120000Z\nDTEND:20270328T110000Z",
            vec!["26 00:00-27 19:00", "29 20:00-02 00:00"],
        ),
    ] {
        let read = read(&event(lines));
        assert_eq!(shown(&read.known), known, "{lines}");
    }
}

#[test]
fn a_series_that_is_changed_from_one_on_is_unknown_from_there() {
    let series = "DTSTART:20270301T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY";
    let changed = "RECURRENCE-ID;RANGE=THISANDFUTURE:20270328T090000Z\nDTSTART:20270328T150000Z\nDURATION:PT1H";
    let read = read(&[event(series), event(changed)].concat());
    assert_eq!(shown(&read.known), ["26 00:00-28 09:00"]);
}

#[test]
fn a_rule_of_every_second_for_ever_is_unknown_after_a_while() {
    for started in ["20270326T000000Z", "19700101T000000Z"] {
        let lines = format!("DTSTART:{started}\nDURATION:PT1S\nRRULE:FREQ=SECONDLY;INTERVAL=2");
        let read = read(&event(&lines));
        let known = read.known.first().copied();
        let known = known.map_or(SignedDuration::ZERO, |known| {
            known.end.duration_since(known.start)
        });
        assert!(known < SignedDuration::from_hours(48), "{known}");
        assert!(read.busy.len() <= 20_000);
    }
}

#[test]
fn many_wild_rules_do_not_add_up() {
    let wild =
        event("DTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY;COUNT=4000000000");
    let read = read(&wild.repeat(2_000));
    assert_eq!((read.known.len(), read.busy.len()), (0, 0));
}

#[test]
fn what_is_no_feed_says_so() {
    let event = event("DTSTART:20270326T090000Z\nDURATION:PT1H");
    for (text, expected) in [
        (String::new(), NoFeed::NotACalendar),
        (
            "<!doctype html>\n<a href=\"x:y\">Sign in</a>\n".to_owned(),
            NoFeed::NotACalendar,
        ),
        (event.clone(), NoFeed::NotACalendar),
        (format!("BEGIN:VCALENDAR\n{event}"), NoFeed::Broken),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n".to_owned(),
            NoFeed::Broken,
        ),
        ("END:VCALENDAR\n".to_owned(), NoFeed::NotACalendar),
        (
            format!(
                "BEGIN:VCALENDAR\n{}END:VCALENDAR\n",
                "BEGIN:VEVENT\nEND:VEVENT\n".repeat(50_001)
            ),
            NoFeed::TooManyEvents,
        ),
    ] {
        let start: String = text.chars().take(60).collect();
        assert_eq!(Feed::read(text.as_bytes()).err(), Some(expected), "{start}");
    }
}

#[test]
fn a_feed_without_events_is_free() {
    assert_eq!(busy("VERSION:2.0"), [""; 0]);
    let with_mark = Feed::read("\u{feff}BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n".as_bytes());
    assert!(with_mark.is_ok());
}

/// Lines as they may stand in a feed, whole and damaged.
fn any_line() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VTIMEZONE",
        "END:VTIMEZONE",
        "BEGIN:STANDARD",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "END:DAYLIGHT",
        "DTSTART:",
        "DTSTART;TZID=X:",
        "DTSTART;VALUE=DATE:",
        "DTEND:",
        "DURATION:",
        "RRULE:",
        "RDATE:",
        "EXDATE:",
        "UID:",
        "RECURRENCE-ID:",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:",
        "TZID:",
        "TZOFFSETTO:",
        "X-WR-TIMEZONE:",
        "FREEBUSY:",
        " ",
        ";;",
        "\"",
    ]);
    let value = prop_oneof![
        Just(String::new()),
        Just("20270326T090000".to_owned()),
        Just("99991231T235959Z".to_owned()),
        Just("00000101".to_owned()),
        Just("20270326".to_owned()),
        Just("P99999999999D".to_owned()),
        Just("PT1H".to_owned()),
        Just("FREQ=DAILY".to_owned()),
        Just("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;COUNT=9".to_owned()),
        Just("19700101T000000Z/P9999999W".to_owned()),
        Just("-2359".to_owned()),
        Just("X".to_owned()),
        any::<String>(),
    ];
    (name, value).prop_map(|(name, value)| format!("{name}{value}\n"))
}

proptest! {
    #[test]
    fn nothing_in_a_feed_does_harm(lines in prop::collection::vec(any_line(), 0..30)) {
        let text = format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", lines.concat());
        if let Ok(feed) = Feed::read(text.as_bytes()) {
            let read = feed.free_busy(week(), &london(), week().start);
            prop_assert!(read.busy.iter().chain(&read.known).all(|span| week().covers(*span)));
        }
    }

    #[test]
    fn a_shorter_span_says_the_same(lines in prop::collection::vec(any_line(), 0..12), day in 0i64..6) {
        let text = event(&lines.concat());
        if let Ok(feed) = Feed::read(format!("BEGIN:VCALENDAR\n{text}END:VCALENDAR").as_bytes()) {
            let start = week().start + SignedDuration::from_hours(24 * day);
            let day = Span { start, end: start + SignedDuration::from_hours(24) };
            let of_week = feed.free_busy(week(), &london(), start);
            let of_day = feed.free_busy(day, &london(), start);
            let both = common(&of_week.known, &of_day.known);
            prop_assert_eq!(common(&of_week.busy, &both), common(&of_day.busy, &both));
        }
    }

    #[test]
    fn no_event_does_harm(lines in prop::collection::vec(any_line(), 0..12)) {
        let text = event(&lines.concat());
        if let Ok(feed) = Feed::read(format!("BEGIN:VCALENDAR\n{text}END:VCALENDAR").as_bytes()) {
            let read = feed.free_busy(Span::ALWAYS, &london(), week().start);
            prop_assert!(read.busy.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }

    #[test]
    fn no_bytes_do_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut feed = b"BEGIN:VCALENDAR\n".to_vec();
        feed.extend(bytes);
        let _ = Feed::read(&feed);
    }
}
