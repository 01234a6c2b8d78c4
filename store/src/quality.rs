//! Calls that went badly: each marked, and those made of late counted.

use domain::{
    call::{CallOutcome, Direction},
    ids::CallId,
    quality::{CallFlag, CallTally},
    settings::{MOST_COUNTED, Quality},
};
use jiff::{SignedDuration, Timestamp};

use crate::{Result, TenantTx, instant::to_db, reminders::known};

impl TenantTx {
    /// What is odd about a call's length.
    pub async fn mark_quality(&mut self, call: CallId, flag: Option<CallFlag>) -> Result<()> {
        sqlx::query!(
            "update calls set quality = $3 where tenant_id = $1 and id = $2 and quality is distinct from $3",
            self.tenant(),
            call.uuid(),
            flag.map(CallFlag::code)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The calls that were made, or came in, within the window, without those that somebody has looked at.
    pub async fn call_tally(
        &mut self,
        direction: Direction,
        limits: &Quality,
        now: Timestamp,
    ) -> Result<CallTally> {
        let window = SignedDuration::from_hours(limits.window_hours.into());
        let rows = sqlx::query!(
            r#"select outcome as "outcome!", quality, count(*) as "count!" from (
                   select c.outcome, c.quality from calls c
                   where c.tenant_id = $1 and c.direction = $4
                     and c.outcome is not null and c.outcome <> 'not_placed' and c.outcome_at > $2
                     and c.id > coalesce((select calls_looked_at from tenants where id = $1),
                                         '00000000-0000-0000-0000-000000000000')
                   order by c.outcome_at desc limit $3
               ) made group by 1, 2"#,
            self.tenant(),
            to_db(now - window),
            i64::from(MOST_COUNTED),
            direction.code()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let mut tally = CallTally::default();
        for row in rows {
            let outcome = known("calls.outcome", &row.outcome, CallOutcome::from_code)?;
            let flag = row.quality.as_deref().and_then(CallFlag::from_code);
            tally.add(outcome, flag, u64::try_from(row.count).unwrap_or_default());
        }
        Ok(tally)
    }

    /// Somebody has looked: the calls there are do not count any more. By their ids, as processes go by times of their own.
    pub(crate) async fn calls_looked_at(&mut self) -> Result<()> {
        sqlx::query!(
            "update tenants set calls_looked_at =
                 coalesce((select id from calls where tenant_id = $1 order by id desc limit 1), calls_looked_at)
             where id = $1",
            self.tenant()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
