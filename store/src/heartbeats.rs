//! Which parts of the installation live. Belongs to no tenant.

use jiff::SignedDuration;
use uuid::Uuid;

use crate::{Result, Store};

/// A kind of process, such as `ingress`, of which some run, or did not end as they should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub name: String,
    /// How many of them said within the last 90 seconds that they live.
    pub alive: u64,
    /// Since the last of them said so.
    pub silent_for: SignedDuration,
}

impl Store {
    /// This process lives, in these roles.
    pub async fn beat(&self, roles: &[String], instance: Uuid) -> Result<()> {
        sqlx::query!(
            "with forgotten as (
                delete from heartbeats h where at < now() - interval '1 day' and exists (
                    select from heartbeats newer where newer.role = h.role and newer.at > h.at)
             )
             insert into heartbeats (role, instance) select role, $2 from unnest($1::text[]) as r (role)
             on conflict (role, instance) do update set at = clock_timestamp()",
            roles,
            instance
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// This process ends, as it should.
    pub async fn stop_beating(&self, instance: Uuid) -> Result<()> {
        sqlx::query!("delete from heartbeats where instance = $1", instance)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A role that will not be back. `false` when there is none of that name, or one of its processes lives.
    pub async fn forget_role(&self, role: &str) -> Result<bool> {
        let forgotten = sqlx::query!(
            "delete from heartbeats where role = $1 and not exists (
                select from heartbeats where role = $1 and at > clock_timestamp() - interval '90 seconds')",
            role
        )
        .execute(&self.pool)
        .await?;
        Ok(forgotten.rows_affected() > 0)
    }

    /// Every role that is known, by name.
    pub async fn roles(&self) -> Result<Vec<Role>> {
        let rows = sqlx::query!(
            r#"select role, count(*) filter (where at > clock_timestamp() - interval '90 seconds') as "alive!",
                      extract(epoch from clock_timestamp() - max(at))::float8 as "silent_for!"
               from heartbeats group by role order by role"#
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| Role {
                name: row.role,
                alive: u64::try_from(row.alive).unwrap_or_default(),
                silent_for: SignedDuration::try_from_secs_f64(row.silent_for)
                    .unwrap_or(SignedDuration::ZERO),
            })
            .collect())
    }
}
