//! Tenants and their settings.

use domain::{
    Reason,
    ids::TenantId,
    settings::{Crm, CrmImport, Settings},
};
use uuid::Uuid;

use crate::{Error, Result, Store, TenantTx, outbox::Process};

#[derive(Debug, Clone)]
pub struct Tenant {
    pub id: TenantId,
    pub slug: String,
    pub live: bool,
    pub paused: bool,
    pub settings: Settings,
    pub settings_version: i32,
}

struct TenantRow {
    id: Uuid,
    slug: String,
    live: bool,
    paused: bool,
    settings_version: i32,
    settings: serde_json::Value,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = Error;

    fn try_from(row: TenantRow) -> Result<Self> {
        Ok(Self {
            id: TenantId::from_uuid(row.id),
            slug: row.slug,
            live: row.live,
            paused: row.paused,
            settings: serde_json::from_value(row.settings)?,
            settings_version: row.settings_version,
        })
    }
}

impl Store {
    /// Makes a tenant. It is live only when its settings say so (RULE-6).
    pub async fn create_tenant(&self, slug: &str, settings: &Settings) -> Result<TenantId> {
        let id = TenantId::generate();
        let mut tx = self.pool.begin().await?;
        let made = sqlx::query!(
            "insert into tenants (id, slug, live) values ($1, $2, $3) on conflict (slug) do nothing",
            id.uuid(),
            slug,
            settings.tenant.live
        )
        .execute(&mut *tx)
        .await?;
        if made.rows_affected() == 0 {
            return Err(Error::SlugTaken {
                slug: slug.to_owned(),
            });
        }
        sqlx::query!(
            "insert into tenant_settings (tenant_id, version, settings) values ($1, 1, $2)",
            id.uuid(),
            serde_json::to_value(settings)?
        )
        .execute(&mut *tx)
        .await?;
        let mut processes = vec![Process::Tenant.code().to_owned()];
        if !settings.calendar.calendars.is_empty() {
            processes.push(Process::Calendars.code().to_owned());
        }
        sqlx::query!(
            "insert into outbox (tenant_id, process, subject) select $1, process, $1 from unnest($2::text[]) as p (process)",
            id.uuid(),
            &processes
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        if settings.crm.is_on() {
            let mut tx = self.tenant(id).begin().await?;
            tx.wake_crm().await?;
            tx.commit().await?;
        }
        Ok(id)
    }

    pub async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Tenant>> {
        let row = sqlx::query_as!(
            TenantRow,
            "select t.id, t.slug, t.live, t.paused, t.settings_version, s.settings
             from tenants t join tenant_settings s on s.tenant_id = t.id and s.version = t.settings_version
             where t.slug = $1",
            slug
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(Tenant::try_from).transpose()
    }

    pub async fn tenants(&self) -> Result<Vec<Tenant>> {
        let rows = sqlx::query_as!(
            TenantRow,
            "select t.id, t.slug, t.live, t.paused, t.settings_version, s.settings
             from tenants t join tenant_settings s on s.tenant_id = t.id and s.version = t.settings_version
             order by t.slug"
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Tenant::try_from).collect()
    }
}

impl TenantTx {
    pub async fn tenant_row(&mut self) -> Result<Tenant> {
        let row = sqlx::query_as!(
            TenantRow,
            "select t.id, t.slug, t.live, t.paused, t.settings_version, s.settings
             from tenants t join tenant_settings s on s.tenant_id = t.id and s.version = t.settings_version
             where t.id = $1",
            self.tenant()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.ok_or(Error::NotFound { what: "the tenant" })?
            .try_into()
    }

    /// The same, for whoever acts on whether it is paused: nobody pauses or resumes it meanwhile.
    pub async fn lock_tenant(&mut self) -> Result<Tenant> {
        sqlx::query!(
            "select id from tenants where id = $1 for no key update",
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        self.tenant_row().await
    }

    /// Replaces the settings and wakes every open reminder, which then plans by the new ones.
    pub async fn apply_settings(&mut self, settings: &Settings) -> Result<()> {
        let before = self.tenant_row().await?.settings.crm;
        sqlx::query!(
            "with next as (
                update tenants set settings_version = settings_version + 1, live = $2
                where id = $1 returning settings_version
             )
             insert into tenant_settings (tenant_id, version, settings) select $1, settings_version, $3 from next",
            self.tenant(),
            settings.tenant.live,
            serde_json::to_value(settings)?
        )
        .execute(&mut *self.tx)
        .await?;
        self.wake_tenant().await?;
        let is_for_all = |crm: &Crm| crm.is_on() && crm.import == CrmImport::All;
        if is_for_all(&settings.crm) && !is_for_all(&before) {
            self.compare_all().await?;
        }
        self.wake_crm_if_any().await?;
        self.wake_calendars_of(settings).await?;
        self.read_afresh().await?;
        self.wake_held_reminders().await
    }

    /// Stops (or resumes) dialing. Reminders wait meanwhile and look again at once when it resumes (RULE-1). Whoever
    /// resumes has looked at the calls there are.
    pub async fn set_paused(&mut self, paused: bool) -> Result<()> {
        if !paused {
            self.calls_looked_at().await?;
        }
        let changed = sqlx::query!(
            "update tenants set paused = $2 where id = $1 and paused <> $2",
            self.tenant(),
            paused
        )
        .execute(&mut *self.tx)
        .await?;
        if changed.rows_affected() > 0 && !paused {
            self.wake_held_reminders().await?;
        }
        Ok(())
    }

    /// What was put off for this reason is put off no more.
    pub async fn wake_put_off(&mut self, reason: Reason) -> Result<()> {
        sqlx::query!(
            "with open as (
                update reminders set deferral_reason = null, deferral_until = null
                where tenant_id = $1 and state <> 'finished' and deferral_reason = $3 returning appointment_id
             )
             insert into outbox (tenant_id, process, subject) select $1, $2, appointment_id from open",
            self.tenant(),
            Process::Reminder.code(),
            reason.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What open reminders were held back by may have changed: each asks the gates afresh.
    pub async fn wake_held_reminders(&mut self) -> Result<()> {
        sqlx::query!(
            "with open as (
                update reminders set deferral_reason = null, deferral_until = null
                where tenant_id = $1 and state <> 'finished' returning appointment_id
             )
             insert into outbox (tenant_id, process, subject) select $1, $2, appointment_id from open",
            self.tenant(),
            Process::Reminder.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
