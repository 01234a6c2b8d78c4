//! `bellhop events`: what came in, where it stands, and once more (HOOK-5, HOOK-6).

mod export;
mod filter;
mod retry;
pub(crate) mod show;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use domain::ids::EventId;
use store::{EventEntry, Store, TenantStore};

use crate::{commands::tenant, config, say};
use filter::Filter;
pub(crate) use filter::instant;

#[derive(Subcommand)]
pub enum Action {
    /// List events, newest first
    List(ListOptions),
    /// One event with its stages and tries
    Show(show::Options),
    /// Process one event once more; never dials
    Retry(retry::OneOptions),
    /// Process once more every event that matches; never dials
    RetryAll(retry::AllOptions),
    /// Write events as CSV or JSON
    Export(export::Options),
}

/// Which events of which tenant.
#[derive(Args)]
pub struct Selection {
    #[arg(long)]
    tenant: String,
    /// What to look for, such as state=dead,provider=agent,since=24h. Keys: state (also several, with +), provider,
    /// type, error, since, until; times as 2027-03-26T09:00:00Z or back from now as 30m, 24h, 7d
    #[arg(long, value_delimiter = ',', value_name = "KEY=VALUE")]
    filter: Vec<Filter>,
}

#[derive(Args)]
pub struct ListOptions {
    #[command(flatten)]
    of: Selection,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
    /// Only those older than this event: the next page
    #[arg(long)]
    before: Option<EventId>,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub async fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::List(options) => list(options).await,
        Action::Show(options) => show::run(options).await,
        Action::Retry(options) => retry::one(options).await,
        Action::RetryAll(options) => retry::all(options).await,
        Action::Export(options) => export::run(options).await,
    }
}

/// One event, and the tenant that has it.
async fn located(store: &Store, event: EventId) -> Result<(TenantStore, EventEntry)> {
    let missing = || format!("there is no event {event}");
    let tenant = store.tenant_of_event(event).await?.with_context(missing)?;
    let tenant = store.tenant(tenant);
    let mut tx = tenant.begin().await?;
    let entry = tx.event_entry(event).await?.with_context(missing)?;
    drop(tx);
    Ok((tenant, entry))
}

async fn list(options: ListOptions) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.of.tenant).await?;
    let filter = filter::joined(&options.of.filter);
    let mut tx = store.tenant(tenant.id).begin().await?;
    let events = tx
        .list_events(&filter, options.before, options.limit)
        .await?;
    if options.json {
        say!("{}", serde_json::to_string_pretty(&events)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    for event in &events {
        say!("{}", line(event))?;
    }
    match events.last() {
        None => say!("no event matches")?,
        Some(last) if i64::try_from(events.len()) == Ok(options.limit) => {
            say!("there may be more: --before {}", last.id)?;
        }
        Some(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn line(event: &EventEntry) -> String {
    let mut line = format!(
        "{}  {}  {:10}  {} {}",
        event.received_at.strftime("%Y-%m-%d %H:%M:%SZ"),
        event.id,
        event.state,
        event.provider,
        event.event_type
    );
    if event.duplicates > 0 {
        line.push_str(&format!("  came {} times", event.duplicates + 1));
    }
    if let Some(class) = &event.error_class {
        line.push_str(&format!("  {class}"));
    }
    if let Some(detail) = &event.detail {
        line.push_str(&format!(": {detail}"));
    }
    line
}
