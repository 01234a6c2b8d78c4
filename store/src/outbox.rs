//! The outbox: which process to wake, written in the transaction that changes the fact.

use domain::{
    event::Priority,
    ids::{AlertId, AppointmentId, CallId, EventId, SoundId, TenantId, TextId},
};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::{Error, Result, Store, TenantTx};

/// A kind of durable process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Process {
    Reminder,
    Call,
    Event,
    Alert,
    /// What a tenant always has running: its watch and its daily report.
    Tenant,
    /// What keeps a tenant in step with its CRM, one each.
    Crm,
    CrmChannel,
    CrmReconcile,
    /// The refreshing of a tenant's calendars.
    Calendars,
    /// A tenant's reading of texts and transcripts.
    Reading,
    Sound,
    Text,
}

impl Process {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Call => "call",
            Self::Event => "event",
            Self::Alert => "alert",
            Self::Tenant => "tenant",
            Self::Calendars => "calendars",
            Self::Reading => "reading",
            Self::Sound => "sound",
            Self::Text => "text",
            Self::Crm => "crm",
            Self::CrmChannel => "crm_channel",
            Self::CrmReconcile => "crm_reconcile",
        }
    }
}

/// One process that should look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wake {
    Reminder(TenantId, AppointmentId),
    Call(TenantId, CallId),
    Event(TenantId, EventId),
    Alert(TenantId, AlertId),
    Tenant(TenantId),
    Calendars(TenantId),
    Reading(TenantId),
    Sound(TenantId, SoundId),
    Text(TenantId, TextId),
    Crm(TenantId),
    CrmChannel(TenantId),
    CrmReconcile(TenantId),
}

/// A wake-up that is due.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Due {
    pub wake: Wake,
    pub priority: Priority,
    /// Of the webhook that caused it.
    pub trace_id: Option<String>,
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
        F: FnOnce(Vec<Due>) -> Fut,
        Fut: Future<Output = Vec<bool>>,
    {
        let mut tx = self.pool.begin().await?;
        // Of each tenant the most urgent rows; of the tenants, each in turn: a flood of one holds up only itself.
        let rows = sqlx::query!(
            r#"
            with recursive waiting as (
                (select tenant_id from outbox order by tenant_id limit 1)
                union all
                select (select o.tenant_id from outbox o where o.tenant_id > w.tenant_id order by o.tenant_id limit 1)
                from waiting w where w.tenant_id is not null
            ), candidates as materialized (
                select c.id, c.place from waiting w cross join lateral (
                    select o.id, row_number() over (order by o.priority, o.due_at, o.id) as place
                    from outbox o where o.tenant_id = w.tenant_id and o.due_at <= now()
                    order by o.priority, o.due_at, o.id limit $2
                ) c
            )
            select o.id, o.tenant_id, o.process, o.subject, o.priority, o.trace_id
            from candidates c join outbox o on o.id = c.id
            order by o.priority, c.place, o.id limit $1 for update of o skip locked
            "#,
            limit,
            // What other relays have in hand is skipped, so there must be more to choose from.
            limit * 4
        )
        .fetch_all(&mut *tx)
        .await?;
        if rows.is_empty() {
            return Ok((0, 0));
        }
        let due = rows
            .iter()
            .map(|row| {
                Ok(Due {
                    wake: wake(row.tenant_id, &row.process, row.subject)?,
                    priority: priority(row.priority),
                    trace_id: row.trace_id.clone(),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let said = deliver(due.clone()).await;
        let said: Vec<bool> = said
            .into_iter()
            .chain(std::iter::repeat(false))
            .take(rows.len())
            .collect();
        let of = |wanted: bool| -> Vec<i64> {
            let rows = rows.iter().zip(&said);
            rows.filter(|(_, said)| **said == wanted)
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
        let delivered = due.iter().zip(&said).filter(|(_, said)| **said);
        mark_queued(&mut tx, delivered.map(|(due, _)| due.wake)).await?;
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
             union select tenant_id, $2, call_id from events where state in ('received', 'queued') and call_id is not null and scope is null
             union select tenant_id, $3, id from events
                   where state in ('received', 'queued', 'processing', 'failed') and (call_id is null or scope is not null)
             union select tenant_id, $4, id from alerts a
                   where open or exists (select from alert_deliveries d where d.tenant_id = a.tenant_id and d.batch = a.id
                                           and d.state in ('pending', 'sending'))
             union select id, $5, id from tenants
             union select t.id, $6, t.id from tenants t
                   join tenant_settings s on s.tenant_id = t.id and s.version = t.settings_version
                   where s.settings #> '{calendar,calendars}' <> '{}' or exists (select from calendars c where c.tenant_id = t.id)
             union select tenant_id, $7, tenant_id from extractions where state in ('waiting', 'reading')
             union select tenant_id, $7, tenant_id from approvals where settled_at is null
             union select tenant_id, $8, id from sounds where ended is null
             union select tenant_id, $9, id from outbound_texts where state in ('pending', 'sending')
             union select tenant_id, process, tenant_id from crm_accounts, unnest($10::text[]) as p (process)",
            Process::Reminder.code(),
            Process::Call.code(),
            Process::Event.code(),
            Process::Alert.code(),
            Process::Tenant.code(),
            Process::Calendars.code(),
            Process::Reading.code(),
            Process::Sound.code(),
            Process::Text.code(),
            &[Process::Crm, Process::CrmChannel, Process::CrmReconcile]
                .map(|process| process.code().to_owned())
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

    /// How many rows wake something else than these.
    pub async fn outbox_length_without(&self, processes: &[Process]) -> Result<i64> {
        let left_out = processes.iter().map(|process| process.code().to_owned());
        let left_out: Vec<_> = left_out.collect();
        Ok(sqlx::query_scalar!(
            "select count(*) from outbox where process <> all($1)",
            &left_out
        )
        .fetch_one(&self.pool)
        .await?
        .unwrap_or_default())
    }
}

/// Temporal knows of these events now (HOOK-5). One that is being read in this moment is past
/// that, and its reader notes so.
async fn mark_queued(
    tx: &mut Transaction<'_, Postgres>,
    wakes: impl Iterator<Item = Wake>,
) -> Result<()> {
    let (mut events, mut calls) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for wake in wakes {
        match wake {
            Wake::Event(tenant, event) => {
                events.0.push(tenant.uuid());
                events.1.push(event.uuid());
            }
            Wake::Call(tenant, call) => {
                calls.0.push(tenant.uuid());
                calls.1.push(call.uuid());
            }
            Wake::Reminder(..)
            | Wake::Alert(..)
            | Wake::Tenant(_)
            | Wake::Calendars(_)
            | Wake::Reading(_)
            | Wake::Sound(..)
            | Wake::Text(..)
            | Wake::Crm(_)
            | Wake::CrmChannel(_)
            | Wake::CrmReconcile(_) => {}
        }
    }
    sqlx::query!(
        "update events set state = 'queued', queued_at = clock_timestamp() where (tenant_id, id) in (
            select e.tenant_id, e.id from unnest($1::uuid[], $2::uuid[]) as w (tenant_id, subject)
            join events e on e.tenant_id = w.tenant_id and e.id = w.subject
            where e.state = 'received' for update of e skip locked)",
        &events.0,
        &events.1
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "update events set state = 'queued', queued_at = clock_timestamp() where (tenant_id, id) in (
            select e.tenant_id, e.id from unnest($1::uuid[], $2::uuid[]) as w (tenant_id, subject)
            join events e on e.tenant_id = w.tenant_id and e.call_id = w.subject
            where e.state = 'received' for update of e skip locked)",
        &calls.0,
        &calls.1
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn priority(key: i16) -> Priority {
    let all = Priority::ALL.iter();
    all.copied()
        .find(|each| i16::from(each.temporal_key()) == key)
        .unwrap_or(Priority::Standard)
}

fn wake(tenant: Uuid, process: &str, subject: Uuid) -> Result<Wake> {
    let tenant = TenantId::from_uuid(tenant);
    match process {
        "reminder" => Ok(Wake::Reminder(tenant, AppointmentId::from_uuid(subject))),
        "call" => Ok(Wake::Call(tenant, CallId::from_uuid(subject))),
        "event" => Ok(Wake::Event(tenant, EventId::from_uuid(subject))),
        "alert" => Ok(Wake::Alert(tenant, AlertId::from_uuid(subject))),
        "tenant" => Ok(Wake::Tenant(tenant)),
        "calendars" => Ok(Wake::Calendars(tenant)),
        "reading" => Ok(Wake::Reading(tenant)),
        "sound" => Ok(Wake::Sound(tenant, SoundId::from_uuid(subject))),
        "text" => Ok(Wake::Text(tenant, TextId::from_uuid(subject))),
        "crm" => Ok(Wake::Crm(tenant)),
        "crm_channel" => Ok(Wake::CrmChannel(tenant)),
        "crm_reconcile" => Ok(Wake::CrmReconcile(tenant)),
        other => Err(Error::Unknown {
            column: "outbox.process",
            value: other.to_owned(),
        }),
    }
}

impl TenantTx {
    pub async fn wake_reminder(&mut self, appointment: AppointmentId) -> Result<()> {
        self.wake(Process::Reminder, appointment.uuid(), Priority::Standard)
            .await
    }

    pub async fn wake_call(&mut self, call: CallId) -> Result<()> {
        self.wake(Process::Call, call.uuid(), Priority::Critical)
            .await
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

    pub async fn wake_event(&mut self, event: EventId, priority: Priority) -> Result<()> {
        self.wake(Process::Event, event.uuid(), priority).await
    }

    pub async fn wake_alert(&mut self, alert: AlertId) -> Result<()> {
        self.wake(Process::Alert, alert.uuid(), Priority::Critical)
            .await
    }

    /// The tenant's standing processes look at its settings again.
    pub async fn wake_tenant(&mut self) -> Result<()> {
        self.wake_own(Process::Tenant).await
    }

    /// A process of which the tenant has one.
    pub(crate) async fn wake_own(&mut self, process: Process) -> Result<()> {
        self.wake(process, self.tenant(), Priority::Standard).await
    }

    pub async fn wake_reading(&mut self) -> Result<()> {
        self.wake(Process::Reading, self.tenant(), Priority::Low)
            .await
    }

    pub async fn wake_sound(&mut self, sound: SoundId) -> Result<()> {
        self.wake(Process::Sound, sound.uuid(), Priority::Low).await
    }

    pub async fn wake_text(&mut self, text: TextId) -> Result<()> {
        self.wake(Process::Text, text.uuid(), Priority::Standard)
            .await
    }

    /// A process that keeps the tenant in step with its CRM looks again.
    pub(crate) async fn wake_crm_process(&mut self, process: Process) -> Result<()> {
        self.wake(process, self.tenant(), Priority::Standard).await
    }

    async fn wake(&mut self, process: Process, subject: Uuid, priority: Priority) -> Result<()> {
        sqlx::query!(
            "insert into outbox (tenant_id, process, subject, priority) values ($1, $2, $3, $4)",
            self.tenant(),
            process.code(),
            subject,
            i16::from(priority.temporal_key())
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
