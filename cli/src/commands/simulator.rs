//! `bellhop simulator`: a stand-in for Retell, as a process of its own.

use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use simulator::retell::{self, Config, Scenario};

use crate::commands::asked_to_stop;

#[derive(Args)]
pub struct Options {
    /// Port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8099")]
    listen: SocketAddr,
    /// The API key it accepts and signs webhooks with
    #[arg(long, default_value = "key_simulator")]
    key: String,
    /// Where webhooks go
    #[arg(long)]
    webhook_url: Option<String>,
    /// What becomes of calls, and what goes wrong: a TOML file
    #[arg(long)]
    scenario: Option<PathBuf>,
    /// How many times faster than life
    #[arg(long)]
    speed: Option<f64>,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let scenario = match &options.scenario {
        Some(path) => {
            let text = fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Scenario::from_toml(&text).with_context(|| path.display().to_string())?
        }
        None => Scenario::default(),
    };
    let scenario = match options.speed {
        Some(speed) => scenario.at_speed(speed),
        None => scenario,
    };
    let mut config = Config::with_account(&options.key, options.webhook_url, scenario);
    config.address = options.listen;
    let running = retell::start(config).await?;
    println!("{}", running.base_url());
    tokio::select! {
        () = running.serve() => {}
        () = asked_to_stop() => {}
    }
    Ok(ExitCode::SUCCESS)
}
