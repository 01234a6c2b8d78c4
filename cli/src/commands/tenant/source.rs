//! Webhook addresses of a tenant, and the secrets of what is connected to it.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{
    Args,
    builder::{PossibleValuesParser, TypedValueParser},
};
use domain::{ids::TenantId, settings::CRM_SECRETS};
use providers::source::{SourceKind, SourceOptions, check_secret};
use rand::{Rng, distr::Alphanumeric};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::{SourceEntry, Store, Tenant, TenantTx};

use super::{find, read_secret};
use crate::{config, options_file, say};

/// The channels that alerts go over: their secrets are kept beside those of the providers.
const CHANNELS: [&str; 3] = ["slack", "smtp", "twilio"];

/// Services that are asked with a key and are no way of alerts.
const SERVICES: [&str; 2] = ["openphone_api", "gemini"];

fn secret_names() -> PossibleValuesParser {
    PossibleValuesParser::new(CHANNELS.into_iter().chain(SERVICES))
}

/// The code of the CRM, whose notifications come in at a source.
const ZOHO: &str = SourceKind::Zoho.code();

#[derive(Args)]
pub struct NewSource {
    slug: String,
    /// Whose webhooks come in there
    #[arg(long, value_name = "CODE", default_value = "retell", value_parser = kinds())]
    provider: SourceKind,
    /// What you call it, when there are several
    #[arg(long)]
    name: Option<String>,
    /// How its webhooks are signed, where that can differ: a JSON or TOML file, see docs/sources.md
    #[arg(long, value_name = "FILE")]
    options_file: Option<PathBuf>,
}

#[derive(Args)]
pub struct NewSecret {
    slug: String,
    /// The webhook address that it is for, by its last part
    #[arg(
        long,
        value_name = "KEY",
        conflicts_with_all = ["channel", "calendar"],
        required_unless_present_any = ["channel", "calendar", "crm"]
    )]
    source: Option<String>,
    /// The calendar that it is for, by its name in the settings: Google's credentials file, Cal.com's key, a feed's address
    #[arg(long, value_name = "NAME", conflicts_with = "channel")]
    calendar: Option<String>,
    /// The way of alerts that it is for: slack (the webhook's address), smtp (the password), twilio (the auth token); or
    /// the service: openphone_api, gemini (the API key)
    #[arg(long, value_name = "CHANNEL", value_parser = secret_names())]
    channel: Option<String>,
    /// What of the CRM's it is: zoho_client_id, zoho_client_secret or zoho_refresh_token
    #[arg(long, value_name = "NAME", conflicts_with_all = ["source", "channel", "calendar"], value_parser = PossibleValuesParser::new(CRM_SECRETS))]
    crm: Option<String>,
}

#[derive(Args)]
pub struct OneSource {
    slug: String,
    /// The webhook address, by its last part
    #[arg(long, value_name = "KEY")]
    source: String,
}

fn kinds() -> impl TypedValueParser<Value = SourceKind> {
    PossibleValuesParser::new(SourceKind::ALL.map(SourceKind::code))
        .try_map(|code| SourceKind::from_code(&code).ok_or("no such source"))
}

pub(super) async fn add(store: &Store, new: NewSource) -> Result<()> {
    let tenant = find(store, &new.slug).await?;
    let options = match &new.options_file {
        Some(path) => options_file::read(path)?,
        None => json!({}),
    };
    SourceOptions::read(new.provider, options.clone())
        .with_context(|| format!("the options of {}; see --options-file", new.provider.name()))?;
    let key = made(
        store,
        tenant.id,
        new.provider,
        new.name.as_deref(),
        &options,
    )
    .await?;
    say!("webhook address for {}: /hooks/{key}", sender(new.provider))?;
    if new.provider != SourceKind::Retell {
        say!(
            "its secret: bellhop tenant add-secret {} --source {key} < secret.txt",
            new.slug
        )?;
    }
    Ok(())
}

/// Makes a webhook address, whose last part, which nobody can guess, is returned.
pub(crate) async fn made(
    store: &Store,
    tenant: TenantId,
    kind: SourceKind,
    name: Option<&str>,
    options: &Value,
) -> Result<String> {
    let random = rand::rng().sample_iter(Alphanumeric);
    let key: String = random.take(32).map(char::from).collect();
    let mut tx = store.tenant(tenant).begin().await?;
    tx.add_source_with(kind.code(), &key, name, options).await?;
    tx.commit().await?;
    Ok(key)
}

pub(super) async fn add_secret(store: &Store, new: NewSecret) -> Result<()> {
    let tenant = find(store, &new.slug).await?;
    let secret = read_secret()?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    if let Some(channel) = &new.channel {
        tx.add_provider_secret(store.keys(), channel, &secret)
            .await?;
        tx.read_afresh().await?;
        tx.commit().await?;
        if SERVICES.contains(&channel.as_str()) {
            say!("the key is stored, encrypted; it is not shown again")?;
        } else {
            say!(
                "the secret is stored, encrypted; try it: bellhop alerts test --tenant {}",
                new.slug
            )?;
        }
        return Ok(());
    }
    if let Some(calendar) = &new.calendar {
        check_of_calendar(&tenant, calendar, &secret)?;
        tx.add_calendar_secret(store.keys(), calendar, &secret)
            .await?;
        tx.commit().await?;
        say!(
            "the secret is stored, encrypted; see whether the calendar is read: bellhop calendars --tenant {}",
            new.slug
        )?;
        return Ok(());
    }
    if let Some(name) = &new.crm {
        tx.add_crm_secret(store.keys(), name, &secret).await?;
        tx.commit().await?;
        say!(
            "the secret is stored, encrypted; see `bellhop crm status --tenant {}`",
            new.slug
        )?;
        return Ok(());
    }
    let source = source(&mut tx, new.source.as_deref().unwrap_or_default()).await?;
    check(&source, &secret)?;
    tx.add_source_secret(store.keys(), &source, &secret).await?;
    if source.provider == ZOHO {
        // Its notifications can be asked for now.
        tx.wake_crm_if_any().await?;
    }
    tx.commit().await?;
    say!("the secret is stored, encrypted; older ones of this address verify until retired")?;
    Ok(())
}

/// Whether it can be a secret of that calendar; the calendar is not asked.
fn check_of_calendar(tenant: &Tenant, name: &str, secret: &SecretString) -> Result<()> {
    let calendars = &tenant.settings.calendar.calendars;
    let kind = calendars.get(name).and_then(|calendar| calendar.kind);
    let kind = kind.with_context(|| {
        format!(
            "{} has no calendar {name:?}; set it up under [calendar.calendars.{name}] first",
            tenant.slug
        )
    })?;
    config::calendars()?
        .check(kind, secret)
        .with_context(|| format!("this cannot be its {}", kind.secret()))
}

fn check(source: &SourceEntry, secret: &SecretString) -> Result<()> {
    let kind = SourceKind::from_code(&source.provider).with_context(|| {
        format!(
            "{:?} is a source that this release does not know",
            source.provider
        )
    })?;
    let options = SourceOptions::read(kind, source.options.clone())?;
    Ok(check_secret(kind, &options, secret)?)
}

pub(super) async fn retire(store: &Store, of: OneSource) -> Result<()> {
    let mut tx = store
        .tenant(find(store, &of.slug).await?.id)
        .begin()
        .await?;
    let source = source(&mut tx, &of.source).await?;
    let retired = tx.retire_older_secrets(&source).await?;
    tx.commit().await?;
    say!(
        "retired: {retired}; only the newest secret of this address is accepted within half a minute"
    )?;
    Ok(())
}

pub(super) async fn disable(store: &Store, of: OneSource) -> Result<()> {
    let mut tx = store
        .tenant(find(store, &of.slug).await?.id)
        .begin()
        .await?;
    if !tx.disable_source(&of.source).await? {
        bail!(no_source(&of.source));
    }
    tx.commit().await?;
    say!("no webhook is taken there any more, within half a minute")?;
    Ok(())
}

async fn source(tx: &mut TenantTx, key: &str) -> Result<SourceEntry> {
    let all = tx.sources().await?;
    let found = all.into_iter().find(|each| each.key == key);
    found.with_context(|| no_source(key))
}

fn no_source(key: &str) -> String {
    format!("this tenant has no webhook address {key:?}; see `bellhop tenant show`")
}

/// Whose webhooks come in there.
const fn sender(kind: SourceKind) -> &'static str {
    match kind {
        SourceKind::StandardWebhooks => "Standard Webhooks",
        other => other.name(),
    }
}

/// An address as it is shown to people. Its id is what logs and events name it by.
pub(super) fn line(source: &SourceEntry) -> String {
    let kind = SourceKind::from_code(&source.provider);
    let mut line = format!(
        "webhook address for {}: /hooks/{}  {}",
        kind.map_or(source.provider.as_str(), |kind| sender(kind)),
        source.key,
        source.id
    );
    if let Some(name) = &source.name {
        line.push_str(&format!("  ({name})"));
    }
    line.push_str(&format!("  secrets: {}", source.secrets));
    if source
        .options
        .as_object()
        .is_some_and(|set| !set.is_empty())
    {
        line.push_str(&format!("  options: {}", source.options));
    }
    line
}

#[cfg(test)]
mod tests {
    use domain::ids::SourceId;

    use super::*;

    fn entry(provider: &str, options: Value) -> SourceEntry {
        SourceEntry {
            id: SourceId::generate(),
            key: "abc".to_owned(),
            provider: provider.to_owned(),
            name: Some("north branch".to_owned()),
            options,
            secrets: 0,
        }
    }

    #[test]
    fn an_address_is_shown_with_its_id_its_secrets_and_its_options() {
        let twilio = entry("twilio", json!({"public_base_url": "https://a.example"}));
        assert_eq!(
            line(&twilio),
            format!(
                "webhook address for Twilio: /hooks/abc  {}  (north branch)  secrets: 0  \
                 options: {{\"public_base_url\":\"https://a.example\"}}",
                twilio.id
            )
        );
    }

    #[test]
    fn a_standard_webhooks_address_is_named_as_such_and_no_options_are_left_out() {
        let line = line(&entry("standard_webhooks", json!({})));
        assert!(
            line.starts_with("webhook address for Standard Webhooks: "),
            "{line}"
        );
        assert!(!line.contains("options"), "{line}");
    }
}
