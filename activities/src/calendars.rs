//! The calendars of a tenant: which are to be read now, and the reading of one.

use std::time::Duration;

use domain::{
    alert::AlertCause,
    calendar::{FreeBusy, RefreshStep, next_step, trouble_since},
    settings::Calendar,
};
use jiff::Timestamp;
use providers::calendar::CalendarError;
use store::{CalendarFailure, CalendarRow, Error, Result, Seen, Store, TenantTx};
use workflows::contract::{At, CalendarInput, CalendarStep, TenantInput};

use crate::{alarm, calendar_clients::Calendars};

/// For all requests of one reading. Less than the activity is given.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) async fn advance(store: &Store, input: &At<TenantInput>) -> Result<CalendarStep> {
    let now = input.now;
    let mut tx = store.tenant(input.of.tenant).begin().await?;
    let settings = tx.tenant_row().await?.settings;
    for name in tx.keep_calendars(&settings, now).await? {
        tell(&mut tx, &name, Seen::Clears, now).await?;
    }
    let (mut due, mut wakes) = (Vec::new(), Vec::new());
    for calendar in tx.calendars().await? {
        let trouble_at = watch(&mut tx, &calendar, &settings.calendar, now).await?;
        wakes.extend(trouble_at.filter(|at| *at > now));
        let facts = calendar.facts(settings.calendar.refresh_every());
        let next_at = match next_step(now, &facts) {
            RefreshStep::Read => {
                due.push(calendar.id);
                None
            }
            RefreshStep::Wait { until } => {
                wakes.push(until);
                Some(until)
            }
        };
        tx.calendar_waits(calendar.id, next_at).await?;
    }
    tx.commit().await?;
    Ok(match wakes.into_iter().min() {
        _ if !due.is_empty() => CalendarStep::Read { calendars: due },
        Some(until) => CalendarStep::Wait { until },
        None => CalendarStep::Finished,
    })
}

/// Tells people while a calendar cannot be read, and that it can be again. Answers from when on it is trouble.
async fn watch(
    tx: &mut TenantTx,
    calendar: &CalendarRow,
    settings: &Calendar,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let facts = calendar.facts(settings.refresh_every());
    let since = trouble_since(&facts, calendar.set_up_at, settings.stale_after());
    let seen = match since {
        Some(since) if since <= now => Seen::Stands,
        Some(_) => Seen::Lasts,
        None => Seen::Clears,
    };
    tell(tx, &calendar.name, seen, now).await?;
    Ok(since)
}

async fn tell(tx: &mut TenantTx, name: &str, seen: Seen, now: Timestamp) -> Result<()> {
    alarm::looked_at(tx, AlertCause::CalendarUnread, &[name], name, seen, now).await
}

/// Reads one calendar, if it is its turn, and keeps what came of it.
pub(crate) async fn read(
    store: &Store,
    calendars: &Calendars,
    input: &CalendarInput,
    now: Timestamp,
) -> Result<()> {
    let mut tx = store.tenant(input.tenant).begin().await?;
    let settings = tx.tenant_row().await?.settings.calendar;
    let rows = tx.calendars().await?;
    let Some(calendar) = rows.into_iter().find(|row| row.id == input.calendar) else {
        calendars.forget(input.tenant, input.calendar);
        return Ok(());
    };
    // Another try has read it.
    if next_step(now, &calendar.facts(settings.refresh_every())) != RefreshStep::Read {
        return Ok(());
    }
    let secret = match tx.calendar_secret(store.keys(), &calendar.name).await {
        Err(Error::Undecryptable) => Err(refused("secret_undecryptable")),
        secret => Ok(secret?),
    };
    drop(tx);
    let origin = &calendar.origin;
    let client = secret
        .and_then(|secret| calendars.client(input.tenant, calendar.id, origin, secret.as_ref()));
    let said = match client {
        Ok(client) => in_time(client.free_busy(origin, settings.asked(now), now)).await,
        Err(error) => Err(error),
    };
    let mut tx = store.tenant(input.tenant).begin().await?;
    keep(&mut tx, &calendar, &said, now).await?;
    tx.commit().await
}

async fn in_time(
    read: impl Future<Output = Result<FreeBusy, CalendarError>>,
) -> Result<FreeBusy, CalendarError> {
    let read = tokio::time::timeout(LIMIT, read).await;
    read.unwrap_or(Err(CalendarError::Unavailable { retry_after: None }))
}

fn refused(detail: &str) -> CalendarError {
    CalendarError::Refused {
        detail: detail.to_owned(),
    }
}

async fn keep(
    tx: &mut TenantTx,
    calendar: &CalendarRow,
    said: &Result<FreeBusy, CalendarError>,
    now: Timestamp,
) -> Result<()> {
    let (id, origin) = (calendar.id, &calendar.origin);
    let result = said.as_ref().map_or_else(CalendarError::class, |_| "read");
    let kind = origin.kind.code();
    metrics::counter!("bellhop_calendar_readings_total", "kind" => kind, "result" => result)
        .increment(1);
    match said {
        Ok(read) => {
            tracing::debug!(calendar = %id, kind, "a calendar was read");
            tx.calendar_read(id, origin, read).await
        }
        Err(error) => {
            tracing::warn!(calendar = %id, kind, %error, "a calendar could not be read");
            let failure = CalendarFailure {
                class: error.class(),
                detail: error.detail().map(str::to_owned),
                retry_after: error.retry_after(),
            };
            tx.calendar_failed(id, origin, &failure, now).await
        }
    }
}
