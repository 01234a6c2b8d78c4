//! `bellhop dev`: the whole stack for daily use.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
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
    config, private_file,
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
    make_folder(&options.data)
        .with_context(|| format!("cannot make {}", options.data.display()))?;
    for line in starting(&options.data, |name| config::read(name).is_some()) {
        println!("{line}");
    }
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

/// Its own folder, which holds keys and personal data, is for nobody else. Root's can be passed through:
/// PostgreSQL runs as somebody else there.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mode = match rustix::process::geteuid().is_root() {
        true => 0o711,
        false => 0o700,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(folder)
}

/// What is started, and what is used as it is because the environment names it.
fn starting(folder: &Path, is_named: impl Fn(&str) -> bool) -> Vec<String> {
    let servers = [
        ("PostgreSQL", "BELLHOP_DATABASE_URL"),
        ("Temporal", "TEMPORAL_ADDRESS"),
    ];
    let (named, own): (Vec<_>, Vec<_>) = servers
        .into_iter()
        .partition(|(_, variable)| is_named(variable));
    let mut lines = Vec::new();
    if !own.is_empty() {
        let own: Vec<_> = own.into_iter().map(|(server, _)| server).collect();
        let folder = folder.display();
        lines.push(format!("starting {}, data in {folder}", own.join(" and ")));
    }
    let used = named
        .into_iter()
        .map(|(server, variable)| format!("using the {server} that {variable} names"));
    lines.extend(used);
    lines
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
    let mut file =
        private_file(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_called_started_that_the_environment_names() {
        let lines = |named: &[&str]| {
            starting(Path::new(".bellhop"), |variable| named.contains(&variable)).join("; ")
        };
        assert_eq!(
            lines(&[]),
            "starting PostgreSQL and Temporal, data in .bellhop"
        );
        assert_eq!(
            lines(&["BELLHOP_DATABASE_URL"]),
            "starting Temporal, data in .bellhop; using the PostgreSQL that BELLHOP_DATABASE_URL names"
        );
        assert_eq!(
            lines(&["BELLHOP_DATABASE_URL", "TEMPORAL_ADDRESS"]),
            "using the PostgreSQL that BELLHOP_DATABASE_URL names; using the Temporal that TEMPORAL_ADDRESS names"
        );
    }
}
