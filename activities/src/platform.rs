//! The platform's own team: a tenant like others, whose channels hear of what is critical everywhere.

use domain::{ids::TenantId, settings::Alerts};
use store::{Result, Store, Tenant};

/// Which tenant stands for the platform's team, if any.
#[derive(Debug, Clone, Default)]
pub struct Platform {
    pub slug: Option<String>,
}

impl Platform {
    /// The team's channels. `None` without a team, and for the team's own alerts, which it hears of as the client.
    pub(crate) async fn settings(&self, store: &Store, of: TenantId) -> Result<Option<Alerts>> {
        let tenant = self.tenant(store).await?;
        Ok(tenant
            .filter(|tenant| tenant.id != of)
            .map(|tenant| tenant.settings.alerts))
    }

    pub(crate) async fn tenant(&self, store: &Store) -> Result<Option<Tenant>> {
        match &self.slug {
            Some(slug) => store.tenant_by_slug(slug).await,
            None => Ok(None),
        }
    }
}
