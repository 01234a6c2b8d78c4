//! What an operator may set, each from one environment variable.

use std::{
    fmt::Display, net::SocketAddr, num::NonZeroUsize, ops::RangeInclusive, path::PathBuf,
    str::FromStr, time::Duration,
};

use crate::spool::SpoolLimits;

mod live;

pub use live::LiveLimits;

/// How long the database may take when there is a spool to turn to.
const LIMIT_BEFORE_SPOOL: Duration = Duration::from_secs(1);

/// An environment variable that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is {value:?}; expected {expected}")]
pub struct ConfigError {
    pub variable: &'static str,
    pub value: String,
    pub expected: String,
}

/// The limits and addresses of ingress. [`Config::default`] is meant for production.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `BELLHOP_INGRESS_LISTEN`, default `127.0.0.1:8080`. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// `BELLHOP_INGRESS_MAX_CONNECTIONS`, default 2048. Further ones wait to be accepted.
    pub max_connections: NonZeroUsize,
    /// `BELLHOP_INGRESS_MAX_IN_FLIGHT`, default 512 webhooks. Further ones are answered 503.
    pub max_in_flight: NonZeroUsize,
    /// `BELLHOP_INGRESS_BODY_LIMIT_BYTES`, default 5 MiB: what Retell's longest transcripts need.
    pub body_limit: usize,
    /// `BELLHOP_INGRESS_BODY_MEMORY_BYTES`, default 256 MiB: all bodies in memory together. Past it, 503.
    pub body_memory: usize,
    /// `BELLHOP_INGRESS_HEADER_TIME_LIMIT_MS`, default 30 000. Also ends idle connections, so a proxy in
    /// front should let go of its own sooner.
    pub header_time_limit: Duration,
    /// `BELLHOP_INGRESS_BODY_TIME_LIMIT_MS`, default 10 000: from the headers to the body's last byte.
    pub body_time_limit: Duration,
    /// `BELLHOP_INGRESS_DATABASE_TIME_LIMIT_MS`, default 5 000: half of what Retell waits for an answer. With
    /// a spool 1 000: past it, that takes the webhook.
    pub database_time_limit: Duration,
    /// `BELLHOP_INGRESS_QUESTION_TIME_LIMIT_MS`, default 1 000: for the answer to a voice agent that asks who calls. The
    /// caller hears it ring meanwhile. Past it, the safe, empty answer.
    pub question_time_limit: Duration,
    /// `BELLHOP_INGRESS_FUNCTION_TIME_LIMIT_MS`, default 3 000: for a function that a voice agent asks for in a call. The
    /// caller hears silence meanwhile, and past it that it failed.
    pub function_time_limit: Duration,
    /// `BELLHOP_INGRESS_TIMESTAMP_TOLERANCE_SECONDS`, default 300, either way.
    pub timestamp_tolerance: Duration,
    /// `BELLHOP_INGRESS_SOURCE_RATE` (default 200 webhooks a second) and `BELLHOP_INGRESS_SOURCE_BURST` (400).
    pub source_rate: Rate,
    /// `BELLHOP_INGRESS_TENANT_RATE` (default 400 webhooks a second) and `BELLHOP_INGRESS_TENANT_BURST` (800).
    pub tenant_rate: Rate,
    /// `BELLHOP_INGRESS_QUESTION_RATE` (default 50 questions a second) and `BELLHOP_INGRESS_QUESTION_BURST` (100): so many
    /// of a source are answered though it, or its tenant, sends more than it may.
    pub question_rate: Rate,
    /// `BELLHOP_INGRESS_QUESTION_RESERVE`, default 32: questions that are answered at once though `max_in_flight` is
    /// reached.
    pub question_reserve: NonZeroUsize,
    /// `BELLHOP_INGRESS_SOURCE_FRESH_SECONDS`, default 30: how long a source is believed without asking again.
    pub source_fresh: Duration,
    /// `BELLHOP_INGRESS_SOURCE_STALE_SECONDS`, default 3 600: how long it is believed while the database is away.
    pub source_stale: Duration,
    /// `BELLHOP_INGRESS_BATCH_MAX`, default 128 events in one commit.
    pub batch_max: NonZeroUsize,
    /// `BELLHOP_INGRESS_BATCH_LANES`, default 1: commits under way at the same time.
    pub batch_lanes: NonZeroUsize,
    /// `BELLHOP_INGRESS_SHUTDOWN_LIMIT_MS`, default 10 000: how long a stop waits for webhooks under way.
    pub shutdown_limit: Duration,
    /// `BELLHOP_INGRESS_SPOOL_DIR`: the folder that keeps webhooks while the database is away. Not set: none.
    pub spool_dir: Option<PathBuf>,
    /// `BELLHOP_INGRESS_SPOOL_MAX_EVENTS`, default 1 000 000, and `BELLHOP_INGRESS_SPOOL_MAX_BYTES`, default 1 GiB.
    pub spool_limits: SpoolLimits,
    /// Of those who follow calls.
    pub live: LiveLimits,
}

/// How many a second, and how many at once after a quiet time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    pub per_second: u32,
    pub burst: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            max_connections: count(2048),
            max_in_flight: count(512),
            body_limit: 5 << 20,
            body_memory: 256 << 20,
            header_time_limit: Duration::from_secs(30),
            body_time_limit: Duration::from_secs(10),
            database_time_limit: Duration::from_secs(5),
            question_time_limit: Duration::from_secs(1),
            function_time_limit: Duration::from_secs(3),
            timestamp_tolerance: providers::retell::webhook::TOLERANCE,
            source_rate: Rate {
                per_second: 200,
                burst: 400,
            },
            tenant_rate: Rate {
                per_second: 400,
                burst: 800,
            },
            question_rate: Rate {
                per_second: 50,
                burst: 100,
            },
            question_reserve: count(32),
            source_fresh: Duration::from_secs(30),
            source_stale: Duration::from_secs(3_600),
            batch_max: count(128),
            batch_lanes: count(1),
            shutdown_limit: Duration::from_secs(10),
            spool_dir: None,
            spool_limits: SpoolLimits::default(),
            live: LiveLimits::default(),
        }
    }
}

impl Config {
    /// The defaults, changed by what the environment says.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|variable| std::env::var(variable).ok())
    }

    /// As [`Config::from_env`], from any place that knows variables by name.
    pub fn read(look_up: impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let variables = Variables(look_up);
        let standard = Self::default();
        let body_limit = variables.number(
            "BELLHOP_INGRESS_BODY_LIMIT_BYTES",
            standard.body_limit,
            1_024..=256 << 20,
        )?;
        let spool_dir = variables.path("BELLHOP_INGRESS_SPOOL_DIR");
        Ok(Self {
            listen: variables.parsed(
                "BELLHOP_INGRESS_LISTEN",
                standard.listen,
                "an address like 0.0.0.0:8080",
            )?,
            max_connections: variables
                .count("BELLHOP_INGRESS_MAX_CONNECTIONS", standard.max_connections)?,
            max_in_flight: variables
                .count("BELLHOP_INGRESS_MAX_IN_FLIGHT", standard.max_in_flight)?,
            body_limit,
            // One body must fit, or none could ever be taken.
            body_memory: variables.number(
                "BELLHOP_INGRESS_BODY_MEMORY_BYTES",
                standard.body_memory.max(body_limit),
                body_limit..=1 << 40,
            )?,
            header_time_limit: variables.millis(
                "BELLHOP_INGRESS_HEADER_TIME_LIMIT_MS",
                standard.header_time_limit,
            )?,
            body_time_limit: variables.millis(
                "BELLHOP_INGRESS_BODY_TIME_LIMIT_MS",
                standard.body_time_limit,
            )?,
            database_time_limit: variables.millis(
                "BELLHOP_INGRESS_DATABASE_TIME_LIMIT_MS",
                match spool_dir {
                    Some(_) => LIMIT_BEFORE_SPOOL,
                    None => standard.database_time_limit,
                },
            )?,
            question_time_limit: variables.millis(
                "BELLHOP_INGRESS_QUESTION_TIME_LIMIT_MS",
                standard.question_time_limit,
            )?,
            function_time_limit: variables.millis(
                "BELLHOP_INGRESS_FUNCTION_TIME_LIMIT_MS",
                standard.function_time_limit,
            )?,
            timestamp_tolerance: variables.seconds(
                "BELLHOP_INGRESS_TIMESTAMP_TOLERANCE_SECONDS",
                standard.timestamp_tolerance,
            )?,
            source_rate: variables.rate(
                "BELLHOP_INGRESS_SOURCE_RATE",
                "BELLHOP_INGRESS_SOURCE_BURST",
                standard.source_rate,
            )?,
            tenant_rate: variables.rate(
                "BELLHOP_INGRESS_TENANT_RATE",
                "BELLHOP_INGRESS_TENANT_BURST",
                standard.tenant_rate,
            )?,
            question_rate: variables.rate(
                "BELLHOP_INGRESS_QUESTION_RATE",
                "BELLHOP_INGRESS_QUESTION_BURST",
                standard.question_rate,
            )?,
            question_reserve: variables.count(
                "BELLHOP_INGRESS_QUESTION_RESERVE",
                standard.question_reserve,
            )?,
            source_fresh: variables.seconds(
                "BELLHOP_INGRESS_SOURCE_FRESH_SECONDS",
                standard.source_fresh,
            )?,
            source_stale: variables.seconds(
                "BELLHOP_INGRESS_SOURCE_STALE_SECONDS",
                standard.source_stale,
            )?,
            batch_max: variables.count("BELLHOP_INGRESS_BATCH_MAX", standard.batch_max)?,
            batch_lanes: variables.count("BELLHOP_INGRESS_BATCH_LANES", standard.batch_lanes)?,
            shutdown_limit: variables
                .millis("BELLHOP_INGRESS_SHUTDOWN_LIMIT_MS", standard.shutdown_limit)?,
            spool_dir,
            spool_limits: variables.spool_limits(standard.spool_limits, body_limit)?,
            live: LiveLimits::read(&variables)?,
        })
    }
}

const fn count(number: usize) -> NonZeroUsize {
    match NonZeroUsize::new(number) {
        Some(number) => number,
        None => NonZeroUsize::MIN,
    }
}

struct Variables<F>(F);

impl<F: Fn(&'static str) -> Option<String>> Variables<F> {
    fn parsed<T: FromStr>(
        &self,
        variable: &'static str,
        standard: T,
        expected: &str,
    ) -> Result<T, ConfigError> {
        // Set but empty counts as not set: compose files write such lines.
        match (self.0)(variable).filter(|value| !value.trim().is_empty()) {
            None => Ok(standard),
            Some(value) => value.trim().parse().map_err(|_| ConfigError {
                variable,
                value: value.clone(),
                expected: expected.to_owned(),
            }),
        }
    }

    fn number<T>(
        &self,
        variable: &'static str,
        standard: T,
        range: RangeInclusive<T>,
    ) -> Result<T, ConfigError>
    where
        T: FromStr + PartialOrd + Display + Copy,
    {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        let number = self.parsed(variable, standard, &expected)?;
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(ConfigError {
                variable,
                value: number.to_string(),
                expected,
            })
        }
    }

    fn count(
        &self,
        variable: &'static str,
        standard: NonZeroUsize,
    ) -> Result<NonZeroUsize, ConfigError> {
        Ok(count(self.number(variable, standard.get(), 1..=100_000)?))
    }

    fn millis(&self, variable: &'static str, standard: Duration) -> Result<Duration, ConfigError> {
        let standard = u64::try_from(standard.as_millis()).unwrap_or(u64::MAX);
        Ok(Duration::from_millis(self.number(
            variable,
            standard,
            1..=3_600_000,
        )?))
    }

    fn seconds(&self, variable: &'static str, standard: Duration) -> Result<Duration, ConfigError> {
        Ok(Duration::from_secs(self.number(
            variable,
            standard.as_secs(),
            1..=86_400,
        )?))
    }

    /// Set but empty counts as not set, as everywhere.
    fn path(&self, variable: &'static str) -> Option<PathBuf> {
        let value = (self.0)(variable)?;
        Some(value.trim())
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    }

    fn spool_limits(
        &self,
        standard: SpoolLimits,
        body_limit: usize,
    ) -> Result<SpoolLimits, ConfigError> {
        // The largest body must fit, with what is kept beside it.
        let least = u64::try_from(body_limit).unwrap_or(u64::MAX / 2) * 2;
        Ok(SpoolLimits {
            max_events: self.number(
                "BELLHOP_INGRESS_SPOOL_MAX_EVENTS",
                standard.max_events,
                1..=1_000_000_000,
            )?,
            max_bytes: self.number(
                "BELLHOP_INGRESS_SPOOL_MAX_BYTES",
                standard.max_bytes,
                least..=1 << 40,
            )?,
        })
    }

    fn rate(
        &self,
        rate: &'static str,
        burst: &'static str,
        standard: Rate,
    ) -> Result<Rate, ConfigError> {
        let per_second = self.number(rate, standard.per_second, 1..=1_000_000)?;
        let burst = self.number(burst, standard.burst.max(per_second), 1..=1_000_000)?;
        Ok(Rate { per_second, burst })
    }
}

#[cfg(test)]
mod tests;
