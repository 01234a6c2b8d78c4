//! Webhook endpoints. A source's address holds an unguessable key; the key names tenant and provider.

use domain::ids::{SourceId, TenantId};
use secrecy::SecretString;

use crate::{Result, Store, TenantTx, secrets::Sealed};

/// A webhook endpoint with everything needed to verify what arrives there.
#[derive(Debug, Clone)]
pub struct Source {
    pub id: SourceId,
    pub tenant: TenantId,
    pub provider: String,
    /// How its webhooks are verified, as the provider's code reads it.
    pub options: serde_json::Value,
    /// Newest first; any of them may have signed.
    pub secrets: Vec<SecretString>,
}

impl Store {
    /// The enabled source with this key.
    pub async fn source(&self, key: &str) -> Result<Option<Source>> {
        let Some(row) = sqlx::query!(
            "select id, tenant_id, provider, options from sources where key = $1 and disabled_at is null",
            key
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(None);
        };
        let tenant = TenantId::from_uuid(row.tenant_id);
        let sealed = sqlx::query_as!(
            Sealed,
            "select key_id, nonce, ciphertext from provider_secrets
             where tenant_id = $1 and provider = $2 and retired_at is null
               and (source_id = $3 or source_id is null and not exists (
                   select from provider_secrets own
                   where own.tenant_id = $1 and own.source_id = $3 and own.retired_at is null))
             order by id desc",
            row.tenant_id,
            row.provider,
            row.id
        )
        .fetch_all(&self.pool)
        .await?;
        let secrets = sealed
            .iter()
            .map(|each| self.keys.open(tenant, each))
            .collect::<Result<_>>()?;
        Ok(Some(Source {
            id: SourceId::from_uuid(row.id),
            tenant,
            provider: row.provider,
            options: row.options,
            secrets,
        }))
    }

    /// Keys that encrypt and decrypt stored secrets.
    pub fn keys(&self) -> &crate::KeyRing {
        &self.keys
    }
}

impl TenantTx {
    /// Makes an endpoint for a provider's webhooks; `key` is the last part of its address.
    pub async fn add_source(&mut self, provider: &str, key: &str) -> Result<SourceId> {
        let id = SourceId::generate();
        sqlx::query!(
            "insert into sources (tenant_id, id, key, provider) values ($1, $2, $3, $4)",
            self.tenant(),
            id.uuid(),
            key,
            provider
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(id)
    }

    /// The addresses' last parts, oldest first.
    pub async fn source_keys(&mut self, provider: &str) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            "select key from sources where tenant_id = $1 and provider = $2 and disabled_at is null order by id",
            self.tenant(),
            provider
        )
        .fetch_all(&mut *self.tx)
        .await?)
    }
}
