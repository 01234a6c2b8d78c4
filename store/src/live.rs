//! How calls stand, for whoever follows them.

use domain::{
    call::{CallOutcome, CallState, Direction},
    ids::{CallId, TenantId},
    live::CallStatus,
    quality::CallFlag,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Error, Result, Store, TenantTx, instant::from_db, reminders::known};

struct Row {
    tenant_id: Uuid,
    id: Uuid,
    direction: String,
    state: String,
    outcome: Option<String>,
    quality: Option<String>,
    authorized_at: OffsetDateTime,
    dialing_at: Option<OffsetDateTime>,
    placed_at: Option<OffsetDateTime>,
    ringing_at: Option<OffsetDateTime>,
    answered_at: Option<OffsetDateTime>,
    ended_at: Option<OffsetDateTime>,
    duration_ms: Option<i64>,
}

impl TryFrom<Row> for CallStatus {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: CallId::from_uuid(row.id),
            direction: known("calls.direction", &row.direction, Direction::from_code)?,
            state: known("calls.state", &row.state, CallState::from_code)?,
            outcome: row
                .outcome
                .as_deref()
                .map(|outcome| known("calls.outcome", outcome, CallOutcome::from_code))
                .transpose()?,
            flag: row.quality.as_deref().and_then(CallFlag::from_code),
            queued_at: from_db(row.authorized_at),
            dialing_at: row.dialing_at.map(from_db),
            placed_at: row.placed_at.map(from_db),
            ringing_at: row.ringing_at.map(from_db),
            answered_at: row.answered_at.map(from_db),
            ended_at: row.ended_at.map(from_db),
            duration_ms: row.duration_ms.and_then(|ms| u64::try_from(ms).ok()),
        })
    }
}

impl TenantTx {
    pub async fn call_status(&mut self, call: CallId) -> Result<Option<CallStatus>> {
        let row = sqlx::query_as!(
            Row,
            "select tenant_id, id, direction, state, outcome, quality, authorized_at, dialing_at, placed_at, ringing_at,
                    answered_at, ended_at, duration_ms
             from calls where tenant_id = $1 and id = $2",
            self.tenant(),
            call.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(CallStatus::try_from).transpose()
    }
}

impl Store {
    /// How these calls stand, each of this tenant; what is no more is left out. One query, however many they are.
    pub async fn call_statuses(
        &self,
        calls: &[(TenantId, CallId)],
    ) -> Result<Vec<(TenantId, CallStatus)>> {
        let (tenants, ids): (Vec<Uuid>, Vec<Uuid>) = calls
            .iter()
            .map(|(tenant, call)| (tenant.uuid(), call.uuid()))
            .unzip();
        let rows = sqlx::query_as!(
            Row,
            "select c.tenant_id, c.id, c.direction, c.state, c.outcome, c.quality, c.authorized_at, c.dialing_at,
                    c.placed_at, c.ringing_at, c.answered_at, c.ended_at, c.duration_ms
             from unnest($1::uuid[], $2::uuid[]) as followed (tenant_id, id)
             join calls c on c.tenant_id = followed.tenant_id and c.id = followed.id",
            &tenants,
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        let statuses = rows.into_iter().map(|row| {
            let tenant = TenantId::from_uuid(row.tenant_id);
            Ok((tenant, row.try_into()?))
        });
        statuses.collect()
    }
}
