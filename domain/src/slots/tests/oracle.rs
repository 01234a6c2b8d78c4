//! A slow second opinion: it reads the clock on the wall minute by minute, and counts.
//!
//! Everything given lies on whole minutes, but for the moment of asking.

use std::collections::HashMap;

use jiff::civil::{Date, DateTime};
use proptest::prelude::*;

use super::*;

const MINUTE: SignedDuration = SignedDuration::from_secs(60);

/// Zones and days on which their clocks change, at midnight and by half an hour too.
const CHANGES: &[(&str, &str)] = &[
    ("Europe/London", "2027-03-28T01:00:00Z"),
    ("Europe/London", "2027-10-31T01:00:00Z"),
    ("America/New_York", "2027-03-14T07:00:00Z"),
    ("America/New_York", "2027-11-07T06:00:00Z"),
    ("Australia/Lord_Howe", "2027-10-02T15:30:00Z"),
    ("Australia/Lord_Howe", "2027-04-03T15:00:00Z"),
    ("Africa/Cairo", "2027-04-29T22:00:00Z"),
    ("Africa/Cairo", "2027-10-28T21:00:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ("America/Sao_Paulo", "2018-02-18T02:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Asia/Kathmandu", "2027-06-15T12:00:00Z"),
];

/// Where stretches start, in minutes from the last whole minute, and how long they are.
type Stretches = Vec<(i64, i64)>;

/// A business at a moment: everything that decides about its slots.
#[derive(Debug, Clone)]
struct Case {
    zone: &'static str,
    now: Timestamp,
    windows: Vec<Vec<(u16, u16)>>,
    closed: Vec<i8>,
    booking: Booking,
    length: u16,
    /// What is known and what is busy; `None` when no calendar is kept.
    calendar: Option<(Stretches, Stretches)>,
    taken: Stretches,
}

/// What the oracle found about one minute.
#[derive(Clone, Copy)]
struct Minute {
    open: bool,
    free_of_calendar: bool,
    known: bool,
    taken: usize,
    /// On the grid, read for the first time.
    start: bool,
}

impl Case {
    fn minute_of_now(&self) -> Timestamp {
        let seconds = self.now.as_second();
        Timestamp::from_second(seconds - seconds.rem_euclid(60)).unwrap()
    }

    fn spans(&self, minutes: &[(i64, i64)]) -> Vec<Span> {
        let at = |minutes: i64| self.minute_of_now() + SignedDuration::from_mins(minutes);
        let spans = minutes.iter().map(|(from, length)| Span {
            from: at(*from),
            until: at(from + length),
        });
        spans.collect()
    }

    fn holidays(&self) -> Vec<Date> {
        let zone = TimeZone::get(self.zone).unwrap();
        let today = zone.to_datetime(self.now).date();
        let day = |ahead: &i8| today + jiff::Span::new().days(i64::from(*ahead));
        self.closed.iter().map(day).collect()
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        settings.tenant.timezone = self.zone.to_owned();
        let day = |index: usize| -> Vec<Window> {
            let windows = self.windows[index].iter();
            windows.map(|(from, to)| Window::new(*from, *to)).collect()
        };
        settings.hours = WeekHours {
            monday: day(0),
            tuesday: day(1),
            wednesday: day(2),
            thursday: day(3),
            friday: day(4),
            saturday: day(5),
            sunday: day(6),
            holidays: HolidayCalendar::Dates(self.holidays()),
        };
        settings.booking = self.booking.clone();
        settings
    }

    fn slots(&self) -> Slots {
        let calendar = match &self.calendar {
            None => Calendar::NotKept,
            Some((known, busy)) => Calendar::Kept {
                known: self.spans(known),
                busy: self.spans(busy),
            },
        };
        Slots::new(
            self.now,
            &self.settings(),
            &calendar,
            &self.spans(&self.taken),
        )
    }

    /// Whether the wall's minute lies in a window of a day that is no holiday.
    fn is_open(&self, local: DateTime, holidays: &[Date]) -> bool {
        let weekday = local.weekday().to_monday_zero_offset() as usize;
        let minute = wall_minute(local);
        !holidays.contains(&local.date())
            && self.windows[weekday]
                .iter()
                .any(|(from, to)| (*from..*to).contains(&minute))
    }

    /// Minutes since the windows of the day were last closed at that minute.
    fn since_opening(&self, local: DateTime) -> u16 {
        let weekday = local.weekday().to_monday_zero_offset() as usize;
        let open = |minute: u16| {
            let mut windows = self.windows[weekday].iter();
            windows.any(|(from, to)| (*from..*to).contains(&minute))
        };
        let minute = wall_minute(local);
        (0..=minute).rev().take_while(|at| open(*at)).count() as u16 - 1
    }

    /// From a day before now to a day beyond the horizon, and which of them is the minute of now.
    fn minutes(&self) -> (Vec<Minute>, usize) {
        let zone = TimeZone::get(self.zone).unwrap();
        let holidays = self.holidays();
        let before = 24 * 60;
        let count = before * 2 + usize::from(self.booking.horizon_days) * 24 * 60;
        let first = self.minute_of_now() - SignedDuration::from_hours(24);
        let (known, busy) = match &self.calendar {
            None => (None, Vec::new()),
            Some((known, busy)) => (Some(self.spans(known)), self.spans(busy)),
        };
        let taken = self.spans(&self.taken);
        let buffer = MINUTE * i32::from(self.booking.buffer_minutes);
        let mut seen: HashMap<DateTime, ()> = HashMap::new();
        let minutes = (0..count).map(|index| {
            let at = first + MINUTE * i32::try_from(index).unwrap();
            let local = zone.to_datetime(at);
            let open = self.is_open(local, &holidays);
            let is_first = seen.insert(local, ()).is_none();
            Minute {
                open,
                free_of_calendar: !busy.iter().any(|span| span.from <= at && at < span.until),
                known: known.as_ref().is_none_or(|known| {
                    known.iter().any(|span| span.from <= at && at < span.until)
                }),
                taken: taken
                    .iter()
                    .filter(|span| span.from < span.until)
                    .filter(|span| span.from <= at && at < span.until + buffer)
                    .count(),
                start: open
                    && is_first
                    && self
                        .since_opening(local)
                        .is_multiple_of(self.booking.slot_minutes),
            }
        });
        (minutes.collect(), before)
    }

    /// All slots, in minutes from the minute of now.
    fn expected(&self) -> Vec<i64> {
        let (minutes, now) = self.minutes();
        let booking = &self.booking;
        let (length, buffer) = (
            usize::from(self.length),
            usize::from(booking.buffer_minutes),
        );
        let late = (self.now - self.minute_of_now()).get_seconds() != 0;
        let soonest = now + usize::from(booking.notice_hours) * 60 + usize::from(late);
        let soonest = soonest.max(now + 1);
        let beyond = now + usize::from(booking.horizon_days) * 24 * 60 + usize::from(late);
        (soonest..beyond)
            .filter(|at| {
                let lasts = &minutes[*at..at + length];
                let with_buffer = &minutes[*at..at + length + buffer];
                let around = &minutes[at - buffer..at + length + buffer];
                minutes[*at].start
                    && lasts.iter().all(|minute| minute.open)
                    && with_buffer
                        .iter()
                        .all(|minute| minute.taken < usize::from(booking.capacity))
                    && (self.calendar.is_none()
                        || around
                            .iter()
                            .all(|minute| minute.known && minute.free_of_calendar))
            })
            .map(|at| at as i64 - now as i64)
            .collect()
    }
}

fn wall_minute(local: DateTime) -> u16 {
    local.hour() as u16 * 60 + local.minute() as u16
}

fn windows() -> impl Strategy<Value = Vec<(u16, u16)>> {
    let any = prop_oneof![
        3 => (0u16..=1440, 1u16..=600).prop_map(|(from, length)| (from, (from + length).min(1440))),
        1 => Just((0, 1440)),
        1 => Just((1320, 1440)),
        1 => Just((0, 180)),
    ];
    proptest::collection::vec(any, 0..3)
}

fn stretches(most: usize, longest: i64) -> impl Strategy<Value = Stretches> {
    proptest::collection::vec((-600i64..4320, 0..longest), 0..most)
}

/// Mostly long ones, as a calendar that is read at all is read for weeks.
fn known() -> impl Strategy<Value = Stretches> {
    let long = (-600i64..600, 1000i64..6000).prop_map(|stretch| vec![stretch]);
    prop_oneof![2 => long, 1 => stretches(4, 900)]
}

fn booking() -> impl Strategy<Value = Booking> {
    (5u16..90, 0u16..14, 1u16..3, 0u16..30, 1u16..4).prop_map(
        |(slot_minutes, notice_hours, horizon_days, buffer_minutes, capacity)| Booking {
            enabled: true,
            slot_minutes,
            notice_hours,
            horizon_days,
            buffer_minutes,
            capacity,
            ..Booking::default()
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    (
        proptest::sample::select(CHANGES),
        -2880i64..720,
        prop_oneof![Just(0i64), 0i64..60],
        proptest::collection::vec(windows(), 7),
        proptest::collection::vec(0i8..4, 0..2),
        booking(),
        5u16..120,
        proptest::option::of((known(), stretches(4, 300))),
        stretches(12, 240),
    )
        .prop_map(
            |(
                (zone, change),
                minutes,
                seconds,
                windows,
                closed,
                booking,
                length,
                calendar,
                taken,
            )| {
                Case {
                    zone,
                    now: at(change)
                        + SignedDuration::from_mins(minutes)
                        + SignedDuration::from_secs(seconds),
                    windows,
                    closed,
                    booking,
                    length,
                    calendar,
                    taken,
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// None too many: never outside the hours, over something, unknown or past. None missing. And judged one by one as
    /// all together.
    #[test]
    fn exactly_the_slots_of_the_oracle_are_free(case in case()) {
        let slots = case.slots();
        let free: Vec<Slot> = slots.free(slots.bookable(), case.length).collect();
        let zero = case.minute_of_now();
        let found: Vec<i64> = free
            .iter()
            .map(|slot| slot.starts_at.duration_since(zero).as_mins())
            .collect();
        prop_assert_eq!(&found, &case.expected());
        for slot in &free {
            prop_assert_eq!(slots.judge(slot.starts_at, case.length), Ok(*slot));
            prop_assert_eq!(slot.ends_at, slot.starts_at + MINUTE * i32::from(case.length));
        }
        for minute in (0..i64::from(case.booking.horizon_days) * 1440).step_by(13) {
            let start = zero + SignedDuration::from_mins(minute);
            let is_free = slots.judge(start, case.length).is_ok();
            prop_assert_eq!(is_free, found.binary_search(&minute).is_ok(), "{}", start);
        }
    }

    #[test]
    fn the_nearest_are_free_and_none_nearer_is_left_out(case in case(), wanted in -1000i64..6000) {
        let slots = case.slots();
        let wanted = case.minute_of_now() + SignedDuration::from_mins(wanted);
        let near = slots.near(wanted, case.length, 3);
        let mut all: Vec<Slot> = slots.free(slots.bookable(), case.length).collect();
        let away = |slot: &Slot| slot.starts_at.duration_since(wanted).abs();
        all.sort_by_key(away);
        all.truncate(3);
        let mut distances: Vec<_> = near.iter().map(away).collect();
        distances.sort();
        prop_assert_eq!(distances, all.iter().map(away).collect::<Vec<_>>());
        prop_assert!(near.is_sorted());
    }
}
