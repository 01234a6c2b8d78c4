//! `bellhop alerts`: what people are told of trouble, and whether it reaches them (ALERT-1 to ALERT-4).

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use domain::{
    alert::{AlertCause, DeliveryState, Part, Severity, fingerprint},
    ids::AlertId,
};
use jiff::Timestamp;
use store::{DeliveryRow, Seen, Store, Tenant, Trouble};
use uuid::Uuid;

use crate::{commands::tenant, config, say};

#[derive(Subcommand)]
pub enum Action {
    /// Send a test over every way of a severity, and tell what became of it; a worker has to run
    ///
    /// Exit code 0 when every message was sent, 1 otherwise.
    Test(TestOptions),
    /// List the trouble that lasts, and what was told of it
    List(ListOptions),
    /// Say nothing more of one trouble for a while
    Mute(MuteOptions),
}

#[derive(Args)]
pub struct TestOptions {
    #[arg(long)]
    tenant: String,
    /// Whose ways are tried: critical, error, warning or info
    #[arg(long, default_value = "critical", value_parser = severities())]
    severity: Severity,
    /// How long to wait for the messages
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait_seconds: u64,
}

#[derive(Args)]
pub struct ListOptions {
    #[arg(long)]
    tenant: String,
}

#[derive(Args)]
pub struct MuteOptions {
    #[arg(long)]
    tenant: String,
    /// Which, as `bellhop alerts list` shows it
    alert: AlertId,
    /// 0 lets it be told again
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(i64).range(0..=720))]
    hours: i64,
}

fn severities() -> impl TypedValueParser<Value = Severity> {
    PossibleValuesParser::new(Severity::ALL.iter().map(|each| each.code()))
        .try_map(|code| Severity::from_code(&code).ok_or("no such severity"))
}

const LOOK: Duration = Duration::from_millis(200);

pub async fn run(action: Action) -> Result<ExitCode> {
    let store = config::store()?;
    match action {
        Action::Test(options) => test(&store, &options).await,
        Action::List(options) => list(&store, &options).await,
        Action::Mute(options) => mute(&store, &options).await,
    }
}

async fn test(store: &Store, options: &TestOptions) -> Result<ExitCode> {
    let tenant = tenant::find(store, &options.tenant).await?;
    let alert = raise(store, &tenant, options.severity).await?;
    let deadline = Instant::now() + Duration::from_secs(options.wait_seconds);
    loop {
        let mut tx = store.tenant(tenant.id).begin().await?;
        // In this order: the lock may wait for the very transaction that makes the messages.
        let told = tx
            .lock_alert(alert)
            .await?
            .is_some_and(|row| row.facts.told > 0);
        let messages = tx.deliveries(alert.uuid()).await?;
        drop(tx);
        let open = messages.iter().any(|each| each.state.is_open());
        if (told && !open) || Instant::now() > deadline {
            return report(&messages, told, options.severity);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// A trouble of its own for each test, so that it is told at once.
async fn raise(store: &Store, tenant: &Tenant, severity: Severity) -> Result<AlertId> {
    let this = Uuid::now_v7().to_string();
    let fingerprint = fingerprint(AlertCause::Test, &[Part::Code(&this)]);
    let trouble = Trouble {
        cause: AlertCause::Test,
        severity,
        fingerprint: fingerprint.clone(),
        about: "",
    };
    let mut tx = store.tenant(tenant.id).begin().await?;
    tx.raise(&trouble, Seen::Occurred, Timestamp::now()).await?;
    let alert = tx.alert_by_fingerprint(&fingerprint).await?;
    tx.commit().await?;
    alert.context("the test was not stored")
}

fn report(messages: &[DeliveryRow], told: bool, severity: Severity) -> Result<ExitCode> {
    if !told {
        bail!("no worker took up the test: is `bellhop worker` running, and does Temporal answer?");
    }
    if messages.is_empty() {
        say!(
            "nobody is told: no way is set up for what is {severity}; see [alerts] in docs/settings.md"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    for each in messages {
        let why = each.failure.map_or(String::new(), |failure| {
            let detail = each
                .detail
                .as_ref()
                .map_or(String::new(), |detail| format!(" ({detail})"));
            format!(", last failure: {}{detail}", failure.class)
        });
        say!("{}\t{}{why}", each.target, each.state)?;
    }
    let all_sent = messages
        .iter()
        .all(|each| each.state == DeliveryState::Sent);
    Ok(if all_sent {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn list(store: &Store, options: &ListOptions) -> Result<ExitCode> {
    let tenant = tenant::find(store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let alerts = tx.open_alerts().await?;
    for alert in &alerts {
        let facts = &alert.facts;
        say!(
            "{}  {}  {}{}, {}, first {:.0}, last {:.0}{}",
            alert.id,
            alert.severity,
            alert.cause.title(),
            if alert.about.is_empty() {
                String::new()
            } else {
                format!(" ({})", alert.about)
            },
            crate::counted(facts.count.saturating_sub(facts.before), "time"),
            facts.first_seen,
            facts.last_seen,
            muted(facts.muted_until, Timestamp::now())
        )?;
        for message in tx.deliveries(alert.id.uuid()).await? {
            say!(
                "    {}  {}  {}  {}",
                message.created_at.strftime("%F %TZ"),
                message.notice,
                message.target,
                message.state
            )?;
        }
    }
    if alerts.is_empty() {
        say!("no trouble lasts")?;
    }
    Ok(ExitCode::SUCCESS)
}

fn muted(until: Option<Timestamp>, now: Timestamp) -> String {
    until
        .filter(|until| *until > now)
        .map_or(String::new(), |until| format!(", muted until {until:.0}"))
}

async fn mute(store: &Store, options: &MuteOptions) -> Result<ExitCode> {
    let tenant = tenant::find(store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let row = tx.lock_alert(options.alert).await?;
    let mut row =
        row.with_context(|| format!("{} has no alert {}", options.tenant, options.alert))?;
    let until = Timestamp::now() + jiff::SignedDuration::from_hours(options.hours);
    row.facts.muted_until = (options.hours > 0).then_some(until);
    tx.save_alert(row.id, &row.facts).await?;
    tx.wake_alert(row.id).await?;
    tx.commit().await?;
    match row.facts.muted_until {
        Some(until) => say!("nothing more is said of it until {until:.0}")?,
        None => say!("it is told again")?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_muted_alert_says_until_when() {
        let now: Timestamp = "2027-03-26T09:00:00Z".parse().unwrap();
        let later = now + jiff::SignedDuration::from_hours(4);
        assert_eq!(muted(None, now), "");
        assert_eq!(muted(Some(now), now), "");
        assert_eq!(
            muted(Some(later), now),
            ", muted until 2027-03-26T13:00:00Z"
        );
    }
}
