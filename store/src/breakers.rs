//! Circuit breakers, shared by all workers (OPS-4).

use domain::breaker::BreakerFacts;
use jiff::Timestamp;

use crate::{Result, TenantTx, instant::to_db};

impl TenantTx {
    /// The breaker of a provider, locked; a new one when it has never been asked.
    pub async fn lock_breaker(&mut self, provider: &str, now: Timestamp) -> Result<BreakerFacts> {
        sqlx::query!(
            "insert into breakers (tenant_id, provider, facts, changed_at) values ($1, $2, $3, $4)
             on conflict do nothing",
            self.tenant(),
            provider,
            serde_json::to_value(BreakerFacts::new(now))?,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        let facts = sqlx::query_scalar!(
            "select facts from breakers where tenant_id = $1 and provider = $2 for update",
            self.tenant(),
            provider
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(serde_json::from_value(facts)?)
    }

    pub async fn save_breaker(
        &mut self,
        provider: &str,
        facts: &BreakerFacts,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "update breakers set facts = $3, changed_at = $4 where tenant_id = $1 and provider = $2",
            self.tenant(),
            provider,
            serde_json::to_value(facts)?,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

impl TenantTx {
    /// This tenant's, by provider.
    pub async fn breakers(&mut self) -> Result<Vec<(String, BreakerFacts)>> {
        let rows = sqlx::query!(
            "select provider, facts from breakers where tenant_id = $1 order by provider",
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| Ok((row.provider, serde_json::from_value(row.facts)?)))
            .collect()
    }
}
