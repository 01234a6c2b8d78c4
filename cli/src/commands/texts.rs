//! `bellhop texts`: texts of ours, and what the reading of conversations costs.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use domain::{
    country::Country,
    ids::{ContactId, SoundId, TextId},
    phone,
    settings::Settings,
    text::{OutboundPurpose, TextRefusal},
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use store::{NewText, TenantTx, TextRow};

use crate::{commands::tenant, config, say};

#[derive(Subcommand)]
pub enum Action {
    /// Sends a text through OpenPhone, once; refused with the reason when the person does not want any
    Send(Send),
    /// Lists texts of ours and what became of them, the newest first
    List(List),
    /// Tokens that reading has cost, by month
    Usage(Usage),
    /// Writes a recording or voicemail that is kept to a file
    Sound(Sound),
}

#[derive(Args)]
pub struct Send {
    #[arg(long)]
    tenant: String,
    /// The contact (`con_…`), or a number in any usual form
    #[arg(long, value_name = "CONTACT")]
    to: String,
    /// Who sends it, for the record
    #[arg(long, default_value = "operator")]
    by: String,
    text: String,
}

#[derive(Args)]
pub struct List {
    #[arg(long)]
    tenant: String,
    /// At most so many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Usage {
    #[arg(long)]
    tenant: String,
    /// At most so many months
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=1200))]
    months: u32,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct Sound {
    #[arg(long)]
    tenant: String,
    /// As `bellhop conversation` shows it
    sound: SoundId,
    /// Where to write it
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

pub async fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::Send(options) => send(options).await,
        Action::List(options) => list(options).await,
        Action::Usage(options) => usage(options).await,
        Action::Sound(options) => sound(options).await,
    }
}

async fn send(options: Send) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let (contact, e164) = whom(&mut tx, &options.to, &tenant.settings).await?;
    let text = NewText {
        id: TextId::generate(),
        purpose: OutboundPurpose::Person,
        e164: e164.as_deref(),
        contact,
        line: tenant.settings.texts.from.as_deref(),
        body: &options.text,
        asked_by: &options.by,
    };
    let refusal = activities::request_text(&mut tx, &text, Timestamp::now()).await?;
    tx.commit().await?;
    if let Some(refusal) = refusal {
        bail!("not sent ({refusal}): {}", words(refusal));
    }
    say!("{} is on its way; see `bellhop texts list`", text.id)?;
    Ok(ExitCode::SUCCESS)
}

/// The contact and number that somebody names.
pub(super) async fn whom(
    tx: &mut TenantTx,
    text: &str,
    settings: &Settings,
) -> Result<(Option<ContactId>, Option<String>)> {
    if let Ok(contact) = text.parse::<ContactId>() {
        let row = tx.lock_contact(contact).await?;
        let row = row.with_context(|| format!("there is no contact {contact}"))?;
        return Ok((Some(contact), row.e164));
    }
    let country: Country = settings.tenant.country.parse()?;
    let parsed = phone::parse(text, country).map_err(|problem| anyhow!("{problem}"))?;
    let e164 = parsed.number.e164().to_owned();
    let person = tx.recognise(Some(&e164), settings).await?.person;
    Ok((person.map(|person| person.id), Some(e164)))
}

const fn words(refusal: TextRefusal) -> &'static str {
    match refusal {
        TextRefusal::OptedOut => "the person does not want to be contacted",
        TextRefusal::NumberMissing => "the contact has no number",
        TextRefusal::LineMissing => "the settings name no line to send from: see `[texts] from`",
        TextRefusal::Empty => "there is nothing in it",
        TextRefusal::TooLong => "it is longer than OpenPhone takes (1600 characters)",
        TextRefusal::ProviderRefused => "OpenPhone does not take it",
        TextRefusal::Misconfigured => {
            "the key, the line, the registration or the credits at OpenPhone have to be settled first"
        }
        TextRefusal::TooLate => "it could not be sent for hours, and is no news any more",
        TextRefusal::Uncertain => "it may or may not have been sent: look at OpenPhone",
    }
}

async fn list(options: List) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let texts = tx.texts(options.limit).await?;
    if options.json {
        let texts: Vec<_> = texts.iter().map(as_json).collect();
        say!("{}", serde_json::to_string_pretty(&texts)?)?;
    } else if texts.is_empty() {
        say!("no text was sent")?;
    } else {
        for text in &texts {
            say!("{}", line(text, &zone))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn line(text: &TextRow, zone: &TimeZone) -> String {
    let at = text.created_at.to_zoned(zone.clone());
    let refusal = text
        .refusal
        .map(|refusal| format!(" ({refusal}): {}", words(refusal)));
    let detail = text
        .detail
        .as_ref()
        .map(|detail| format!(" [{detail}]"))
        .filter(|_| text.state != "sent");
    format!(
        "{}  {}  {}  {}{}{}  {}",
        text.id,
        at.strftime("%a %Y-%m-%d %H:%M %Z"),
        text.e164.as_deref().unwrap_or("nobody"),
        text.state,
        refusal.unwrap_or_default(),
        detail.unwrap_or_default(),
        text.body.0
    )
    .replace(char::is_control, " ")
}

fn as_json(text: &TextRow) -> serde_json::Value {
    json!({
        "id": text.id,
        "to": text.e164,
        "contact": text.contact,
        "body": text.body,
        "by": text.asked_by,
        "state": text.state,
        "refusal": text.refusal,
        "detail": text.detail,
        "tries": text.tries,
        "provider_id": text.provider_id,
        "created_at": text.created_at,
        "sent_at": text.sent_at,
    })
}

async fn usage(options: Usage) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let months = tx.months_of_use(options.months).await?;
    if options.json {
        say!("{}", serde_json::to_string_pretty(&months)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let limit = tenant.settings.extraction.monthly_tokens;
    match limit {
        0 => say!("no limit is set")?,
        limit => say!("{limit} tokens a month are permitted")?,
    }
    for month in &months {
        say!(
            "{}  {} tokens ({} in, {} out)  {} requests  {} passages",
            month.month.strftime("%Y-%m"),
            month.usage.total(),
            month.usage.input,
            month.usage.output,
            month.requests,
            month.passages
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn sound(options: Sound) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let Some((bytes, kind)) = tx.sound(options.sound).await? else {
        bail!("nothing is kept of {}", options.sound);
    };
    std::fs::write(&options.to, &bytes)
        .with_context(|| format!("cannot write {}", options.to.display()))?;
    let kind = kind.as_deref().unwrap_or("of an unknown kind");
    say!("{} bytes, {kind}", bytes.len())?;
    Ok(ExitCode::SUCCESS)
}
