//! `bellhop notes`: what callers left for the people of a business.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::ids::NoteId;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use store::NoteEntry;

use crate::{commands::tenant, config, plain, say};

#[derive(Subcommand)]
pub enum Action {
    /// Lists notes, the newest first: those that nobody has seen to, unless told otherwise
    List(List),
    /// Marks a note as seen to
    Done(Which),
    /// Lets agents hear of a complaint or dispute that was held back
    Clear(Which),
}

#[derive(Args)]
pub struct List {
    #[arg(long)]
    tenant: String,
    /// Also those that were seen to
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
    note: NoteId,
}

pub async fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::List(options) => list(options).await,
        Action::Done(which) => mark(which, true).await,
        Action::Clear(which) => mark(which, false).await,
    }
}

async fn list(options: List) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let notes = tx.notes(!options.all, options.limit).await?;
    if options.json {
        let notes: Vec<_> = notes.iter().map(as_json).collect();
        say!("{}", serde_json::to_string_pretty(&notes)?)?;
    } else if notes.is_empty() {
        say!("no note waits for anybody")?;
    } else {
        for note in &notes {
            say!("{}", line(note, &zone))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn mark(which: Which, done: bool) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &which.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let now = Timestamp::now();
    let found = if done {
        tx.note_done(which.note, now).await?
    } else {
        tx.note_cleared(which.note, now).await?
    };
    if !found {
        bail!("{} has no note {}", which.tenant, which.note);
    }
    tx.commit().await?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn line(note: &NoteEntry, zone: &TimeZone) -> String {
    let at = note.made_at.to_zoned(zone.clone());
    let flags = [
        (note.urgent, "urgent"),
        (note.is_held, "held back from agents"),
        (note.wants_answer && note.done_at.is_none(), "to answer"),
    ];
    let flags: Vec<&str> = flags
        .into_iter()
        .filter_map(|(is_set, word)| is_set.then_some(word))
        .collect();
    let body = plain(&note.body);
    format!(
        "{}  {}  {} {}  [{}]  {body}",
        note.id,
        at.strftime("%a %Y-%m-%d %H:%M %Z"),
        note.name.as_deref().unwrap_or("somebody"),
        note.e164.as_deref().unwrap_or("without a number"),
        flags.join(", "),
    )
}

pub(super) fn as_json(note: &NoteEntry) -> serde_json::Value {
    json!({
        "id": note.id,
        "name": note.name,
        "number": note.e164,
        "call": note.call,
        "body": note.body,
        "urgent": note.urgent,
        "held": note.is_held,
        "wants_answer": note.wants_answer,
        "made_at": note.made_at,
        "done_at": note.done_at,
    })
}
