//! Webhook endpoints. A source's address holds an unguessable key; the key names tenant and provider.

use domain::{
    ids::{SourceId, TenantId},
    settings::Vapi,
};
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
    /// Its own and then the tenant's for the provider, newest first; any of them may have signed.
    pub secrets: Vec<SecretString>,
    /// Of a source of Vapi: what its questions are answered from when nothing can be looked up.
    pub vapi: Option<Vapi>,
}

/// A webhook endpoint as an operator sees it.
#[derive(Debug, Clone)]
pub struct SourceEntry {
    pub id: SourceId,
    /// The last part of its address.
    pub key: String,
    pub provider: String,
    pub name: Option<String>,
    pub options: serde_json::Value,
    /// Of its own; the tenant's for the provider are taken too.
    pub secrets: i64,
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
               and (source_id = $3 or source_id is null)
             order by source_id nulls last, id desc",
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
        let vapi = match row.provider == "vapi" {
            true => self.vapi_of(tenant).await?,
            false => None,
        };
        Ok(Some(Source {
            id: SourceId::from_uuid(row.id),
            tenant,
            provider: row.provider,
            options: row.options,
            secrets,
            vapi,
        }))
    }

    async fn vapi_of(&self, tenant: TenantId) -> Result<Option<Vapi>> {
        let stored = sqlx::query_scalar!(
            r#"select s.settings -> 'vapi' as vapi from tenants t
               join tenant_settings s on s.tenant_id = t.id and s.version = t.settings_version where t.id = $1"#,
            tenant.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        // Those of a newer program are read where the answer is found; this is for when none is.
        Ok(stored
            .flatten()
            .and_then(|vapi| serde_json::from_value(vapi).ok()))
    }

    /// The keys of all enabled sources, at most `limit` of them, the newest first.
    pub async fn source_keys(&self, limit: i64) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            "select key from sources where disabled_at is null order by id desc limit $1",
            limit
        )
        .fetch_all(&self.pool)
        .await?)
    }

    /// Keys that encrypt and decrypt stored secrets.
    pub fn keys(&self) -> &crate::KeyRing {
        &self.keys
    }
}

impl TenantTx {
    /// Makes an endpoint for a provider's webhooks; `key` is the last part of its address.
    pub async fn add_source(&mut self, provider: &str, key: &str) -> Result<SourceId> {
        let options = serde_json::json!({});
        self.add_source_with(provider, key, None, &options).await
    }

    /// The same, with a name for people and with options for the provider's code.
    pub async fn add_source_with(
        &mut self,
        provider: &str,
        key: &str,
        name: Option<&str>,
        options: &serde_json::Value,
    ) -> Result<SourceId> {
        let id = SourceId::generate();
        sqlx::query!(
            "insert into sources (tenant_id, id, key, provider, name, options) values ($1, $2, $3, $4, $5, $6)",
            self.tenant(),
            id.uuid(),
            key,
            provider,
            name,
            options
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(id)
    }

    /// Every enabled endpoint, oldest first, with how many secrets of its own it has.
    pub async fn sources(&mut self) -> Result<Vec<SourceEntry>> {
        let rows = sqlx::query!(
            r#"select s.id, s.key, s.provider, s.name, s.options,
                      (select count(*) from provider_secrets p
                       where p.tenant_id = $1 and p.source_id = s.id and p.retired_at is null) as "secrets!"
               from sources s where s.tenant_id = $1 and s.disabled_at is null order by s.id"#,
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| SourceEntry {
                id: SourceId::from_uuid(row.id),
                key: row.key,
                provider: row.provider,
                name: row.name,
                options: row.options,
                secrets: row.secrets,
            })
            .collect())
    }

    /// No webhook is taken at this address any more. `false` when there is no such one.
    pub async fn disable_source(&mut self, key: &str) -> Result<bool> {
        let changed = sqlx::query!(
            "update sources set disabled_at = now() where tenant_id = $1 and key = $2 and disabled_at is null",
            self.tenant(),
            key
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(changed.rows_affected() > 0)
    }
}
