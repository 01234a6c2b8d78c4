//! `bellhop dev`: the whole stack for daily use.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Args;
use embedded::PostgresOptions;
use secrecy::{ExposeSecret, SecretString};
use store::KeyRing;

use crate::{
    commands::asked_to_stop,
    config,
    stack::{Servers, Stack, Wanted},
    telemetry,
};

#[derive(Args)]
pub struct Options {
    /// Where data is kept
    #[arg(long, default_value = ".bellhop")]
    data: PathBuf,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let metrics = telemetry::start_metrics()?;
    fs::create_dir_all(&options.data)
        .with_context(|| format!("cannot make {}", options.data.display()))?;
    println!(
        "starting PostgreSQL and Temporal, data in {}",
        options.data.display()
    );
    let wanted = Wanted {
        postgres: PostgresOptions::kept_in(options.data.join("postgres")),
        durable_engine: true,
        use_named: true,
    };
    let servers = Servers::start(&options.data, wanted).await?;
    let keys = secret_keys(&options.data)?;
    let store = servers.store(&keys, config::pool()?).await?;
    let mut stack = Stack::start(
        &servers,
        config::means(&store)?,
        ingress::Config::from_env()?,
        Some(metrics),
    )
    .await?;
    tell(&servers, &stack, &options.data, &keys)?;
    let ended = tokio::select! {
        ended = stack.watch() => ended,
        () = asked_to_stop() => Ok(()),
    };
    println!("stopping");
    ended?;
    stack.stop().await?;
    store.close().await;
    servers.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// The other commands, in another shell, find the servers through this file.
fn tell(servers: &Servers, stack: &Stack, folder: &Path, keys: &SecretString) -> Result<()> {
    let path = folder.join("env");
    let text = format!(
        "export BELLHOP_DATABASE_URL='{}'\nexport TEMPORAL_ADDRESS='{}'\nexport BELLHOP_SECRET_KEYS='{}'\n",
        servers.database_url.expose_secret(),
        servers.temporal.address,
        keys.expose_secret()
    );
    private(&path, &text)?;
    println!("webhooks, health and metrics: {}", stack.ingress_url);
    if let Some(ui) = &servers.ui_url {
        println!("Temporal's screens:           {ui}");
    }
    println!("for the other commands:       source {}", path.display());
    println!("nothing dials unless a tenant is live; Ctrl-C stops");
    Ok(())
}

/// The key that encrypts stored secrets: the configured one, else one made at the first start.
fn secret_keys(folder: &Path) -> Result<SecretString> {
    if let Some(keys) = config::read("BELLHOP_SECRET_KEYS") {
        return Ok(keys.into());
    }
    let path = folder.join("secret-keys");
    if let Ok(text) = fs::read_to_string(&path) {
        return Ok(text.trim().to_owned().into());
    }
    let keys = KeyRing::generate();
    private(&path, keys.expose_secret())?;
    Ok(keys)
}

/// Writes a file that only its owner reads.
fn private(path: &Path, text: &str) -> Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(text.as_bytes())?)
}
