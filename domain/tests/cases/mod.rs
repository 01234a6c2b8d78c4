//! Random tenants and appointments, with a liking for the places where clocks change and holidays gather.

use std::{collections::BTreeSet, sync::LazyLock};

use domain::{
    holidays::{HolidayCalendar, Nation, of_year},
    plan::PlanRequest,
    reminder::{AppointmentFacts, BestHour, ContactFacts, NumberState, ReminderFacts},
    settings::{
        DAY_MINUTES, LateBooking, Limits, Reminders, Retries, RetryStrategy, Settings, WeekHours,
        Window,
    },
};
use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};
use proptest::{
    prelude::*,
    sample::select,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

pub(crate) const YEARS: std::ops::RangeInclusive<i16> = 2024..=2035;

/// Every zone of the bundled database.
pub(crate) static ZONES: LazyLock<Vec<TimeZone>> = LazyLock::new(|| {
    let names = jiff::tz::db().available();
    names
        .filter_map(|name| domain::zone::find(name.as_str()).ok())
        .collect()
});

/// Runs a property on the same cases every time; `PROPTEST_CASES` asks for more or fewer, `PROPTEST_RNG_SEED`
/// for others.
pub(crate) fn check<S: Strategy>(
    cases: u32,
    strategy: S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let cases = number("PROPTEST_CASES").map_or(cases, |cases| cases.try_into().unwrap());
    check_exactly(cases, strategy, property);
}

/// As [`check`], however many cases the environment asks for.
pub(crate) fn check_exactly<S: Strategy>(
    cases: u32,
    strategy: S,
    property: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 500,
        ..Config::default()
    };
    let mut seed = [7; 32];
    let chosen = number("PROPTEST_RNG_SEED").unwrap_or(20_270_329);
    seed[..8].copy_from_slice(&chosen.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    if let Err(failure) = TestRunner::new_with_rng(config, rng).run(&strategy, property) {
        panic!("{failure}");
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// One tenant and one appointment.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) zones: Vec<TimeZone>,
    pub(crate) settings: Settings,
    pub(crate) starts_at: Timestamp,
    pub(crate) known_at: Timestamp,
    pub(crate) call_before_hours: Option<u16>,
    pub(crate) best_hour: Option<BestHour>,
}

impl Case {
    pub(crate) fn hours_before(&self) -> u16 {
        self.call_before_hours
            .unwrap_or(self.settings.reminders.call_before_hours)
    }

    pub(crate) fn plan_request(&self) -> PlanRequest<'_> {
        PlanRequest {
            starts_at: self.starts_at,
            known_at: self.known_at,
            call_before_hours: self.call_before_hours,
            zones: &self.zones,
            settings: &self.settings,
        }
    }

    pub(crate) fn facts(&self) -> ReminderFacts {
        ReminderFacts {
            appointment: AppointmentFacts {
                status: domain::appointment::AppointmentStatus::Scheduled,
                starts_at: self.starts_at,
                known_at: self.known_at,
                call_before_hours: self.call_before_hours,
                zones: self.zones.clone(),
            },
            contact: ContactFacts {
                number: NumberState::Callable,
                opted_out: false,
                best_hour: self.best_hour,
            },
            attempts: Vec::new(),
            deferral: None,
        }
    }

    /// Every holiday that can matter to this case.
    pub(crate) fn holidays(&self) -> BTreeSet<Date> {
        let nation = match &self.settings.hours.holidays {
            HolidayCalendar::None => return BTreeSet::new(),
            HolidayCalendar::Dates(dates) => return dates.iter().copied().collect(),
            HolidayCalendar::EnglandAndWales => Nation::EnglandAndWales,
            HolidayCalendar::Scotland => Nation::Scotland,
            HolidayCalendar::NorthernIreland => Nation::NorthernIreland,
        };
        let year = TimeZone::UTC.to_datetime(self.starts_at).year();
        (year - 1..=year + 1)
            .flat_map(|year| of_year(nation, year))
            .map(|holiday| holiday.date)
            .collect()
    }
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let second_zone = prop_oneof![7 => Just(None), 3 => (0..ZONES.len()).prop_map(Some)];
    let known = prop_oneof![
        1 => Just(Known::AtIdeal),
        1 => (-1800..1_i64).prop_map(Known::SecondsBefore),
        9 => (0..3 * 24 * 3600_i64).prop_map(Known::SecondsBefore),
        10 => (0..14 * 24 * 3600_i64).prop_map(Known::SecondsBefore),
    ];
    let presets = vec![
        None,
        Some(1),
        Some(2),
        Some(6),
        Some(24),
        Some(48),
        Some(168),
    ];
    let call_before = prop_oneof![3 => select(presets), 2 => (1..=168_u16).prop_map(Some)];
    let zones = (0..ZONES.len(), second_zone).boxed();
    let contact = (call_before, best_hour()).boxed();
    (
        zones,
        when(),
        known.boxed(),
        contact,
        settings(),
        holidays(),
    )
        .prop_map(
            |((first, second), when, known, contact, settings, holidays)| {
                let zones = [Some(first), second].into_iter().flatten();
                let zones: Vec<TimeZone> = zones.map(|zone| ZONES[zone].clone()).collect();
                let starts_at = when.instant(&zones[0]);
                let mut settings = settings;
                settings.hours.holidays = holidays.around(starts_at);
                let (call_before_hours, best_hour) = contact;
                let mut case = Case {
                    zones,
                    settings,
                    starts_at,
                    known_at: starts_at,
                    call_before_hours,
                    best_hour,
                };
                case.known_at -= match known {
                    Known::AtIdeal => SignedDuration::from_hours(case.hours_before().into()),
                    Known::SecondsBefore(seconds) => SignedDuration::from_secs(seconds),
                };
                case
            },
        )
}

/// When the appointment becomes known: some time before it, or exactly when its call is due.
#[derive(Debug, Clone, Copy)]
enum Known {
    AtIdeal,
    SecondsBefore(i64),
}

fn best_hour() -> impl Strategy<Value = Option<BestHour>> {
    let known = (0..24_u8, 0.5..1.0_f64);
    proptest::option::of(known.prop_map(|(hour, confidence)| BestHour { hour, confidence }))
}

/// Anywhere in the years, or near a change of the clocks, or where British holidays gather.
#[derive(Debug, Clone)]
struct When {
    place: Place,
    on_the_quarter: bool,
    seconds: i64,
}

#[derive(Debug, Clone)]
enum Place {
    Anywhere {
        minute: i64,
    },
    NearAChange {
        which: usize,
        minutes: i64,
    },
    NearHolidays {
        year: i16,
        month: i8,
        day: i8,
        minutes: i64,
    },
}

fn when() -> BoxedStrategy<When> {
    let anywhere = (0..12 * 365_i64 * 24 * 60).prop_map(|minute| Place::Anywhere { minute });
    let near_a_change = (0..1_000_usize, -24 * 60..7 * 24 * 60_i64)
        .prop_map(|(which, minutes)| Place::NearAChange { which, minutes });
    let gatherings = vec![(3, 25), (4, 15), (5, 1), (5, 25), (8, 25), (12, 25)];
    let near_holidays = (YEARS, select(gatherings), 0..12 * 24 * 60_i64).prop_map(
        |(year, (month, day), minutes)| Place::NearHolidays {
            year,
            month,
            day,
            minutes,
        },
    );
    let place = prop_oneof![2 => anywhere, 5 => near_a_change, 2 => near_holidays];
    let on_the_quarter = prop_oneof![3 => Just(true), 1 => Just(false)];
    let seconds = prop_oneof![4 => Just(0_i64), 1 => 0..60_i64];
    (place, on_the_quarter, seconds)
        .prop_map(|(place, on_the_quarter, seconds)| When {
            place,
            on_the_quarter,
            seconds,
        })
        .boxed()
}

impl When {
    fn instant(&self, zone: &TimeZone) -> Timestamp {
        let (from, minutes) = match self.place {
            Place::Anywhere { minute } => (first_instant(), minute),
            Place::NearAChange { which, minutes } => {
                let changes = changes(zone);
                let change = changes.get(which % changes.len().max(1)).copied();
                (change.unwrap_or_else(first_instant), minutes)
            }
            Place::NearHolidays {
                year,
                month,
                day,
                minutes,
            } => {
                let date = jiff::civil::date(year, month, day).at(0, 0, 0, 0);
                (TimeZone::UTC.to_timestamp(date).unwrap(), minutes)
            }
        };
        let exact = from + SignedDuration::from_mins(minutes);
        let step = if self.on_the_quarter { 900 } else { 60 };
        let whole = exact.as_second().div_euclid(step) * step;
        Timestamp::from_second(whole + self.seconds).unwrap()
    }
}

pub(crate) fn first_instant() -> Timestamp {
    "2024-01-01T00:00:00Z".parse().unwrap()
}

/// Every change of the zone's clocks in the years.
pub(crate) fn changes(zone: &TimeZone) -> Vec<Timestamp> {
    let end: Timestamp = "2036-01-01T00:00:00Z".parse().unwrap();
    let changes = zone
        .following(first_instant())
        .map(|change| change.timestamp());
    changes.take_while(|change| *change < end).collect()
}

fn settings() -> BoxedStrategy<Settings> {
    let last_start = prop_oneof![Just(60_u16), Just(0), 1..=240_u16];
    let rules = (1..=168_u16, 0..=6_u16, 0..=6_u16, last_start, any::<bool>()).prop_map(
        |(ahead, buffer, more_lead, last_start_minutes, skip)| Reminders {
            call_before_hours: ahead.max(buffer),
            minimum_lead_hours: buffer + more_lead,
            appointment_buffer_hours: buffer,
            last_start_minutes,
            late_booking: if skip {
                LateBooking::Skip
            } else {
                LateBooking::CallSoon
            },
        },
    );
    let delays = proptest::array::uniform4(1..=24_u16);
    let retries = (0..=5_u8, any::<bool>(), delays).prop_map(|(max_retries, backoff, delays)| {
        let [no_answer_hours, voicemail_hours, busy_hours, failed_hours] = delays;
        let strategy = if backoff {
            RetryStrategy::Backoff
        } else {
            RetryStrategy::Adaptive
        };
        Retries {
            max_retries,
            strategy,
            no_answer_hours,
            voicemail_hours,
            busy_hours,
            failed_hours,
        }
    });
    let cooldown = select(vec![0, 60, 61, 600]);
    (week(), rules.boxed(), retries.boxed(), cooldown)
        .prop_map(
            |(hours, reminders, retries, same_number_cooldown_minutes)| {
                let limits = Limits {
                    same_number_cooldown_minutes,
                    ..Limits::default()
                };
                let settings = Settings {
                    hours,
                    reminders,
                    retries,
                    limits,
                    ..Settings::default()
                };
                assert_eq!(settings.problems(), []);
                settings
            },
        )
        .boxed()
}

#[derive(Debug, Clone)]
enum Holidays {
    Of(HolidayCalendar),
    /// Days before and after the appointment.
    Nearby(Vec<i64>),
}

fn holidays() -> BoxedStrategy<Holidays> {
    let calendars = vec![
        HolidayCalendar::None,
        HolidayCalendar::EnglandAndWales,
        HolidayCalendar::Scotland,
        HolidayCalendar::NorthernIreland,
    ];
    let nearby = proptest::collection::vec(-14..=7_i64, 0..6);
    prop_oneof![4 => select(calendars).prop_map(Holidays::Of), 1 => nearby.prop_map(Holidays::Nearby)].boxed()
}

impl Holidays {
    fn around(self, starts_at: Timestamp) -> HolidayCalendar {
        let day = TimeZone::UTC.to_datetime(starts_at).date();
        match self {
            Holidays::Of(calendar) => calendar,
            Holidays::Nearby(days) => {
                HolidayCalendar::Dates(days.into_iter().map(|days| day + days.days()).collect())
            }
        }
    }
}

/// The default week, or one with up to three windows on any day and at least one in all.
fn week() -> BoxedStrategy<WeekHours> {
    let days = proptest::array::uniform7(day());
    let random = (days, window(), 0..7_usize).prop_map(|(mut days, one, day)| {
        if days.iter().all(Vec::is_empty) {
            days[day].push(one);
        }
        let [
            monday,
            tuesday,
            wednesday,
            thursday,
            friday,
            saturday,
            sunday,
        ] = days;
        WeekHours {
            monday,
            tuesday,
            wednesday,
            thursday,
            friday,
            saturday,
            sunday,
            holidays: HolidayCalendar::None,
        }
    });
    prop_oneof![1 => Just(WeekHours::default()), 4 => random].boxed()
}

fn window() -> impl Strategy<Value = Window> {
    (edge(), edge()).prop_filter_map("empty", |(one, other)| {
        (one != other).then(|| Window::new(one.min(other), one.max(other)))
    })
}

fn day() -> BoxedStrategy<Vec<Window>> {
    // Neighbouring edges make windows; an edge used twice makes two that touch.
    let windows = |edges: Vec<u16>, touching: bool| -> Vec<Window> {
        let step = if touching { 1 } else { 2 };
        let pairs = edges.windows(2).step_by(step);
        pairs.map(|pair| Window::new(pair[0], pair[1])).collect()
    };
    let edges = proptest::collection::btree_set(edge(), 0..=6)
        .prop_map(|edges| edges.into_iter().collect());
    let some = (edges, any::<bool>()).prop_map(move |(edges, touching)| windows(edges, touching));
    prop_oneof![
        2 => Just(Vec::new()),
        3 => Just(vec![Window::new(8 * 60, 20 * 60)]),
        1 => Just(vec![Window::new(0, DAY_MINUTES)]),
        5 => some.prop_shuffle(),
    ]
    .boxed()
}

/// Minutes of a day, often where clocks change.
fn edge() -> impl Strategy<Value = u16> {
    prop_oneof![
        4 => (0..=16_u16).prop_map(|quarters| quarters * 15),
        2 => (0..=96_u16).prop_map(|quarters| quarters * 15),
        1 => 0..=DAY_MINUTES,
        1 => select(vec![0, 1, 119, 121, 23 * 60, 23 * 60 + 30, DAY_MINUTES]),
    ]
}
