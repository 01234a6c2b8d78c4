//! `bellhop approvals`: values that were read out of people's words and wait for somebody's word.

use std::process::ExitCode;

use activities::{Answered, answer};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::{
    ids::ApprovalId,
    text::{Superseded, Verdict},
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use store::ApprovalEntry;

use crate::{commands::tenant, config, plain, say};

/// In characters.
const MOST_SHOWN: usize = 80;

#[derive(Subcommand)]
pub enum Action {
    /// Lists the values that wait, the oldest first, each beside the one it would replace, or with + be added to
    List(List),
    /// Puts the value in the place of the other, or adds it
    Approve(Which),
    /// Leaves the other where it is; the value is not proposed again
    Reject(Which),
}

#[derive(Args)]
pub struct List {
    #[arg(long)]
    tenant: String,
    /// Also those that are settled
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
    /// Who says so, for the record
    #[arg(long, default_value = "operator")]
    by: String,
    /// As `list` shows it
    approval: ApprovalId,
}

pub async fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::List(options) => list(options).await,
        Action::Approve(which) => settle(which, Verdict::Approve).await,
        Action::Reject(which) => settle(which, Verdict::Reject).await,
    }
}

async fn list(options: List) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let approvals = tx.approvals(!options.all, options.limit).await?;
    if options.json {
        let approvals: Vec<_> = approvals.iter().map(as_json).collect();
        say!("{}", serde_json::to_string_pretty(&approvals)?)?;
    } else if approvals.is_empty() {
        say!("no value waits for approval")?;
    } else {
        for approval in &approvals {
            say!("{}", line(approval, &zone))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn settle(which: Which, verdict: Verdict) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &which.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let answered = (verdict, which.by.as_str());
    let answered = answer(&mut tx, which.approval, answered, Timestamp::now()).await?;
    tx.commit().await?;
    match answered {
        Answered::Applied(field) => say!("the field {field} is changed")?,
        Answered::Rejected(field) => {
            say!("the field {field} stays as it is; the value is not proposed again")?;
        }
        Answered::Superseded(why) => say!("nothing is changed: {}", words(why))?,
        Answered::NoRoom(field) => bail!(
            "nothing is changed, and {} goes on waiting: with it the field {field} would be longer than {} characters; \
             shorten what stands there with `bellhop contacts set --{field}` first, which replaces what the CRM gets too",
            which.approval,
            field.longest_kept()
        ),
        Answered::Settled => bail!("{} was settled before", which.approval),
        Answered::NoSuchApproval => {
            bail!("{} has no approval {}", which.tenant, which.approval)
        }
    }
    Ok(ExitCode::SUCCESS)
}

const fn words(why: Superseded) -> &'static str {
    match why {
        Superseded::FieldChanged => "the field holds another value by now than the one shown",
        Superseded::AlreadyThere => "the value stands there already",
        Superseded::NewerProposal => "there is a newer question about the field",
        Superseded::Expired => "nobody answered in time",
    }
}

/// As the list shows it.
pub(crate) fn line(entry: &ApprovalEntry, zone: &TimeZone) -> String {
    let approval = &entry.approval;
    let at = approval.asked_at.to_zoned(zone.clone());
    let outcome = entry.outcome.as_deref().map(|it| format!("  [{it}]"));
    let beside = match approval.field.is_added_to() {
        true if approval.shown.is_empty() => "+".to_owned(),
        true => format!("{} +", shortened(&approval.shown)),
        false => format!("{} →", approval.shown.0),
    };
    let line = format!(
        "{}  {}  {} ({})  {}: {beside} {}{}",
        entry.id,
        at.strftime("%a %Y-%m-%d %H:%M %Z"),
        entry.name.0,
        entry.contact,
        approval.field,
        approval.proposed.0,
        outcome.unwrap_or_default()
    );
    plain(&line)
}

/// Of what the value is added to: it may be long, and stands there whatever is answered.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

fn as_json(entry: &ApprovalEntry) -> serde_json::Value {
    let approval = &entry.approval;
    json!({
        "id": entry.id,
        "contact": entry.contact,
        "name": entry.name,
        "field": approval.field,
        "shown": approval.shown,
        "proposed": approval.proposed,
        "asked_at": approval.asked_at,
        "verdict": approval.verdict,
        "outcome": entry.outcome,
        "settled_at": entry.settled_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_value_is_added_to_is_shown_in_short() {
        for (text, shown) in [
            ("Rings twice".to_owned(), "Rings twice".to_owned()),
            ("ü".repeat(80), "ü".repeat(80)),
            ("ü".repeat(300), format!("{}…", "ü".repeat(80))),
        ] {
            assert_eq!(shortened(&text), shown);
        }
    }
}
