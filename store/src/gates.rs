//! What the dial gates read, under the tenant's lock: two reminders of one tenant are never authorized at
//! the same time, so no limit is overrun.

use domain::{
    Reason,
    follow::DialState,
    gates::{CLOCKS_APART, GateFacts, Waiting},
    ids::AppointmentId,
};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Result, Tenant, TenantTx,
    instant::{from_db, to_db},
};

impl TenantTx {
    /// Locks the tenant against other authorizations and reads what a dial to `e164` depends on.
    pub async fn lock_gates(
        &mut self,
        appointment: AppointmentId,
        e164: &str,
        now: Timestamp,
        latest: Timestamp,
    ) -> Result<(Tenant, GateFacts)> {
        let tenant = self.lock_tenant().await?;
        let settings = &tenant.settings;
        let dialing = settings.dialing();
        let ready = sqlx::query!(
            r#"select exists (select from provider_secrets
                              where tenant_id = $1 and provider = $3 and source_id is null
                                and retired_at is null) as "key!",
                      exists (select from appointments a
                              join contacts c on c.tenant_id = $1 and c.id = a.contact_id
                              where a.tenant_id = $1 and a.id = $2 and c.consent_at is not null) as "consent!",
                      (select count(*) from calls
                       where tenant_id = $1 and direction = 'outbound' and outcome is null
                         and dial_state <> 'abandoned') as "open!""#,
            self.tenant(),
            appointment.uuid(),
            dialing.provider.key_name()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let number_dials = self.number_dials(e164, now, &settings.limits).await?;
        let facts = GateFacts {
            tenant_live: tenant.live,
            tenant_paused: tenant.paused,
            configuration_complete: ready.key && settings.missing_for_dialing().is_empty(),
            consent_required: settings.consent.required,
            consent_recorded: ready.consent,
            calls_per_second: dialing.calls_per_second,
            limits: settings.limits.clone(),
            latest,
            open_calls: u32::try_from(ready.open).unwrap_or(u32::MAX),
            number_last_dialed: number_dials.first().copied(),
            tenant_dials: self
                .tenant_dials(now, &settings.limits, dialing.calls_per_second)
                .await?,
            number_dials,
            waiting: self.waiting(appointment, now).await?,
        };
        Ok((tenant, facts))
    }

    /// Dials of the tenant within a day, newest first, only as many as its largest limit needs. A call that is
    /// authorized and not yet dialed counts from its authorization. Processes go by their own times, so some may
    /// be stamped a little after `now`.
    async fn tenant_dials(
        &mut self,
        now: Timestamp,
        limits: &domain::settings::Limits,
        per_second: u32,
    ) -> Result<Vec<Timestamp>> {
        let needed = limits.per_day.max(limits.per_15_minutes).max(per_second);
        let rows = sqlx::query_scalar!(
            r#"select greatest(authorized_at, dialing_at) as "dialed_at!" from calls
               where tenant_id = $1 and direction = 'outbound' and dial_state <> 'abandoned'
                 and greatest(authorized_at, dialing_at) > $2 and greatest(authorized_at, dialing_at) <= $3
               order by greatest(authorized_at, dialing_at) desc limit $4"#,
            self.tenant(),
            to_db(now - SignedDuration::from_hours(24)),
            to_db(now + CLOCKS_APART),
            i64::from(needed)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(from_db).collect())
    }

    /// Dials to one number within a week, newest first, at least as many as its caps need. A call to it that is
    /// authorized and not yet dialed, because the provider asked for a pause, may ring at any moment: it counts as
    /// dialed now, or when it ended.
    async fn number_dials(
        &mut self,
        e164: &str,
        now: Timestamp,
        limits: &domain::settings::Limits,
    ) -> Result<Vec<Timestamp>> {
        let needed = limits
            .per_contact_per_day
            .max(limits.per_contact_per_week)
            .max(1);
        let rows = sqlx::query_scalar!(
            r#"select dialed_at as "dialed_at!" from (
                   select case when dial_state = $6 then greatest(authorized_at, coalesce(outcome_at, $7))
                               else greatest(authorized_at, dialing_at) end as dialed_at
                   from calls
                   where tenant_id = $1 and direction = 'outbound' and e164 = $2 and dial_state <> 'abandoned'
                     and authorized_at > $3::timestamptz - interval '2 days'
               ) dials
               where dialed_at > $3 and dialed_at <= $4
               order by dialed_at desc limit $5"#,
            self.tenant(),
            e164,
            to_db(now - SignedDuration::from_hours(7 * 24)),
            to_db(now + CLOCKS_APART),
            i64::from(needed),
            DialState::Authorized.code(),
            to_db(now)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(from_db).collect())
    }

    /// How many reminders stand before this one behind each limit: all that wait there, or, when it has
    /// waited there already, those whose turn comes before its own. A reminder that woke and has not asked
    /// yet keeps its place for an hour.
    async fn waiting(&mut self, appointment: AppointmentId, now: Timestamp) -> Result<Waiting> {
        let rows = sqlx::query!(
            r#"select r.deferral_reason as "reason!", count(*) as "count!" from reminders r
               left join reminders own on own.tenant_id = $1 and own.appointment_id = $3
                                          and own.deferral_reason = r.deferral_reason
               where r.tenant_id = $1 and r.state = 'waiting' and r.deferral_until > $2 and r.appointment_id <> $3
                 and r.deferral_reason in ('provider_pace', 'limit_15_minutes', 'limit_day', 'limit_concurrent')
                 and (own.deferral_turn is null or r.deferral_turn < own.deferral_turn)
               group by r.deferral_reason"#,
            self.tenant(),
            to_db(now - SignedDuration::from_hours(1)),
            appointment.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let count = |reason: Reason| {
            rows.iter()
                .find(|row| row.reason == reason.code())
                .map_or(0, |row| u32::try_from(row.count).unwrap_or(u32::MAX))
        };
        Ok(Waiting {
            pace: count(Reason::ProviderPace),
            limit_15_minutes: count(Reason::Limit15Minutes),
            limit_day: count(Reason::LimitDay),
            concurrent: count(Reason::LimitConcurrent),
        })
    }
}
