//! `bellhop tenant`: make, show and change tenants.

mod source;
mod token;

use std::{
    fs,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use clap::{
    Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use domain::settings::{Settings, SettingsProblem, VoiceProvider};
use jiff::Timestamp;
use providers::source::SourceKind;
use secrecy::SecretString;
use serde_json::json;
use store::{Store, Tenant};

use crate::{commands::calendars, config, say};

pub(crate) use source::made as made_source;

#[derive(Subcommand)]
pub enum Action {
    /// Make a tenant from a settings file, with a webhook address for Retell
    Create {
        /// What you will call it on the command line, such as harbour-dental
        slug: String,
        #[arg(long)]
        settings: PathBuf,
    },
    /// List the tenants
    List,
    /// Show a tenant's settings and webhook addresses
    Show { slug: String },
    /// Replace the settings; every waiting reminder plans by them at once
    Apply {
        slug: String,
        #[arg(long)]
        settings: PathBuf,
    },
    /// Store a further API key of whoever places the calls, read from standard input; Retell's older ones still verify webhooks
    AddKey {
        slug: String,
        /// Whose key it is
        #[arg(long = "for", value_name = "PROVIDER", default_value = "retell", value_parser = voice_providers())]
        provider: VoiceProvider,
    },
    /// Make a further webhook address, for Retell or another sender
    AddSource(source::NewSource),
    /// Store a secret of a webhook address, a calendar or a way of alerts, read from standard input
    AddSecret(source::NewSecret),
    /// Accept only the newest secret of a webhook address
    RetireSecrets(source::OneSource),
    /// Take no webhooks at an address any more
    DisableSource(source::OneSource),
    /// Make a token with which a program may ask how calls go; it is shown once
    AddToken(token::NewToken),
    /// List the tokens
    Tokens { slug: String },
    /// Take a token back
    RemoveToken(token::OneToken),
    /// Switch dialing on: from now on people are called
    Live { slug: String },
    /// Switch dialing off again
    NotLive { slug: String },
    /// Stop dialing for a while
    Pause { slug: String },
    /// Dial again after a pause; calls that went badly before are not counted any more
    Resume { slug: String },
}

pub async fn run(action: Action) -> Result<ExitCode> {
    let store = config::store()?;
    match action {
        Action::Create { slug, settings } => {
            let settings = read_settings(&settings)?;
            let key = create(&store, &slug, &settings).await?;
            say!(
                "tenant {slug} is made; it is {}",
                standing(settings.tenant.live, false)
            )?;
            say!("webhook address for Retell: /hooks/{key}")?;
        }
        Action::List => {
            for tenant in store.tenants().await? {
                say!(
                    "{}\t{}\t{}",
                    tenant.slug,
                    standing(tenant.live, tenant.paused),
                    tenant.settings.tenant.name
                )?;
            }
        }
        Action::Show { slug } => show(&store, &find(&store, &slug).await?).await?,
        Action::Apply { slug, settings } => {
            apply(&store, &slug, &read_settings(&settings)?).await?
        }
        Action::AddKey { slug, provider } => {
            let secret = read_secret()?;
            let mut tx = store.tenant(find(&store, &slug).await?.id).begin().await?;
            tx.add_provider_secret(store.keys(), provider.key_name(), &secret)
                .await?;
            tx.wake_held_reminders().await?;
            tx.commit().await?;
            say!("the key is stored, encrypted; it is not shown again")?;
        }
        Action::AddSource(new) => source::add(&store, new).await?,
        Action::AddSecret(new) => source::add_secret(&store, new).await?,
        Action::RetireSecrets(of) => source::retire(&store, of).await?,
        Action::DisableSource(of) => source::disable(&store, of).await?,
        Action::AddToken(new) => token::add(&store, new).await?,
        Action::Tokens { slug } => token::list(&store, &slug).await?,
        Action::RemoveToken(of) => token::remove(&store, of).await?,
        Action::Live { slug } => set_live(&store, &slug, true).await?,
        Action::NotLive { slug } => set_live(&store, &slug, false).await?,
        Action::Pause { slug } => set_paused(&store, &slug, true).await?,
        Action::Resume { slug } => set_paused(&store, &slug, false).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes a tenant and its webhook address, whose last part is returned.
pub async fn create(store: &Store, slug: &str, settings: &Settings) -> Result<String> {
    let valid = !slug.is_empty()
        && slug.len() <= 63
        && !slug.starts_with('-')
        && slug
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !valid {
        bail!("{slug:?} is no tenant name: use small letters, digits and -, at most 63");
    }
    let tenant = store.create_tenant(slug, settings).await?;
    source::made(store, tenant, SourceKind::Retell, None, &json!({})).await
}

/// The tenant of that name.
pub async fn find(store: &Store, slug: &str) -> Result<Tenant> {
    store
        .tenant_by_slug(slug)
        .await?
        .with_context(|| format!("there is no tenant {slug:?}; see `bellhop tenant list`"))
}

/// Reads a settings file; fails with everything that is wrong with it.
pub fn read_settings(path: &Path) -> Result<Settings> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Settings::from_toml(&text)
        .map_err(|problems| anyhow::anyhow!("{}:\n{}", path.display(), listed(&problems)))
}

fn voice_providers() -> impl TypedValueParser<Value = VoiceProvider> {
    PossibleValuesParser::new(VoiceProvider::ALL.iter().map(|each| each.code()))
        .try_map(|code| VoiceProvider::from_code(&code).ok_or("no such provider"))
}

fn listed(problems: &[SettingsProblem]) -> String {
    problems
        .iter()
        .map(|each| format!("  {each}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn read_secret() -> Result<SecretString> {
    if io::stdin().is_terminal() {
        bail!(
            "give the key on standard input, so that it stays out of your shell's history: bellhop tenant … < key.txt"
        );
    }
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let secret = text.trim().to_owned();
    if secret.is_empty() {
        bail!("standard input holds no secret");
    }
    Ok(secret.into())
}

async fn show(store: &Store, tenant: &Tenant) -> Result<()> {
    let mut tx = store.tenant(tenant.id).begin().await?;
    let sources = tx.sources().await?;
    let mut keys = Vec::new();
    for provider in VoiceProvider::ALL {
        let stored = tx.provider_keys(store.keys(), provider.key_name()).await?;
        keys.push(format!("{} of {provider}", stored.len()));
    }
    say!(
        "# {} ({}) is {}",
        tenant.slug,
        tenant.id,
        standing(tenant.live, tenant.paused)
    )?;
    for source in &sources {
        say!("# {}", source::line(source))?;
    }
    let zone = tenant.settings.tenant.zone()?;
    for calendar in calendars::standings(&mut tx, tenant, Timestamp::now()).await? {
        say!("# calendar {}", calendar.line(&zone))?;
    }
    say!(
        "# stored keys: {}\n{}",
        keys.join(", "),
        toml::to_string(&tenant.settings)?
    )?;
    Ok(())
}

async fn apply(store: &Store, slug: &str, settings: &Settings) -> Result<()> {
    let tenant = find(store, slug).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    tx.apply_settings(settings).await?;
    tx.commit().await?;
    say!(
        "applied to {slug}; it is {}",
        standing(settings.tenant.live, tenant.paused)
    )?;
    Ok(())
}

async fn set_live(store: &Store, slug: &str, live: bool) -> Result<()> {
    let mut tx = store.tenant(find(store, slug).await?.id).begin().await?;
    let tenant = tx.tenant_row().await?;
    let mut settings = tenant.settings;
    settings.tenant.live = live;
    // Switching off is never refused, whatever is wrong with the settings.
    if live {
        let problems = settings.problems();
        if !problems.is_empty() {
            bail!("{slug} cannot be switched live:\n{}", listed(&problems));
        }
    }
    tx.apply_settings(&settings).await?;
    tx.commit().await?;
    say!("{slug} is {}", standing(live, tenant.paused))?;
    Ok(())
}

async fn set_paused(store: &Store, slug: &str, paused: bool) -> Result<()> {
    let tenant = find(store, slug).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    tx.set_paused(paused).await?;
    tx.commit().await?;
    say!("{slug} is {}", standing(tenant.live, paused))?;
    Ok(())
}

fn standing(live: bool, paused: bool) -> &'static str {
    match (live, paused) {
        (false, _) => "not live: it plans, and dials nobody",
        (true, true) => "live, and paused",
        (true, false) => "live",
    }
}
