//! `bellhop opt-out`.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;
use domain::{country::Country, phone};

use crate::{commands::tenant, config, say};

#[derive(Args)]
pub struct Options {
    #[arg(long)]
    tenant: String,
    /// The number, in any usual form
    number: String,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let country: Country = tenant.settings.tenant.country.parse()?;
    let parsed = phone::parse(&options.number, country).map_err(|problem| anyhow!("{problem}"))?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    tx.opt_out(parsed.number.e164(), "operator").await?;
    tx.commit().await?;
    say!(
        "{} is not called any more by {}; pending reminders stop",
        parsed.number,
        tenant.slug
    )?;
    Ok(ExitCode::SUCCESS)
}
