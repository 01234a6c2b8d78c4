//! `bellhop ingress`.

use std::{process::ExitCode, sync::Arc};

use anyhow::Result;
use futures::FutureExt;
use ingress::Ingress;
use tokio::sync::Notify;
use worker::relay;

use crate::{commands::asked_to_stop, config, heartbeat, telemetry};

/// Webhooks are taken whether or not Temporal answers; the relay connects when it can.
pub async fn run() -> Result<ExitCode> {
    let metrics = telemetry::start_metrics()?;
    let (store, temporal) = (config::store()?, config::temporal()?);
    let fresh = Arc::new(Notify::new());
    let hint = fresh.clone();
    let ingress = Ingress::bind(
        ingress::Config::from_env()?,
        store.clone(),
        move || hint.notify_one(),
        Some(metrics),
    )
    .await?;
    let stop = asked_to_stop().shared();
    let identity = format!("ingress-{}", std::process::id());
    let relaying = async {
        tokio::select! {
            client = worker::connect(&temporal, &identity) => {
                relay::run(&client?, &store, &fresh, stop.clone()).await;
                Ok(())
            }
            () = stop.clone() => anyhow::Ok(()),
        }
    };
    let serving = async { ingress.run(stop.clone()).await.map_err(anyhow::Error::from) };
    let beating = async {
        heartbeat::beat(&store, &["ingress"], stop.clone()).await;
        Ok(())
    };
    futures::try_join!(serving, relaying, beating)?;
    Ok(ExitCode::SUCCESS)
}
