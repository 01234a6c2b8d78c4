//! The outbox: which process to wake, written in the transaction that changes the fact.

use domain::ids::{AppointmentId, CallId, EventId, TenantId};
use uuid::Uuid;

use crate::{Error, Result, Store, TenantTx};

/// A kind of durable process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Process {
    Reminder,
    Call,
    Event,
}

impl Process {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Call => "call",
            Self::Event => "event",
        }
    }
}

/// One process that should look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wake {
    Reminder(TenantId, AppointmentId),
    Call(TenantId, CallId),
    Event(TenantId, EventId),
}

impl Store {
    /// Hands up to `limit` rows to `deliver`, and deletes those it reports as delivered (by their index).
    ///
    /// Rows are locked meanwhile and skipped by every other relay; a crash gives them back. Returns how
    /// many rows were found and how many were delivered.
    pub async fn relay<F, Fut>(&self, limit: i64, deliver: F) -> Result<(usize, usize)>
    where
        F: FnOnce(Vec<Wake>) -> Fut,
        Fut: Future<Output = Vec<bool>>,
    {
        let mut tx = self.pool.begin().await?;
        let rows = sqlx::query!(
            "select id, tenant_id, process, subject from outbox order by id limit $1 for update skip locked",
            limit
        )
        .fetch_all(&mut *tx)
        .await?;
        if rows.is_empty() {
            return Ok((0, 0));
        }
        let wakes = rows
            .iter()
            .map(|row| wake(row.tenant_id, &row.process, row.subject))
            .collect::<Result<_>>()?;
        let delivered = deliver(wakes).await;
        let done: Vec<i64> = rows
            .iter()
            .zip(&delivered)
            .filter(|(_, delivered)| **delivered)
            .map(|(row, _)| row.id)
            .collect();
        sqlx::query!("delete from outbox where id = any($1)", &done)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok((rows.len(), done.len()))
    }

    /// Rows that no relay has delivered yet.
    pub async fn outbox_length(&self) -> Result<i64> {
        Ok(sqlx::query_scalar!("select count(*) from outbox")
            .fetch_one(&self.pool)
            .await?
            .unwrap_or_default())
    }
}

fn wake(tenant: Uuid, process: &str, subject: Uuid) -> Result<Wake> {
    let tenant = TenantId::from_uuid(tenant);
    match process {
        "reminder" => Ok(Wake::Reminder(tenant, AppointmentId::from_uuid(subject))),
        "call" => Ok(Wake::Call(tenant, CallId::from_uuid(subject))),
        "event" => Ok(Wake::Event(tenant, EventId::from_uuid(subject))),
        other => Err(Error::Unknown {
            column: "outbox.process",
            value: other.to_owned(),
        }),
    }
}

impl TenantTx {
    pub async fn wake_reminder(&mut self, appointment: AppointmentId) -> Result<()> {
        self.wake(Process::Reminder, appointment.uuid()).await
    }

    pub async fn wake_call(&mut self, call: CallId) -> Result<()> {
        self.wake(Process::Call, call.uuid()).await
    }

    async fn wake(&mut self, process: Process, subject: Uuid) -> Result<()> {
        sqlx::query!(
            "insert into outbox (tenant_id, process, subject) values ($1, $2, $3)",
            self.tenant(),
            process.code(),
            subject
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
