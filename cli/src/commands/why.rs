//! `bellhop why`: every decision on one appointment, in plain words (RULE-5).

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;

use crate::{commands::tenant, config, say};

#[derive(Args)]
pub struct Options {
    #[arg(long)]
    tenant: String,
    /// The appointment's id in your own calendar
    external_id: String,
    /// With the exact data of each decision
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let zone = tenant.settings.tenant.zone()?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let appointment = tx
        .appointment_by_external_id(&options.external_id)
        .await?
        .with_context(|| {
            format!(
                "{} has no appointment {:?}",
                options.tenant, options.external_id
            )
        })?;
    for entry in tx.timeline(appointment).await? {
        if options.json {
            say!(
                "{}",
                json!({ "at": entry.made_at, "verdict": entry.verdict, "reason": entry.reason, "words": entry.words,
                        "attempt": entry.attempt, "facts": entry.facts })
            )?;
        } else {
            let at = entry
                .made_at
                .to_zoned(zone.clone())
                .strftime("%a %Y-%m-%d %H:%M %Z");
            say!("{at}  {:6}  {}", entry.verdict, entry.words)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
