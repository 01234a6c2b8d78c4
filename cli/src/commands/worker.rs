//! `bellhop worker`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use futures::FutureExt;
use tokio::sync::Notify;
use worker::{Role, relay};

use crate::{commands::asked_to_stop, config, heartbeat, telemetry};

#[derive(Args)]
pub struct Options {
    /// Which queues to serve: core, dial, bulk or all
    #[arg(long, value_enum, default_value_t = Role::All)]
    role: Role,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let metrics = telemetry::start_metrics()?;
    let (store, temporal) = (config::store()?, config::temporal()?);
    let means = config::means(&store)?;
    let status =
        worker::status::Status::bind(config::worker_listen()?, store.clone(), metrics).await?;
    let connected = status.on_connected();
    let stop = asked_to_stop().shared();
    let identity = format!("worker-{}", std::process::id());
    let work = async {
        let client = tokio::select! {
            client = worker::connect(&temporal, &identity) => client?,
            () = stop.clone() => return Ok(()),
        };
        connected();
        let fresh = Notify::new();
        let relaying = async {
            if matches!(options.role, Role::Core | Role::All) {
                relay::run(&client, &store, &fresh, stop.clone()).await;
            }
            Ok(())
        };
        let serving = worker::run(&client, means, options.role, stop.clone());
        let beating = async {
            heartbeat::beat(&store, options.role.names(), stop.clone()).await;
            Ok(())
        };
        futures::try_join!(serving, relaying, beating).map(|_| ())
    };
    tokio::select! {
        ended = work => ended?,
        ended = status.serve() => ended?,
    }
    Ok(ExitCode::SUCCESS)
}
