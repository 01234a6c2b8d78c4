//! `bellhop doctor`: how the whole of it stands, a line for each part (API-3, OPS-4).

use std::process::ExitCode;

use anyhow::{Result, bail};
use domain::{
    alert::standing,
    breaker::{BreakerFacts, BreakerState},
    linecheck::Verdict,
};
use jiff::{SignedDuration, Timestamp};
use store::{Store, Tenant};

use crate::{config, counted, say};

/// Rows of the outbox that are on their way at any moment. More of them means that no relay delivers.
const ON_THEIR_WAY: i64 = 1_000;

/// What was found, in words; `false` where something is wrong.
type Finding = (bool, String);

pub(super) async fn run() -> Result<ExitCode> {
    let mut findings = Vec::new();
    let store = config::store()?;
    match store.check().await {
        Ok(()) => {
            findings.push((true, "database: answers".to_owned()));
            findings.extend(of_database(&store).await?);
        }
        Err(error) => findings.push((false, format!("database: {error}"))),
    }
    findings.push(temporal().await);
    for (is_well, words) in &findings {
        say!("{}  {words}", if *is_well { "ok  " } else { "LOOK" })?;
    }
    let all_well = findings.iter().all(|(is_well, _)| *is_well);
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

pub(super) async fn forget(role: &str) -> Result<ExitCode> {
    if !config::store()?.forget_role(role).await? {
        bail!("no process {role:?} is missed: there is none of that name, or one of them lives");
    }
    say!("{role} is not missed any more")?;
    Ok(ExitCode::SUCCESS)
}

async fn temporal() -> Finding {
    let connected = async { worker::connect_once(&config::temporal()?, "doctor").await };
    match connected.await {
        Ok(_) => (true, "Temporal: answers".to_owned()),
        Err(error) => (false, format!("Temporal: {error:#}")),
    }
}

async fn of_database(store: &Store) -> Result<Vec<Finding>> {
    let waiting = store.outbox_length().await?;
    let mut findings = vec![(
        waiting <= ON_THEIR_WAY,
        format!(
            "relay: {} to be delivered to Temporal",
            counted(waiting.unsigned_abs(), "wake-up")
        ),
    )];
    for role in store.roles().await? {
        let words = match role.alive {
            0 => format!("{}: silent since {:#}", role.name, role.silent_for),
            alive => format!("{}: {} alive", role.name, counted(alive, "process")),
        };
        findings.push((role.alive > 0, words));
    }
    let tenants = store.tenants().await?;
    if tenants.is_empty() {
        findings.push((
            true,
            "tenants: none yet, see `bellhop tenant create`".to_owned(),
        ));
    }
    for tenant in &tenants {
        findings.extend(of_tenant(store, tenant).await?);
    }
    Ok(findings)
}

async fn of_tenant(store: &Store, tenant: &Tenant) -> Result<Vec<Finding>> {
    let now = Timestamp::now();
    let slug = &tenant.slug;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let measures = tx.measures().await?;
    let dials = match (tenant.live, tenant.paused) {
        (false, _) => "not live: dials nobody",
        (true, true) => "paused: dials nobody",
        (true, false) => "live",
    };
    let mut findings = vec![(
        !(tenant.live && tenant.paused),
        format!(
            "{slug}: {dials}; {} being processed",
            counted(measures.queue_length, "webhook")
        ),
    )];
    for (cause, stands) in standing(&measures, &tenant.settings.alerts) {
        if stands {
            findings.push((
                false,
                format!("{slug}: {}. {}", cause.title(), cause.advice()),
            ));
        }
    }
    for (provider, facts) in tx.breakers().await? {
        let is_closed = facts.state == BreakerState::Closed;
        findings.push((
            is_closed,
            format!("{slug}: provider {provider}: {}", breaker(&facts, now)),
        ));
    }
    if tenant.settings.line_check.enabled {
        let last = tx.last_line_check().await?;
        let (is_well, words) = line(last, tenant.settings.line_check.every_hours, now);
        findings.push((is_well, format!("{slug}: phone line: {words}")));
    }
    for alert in tx.open_alerts().await? {
        let about = match alert.about.as_str() {
            "" => String::new(),
            about => format!(" ({about})"),
        };
        findings.push((
            false,
            format!(
                "{slug}: alert since {:.0}: {}{about}",
                alert.facts.first_seen,
                alert.cause.title()
            ),
        ));
    }
    Ok(findings)
}

/// What the last check of the line said. One that is overdue by a whole turn was not made.
fn line(last: Option<(Timestamp, Verdict)>, every_hours: u16, now: Timestamp) -> Finding {
    let Some((planned_at, verdict)) = last else {
        return (true, "not checked yet".to_owned());
    };
    let is_recent = planned_at + SignedDuration::from_hours(2 * i64::from(every_hours)) > now;
    let overdue = if is_recent { "" } else { "; none since" };
    (
        verdict == Verdict::Arrived && is_recent,
        format!("{} ({planned_at:.0}){overdue}", verdict.words()),
    )
}

/// Whether a provider is left alone, and until when.
fn breaker(facts: &BreakerFacts, now: Timestamp) -> String {
    let since = facts
        .opened_at
        .map_or(String::new(), |at| format!(" since {at:.0}"));
    let next = facts
        .probe_at
        .map_or(String::new(), |at| format!(", asked again from {at:.0} on"));
    let waits = facts.not_before.filter(|until| *until > now);
    let asked_to_wait = waits.map_or(String::new(), |until| {
        format!("; it asked to be left alone until {until:.0}")
    });
    let stands = match facts.state {
        BreakerState::Closed if facts.failures > 0 => format!(
            "its last {} failed",
            counted(facts.failures.into(), "request")
        ),
        BreakerState::Closed => "works".to_owned(),
        BreakerState::Open => format!("left alone{since}{next}"),
        BreakerState::Probing => {
            format!("left alone{since}, one request is on its way to find out")
        }
    };
    format!("{stands}{asked_to_wait}")
}
