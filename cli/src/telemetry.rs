//! Logs and metrics of the process.

use std::{io::IsTerminal, sync::Arc};

use anyhow::{Context, Result, bail};
use ingress::RenderMetrics;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config;

/// Logs to standard error, as `BELLHOP_LOG` and `BELLHOP_LOG_FORMAT` say.
pub fn start_logs(default_filter: &str) -> Result<()> {
    let text = config::read("BELLHOP_LOG").unwrap_or_else(|| default_filter.to_owned());
    let filter = EnvFilter::try_new(&text)
        .with_context(|| format!("BELLHOP_LOG is {text:?}, which is no log filter"))?;
    let format = config::read("BELLHOP_LOG_FORMAT").unwrap_or_else(|| "text".to_owned());
    let registry = tracing_subscriber::registry().with(filter);
    match format.as_str() {
        "json" => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .json()
                    .flatten_event(true)
                    .with_writer(std::io::stderr),
            )
            .init(),
        "text" => registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(std::io::stderr().is_terminal())
                    .with_writer(std::io::stderr),
            )
            .init(),
        other => bail!("BELLHOP_LOG_FORMAT is {other:?}; expected text or json"),
    }
    Ok(())
}

/// Collects the process's metrics; the answer writes them in Prometheus' text format.
pub fn start_metrics() -> Result<RenderMetrics> {
    let mut builder = PrometheusBuilder::new();
    for (name, buckets) in ingress::BUCKETS {
        builder = builder.set_buckets_for_metric(Matcher::Full((*name).to_owned()), buckets)?;
    }
    let handle = builder.install_recorder().context("metrics")?;
    Ok(Arc::new(move || handle.render()))
}
