use jiff::{Timestamp, civil::date};

use super::{super::feed::Feed, *};

const OUTLOOK: &str = "\
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T010000
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
";

const NEW_YORK: &str = "\
BEGIN:VTIMEZONE
TZID:Our office
BEGIN:DAYLIGHT
DTSTART:19870405T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T070000Z
END:DAYLIGHT
BEGIN:DAYLIGHT
DTSTART:20070311T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:20071104T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
END:VTIMEZONE
";

/// The zone that a feed gives a name.
fn defined(definition: &str, name: &str) -> Option<TimeZone> {
    let feed = format!("BEGIN:VCALENDAR\n{definition}END:VCALENDAR\n");
    let feed = Feed::read(feed.as_bytes()).unwrap();
    let days = (date(2027, 1, 1), date(2027, 12, 31));
    let mut zones = Zones::new(&feed.zones, None, &TimeZone::UTC, days);
    let when = When::parse("20270101T000000", Some(&name.into())).unwrap();
    zones.of(&when)
}

#[test]
fn a_zone_that_the_feed_defines_has_the_offsets_of_the_real_one() {
    for (definition, name, real) in [
        (OUTLOOK, "Customized Time Zone", "Europe/London"),
        (NEW_YORK, "Our office", "America/New_York"),
    ] {
        let (zone, real) = (defined(definition, name).unwrap(), by_name(real).unwrap());
        let first: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        for half_hour in 0..2 * 24 * 365 {
            let instant = first + jiff::SignedDuration::from_mins(30 * half_hour);
            assert_eq!(
                zone.to_offset(instant),
                real.to_offset(instant),
                "{instant}"
            );
        }
    }
}

#[test]
fn a_zone_is_found_by_the_names_that_programs_give_it() {
    for (name, real) in [
        ("Europe/London", Some("Europe/London")),
        (
            "/citadel.org/20190520_1/Europe/London",
            Some("Europe/London"),
        ),
        (
            "/x/America/Argentina/Buenos_Aires",
            Some("America/Argentina/Buenos_Aires"),
        ),
        ("GMT Standard Time", Some("Europe/London")),
        ("UTC", Some("UTC")),
        ("London", None),
        ("(UTC+00:00) Dublin, Edinburgh, Lisbon, London", None),
        ("Etc/Unknown", None),
        ("", None),
        ("///", None),
    ] {
        let found = by_name(name);
        let found = found.as_ref().and_then(TimeZone::iana_name);
        assert_eq!(found, real, "{name}");
    }
}

#[test]
fn a_zone_is_what_another_program_calls_it() {
    let zone = defined(
        "BEGIN:VTIMEZONE\nTZID:X\nX-LIC-LOCATION:Europe/Paris\nEND:VTIMEZONE\n",
        "X",
    );
    assert_eq!(zone.unwrap().iana_name(), Some("Europe/Paris"));
}

#[test]
fn a_zone_that_becomes_another_one_meanwhile_is_none() {
    for (what, by) in [
        ("DTSTART:20070311T020000", "DTSTART:20270314T020000"),
        (
            "BYMONTH=11;BYDAY=1SU",
            "BYMONTH=11;BYDAY=1SU;UNTIL=20271107T060000Z",
        ),
    ] {
        let definition = NEW_YORK.replace(what, by);
        assert_ne!(definition, NEW_YORK, "{what}");
        assert!(defined(&definition, "Our office").is_none(), "{by}");
    }
}

#[test]
fn one_offset_all_year_is_a_zone() {
    let zone = defined(
        "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETTO:+0545\nEND:STANDARD\nEND:VTIMEZONE\n",
        "X",
    );
    let offset = zone.unwrap().to_offset(Timestamp::UNIX_EPOCH);
    assert_eq!(offset.seconds(), 20_700);
}

#[test]
fn a_zone_that_is_not_understood_is_none() {
    for (what, by) in [
        (
            "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10",
            "RDATE:20271031T010000",
        ),
        ("BYMONTH=10", "BYMONTH=9,10"),
        ("BYDAY=-1SU;BYMONTH=10", "BYDAY=-2SU;BYMONTH=10"),
        (
            "FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3",
            "FREQ=MONTHLY;BYDAY=-1SU",
        ),
        ("TZOFFSETTO:+0000", "TZOFFSETTO:zero"),
        ("DTSTART:16010101T020000", "DTSTART:soon"),
    ] {
        let definition = OUTLOOK.replace(what, by);
        assert_ne!(definition, OUTLOOK, "{what}");
        assert!(
            defined(&definition, "Customized Time Zone").is_none(),
            "{by}"
        );
    }
    assert!(defined(OUTLOOK, "Another Time Zone").is_none());
}
