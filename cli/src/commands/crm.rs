//! `bellhop crm`: how a tenant stands with its CRM, and what a person has to decide.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::{
    crm::{Field, RecordId, Side},
    ids::ContactId,
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use store::{Conflict, CrmAccount, CrmCounts, CrmTask};

use crate::{commands::tenant, config, plain, say};

#[derive(Subcommand)]
pub enum Action {
    /// The connection, what is to be done, and who has no record
    Status(Listed),
    /// Differences that a person decides
    #[command(subcommand)]
    Conflicts(Conflicts),
    /// Compares everything that changed since the last comparison, now
    Reconcile {
        #[arg(long)]
        tenant: String,
        /// Everything there is, not only what changed
        #[arg(long)]
        all: bool,
    },
    /// Says which record of the CRM a contact is
    Link {
        #[arg(long)]
        tenant: String,
        contact: ContactId,
        /// The record's id at the CRM
        record: RecordId,
    },
}

#[derive(Subcommand)]
pub enum Conflicts {
    /// Lists them, the oldest first
    List(Listed),
    /// Ours counts: it is written to the CRM
    Ours(One),
    /// Theirs counts: the contact gets it
    Theirs(One),
}

#[derive(Args)]
pub struct Listed {
    #[arg(long)]
    tenant: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct One {
    #[arg(long)]
    tenant: String,
    /// As `list` shows it
    contact: ContactId,
    /// Such as email
    #[arg(value_parser = field)]
    field: Field,
}

fn field(code: &str) -> Result<Field, String> {
    Field::from_code(code).ok_or_else(|| {
        let all: Vec<&str> = Field::ALL.iter().map(|field| field.code()).collect();
        format!("expected one of {}", all.join(", "))
    })
}

/// The most that is listed.
const MOST: i64 = 1_000;

pub async fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::Status(options) => status(options).await?,
        Action::Conflicts(Conflicts::List(options)) => list(options).await?,
        Action::Conflicts(Conflicts::Ours(one)) => answer(one, Side::Ours).await?,
        Action::Conflicts(Conflicts::Theirs(one)) => answer(one, Side::Theirs).await?,
        Action::Reconcile { tenant, all } => reconcile(&tenant, all).await?,
        Action::Link {
            tenant,
            contact,
            record,
        } => link(&tenant, contact, &record).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(options: Listed) -> Result<()> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let (account, counts) = (tx.lock_crm().await?, tx.crm_counts().await?);
    let unlinked = tx.crm_unlinked(MOST).await?;
    let is_on = tenant.settings.crm.is_on();
    if options.json {
        let unlinked: Vec<_> = unlinked
            .iter()
            .map(|each| json!({"contact": each.contact, "name": each.name, "why": each.trouble}))
            .collect();
        let queued: Vec<_> = counts
            .queued
            .iter()
            .map(|(kind, all, failed)| json!({"kind": kind, "all": all, "failed": failed}))
            .collect();
        let status = json!({
            "on": is_on,
            "token": token(&account),
            "channel_until": account.channel.live.as_ref().map(|live| live.expires_at),
            "compared_at": account.compared_at,
            "linked": counts.linked,
            "conflicts": counts.conflicts,
            "waiting": queued,
            "for_a_person": counts.stuck,
            "without_record": unlinked,
        });
        say!("{}", serde_json::to_string_pretty(&status)?)?;
        return Ok(());
    }
    if !is_on {
        say!("{} has no CRM: see [crm] in docs/settings.md", tenant.slug)?;
        return Ok(());
    }
    for line in lines(&account, &counts, &zone) {
        say!("{line}")?;
    }
    for each in &unlinked {
        say!(
            "without a record: {}  {}  ({})",
            each.contact,
            plain(&each.name),
            why_unlinked(&each.trouble)
        )?;
    }
    Ok(())
}

fn lines(account: &CrmAccount, counts: &CrmCounts, zone: &TimeZone) -> Vec<String> {
    let at = |at: Option<Timestamp>, none: &str| match at {
        Some(at) => shown(at, zone),
        None => none.to_owned(),
    };
    let channel = account.channel.live.as_ref().map(|live| live.expires_at);
    let channel = match (account.channel.wanted, channel) {
        (false, None) => {
            "none: there is no source of Zoho with public_base_url and a secret".to_owned()
        }
        (_, until) => at(until, "none yet"),
    };
    let waiting: Vec<String> = counts
        .queued
        .iter()
        .map(|(kind, all, failed)| match failed {
            0 => format!("{all} {kind}"),
            failed => format!("{all} {kind} ({failed} failed)"),
        })
        .collect();
    let waiting = match waiting.is_empty() {
        true => "nothing".to_owned(),
        false => waiting.join(", "),
    };
    let running = match account.reconcile {
        Some(_) => ", and one is under way",
        None => "",
    };
    vec![
        format!("token:      {}", token(account)),
        format!("channel:    {channel}"),
        format!(
            "compared:   {}{running}",
            at(account.compared_at, "not yet")
        ),
        format!("contacts:   {} have a record", counts.linked),
        format!(
            "conflicts:  {}, see `bellhop crm conflicts list`",
            counts.conflicts
        ),
        format!(
            "to be done: {waiting}; {} for a person to look at",
            counts.stuck
        ),
    ]
}

fn token(account: &CrmAccount) -> &'static str {
    match (account.token.problem, account.token.expires_at) {
        (Some(domain::crm::TokenProblem::Revoked), _) => {
            "the refresh token was revoked: connect the CRM again"
        }
        (Some(domain::crm::TokenProblem::WrongClient), _) => {
            "the client's id or secret is wrong: store them anew"
        }
        (None, Some(_)) if account.token.failures == 0 => "is there",
        (None, _) if account.token.failures > 0 => "cannot be had for now; it is tried again",
        (None, _) => "none yet",
    }
}

fn why_unlinked(trouble: &str) -> &str {
    match trouble {
        "several" => "more than one record has the number: say which with `bellhop crm link`",
        "gone" => "its record was deleted at the CRM",
        "incomplete" => "the CRM takes nobody without a last name",
        other => other,
    }
}

async fn list(options: Listed) -> Result<()> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let conflicts = tx.crm_conflicts(MOST).await?;
    if options.json {
        let conflicts: Vec<_> = conflicts.iter().map(as_json).collect();
        say!("{}", serde_json::to_string_pretty(&conflicts)?)?;
    } else if conflicts.is_empty() {
        say!("nothing is to be decided")?;
    } else {
        for each in &conflicts {
            say!("{}", line(each, &zone))?;
        }
    }
    Ok(())
}

fn line(each: &Conflict, zone: &TimeZone) -> String {
    let value = |value: &Option<String>| match value {
        Some(value) => format!("{:?}", plain(value)),
        None => "nothing".to_owned(),
    };
    format!(
        "{}  {}  {}  {}: ours {}, theirs {}",
        each.contact,
        each.field.code(),
        shown(each.asked_at, zone),
        plain(&each.name),
        value(&each.about.ours),
        value(&each.about.theirs),
    )
}

fn as_json(each: &Conflict) -> serde_json::Value {
    json!({
        "contact": each.contact,
        "name": each.name,
        "field": each.field.code(),
        "ours": each.about.ours,
        "theirs": each.about.theirs,
        "why": each.why,
        "asked_at": each.asked_at,
    })
}

async fn answer(one: One, side: Side) -> Result<()> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &one.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let conflicts = tx.crm_conflicts_of(one.contact).await?;
    let asked = conflicts.into_iter().find(|each| each.field == one.field);
    let (Some(conflict), Some(contact)) = (asked, tx.lock_crm_contact(one.contact).await?) else {
        bail!(
            "nothing is to be decided about {} of {}",
            one.field.code(),
            one.contact
        );
    };
    let mut link = contact.link;
    link.answered(one.field, side, conflict.about);
    tx.save_crm_link(one.contact, &link).await?;
    tx.crm_decided(one.contact, one.field).await?;
    let task = CrmTask::Contact(one.contact);
    tx.crm_queue(&task, Some(one.contact), Timestamp::now())
        .await?;
    tx.commit().await?;
    say!("decided; it takes effect with the next comparison, within a minute")?;
    Ok(())
}

async fn reconcile(slug: &str, all: bool) -> Result<()> {
    let store = config::store()?;
    let tenant = on(&store, slug).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    match all {
        true => tx.compare_all().await?,
        false => tx.compare_now().await?,
    }
    tx.wake_crm().await?;
    tx.commit().await?;
    say!("a comparison begins; see `bellhop crm status --tenant {slug}`")?;
    Ok(())
}

async fn link(slug: &str, contact: ContactId, record: &RecordId) -> Result<()> {
    let store = config::store()?;
    let tenant = on(&store, slug).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    if tx.lock_crm_contact(contact).await?.is_none() {
        bail!("{slug} has no contact {contact}");
    }
    let now = Timestamp::now();
    if !tx.crm_link(contact, record, now).await? {
        bail!("another contact is the record {record} already");
    }
    tx.crm_queue(&CrmTask::Contact(contact), Some(contact), now)
        .await?;
    tx.commit().await?;
    say!("linked; both sides are compared within a minute")?;
    Ok(())
}

async fn on(store: &store::Store, slug: &str) -> Result<store::Tenant> {
    let tenant = tenant::find(store, slug).await?;
    if !tenant.settings.crm.is_on() {
        bail!("{slug} has no CRM: see [crm] in docs/settings.md");
    }
    Ok(tenant)
}

fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let at = at.to_zoned(zone.clone());
    at.strftime("%a %Y-%m-%d %H:%M %Z").to_string()
}
