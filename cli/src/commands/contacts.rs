//! `bellhop contacts`: who is stored, what is known of them, two that are one person, and one who is to be forgotten.

mod set;
mod show;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use domain::ids::{ContactId, MergeId};
use jiff::Timestamp;
use store::{ContactEntry, MergeEntry};

use crate::{
    commands::{erase, tenant},
    config, plain, say,
};

#[derive(Subcommand)]
pub enum Action {
    /// Lists contacts whose name, number or mail address holds a text
    Find(Find),
    /// Shows all that is kept of one person: appointments, calls, notes, what is open, wishes not to be called
    Show(show::Show),
    /// Changes what is known of a person: name, addresses, number, preferences. All of it, or with an error nothing
    Set(set::Set),
    /// Makes one person of two: everything of the second becomes the first's
    Merge(Merge),
    /// Takes two merged contacts apart again, each with what it had
    Undo(Undo),
    /// Lists merges, the newest first
    Merges(Merges),
    /// Erases one person everywhere: who they are and what they said. That there were calls stays
    Erase(erase::Options),
}

#[derive(Args)]
pub struct Find {
    #[arg(long)]
    tenant: String,
    text: String,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Args)]
pub struct Merge {
    #[arg(long)]
    tenant: String,
    /// Whose name and number stay, as `find` shows it
    kept: ContactId,
    /// Who becomes part of that contact
    gone: ContactId,
}

#[derive(Args)]
pub struct Undo {
    #[arg(long)]
    tenant: String,
    /// As `merge` and `merges` show it
    merge: MergeId,
}

#[derive(Args)]
pub struct Merges {
    #[arg(long)]
    tenant: String,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

pub async fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::Find(options) => find(options).await?,
        Action::Show(options) => show::run(options).await?,
        Action::Set(options) => set::run(options).await?,
        Action::Merge(options) => merge(options).await?,
        Action::Undo(options) => undo(options).await?,
        Action::Merges(options) => merges(options).await?,
        Action::Erase(options) => return erase::run(options).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(options: Find) -> Result<()> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    for contact in tx.find_contacts(&options.text, options.limit).await? {
        say!("{}", line(&contact))?;
    }
    Ok(())
}

async fn merge(options: Merge) -> Result<()> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let merged = tx
        .merge_contacts(options.kept, options.gone, Timestamp::now())
        .await?;
    let merge = merged.context("they are not merged")?;
    tx.commit().await?;
    say!("{merge}: {} is part of {} now", options.gone, options.kept)?;
    Ok(())
}

async fn undo(options: Undo) -> Result<()> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let undone = tx.undo_merge(options.merge, Timestamp::now()).await?;
    undone.context("they are not taken apart")?;
    tx.commit().await?;
    say!("{} is undone", options.merge)?;
    Ok(())
}

async fn merges(options: Merges) -> Result<()> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    for merge in tx.merges(options.limit).await? {
        say!("{}", line_of_merge(&merge))?;
    }
    Ok(())
}

fn line(contact: &ContactEntry) -> String {
    let mut line = format!(
        "{}  {}  {}  {}  appointments: {}",
        contact.id,
        plain(&contact.name),
        contact.e164.as_deref().unwrap_or("without a number"),
        plain(contact.email.as_deref().unwrap_or("without an address")),
        contact.appointments
    );
    if let Some(kept) = contact.merged_into {
        line += &format!("  (part of {kept})");
    }
    line
}

fn line_of_merge(merge: &MergeEntry) -> String {
    let mut line = format!(
        "{}  {}  {} {} is part of {} {}",
        merge.id,
        merge.merged_at.strftime("%Y-%m-%d %H:%M UTC"),
        merge.gone,
        plain(&merge.gone_name),
        merge.kept,
        plain(&merge.kept_name),
    );
    if let Some(undone_at) = merge.undone_at {
        line += &format!("  (undone {})", undone_at.strftime("%Y-%m-%d %H:%M UTC"));
    }
    line
}
