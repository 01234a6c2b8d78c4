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
    /// Rows are locked meanwhile and skipped by every other relay; a crash gives them back. A row that was
    /// not delivered is due again after a pause that grows with its failures up to 10 s, and stands behind
    /// those that came meanwhile, so rows that cannot be delivered do not hold up the others. Returns how many
    /// rows were found due and how many were delivered.
    pub async fn relay<F, Fut>(&self, limit: i64, deliver: F) -> Result<(usize, usize)>
    where
        F: FnOnce(Vec<Wake>) -> Fut,
        Fut: Future<Output = Vec<bool>>,
    {
        let mut tx = self.pool.begin().await?;
        let rows = sqlx::query!(
            "select id, tenant_id, process, subject from outbox where due_at <= now()
             order by due_at, id limit $1 for update skip locked",
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
        let of = |wanted: bool| -> Vec<i64> {
            let said = delivered.iter().copied().chain(std::iter::repeat(false));
            let rows = rows.iter().zip(said);
            rows.filter(|(_, said)| *said == wanted)
                .map(|(row, _)| row.id)
                .collect()
        };
        let done = of(true);
        sqlx::query!("delete from outbox where id = any($1)", &done)
            .execute(&mut *tx)
            .await?;
        // By the clock and not the transaction's time, which lies before the deliveries.
        sqlx::query!(
            "update outbox set failures = failures + 1,
                               due_at = clock_timestamp() + least(10, power(2, least(failures, 4))) * interval '1 second'
             where id = any($1)",
            &of(false)
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok((rows.len(), done.len()))
    }

    /// Tells every process that should be running to look again, those of all tenants; returns how many. What
    /// Temporal has lost is made again so, and what runs finds nothing new.
    pub async fn wake_everything(&self) -> Result<u64> {
        let woken = sqlx::query!(
            "insert into outbox (tenant_id, process, subject)
             select a.tenant_id, $1, a.id from appointments a
             left join reminders r on r.tenant_id = a.tenant_id and r.appointment_id = a.id
             where r.state is distinct from 'finished'
             union select tenant_id, $2, id from calls where outcome is null
             union select tenant_id, $2, call_id from events where state = 'received' and call_id is not null
             union select tenant_id, $3, id from events where state = 'received' and call_id is null",
            Process::Reminder.code(),
            Process::Call.code(),
            Process::Event.code()
        )
        .execute(&self.pool)
        .await?;
        Ok(woken.rows_affected())
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

    /// The wake-ups of a reminder that is about to look. To be called before anything is read: what they tell of
    /// is read then. Rows in the hands of a relay stay with it.
    pub async fn wakes_of_reminder(&mut self, appointment: AppointmentId) -> Result<Vec<i64>> {
        self.wakes_of(Process::Reminder, appointment.uuid()).await
    }

    /// As [`TenantTx::wakes_of_reminder`], of a call.
    pub async fn wakes_of_call(&mut self, call: CallId) -> Result<Vec<i64>> {
        self.wakes_of(Process::Call, call.uuid()).await
    }

    async fn wakes_of(&mut self, process: Process, subject: Uuid) -> Result<Vec<i64>> {
        let rows = sqlx::query_scalar!(
            "select id from outbox where tenant_id = $1 and process = $2 and subject = $3 for update skip locked",
            self.tenant(),
            process.code(),
            subject
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows)
    }

    /// A process that ends takes its wake-ups with it: it has read what they tell of, and would be started again
    /// for nothing.
    pub async fn forget_wakes(&mut self, wakes: &[i64]) -> Result<()> {
        if wakes.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "delete from outbox where tenant_id = $1 and id = any($2)",
            self.tenant(),
            wakes
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
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
