//! What the tenants' calendars said when they were last read (MEM-8).

use std::{collections::BTreeMap, time::Duration};

use domain::{
    calendar::{FreeBusy, Origin, RefreshFacts},
    ids::CalendarId,
    settings::Settings,
};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use uuid::Uuid;

use crate::{
    KeyRing, Result, TenantTx,
    instant::{from_db, to_db},
    outbox::Process,
};

/// What the secret of a calendar is stored under: no provider has a name with a colon.
const SECRET: &str = "calendar:";

/// A calendar and how its reading goes. It holds the calendar's address and so has no `Debug`.
#[derive(Clone)]
pub struct CalendarRow {
    pub id: CalendarId,
    pub name: String,
    pub origin: Origin,
    /// Since this is what it is read from.
    pub set_up_at: Timestamp,
    pub read_at: Option<Timestamp>,
    pub failures: u32,
    pub failed_at: Option<Timestamp>,
    /// The class of the last failure, and what exactly was wrong.
    pub failure: Option<String>,
    pub detail: Option<String>,
    pub retry_after: Option<SignedDuration>,
    pub next_at: Option<Timestamp>,
}

/// Why a calendar was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarFailure {
    /// `refused`, `rate_limited`, `unavailable` or `unreadable`.
    pub class: &'static str,
    pub detail: Option<String>,
    pub retry_after: Option<Duration>,
}

impl CalendarRow {
    /// As the rule of its refreshing takes it.
    pub fn facts(&self, refresh_every: SignedDuration) -> RefreshFacts {
        RefreshFacts {
            read_at: self.read_at,
            failures: self.failures,
            failed_at: self.failed_at,
            retry_after: self.retry_after,
            refused: self.failure.as_deref() == Some("refused"),
            refresh_every,
        }
    }
}

struct Row {
    id: Uuid,
    name: String,
    origin: serde_json::Value,
    set_up_at: time::OffsetDateTime,
    read_at: Option<time::OffsetDateTime>,
    failures: i32,
    failed_at: Option<time::OffsetDateTime>,
    failure: Option<String>,
    detail: Option<String>,
    retry_after_seconds: Option<i64>,
    next_at: Option<time::OffsetDateTime>,
}

impl TryFrom<Row> for CalendarRow {
    type Error = crate::Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: CalendarId::from_uuid(row.id),
            name: row.name,
            origin: serde_json::from_value(row.origin)?,
            set_up_at: from_db(row.set_up_at),
            read_at: row.read_at.map(from_db),
            failures: u32::try_from(row.failures).unwrap_or_default(),
            failed_at: row.failed_at.map(from_db),
            failure: row.failure,
            detail: row.detail,
            retry_after: row.retry_after_seconds.map(SignedDuration::from_secs),
            next_at: row.next_at.map(from_db),
        })
    }
}

impl TenantTx {
    /// Each calendar that is set up, by name, with what it said when it was last read: `None` for one that never was,
    /// or not since it is another one.
    pub async fn free_busy(
        &mut self,
        settings: &Settings,
    ) -> Result<BTreeMap<String, Option<FreeBusy>>> {
        let names: Vec<String> = settings.calendar.calendars.keys().cloned().collect();
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let rows = sqlx::query!(
            r#"select c.name, c.origin, c.busy as "busy!", c.known as "known!", c.read_at as "read_at!",
                      (select s.id from provider_secrets s
                       where s.tenant_id = $1 and s.provider = $3 || c.name and s.source_id is null and s.retired_at is null
                       order by s.id desc limit 1) as secret
               from calendars c where c.tenant_id = $1 and c.name = any($2) and c.read_at is not null"#,
            self.tenant(),
            &names,
            SECRET
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let mut found: BTreeMap<_, _> = names.into_iter().map(|name| (name, None)).collect();
        for row in rows {
            let read_from: Option<Origin> = serde_json::from_value(row.origin).ok();
            let set_up = Origin::of(settings, &row.name, row.secret);
            if set_up.is_some() && set_up == read_from {
                let read = FreeBusy {
                    busy: serde_json::from_value(row.busy)?,
                    known: serde_json::from_value(row.known)?,
                    read_at: from_db(row.read_at),
                };
                found.insert(row.name, Some(read));
            }
        }
        Ok(found)
    }

    /// The calendars as they were kept last, by name.
    pub async fn calendars(&mut self) -> Result<Vec<CalendarRow>> {
        let rows = sqlx::query_as!(
            Row,
            "select id, name, origin, set_up_at, read_at, failures, failed_at, failure, detail, retry_after_seconds, next_at
             from calendars where tenant_id = $1 order by name",
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().map(CalendarRow::try_from).collect()
    }

    /// Makes the rows those of the calendars that are set up, and answers with the names of those that are not any more.
    /// What was read from something else is forgotten.
    pub async fn keep_calendars(
        &mut self,
        settings: &Settings,
        now: Timestamp,
    ) -> Result<Vec<String>> {
        let secrets = self.calendar_secrets().await?;
        let names: Vec<String> = settings.calendar.calendars.keys().cloned().collect();
        for name in &names {
            let Some(origin) = Origin::of(settings, name, secrets.get(name).copied()) else {
                continue;
            };
            sqlx::query!(
                "insert into calendars (tenant_id, id, name, origin, set_up_at) values ($1, $2, $3, $4, $5)
                 on conflict (tenant_id, name) do update
                 set origin = excluded.origin, set_up_at = excluded.set_up_at, busy = null, known = null, read_at = null,
                     failures = 0, failed_at = null, failure = null, detail = null, retry_after_seconds = null,
                     next_at = null
                 where calendars.origin <> excluded.origin",
                self.tenant(),
                CalendarId::generate().uuid(),
                name,
                serde_json::to_value(&origin)?,
                to_db(now)
            )
            .execute(&mut *self.tx)
            .await?;
        }
        let gone = sqlx::query_scalar!(
            "delete from calendars where tenant_id = $1 and not name = any($2) returning name",
            self.tenant(),
            &names
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(gone)
    }

    /// Notes for people when a calendar is read again.
    pub async fn calendar_waits(
        &mut self,
        calendar: CalendarId,
        next_at: Option<Timestamp>,
    ) -> Result<()> {
        sqlx::query!(
            "update calendars set next_at = $3 where tenant_id = $1 and id = $2 and next_at is distinct from $3",
            self.tenant(),
            calendar.uuid(),
            next_at.map(to_db)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Keeps what a calendar said, unless it was read anew since or is read from something else by now.
    pub async fn calendar_read(
        &mut self,
        calendar: CalendarId,
        origin: &Origin,
        read: &FreeBusy,
    ) -> Result<()> {
        sqlx::query!(
            "update calendars
             set busy = $4, known = $5, read_at = $6, failures = 0, failed_at = null, failure = null, detail = null,
                 retry_after_seconds = null
             where tenant_id = $1 and id = $2 and origin = $3 and (read_at is null or read_at < $6)",
            self.tenant(),
            calendar.uuid(),
            serde_json::to_value(origin)?,
            serde_json::to_value(&read.busy)?,
            serde_json::to_value(&read.known)?,
            to_db(read.read_at)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Keeps why a calendar was not read. What it said before stands until it is stale.
    pub async fn calendar_failed(
        &mut self,
        calendar: CalendarId,
        origin: &Origin,
        failure: &CalendarFailure,
        now: Timestamp,
    ) -> Result<()> {
        let seconds = failure.retry_after.map(|pause| pause.as_secs());
        sqlx::query!(
            "update calendars
             set failures = failures + 1, failed_at = $4, failure = $5, detail = $6, retry_after_seconds = $7
             where tenant_id = $1 and id = $2 and origin = $3 and (read_at is null or read_at < $4)",
            self.tenant(),
            calendar.uuid(),
            serde_json::to_value(origin)?,
            to_db(now),
            failure.class,
            failure.detail,
            seconds.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX))
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Stores a further secret of a calendar; the newest counts.
    pub async fn add_calendar_secret(
        &mut self,
        keys: &KeyRing,
        name: &str,
        secret: &SecretString,
    ) -> Result<()> {
        self.add_provider_secret(keys, &format!("{SECRET}{name}"), secret)
            .await?;
        self.wake_calendars().await
    }

    /// The newest secret of a calendar.
    pub async fn calendar_secret(
        &mut self,
        keys: &KeyRing,
        name: &str,
    ) -> Result<Option<SecretString>> {
        let found = self
            .provider_keys(keys, &format!("{SECRET}{name}"))
            .await?
            .into_iter();
        Ok(found.map(|key| key.secret).next())
    }

    /// The newest secret of each calendar that has one.
    async fn calendar_secrets(&mut self) -> Result<BTreeMap<String, Uuid>> {
        let rows = sqlx::query!(
            r#"select distinct on (provider) substr(provider, length($2) + 1) as "name!", id from provider_secrets
               where tenant_id = $1 and starts_with(provider, $2) and source_id is null and retired_at is null
               order by provider, id desc"#,
            self.tenant(),
            SECRET
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(|row| (row.name, row.id)).collect())
    }

    /// The process that reads the calendars looks again.
    pub async fn wake_calendars(&mut self) -> Result<()> {
        self.wake_own(Process::Calendars).await
    }

    /// As [`TenantTx::wake_calendars`], where there are calendars or were.
    pub(crate) async fn wake_calendars_of(&mut self, settings: &Settings) -> Result<()> {
        let are_kept = sqlx::query_scalar!(
            r#"select exists (select from calendars where tenant_id = $1) as "are_kept!""#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        if are_kept || !settings.calendar.calendars.is_empty() {
            self.wake_calendars().await?;
        }
        Ok(())
    }
}
