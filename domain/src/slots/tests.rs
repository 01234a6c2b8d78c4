mod oracle;

use jiff::{SignedDuration, civil::date, tz::TimeZone};

use super::*;
use crate::{
    holidays::HolidayCalendar,
    settings::{Booking, WeekHours, Window},
};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn span(from: &str, until: &str) -> Span {
    Span {
        from: at(from),
        until: at(until),
    }
}

fn every_day(windows: &[Window]) -> WeekHours {
    let day = windows.to_vec();
    WeekHours {
        monday: day.clone(),
        tuesday: day.clone(),
        wednesday: day.clone(),
        thursday: day.clone(),
        friday: day.clone(),
        saturday: day.clone(),
        sunday: day,
        holidays: HolidayCalendar::None,
    }
}

/// Open from 9 to 12 in London, every day; half-hourly, an hour's notice, two days ahead.
fn settings() -> Settings {
    Settings {
        hours: every_day(&[Window::new(9 * 60, 12 * 60)]),
        booking: Booking {
            enabled: true,
            notice_hours: 1,
            horizon_days: 2,
            ..Booking::default()
        },
        ..Settings::default()
    }
}

/// A Tuesday in winter, when London's clocks show UTC.
const NOW: &str = "2027-01-12T07:30:00Z";

fn slots(settings: &Settings, calendar: &Calendar, taken: &[Span]) -> Slots {
    Slots::new(at(NOW), settings, calendar, taken)
}

/// The starts of all free slots as `day hour:minute` in London.
fn free_of(slots: &Slots, minutes: u16) -> Vec<String> {
    let zone = TimeZone::get("Europe/London").unwrap();
    let free = slots.free(slots.bookable(), minutes);
    free.map(|slot| {
        zone.to_datetime(slot.starts_at)
            .strftime("%d %H:%M")
            .to_string()
    })
    .collect()
}

#[test]
fn slots_fill_the_hours_from_the_notice_to_the_horizon() {
    let free = free_of(&slots(&settings(), &Calendar::NotKept, &[]), 30);
    assert_eq!(
        free,
        [
            "12 09:00", "12 09:30", "12 10:00", "12 10:30", "12 11:00", "12 11:30", "13 09:00",
            "13 09:30", "13 10:00", "13 10:30", "13 11:00", "13 11:30"
        ]
    );
}

#[test]
fn a_longer_appointment_starts_on_the_same_grid_and_ends_within_hours() {
    let free = free_of(&slots(&settings(), &Calendar::NotKept, &[]), 90);
    assert_eq!(
        free,
        [
            "12 09:00", "12 09:30", "12 10:00", "12 10:30", "13 09:00", "13 09:30", "13 10:00",
            "13 10:30"
        ]
    );
}

#[test]
fn a_taken_time_and_its_buffer_are_not_offered() {
    let mut settings = settings();
    settings.booking.horizon_days = 1;
    let taken = [span("2027-01-12T10:00:00Z", "2027-01-12T10:30:00Z")];
    let free = |settings: &Settings| free_of(&slots(settings, &Calendar::NotKept, &taken), 30);
    assert_eq!(
        free(&settings),
        ["12 09:00", "12 09:30", "12 10:30", "12 11:00", "12 11:30"]
    );
    settings.booking.buffer_minutes = 10;
    assert_eq!(free(&settings), ["12 09:00", "12 11:00", "12 11:30"]);
    settings.booking.capacity = 2;
    assert_eq!(free(&settings).len(), 6);
}

#[test]
fn two_places_are_full_when_two_appointments_lie_over_one_another() {
    let mut settings = settings();
    settings.booking.capacity = 2;
    let taken = [
        span("2027-01-12T09:00:00Z", "2027-01-12T10:00:00Z"),
        span("2027-01-12T09:30:00Z", "2027-01-12T10:30:00Z"),
    ];
    let slots = slots(&settings, &Calendar::NotKept, &taken);
    let judge = |text: &str| slots.judge(at(text), 30).map(|_| ());
    assert_eq!(judge("2027-01-12T09:00:00Z"), Ok(()));
    assert_eq!(judge("2027-01-12T09:30:00Z"), Err(NotFree::Busy));
    assert_eq!(judge("2027-01-12T10:00:00Z"), Ok(()));
}

#[test]
fn time_that_no_calendar_has_told_of_is_unknown() {
    let settings = settings();
    let told = |known: &[Span], busy: &[Span]| Calendar::Kept {
        known: known.to_vec(),
        busy: busy.to_vec(),
    };
    let calendar = told(
        &[span("2027-01-12T08:00:00Z", "2027-01-12T10:15:00Z")],
        &[span("2027-01-12T09:10:00Z", "2027-01-12T09:20:00Z")],
    );
    let known = slots(&settings, &calendar, &[]);
    assert_eq!(free_of(&known, 30), ["12 09:30"]);
    let judge = |text: &str| known.judge(at(text), 30).map(|_| ());
    assert_eq!(judge("2027-01-12T09:00:00Z"), Err(NotFree::Busy));
    assert_eq!(judge("2027-01-12T10:00:00Z"), Err(NotFree::Unknown));
    assert_eq!(judge("2027-01-13T09:00:00Z"), Err(NotFree::Unknown));

    let nothing = slots(&settings, &told(&[], &[]), &[]);
    assert_eq!(nothing.offer(nothing.bookable(), 30, 3), Offer::Unknown);
    let all = span("2027-01-01T00:00:00Z", "2027-02-01T00:00:00Z");
    let full = slots(&settings, &told(&[all], &[all]), &[]);
    assert_eq!(full.offer(full.bookable(), 30, 3), Offer::NothingFree);
}

#[test]
fn a_time_is_refused_with_its_reason() {
    let mut settings = settings();
    settings.hours.wednesday = Vec::new();
    settings.hours.holidays = HolidayCalendar::Dates(vec![date(2027, 1, 14)]);
    settings.booking.horizon_days = 3;
    settings.booking.notice_hours = 2;
    let slots = slots(&settings, &Calendar::NotKept, &[]);
    for (start, expected) in [
        ("2027-01-11T09:00:00Z", Err(NotFree::Past)),
        (NOW, Err(NotFree::Past)),
        ("2027-01-12T09:00:00Z", Err(NotFree::TooSoon)),
        ("2027-01-12T09:30:00Z", Ok(())),
        ("2027-01-12T09:40:00Z", Err(NotFree::NotAStart)),
        ("2027-01-12T11:30:00Z", Ok(())),
        ("2027-01-12T12:00:00Z", Err(NotFree::OutsideHours)),
        ("2027-01-12T11:50:00Z", Err(NotFree::OutsideHours)),
        ("2027-01-13T10:00:00Z", Err(NotFree::ClosedDay)),
        ("2027-01-14T10:00:00Z", Err(NotFree::Holiday)),
        ("2027-01-15T10:00:00Z", Err(NotFree::TooFar)),
    ] {
        assert_eq!(slots.judge(at(start), 30).map(|_| ()), expected, "{start}");
    }
}

#[test]
fn no_slot_starts_where_the_clocks_skip_and_none_twice() {
    let mut settings = settings();
    settings.hours = every_day(&[Window::new(0, 4 * 60)]);
    settings.booking.notice_hours = 0;
    settings.booking.horizon_days = 1;
    let starts = |now: &str| {
        let slots = Slots::new(at(now), &settings, &Calendar::NotKept, &[]);
        free_of(&slots, 30)
    };
    assert_eq!(
        starts("2027-03-27T12:00:00Z"),
        [
            "28 00:00", "28 00:30", "28 02:00", "28 02:30", "28 03:00", "28 03:30"
        ]
    );
    assert_eq!(
        starts("2027-10-30T12:00:00Z"),
        [
            "31 00:00", "31 00:30", "31 01:00", "31 01:30", "31 02:00", "31 02:30", "31 03:00",
            "31 03:30"
        ]
    );
    let slots = Slots::new(
        at("2027-10-30T12:00:00Z"),
        &settings,
        &Calendar::NotKept,
        &[],
    );
    let second = at("2027-10-31T01:30:00Z");
    assert_eq!(slots.judge(second, 30), Err(NotFree::NotAStart));
    assert!(
        slots
            .judge(second - SignedDuration::from_hours(1), 30)
            .is_ok()
    );
}

#[test]
fn the_nearest_times_are_offered_in_order() {
    let taken = [span("2027-01-12T10:00:00Z", "2027-01-12T11:00:00Z")];
    let slots = slots(&settings(), &Calendar::NotKept, &taken);
    let near = |wanted: &str| -> Vec<String> {
        let near = slots.near(at(wanted), 30, 3);
        near.iter().map(|slot| slot.starts_at.to_string()).collect()
    };
    assert_eq!(
        near("2027-01-12T10:00:00Z"),
        [
            "2027-01-12T09:00:00Z",
            "2027-01-12T09:30:00Z",
            "2027-01-12T11:00:00Z"
        ]
    );
    let first = [
        "2027-01-12T09:00:00Z",
        "2027-01-12T09:30:00Z",
        "2027-01-12T11:00:00Z",
    ];
    assert_eq!(near("2020-01-01T00:00:00Z"), first);
    assert_eq!(near("9999-01-01T00:00:00Z"), first);
}

#[test]
fn several_calendars_are_known_where_all_are_and_busy_where_any_is() {
    let one = Reading {
        known: vec![span("2027-01-12T08:00:00Z", "2027-01-12T12:00:00Z")],
        busy: vec![span("2027-01-12T09:00:00Z", "2027-01-12T09:30:00Z")],
    };
    let other = Reading {
        known: vec![span("2027-01-12T09:00:00Z", "2027-01-13T12:00:00Z")],
        busy: vec![span("2027-01-12T09:30:00Z", "2027-01-12T10:00:00Z")],
    };
    assert_eq!(
        Calendar::of(&[one.clone(), other]),
        Calendar::Kept {
            known: vec![span("2027-01-12T09:00:00Z", "2027-01-12T12:00:00Z")],
            busy: vec![span("2027-01-12T09:00:00Z", "2027-01-12T10:00:00Z")],
        }
    );
    let silent = Calendar::of(&[one, Reading::default()]);
    assert!(matches!(silent, Calendar::Kept { known, .. } if known.is_empty()));
    assert_eq!(Calendar::of(&[]), Calendar::NotKept);
}

#[test]
fn nothing_is_offered_while_booking_is_off() {
    let mut settings = settings();
    let all = |settings: &Settings| {
        let slots = slots(settings, &Calendar::NotKept, &[]);
        slots.offer(slots.bookable(), 30, 8)
    };
    assert!(matches!(all(&settings), Offer::Free(free) if free.len() == 8));
    settings.booking.enabled = false;
    assert_eq!(all(&settings), Offer::NothingFree);
}

#[test]
fn settings_that_were_never_checked_do_no_harm() {
    let mut settings = settings();
    settings.booking = Booking {
        enabled: true,
        slot_minutes: 0,
        notice_hours: u16::MAX,
        horizon_days: u16::MAX,
        buffer_minutes: u16::MAX,
        capacity: 0,
        ..Booking::default()
    };
    for now in [Timestamp::MIN, at(NOW), Timestamp::MAX] {
        let slots = Slots::new(now, &settings, &Calendar::NotKept, &[]);
        let _ = slots.judge(now, 0);
        let _ = slots.near(now, u16::MAX, 3);
        let _ = slots.offer(slots.bookable(), 30, 3);
    }
}

#[test]
fn what_a_calendar_said_too_long_ago_is_no_reading() {
    use crate::calendar::{self, FreeBusy};
    let now = Timestamp::UNIX_EPOCH;
    let hour = SignedDuration::from_hours(1);
    let span = calendar::Span::new(now, now + hour).unwrap();
    let read = |age| Some(FreeBusy::new(vec![span], vec![span], now - age));
    let known = Span {
        from: now,
        until: now + hour,
    };
    let fresh = Reading {
        known: vec![known],
        busy: vec![known],
    };
    assert_eq!(Reading::of(read(hour), hour, now), fresh);
    let second = SignedDuration::from_secs(1);
    assert_eq!(
        Reading::of(read(hour + second), hour, now),
        Reading::default()
    );
    assert_eq!(Reading::of(None, hour, now), Reading::default());
}
