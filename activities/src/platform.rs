//! The platform's own team: a tenant like others, whose channels hear of what is critical everywhere.

use domain::{ids::TenantId, settings::Alerts};
use jiff::Timestamp;
use store::{Result, Store, Tenant, TenantTx};

/// Which tenant stands for the platform's team, if any.
#[derive(Debug, Clone, Default)]
pub struct Platform {
    pub slug: Option<String>,
}

impl Platform {
    /// How the team is reached. `None` without a team, and for the team's own alerts, which it hears of as the
    /// client.
    pub(crate) async fn reach(&self, store: &Store, of: TenantId) -> Result<Option<Reach>> {
        match self.tenant(store).await? {
            Some(team) if team.id != of => {
                let mut tx = store.tenant(team.id).begin().await?;
                Ok(Some(Reach::of(&mut tx, team.settings.alerts).await?))
            }
            _ => Ok(None),
        }
    }

    pub(crate) async fn tenant(&self, store: &Store) -> Result<Option<Tenant>> {
        let Some(slug) = &self.slug else {
            return Ok(None);
        };
        let team = store.tenant_by_slug(slug).await?;
        if team.is_none() {
            tracing::warn!(
                slug,
                "BELLHOP_PLATFORM_TENANT names no tenant: the platform's team hears of nothing"
            );
        }
        Ok(team)
    }

    /// Whether trouble of the whole installation is told to this tenant: to the team, or to all without one.
    pub(crate) async fn hears_of_installation(
        &self,
        store: &Store,
        tenant: TenantId,
    ) -> Result<bool> {
        let team = self.tenant(store).await?;
        Ok(team.is_none_or(|team| team.id == tenant))
    }
}

/// How somebody is reached.
pub(crate) struct Reach {
    pub(crate) alerts: Alerts,
    /// When that was changed last.
    pub(crate) changed_at: Timestamp,
}

impl Reach {
    pub(crate) async fn of(tx: &mut TenantTx, alerts: Alerts) -> Result<Self> {
        Ok(Self {
            alerts,
            changed_at: tx.channels_changed_at().await?,
        })
    }
}
