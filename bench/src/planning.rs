//! Plans a second on one core, beside bare conversions of an instant to local time.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use domain::{
    hours::Hours,
    plan::{self, PlanRequest},
    settings::Settings,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    Size,
    figures::{begin, median, ratio, table},
};

const CASES: usize = 20_000;
const SEED: u64 = 2027;

const ZONES: &[&str] = &[
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Africa/Casablanca",
    "Pacific/Apia",
];

/// Working weeks of different kinds: the default, with a lunch break, evenings, one day only, always.
const SETTINGS: &[&str] = &[
    "",
    "[hours]\nmonday = [\"09:00-12:00\", \"13:30-18:00\"]\ntuesday = [\"09:00-12:00\", \"13:30-18:00\"]",
    "[hours]\nmonday = [\"17:00-21:00\"]\nsaturday = [\"10:00-16:00\"]\nholidays = \"none\"",
    "[hours]\nmonday = []\ntuesday = []\nwednesday = [\"10:00-11:00\"]\nthursday = []\nfriday = []\nholidays = \"scotland\"",
    "[hours]\nmonday = [\"00:00-24:00\"]\ntuesday = [\"00:00-24:00\"]\nsunday = [\"00:00-24:00\"]",
];

struct Case {
    starts_at: Timestamp,
    known_at: Timestamp,
    call_before_hours: u16,
    zones: Vec<TimeZone>,
    settings: Settings,
    hours: Hours,
}

impl Case {
    fn request(&self) -> PlanRequest<'_> {
        PlanRequest {
            starts_at: self.starts_at,
            known_at: self.known_at,
            call_before_hours: Some(self.call_before_hours),
            zones: &self.zones,
            settings: &self.settings,
        }
    }
}

pub(crate) fn run(size: Size) -> Result<()> {
    begin("Planning");
    let cases = cases()?;
    let length = Duration::from_millis(size.quick_or(100, 1000));
    let rounds = size.quick_or(1, 5);
    let (mut instants, mut explained, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        instants.push(rate(&cases, length, |case| {
            black_box(plan::schedule(&case.request(), &case.hours));
        }));
        explained.push(rate(&cases, length, |case| {
            black_box(plan::plan(&case.request()));
        }));
        bare.push(rate(&cases, length, |case| {
            for zone in &case.zones {
                black_box(black_box(case.starts_at).to_zoned(zone.clone()).datetime());
            }
        }));
    }
    let middle = |rates: Vec<f64>| median(rates).unwrap_or_default();
    let bare = middle(bare);
    let row = |name: &str, rate: f64| [name.to_owned(), format!("{rate:.0}/s"), ratio(rate, bare)];
    let planned = cases
        .iter()
        .filter(|case| {
            plan::schedule(&case.request(), &case.hours)
                .planned
                .is_some()
        })
        .count();
    println!(
        "  one core; {CASES} appointments in {} zones and {} working weeks, every fifth in two zones; {planned} get a call",
        ZONES.len(),
        SETTINGS.len()
    );
    table(
        ["median of the rounds", "rate", "ratio"],
        &[
            row("plans (the instant)", middle(instants)),
            row("plans with their reasons in words", middle(explained)),
            row("bare: the appointment's local time", bare),
        ],
    );
    Ok(())
}

fn cases() -> Result<Vec<Case>> {
    let mut random = StdRng::seed_from_u64(SEED);
    let settings: Vec<_> = SETTINGS
        .iter()
        .map(|text| Settings::from_toml(text).map_err(|problems| anyhow!("{problems:?}")))
        .collect::<Result<_>>()?;
    let zones: Vec<_> = ZONES
        .iter()
        .map(|name| TimeZone::get(name))
        .collect::<Result<_, _>>()?;
    let first: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    let cases = settings
        .iter()
        .cycle()
        .zip(zones.iter().cycle())
        .take(CASES)
        .enumerate()
        .map(|(number, (settings, zone))| {
            let starts_at = first + SignedDuration::from_mins(random.random_range(0..5 * 525_600));
            let mut zones_of_case = vec![zone.clone()];
            if number % 5 == 0 {
                zones_of_case.extend(zones.get(random.random_range(0..zones.len())).cloned());
            }
            Case {
                starts_at,
                known_at: starts_at - SignedDuration::from_hours(random.random_range(1..30 * 24)),
                call_before_hours: random.random_range(plan::CALL_BEFORE_HOURS),
                hours: Hours::new(settings, &zones_of_case),
                zones: zones_of_case,
                settings: settings.clone(),
            }
        });
    Ok(cases.collect())
}

/// How often a second `work` is done, going round the cases.
fn rate(cases: &[Case], length: Duration, work: impl Fn(&Case)) -> f64 {
    const BETWEEN_LOOKS: usize = 64;
    let started = Instant::now();
    let mut done = 0usize;
    let mut round = cases.iter().cycle();
    while started.elapsed() < length {
        for case in round.by_ref().take(BETWEEN_LOOKS) {
            work(case);
        }
        done += BETWEEN_LOOKS;
    }
    done as f64 / started.elapsed().as_secs_f64()
}
