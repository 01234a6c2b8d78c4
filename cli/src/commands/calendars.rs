//! `bellhop calendars`: when each calendar of a tenant was read, and what is wrong with those that were not.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;
use store::{CalendarRow, Tenant, TenantTx};

use crate::{commands::tenant, config, say};

#[derive(Args)]
pub struct Options {
    #[arg(long)]
    tenant: String,
    /// Print a JSON array
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.tenant).await?;
    let mut tx = store.tenant(tenant.id).begin().await?;
    let standings = standings(&mut tx, &tenant, Timestamp::now()).await?;
    if options.json {
        let standings: Vec<_> = standings.iter().map(Standing::as_json).collect();
        say!("{}", serde_json::to_string_pretty(&standings)?)?;
    } else if standings.is_empty() {
        say!(
            "{} has no calendars: its hours and the appointments kept here decide alone",
            tenant.slug
        )?;
    } else {
        let zone = tenant.settings.tenant.zone()?;
        for standing in &standings {
            say!("{}", standing.line(&zone))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// How it stands with one calendar of the settings.
pub(crate) struct Standing {
    name: String,
    kind: &'static str,
    /// `None` until its process has seen it.
    row: Option<CalendarRow>,
    is_known: bool,
}

/// Each calendar that is set up, by name.
pub(crate) async fn standings(
    tx: &mut TenantTx,
    tenant: &Tenant,
    now: Timestamp,
) -> Result<Vec<Standing>> {
    let settings = &tenant.settings;
    let mut rows = tx.calendars().await?;
    let read = tx.free_busy(settings).await?;
    let stale_after: SignedDuration = settings.calendar.stale_after();
    let standings = settings.calendar.calendars.iter().map(|(name, source)| {
        let place = rows.iter().position(|row| row.name == *name);
        let read = read.get(name).and_then(Option::as_ref);
        Standing {
            name: name.clone(),
            kind: source.kind.map_or("unknown", |kind| kind.code()),
            row: place.map(|place| rows.swap_remove(place)),
            is_known: read.is_some_and(|read| !read.is_stale(stale_after, now)),
        }
    });
    Ok(standings.collect())
}

impl Standing {
    pub(crate) fn line(&self, zone: &TimeZone) -> String {
        let at = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z");
        let mut line = format!("{}  {}  ", self.name, self.kind);
        let Some(row) = &self.row else {
            return line + "not read yet";
        };
        line += &match row.read_at {
            Some(read_at) => format!("read {}", at(read_at)),
            None => "not read yet".to_owned(),
        };
        if !self.is_known {
            line += ", unknown now: no time is offered";
        }
        if let (Some(failure), Some(failed_at)) = (&row.failure, row.failed_at) {
            let detail = row.detail.as_ref();
            let detail = detail.map_or(String::new(), |detail| format!(" ({detail})"));
            let times = row.failures;
            line += &format!("; {failure}{detail} {}, {times} in a row", at(failed_at));
        }
        if let Some(next_at) = row.next_at {
            line += &format!("; next {}", at(next_at));
        }
        line
    }

    fn as_json(&self) -> serde_json::Value {
        let row = self.row.as_ref();
        json!({
            "name": self.name,
            "kind": self.kind,
            "known": self.is_known,
            "read_at": row.and_then(|row| row.read_at),
            "failures": row.map_or(0, |row| row.failures),
            "failed_at": row.and_then(|row| row.failed_at),
            "failure": row.and_then(|row| row.failure.as_deref()),
            "detail": row.and_then(|row| row.detail.as_deref()),
            "next_at": row.and_then(|row| row.next_at),
        })
    }
}
