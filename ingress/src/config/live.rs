//! Limits of those who follow calls.

use std::{num::NonZeroUsize, time::Duration};

use super::{ConfigError, Rate, Variables, count};

/// How many may ask how calls go, how often, and how long they may listen.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveLimits {
    /// `BELLHOP_INGRESS_STATUS_MAX_IN_FLIGHT`, default 8 questions in the database at once. Further ones wait, within the
    /// time limit of the database: webhooks need its connections more.
    pub max_in_flight: NonZeroUsize,
    /// `BELLHOP_INGRESS_STATUS_RATE` (default 50 questions a second and tenant) and `BELLHOP_INGRESS_STATUS_BURST` (100).
    pub rate: Rate,
    /// `BELLHOP_INGRESS_STREAMS_MAX`, default 256 open streams, and `BELLHOP_INGRESS_STREAMS_PER_TENANT`, default 64.
    pub streams: NonZeroUsize,
    pub streams_per_tenant: NonZeroUsize,
    /// `BELLHOP_INGRESS_STREAM_SECONDS`, default 900: the longest that one stream stays open.
    pub stream_life: Duration,
    /// `BELLHOP_INGRESS_STREAM_HEARTBEAT_SECONDS`, default 15: a comment after so long without a change.
    pub heartbeat: Duration,
    /// `BELLHOP_INGRESS_STREAM_LOOK_MS`, default 500: how often the followed calls are read, all of them at once.
    pub look_every: Duration,
}

impl Default for LiveLimits {
    fn default() -> Self {
        Self {
            max_in_flight: count(8),
            rate: Rate {
                per_second: 50,
                burst: 100,
            },
            streams: count(256),
            streams_per_tenant: count(64),
            stream_life: Duration::from_secs(900),
            heartbeat: Duration::from_secs(15),
            look_every: Duration::from_millis(500),
        }
    }
}

impl LiveLimits {
    pub(super) fn read<F>(variables: &Variables<F>) -> Result<Self, ConfigError>
    where
        F: Fn(&'static str) -> Option<String>,
    {
        let standard = Self::default();
        Ok(Self {
            max_in_flight: variables.count(
                "BELLHOP_INGRESS_STATUS_MAX_IN_FLIGHT",
                standard.max_in_flight,
            )?,
            rate: variables.rate(
                "BELLHOP_INGRESS_STATUS_RATE",
                "BELLHOP_INGRESS_STATUS_BURST",
                standard.rate,
            )?,
            streams: variables.count("BELLHOP_INGRESS_STREAMS_MAX", standard.streams)?,
            streams_per_tenant: variables.count(
                "BELLHOP_INGRESS_STREAMS_PER_TENANT",
                standard.streams_per_tenant,
            )?,
            stream_life: variables
                .seconds("BELLHOP_INGRESS_STREAM_SECONDS", standard.stream_life)?,
            heartbeat: variables.seconds(
                "BELLHOP_INGRESS_STREAM_HEARTBEAT_SECONDS",
                standard.heartbeat,
            )?,
            look_every: variables.millis("BELLHOP_INGRESS_STREAM_LOOK_MS", standard.look_every)?,
        })
    }
}
