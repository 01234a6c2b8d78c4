//! Ingress: receives webhooks, verifies them, makes them durable and answers.
//!
//! Nothing is answered 2xx before its own row is committed, or kept on this machine's disk while there is no
//! database to commit it to. What an event means is read later, by the
//! process it wakes, where reading can be retried and replayed. It also tells whoever may know how calls go.

mod app;
mod appointment;
mod batch;
mod body;
mod caller_question;
mod config;
mod desk;
mod drain;
mod function;
mod hook;
mod keeper;
mod live;
mod memory;
mod outage;
mod probe;
mod provider;
mod question;
mod rate;
mod refusal;
mod server;
mod sources;
pub mod spool;
mod telemetry;
mod times;
mod trace;

use std::sync::Arc;

pub use config::{Config, ConfigError, LiveLimits, Rate};
pub use server::{Error, Ingress};
pub use telemetry::BUCKETS;

/// Writes all metrics of the process in Prometheus' text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;
