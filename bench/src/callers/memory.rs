//! How long the memory of a caller takes to be put into words, beside writing a text of that size as JSON.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use domain::{
    call::Sentiment,
    context::{AppointmentFacts, Business},
    inbound::{self, Caller, LastCall, Line, MemoryFacts, Profile},
    script::Mode,
    settings::Settings,
    spoken::Locale,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::SETTINGS;
use crate::{
    Size,
    figures::{median, ratio, table},
};

pub(super) fn run(size: Size) -> Result<()> {
    let length = Duration::from_millis(size.quick_or(50, 500));
    let rounds = size.quick_or(1, 5);
    let settings = Settings::from_toml(SETTINGS).map_err(|problems| anyhow!("{problems:?}"))?;
    let now: Timestamp = "2027-03-01T09:00:00Z".parse()?;
    let zone = TimeZone::get("Europe/London")?;
    let appointments = [1, 9, 30].map(|days| AppointmentFacts {
        starts_at: now + SignedDuration::from_hours(24 * days),
        zone: &zone,
        kind: Some("Check-up"),
        provider: Some("Dr Bell"),
        location: Some("Room 2"),
        instructions: None,
        duration_minutes: Some(30),
    });
    let free: Vec<_> = (1..6)
        .map(|hours| now + SignedDuration::from_hours(hours))
        .collect();
    let business = Business::of(&settings);
    let facts = |locale| MemoryFacts {
        mode: Mode::General,
        locale,
        line: Line::Ours,
        caller: Caller::Known,
        tell: &settings.inbound.tell,
        zone: &zone,
        business: business.facts(),
        announcements: &settings.announcements,
        name: "Ada Archer",
        appointments: &appointments,
        last_call: Some(LastCall {
            at: now - SignedDuration::from_hours(240),
            topic: Some("bookkeeping"),
            summary: Some(
                "The person asked about bookkeeping and was told that a colleague looks at it.",
            ),
        }),
        sentiments: &[Sentiment::Neutral, Sentiment::Positive, Sentiment::Negative],
        issues: &["The bill of March is not paid"],
        awaits_call: false,
        held_back: false,
        profile: Profile::default(),
        free_slots: Some(&free),
    };
    let text = inbound::build(&facts(Locale::British), now)
        .json
        .to_string();
    let mut rows = Vec::new();
    let mut bare = Vec::new();
    for _ in 0..rounds {
        bare.push(rate(length, || {
            black_box(serde_json::from_str::<serde_json::Value>(black_box(&text)).ok());
        }));
    }
    let bare = median(bare).unwrap_or_default();
    for (name, locale) in [("British", Locale::British), ("American", Locale::American)] {
        let facts = facts(locale);
        let mut rates = Vec::new();
        for _ in 0..rounds {
            rates.push(rate(length, || {
                black_box(inbound::build(black_box(&facts), now));
            }));
        }
        let rate = median(rates).unwrap_or_default();
        rows.push(line(&format!("memory in {name} words"), rate, bare));
    }
    rows.push(line("bare: its JSON, read", bare, bare));
    table(
        ["median of the rounds, one core", "each takes", "ratio"],
        &rows,
    );
    Ok(())
}

fn line(name: &str, rate: f64, bare: f64) -> [String; 3] {
    [
        name.to_owned(),
        format!("{:.1} µs", 1_000_000.0 / rate),
        ratio(bare, rate),
    ]
}

/// How often a second `work` is done.
fn rate(length: Duration, work: impl Fn()) -> f64 {
    const BETWEEN_LOOKS: usize = 64;
    let started = Instant::now();
    let mut done = 0usize;
    while started.elapsed() < length {
        for _ in 0..BETWEEN_LOOKS {
            work();
        }
        done += BETWEEN_LOOKS;
    }
    done as f64 / started.elapsed().as_secs_f64()
}
