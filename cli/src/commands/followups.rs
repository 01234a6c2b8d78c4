//! `bellhop followups`: who called and waits to be called back.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::ids::FollowUpId;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use store::FollowUpEntry;

use crate::{commands::tenant, config, say};

#[derive(Subcommand)]
pub enum Action {
    /// Lists who waits, the most urgent first
    List(List),
    /// Says that somebody was called back, or need not be
    Done(Which),
}

#[derive(Args)]
pub struct List {
    #[arg(long)]
    tenant: String,
    /// Also those that are done
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Which {
    #[arg(long)]
    tenant: String,
    /// As `list` shows it
    followup: FollowUpId,
}

pub async fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::List(options) => list(options).await,
        Action::Done(which) => done(which).await,
    }
}

async fn list(options: List) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let now = Timestamp::now();
    let mut tx = store.tenant(tenant.id).begin().await?;
    let entries = tx.follow_ups(options.all, options.limit).await?;
    if options.json {
        let entries: Vec<_> = entries.iter().map(|each| as_json(each, now)).collect();
        say!("{}", serde_json::to_string_pretty(&entries)?)?;
    } else if entries.is_empty() {
        say!("nobody waits to be called back")?;
    } else {
        for entry in &entries {
            say!("{}", line(entry, now, &zone))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn done(which: Which) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &which.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    if !tx.follow_up_done(which.followup, Timestamp::now()).await? {
        bail!("{} has no follow-up {}", which.tenant, which.followup);
    }
    // The alert, if it was the last one, ends with the next look.
    tx.wake_tenant().await?;
    tx.commit().await?;
    Ok(ExitCode::SUCCESS)
}

fn state(entry: &FollowUpEntry, now: Timestamp) -> &'static str {
    match entry.is_open {
        true if entry.due_at.is_some_and(|due| due <= now) => "overdue",
        true => "open",
        false => "done",
    }
}

/// As the list shows it.
pub(crate) fn line(entry: &FollowUpEntry, now: Timestamp, zone: &TimeZone) -> String {
    let time = |at: Option<Timestamp>| {
        at.map_or_else(
            || "-".to_owned(),
            |at| {
                let at = at.to_zoned(zone.clone());
                at.strftime("%a %Y-%m-%d %H:%M %Z").to_string()
            },
        )
    };
    let times = match entry.calls {
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    format!(
        "{}  {}  {} {}  {}, {times}, last {}  for {}, by {}",
        entry.id,
        state(entry, now),
        entry.name.as_deref().unwrap_or("somebody"),
        entry.e164.as_deref().unwrap_or("without a number"),
        entry.kind.map_or("call", |kind| kind.code()),
        time(entry.last_at),
        entry.owner.as_deref().unwrap_or("nobody"),
        time(entry.due_at),
    )
}

fn as_json(entry: &FollowUpEntry, now: Timestamp) -> serde_json::Value {
    json!({
        "id": entry.id,
        "state": state(entry, now),
        "name": entry.name,
        "number": entry.e164,
        "owner": entry.owner,
        "kind": entry.kind,
        "line": entry.line,
        "first_at": entry.first_at,
        "last_at": entry.last_at,
        "calls": entry.calls,
        "due_at": entry.due_at,
        "done_at": entry.done_at,
    })
}
