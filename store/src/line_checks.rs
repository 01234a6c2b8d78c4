//! Checks of the phone line (OPS-1).

use domain::{
    alert::SendFailure,
    linecheck::{CheckFacts, Code, Verdict},
};
use jiff::Timestamp;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
    reminders::known,
};

/// A check, and when the provider was last asked about it.
#[derive(Debug, Clone)]
pub struct LineCheckRow {
    pub facts: CheckFacts,
    pub asked_at: Option<Timestamp>,
}

impl TenantTx {
    /// Makes the check's row unless it is there, and locks it.
    pub async fn lock_line_check(&mut self, planned_at: Timestamp) -> Result<LineCheckRow> {
        let code = Code::of(self.id, planned_at);
        sqlx::query!(
            "insert into line_checks (tenant_id, planned_at, code) values ($1, $2, $3) on conflict do nothing",
            self.tenant(),
            to_db(planned_at),
            code.as_str()
        )
        .execute(&mut *self.tx)
        .await?;
        let row = sqlx::query!(
            "select sent_at, failure, arrived_at, heard_by, asked_at from line_checks
             where tenant_id = $1 and planned_at = $2 for update",
            self.tenant(),
            to_db(planned_at)
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(LineCheckRow {
            facts: CheckFacts {
                planned_at,
                sent_at: row.sent_at.map(from_db),
                failure: row
                    .failure
                    .map(serde_json::from_value::<SendFailure>)
                    .transpose()?,
                arrived_at: row.arrived_at.map(from_db),
                was_asked_for: row.heard_by.as_deref() == Some("asking"),
            },
            asked_at: row.asked_at.map(from_db),
        })
    }

    /// The text leaves now. Committed before it does.
    pub async fn line_check_leaves(&mut self, planned_at: Timestamp, now: Timestamp) -> Result<()> {
        sqlx::query!(
            "update line_checks set sent_at = $3, failure = null, tries = tries + 1
             where tenant_id = $1 and planned_at = $2",
            self.tenant(),
            to_db(planned_at),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn line_check_failed(
        &mut self,
        planned_at: Timestamp,
        failure: &SendFailure,
    ) -> Result<()> {
        sqlx::query!(
            "update line_checks set failure = $3 where tenant_id = $1 and planned_at = $2",
            self.tenant(),
            to_db(planned_at),
            serde_json::to_value(failure)?
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The main line has the text with this code; `heard_by` is `webhook` or `asking`. The first to say so counts.
    pub async fn line_check_arrived(
        &mut self,
        code: &Code,
        at: Timestamp,
        heard_by: &'static str,
    ) -> Result<()> {
        sqlx::query!(
            "update line_checks set arrived_at = $3, heard_by = $4
             where tenant_id = $1 and code = $2 and arrived_at is null",
            self.tenant(),
            code.as_str(),
            to_db(at),
            heard_by
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The provider was asked, whatever it answered.
    pub async fn line_check_asked(&mut self, planned_at: Timestamp, now: Timestamp) -> Result<()> {
        sqlx::query!(
            "update line_checks set asked_at = $3 where tenant_id = $1 and planned_at = $2",
            self.tenant(),
            to_db(planned_at),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// When the newest check with a verdict was planned, and the verdict.
    pub async fn last_line_check(&mut self) -> Result<Option<(Timestamp, Verdict)>> {
        let row = sqlx::query!(
            r#"select planned_at, verdict as "verdict!" from line_checks
               where tenant_id = $1 and verdict is not null order by planned_at desc limit 1"#,
            self.tenant()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|row| {
            let verdict = known("line_checks.verdict", &row.verdict, Verdict::from_code)?;
            Ok((from_db(row.planned_at), verdict))
        })
        .transpose()
    }

    pub async fn line_check_judged(
        &mut self,
        planned_at: Timestamp,
        verdict: Verdict,
    ) -> Result<()> {
        sqlx::query!(
            "update line_checks set verdict = $3 where tenant_id = $1 and planned_at = $2",
            self.tenant(),
            to_db(planned_at),
            verdict.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
