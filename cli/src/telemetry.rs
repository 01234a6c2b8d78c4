//! Logs and metrics of the process.

use std::{
    fs::{self, Permissions},
    io::{self, IsTerminal},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
};

use anyhow::{Context, Result, bail};
use ingress::RenderMetrics;
use jiff::Timestamp;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::Subscriber;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::{
    EnvFilter, Layer, fmt::MakeWriter, layer::SubscriberExt, registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{commands::logs, config};

/// What a service logs when `BELLHOP_LOG` does not say: every webhook, call and message.
const SERVICE: &str = "info,temporalio_sdk_core=warn";

/// Logs of a command to standard error, as `BELLHOP_LOG` and `BELLHOP_LOG_FORMAT` say.
pub fn start_logs() -> Result<()> {
    Ok(tracing_subscriber::registry()
        .with(filter("warn")?)
        .with(to_standard_error()?)
        .try_init()?)
}

/// Logs of a process that runs on; also into the folder `BELLHOP_LOG_DIR`, a file each day.
pub fn start_service_logs(name: &str) -> Result<Traces> {
    let traces = traces(name)?;
    let to_collector = traces
        .as_ref()
        .map(|traces| tracing_opentelemetry::layer().with_tracer(traces.tracer("bellhop")));
    tracing_subscriber::registry()
        .with(filter(SERVICE)?)
        .with(to_standard_error()?)
        .with(to_files(name)?)
        .with(to_collector)
        .try_init()?;
    Ok(Traces(traces))
}

/// What is still to be sent is sent when this goes.
pub struct Traces(Option<SdkTracerProvider>);

impl Drop for Traces {
    fn drop(&mut self) {
        // A collector that does not answer takes its traces with it.
        let _ = self.0.as_ref().map(SdkTracerProvider::shutdown);
    }
}

fn filter(default: &str) -> Result<EnvFilter> {
    let text = config::read("BELLHOP_LOG").unwrap_or_else(|| default.to_owned());
    EnvFilter::try_new(&text)
        .with_context(|| format!("BELLHOP_LOG is {text:?}, which is no log filter"))
}

type Sink<S> = Box<dyn Layer<S> + Send + Sync>;

fn to_standard_error<S>() -> Result<Sink<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let format = config::read("BELLHOP_LOG_FORMAT").unwrap_or_else(|| "text".to_owned());
    Ok(match format.as_str() {
        "json" => layer.json().flatten_event(true).boxed(),
        "text" => layer.with_ansi(io::stderr().is_terminal()).boxed(),
        other => bail!("BELLHOP_LOG_FORMAT is {other:?}; expected text or json"),
    })
}

/// Each line is written by itself, so that processes of one kind can share a file and a crash loses none.
fn to_files<S>(name: &str) -> Result<Option<Sink<S>>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let Some(folder) = config::read(logs::FOLDER) else {
        return Ok(None);
    };
    // Made first: the appender complains of a folder that it is about to make.
    let unusable = || format!("{} is {folder:?}: no log file can be written", logs::FOLDER);
    fs::create_dir_all(&folder).with_context(unusable)?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix(name)
        .filename_suffix("jsonl")
        .max_log_files(config::log_files()?.get())
        .build(&folder)
        .with_context(unusable)?;
    let files = PrivateFiles {
        files,
        folder: folder.into(),
        name: name.to_owned(),
        day: AtomicI64::new(i64::MIN),
    };
    let layer = tracing_subscriber::fmt::layer().json().flatten_event(true);
    Ok(Some(layer.with_writer(files).boxed()))
}

/// Log files that only their owner reads.
struct PrivateFiles {
    files: RollingFileAppender,
    folder: PathBuf,
    name: String,
    /// The last one whose file was closed to others, in days since 1970.
    day: AtomicI64,
}

impl<'a> MakeWriter<'a> for PrivateFiles {
    type Writer = <RollingFileAppender as MakeWriter<'a>>::Writer;

    fn make_writer(&'a self) -> Self::Writer {
        let writer = self.files.make_writer();
        let now = Timestamp::now();
        let day = now.as_second().div_euclid(86_400);
        // A file that is not there yet, or not ours, is tried again with the next line.
        if self.day.load(Relaxed) != day && self.close_to_others(now).is_ok() {
            self.day.store(day, Relaxed);
        }
        writer
    }
}

impl PrivateFiles {
    fn close_to_others(&self, now: Timestamp) -> io::Result<()> {
        let file = format!("{}.{}.jsonl", self.name, now.strftime("%F"));
        fs::set_permissions(self.folder.join(file), Permissions::from_mode(0o600))
    }
}

/// Traces, by OTLP over HTTP. They are sent from a thread of their own, and lost when nobody takes them.
fn traces(name: &str) -> Result<Option<SdkTracerProvider>> {
    let Some(endpoint) = config::read("OTEL_EXPORTER_OTLP_ENDPOINT") else {
        return Ok(None);
    };
    // The exporter's client takes the process's own cryptography.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()
        .with_context(|| format!("OTEL_EXPORTER_OTLP_ENDPOINT is {endpoint:?}"))?;
    let service = Resource::builder()
        .with_service_name(format!("bellhop-{name}"))
        .build();
    Ok(Some(
        SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(service)
            .build(),
    ))
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
