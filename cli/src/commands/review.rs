//! `bellhop review`: what waits for a person.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use domain::{
    Reason,
    call::{CallReview, Direction},
    quality::QualityProblem,
    reminder::Ending,
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;
use store::ReviewEntry;

use crate::{commands::tenant, config, say};

#[derive(Args)]
pub struct Options {
    #[arg(long)]
    tenant: String,
    /// How many days back: appointments that began, and calls that were made, longer ago are left out
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=3660))]
    days: u16,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let now = Timestamp::now();
    let since = now - SignedDuration::from_hours(24 * i64::from(options.days));
    let mut tx = store.tenant(tenant.id).begin().await?;
    let entries = tx.waiting_for_a_person(since).await?;
    let limits = &tenant.settings.quality;
    let mut poor = Vec::new();
    for direction in Direction::ALL {
        let tally = tx.call_tally(*direction, limits, now).await?;
        let problems = tally.problems(*direction, limits).into_iter();
        poor.extend(problems.filter_map(|(problem, words)| Some((problem, words?))));
    }
    if options.json {
        let poor = poor
            .iter()
            .map(|(problem, words)| poor_as_json(*problem, words, now));
        let entries: Vec<_> = poor.chain(entries.iter().map(as_json)).collect();
        say!("{}", serde_json::to_string_pretty(&entries)?)?;
    } else {
        for (_, words) in &poor {
            say!(
                "too many calls go badly: {words}; once you have looked: bellhop tenant resume {}",
                options.tenant
            )?;
        }
        if entries.is_empty() && poor.is_empty() {
            say!("nothing waits for a person")?;
        }
        for entry in &entries {
            say!("{}", line(entry, &zone))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(entry: &ReviewEntry, zone: &TimeZone) -> String {
    let at = |at: Timestamp| {
        at.to_zoned(zone.clone())
            .strftime("%a %Y-%m-%d %H:%M %Z")
            .to_string()
    };
    let appointment = match (&entry.external_id, entry.starts_at) {
        (Some(id), Some(starts_at)) => format!("{id}, {}", at(starts_at)),
        _ => format!("no appointment, {}", at(entry.recorded_at)),
    };
    let call = entry.call.map(|call| format!(" ({call})"));
    format!(
        "{appointment}  {}{}",
        words(entry),
        call.unwrap_or_default()
    )
}

fn words(entry: &ReviewEntry) -> String {
    if let Some(review) = CallReview::from_code(&entry.what) {
        return review.words().to_owned();
    }
    let reason = entry.reason.as_deref().and_then(Reason::from_code);
    let what = entry.what.replace('_', " ");
    match reason {
        _ if entry.what == Ending::Cancelled.code() => {
            "cancelled in a call: to be entered in the calendar".to_owned()
        }
        Some(reason) if reason.code() == entry.what => reason.words().to_owned(),
        Some(reason) => format!("{what}: {}", reason.words()),
        None => what,
    }
}

/// With the keys of the others, and no appointment.
fn poor_as_json(problem: QualityProblem, words: &str, now: Timestamp) -> serde_json::Value {
    json!({
        "external_id": null,
        "appointment_at": null,
        "what": problem.code(),
        "reason": null,
        "words": format!("too many calls go badly: {words}"),
        "call": null,
        "recorded_at": now,
    })
}

fn as_json(entry: &ReviewEntry) -> serde_json::Value {
    json!({
        "external_id": entry.external_id,
        "appointment_at": entry.starts_at,
        "what": entry.what,
        "reason": entry.reason,
        "words": words(entry),
        "call": entry.call,
        "recorded_at": entry.recorded_at,
    })
}
