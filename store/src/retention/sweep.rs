//! Deletes what has been kept long enough, a bounded number of rows at a time.

use domain::settings::{DataClass, Settings};
use jiff::{SignedDuration, Timestamp};
use sqlx::AssertSqlSafe;

use super::{TABLES, Table};
use crate::{Result, TenantStore, TenantTx, instant::to_db};

/// Rows that are deleted in one transaction.
const BATCH: i64 = 500;

/// What one run over the tables has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub deleted: u64,
    /// Some tables had a full batch: there may be more.
    pub more: bool,
}

impl TenantStore {
    /// Deletes a batch of each table: what is older at `now` than the settings keep it. Safe to repeat.
    pub async fn sweep(&self, now: Timestamp) -> Result<Swept> {
        let mut tx = self.begin().await?;
        let settings = tx.tenant_row().await?.settings;
        tx.erase_late_events(now).await?;
        tx.commit().await?;
        let mut swept = Swept::default();
        for table in TABLES {
            let Some((before, by)) = cutoff(table, &settings, now) else {
                continue;
            };
            let mut tx = self.begin().await?;
            let rows = tx.delete_old(table, by, before).await?;
            tx.commit().await?;
            swept.deleted += rows;
            swept.more |= rows >= BATCH.unsigned_abs();
        }
        Ok(swept)
    }
}

fn cutoff(table: &Table, settings: &Settings, now: Timestamp) -> Option<(Timestamp, &'static str)> {
    let days = settings.retention.days(table.class)?;
    let kept_for = SignedDuration::from_hours(24 * i64::from(days));
    Some((now.checked_sub(kept_for).ok()?, table.grows_old?))
}

impl TenantTx {
    async fn delete_old(&mut self, table: &Table, by: &str, before: Timestamp) -> Result<u64> {
        let name = table.name;
        let needed = needed(table);
        let statement = format!(
            "delete from {name} where tenant_id = $1 and ctid = any (array (
                 select t.ctid from {name} t where t.tenant_id = $1 and t.{by} < $2 and not ({needed})
                 order by t.{by} limit $3 for update of t skip locked))"
        );
        let done = sqlx::query(AssertSqlSafe(statement))
            .bind(self.tenant())
            .bind(to_db(before))
            .bind(BATCH)
            .execute(&mut *self.tx)
            .await?;
        Ok(done.rows_affected())
    }
}

/// Which rows stay. Of contacts all that any table still tells of.
fn needed(table: &Table) -> String {
    let own = table.needed.to_owned();
    if table.class != DataClass::Contacts {
        return own;
    }
    let told_of = TABLES.iter().filter_map(|other| {
        let column = other.contact?;
        let name = other.name;
        Some(format!(
            "exists (select from {name} x where x.tenant_id = t.tenant_id and x.{column} = t.id)"
        ))
    });
    std::iter::once(own)
        .chain(told_of)
        .collect::<Vec<_>>()
        .join(" or ")
}
