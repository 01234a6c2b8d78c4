//! A tenant's account at the CRM: its token, its pace, its channel, its comparison.

use domain::crm::{BudgetFacts, ChannelFacts, ReconcileFacts, TokenFacts};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    KeyRing, Result, TenantTx,
    instant::{from_db, to_db},
    secrets::Sealed,
};

/// Everything that is decided about the account as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CrmAccount {
    pub token: TokenFacts,
    pub budget: BudgetFacts,
    pub channel: ChannelFacts,
    /// The comparison that is under way.
    pub reconcile: Option<ReconcileFacts>,
    /// Where the next comparison begins.
    pub compare_from: Option<Timestamp>,
    /// When the last one that was finished began.
    pub compared_at: Option<Timestamp>,
    /// Somebody asked for one.
    pub compare_now: bool,
}

/// An access token as it is kept.
#[derive(Debug, Clone)]
pub struct KeptToken {
    pub secret: SecretString,
    pub api_url: String,
}

impl TenantTx {
    /// The account, locked; a new one when it was never used.
    pub async fn lock_crm(&mut self) -> Result<CrmAccount> {
        sqlx::query!(
            "insert into crm_accounts (tenant_id) values ($1) on conflict do nothing",
            self.tenant()
        )
        .execute(&mut *self.tx)
        .await?;
        let row = sqlx::query!(
            "select token, budget, channel, reconcile, compare_from, compared_at, compare_now
             from crm_accounts where tenant_id = $1 for update",
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(CrmAccount {
            token: read(row.token)?.unwrap_or_default(),
            budget: read(row.budget)?.unwrap_or_default(),
            channel: read(row.channel)?.unwrap_or_default(),
            reconcile: read(row.reconcile)?,
            compare_from: row.compare_from.map(from_db),
            compared_at: row.compared_at.map(from_db),
            compare_now: row.compare_now,
        })
    }

    /// The next comparison begins at once.
    pub async fn compare_now(&mut self) -> Result<()> {
        let mut account = self.lock_crm().await?;
        account.compare_now = true;
        self.save_crm(&account).await
    }

    /// The same, and it reads everything there is.
    pub async fn compare_all(&mut self) -> Result<()> {
        let mut account = self.lock_crm().await?;
        account.compare_now = true;
        account.compare_from = None;
        self.save_crm(&account).await
    }

    /// What was locked, as it is now.
    pub async fn save_crm(&mut self, account: &CrmAccount) -> Result<()> {
        sqlx::query!(
            "update crm_accounts set token = $2, budget = $3, channel = $4, reconcile = $5, compare_from = $6,
                                     compared_at = $7, compare_now = $8
             where tenant_id = $1",
            self.tenant(),
            written(&account.token)?,
            written(&account.budget)?,
            written(&account.channel)?,
            account.reconcile.as_ref().map(written).transpose()?,
            account.compare_from.map(to_db),
            account.compared_at.map(to_db),
            account.compare_now
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The access token that was kept last, whether or not it is still good.
    pub async fn crm_token(&mut self, keys: &KeyRing) -> Result<Option<KeptToken>> {
        let row = sqlx::query!(
            "select key_id, nonce, ciphertext, api_url from crm_accounts where tenant_id = $1",
            self.tenant()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let (Some(key_id), Some(nonce), Some(ciphertext), Some(api_url)) =
            (row.key_id, row.nonce, row.ciphertext, row.api_url)
        else {
            return Ok(None);
        };
        let sealed = Sealed {
            key_id,
            nonce,
            ciphertext,
        };
        Ok(Some(KeptToken {
            secret: keys.open(self.id, &sealed)?,
            api_url,
        }))
    }

    /// Keeps an access token, encrypted, in place of the one before.
    pub async fn keep_crm_token(&mut self, keys: &KeyRing, token: &KeptToken) -> Result<()> {
        let sealed = keys.seal(self.id, &token.secret)?;
        sqlx::query!(
            "update crm_accounts set key_id = $2, nonce = $3, ciphertext = $4, api_url = $5 where tenant_id = $1",
            self.tenant(),
            sealed.key_id,
            sealed.nonce,
            sealed.ciphertext,
            token.api_url
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Stores a secret of the CRM in place of the one before, and has the connection tried anew.
    pub async fn add_crm_secret(
        &mut self,
        keys: &KeyRing,
        name: &str,
        secret: &SecretString,
    ) -> Result<()> {
        if secret.expose_secret().is_empty() {
            return Ok(());
        }
        self.add_provider_secret(keys, name, secret).await?;
        let mut account = self.lock_crm().await?;
        account.token.mended();
        self.save_crm(&account).await?;
        self.wake_crm().await
    }
}

fn read<T: DeserializeOwned>(document: Option<Value>) -> Result<Option<T>> {
    Ok(document.map(serde_json::from_value).transpose()?)
}

fn written<T: Serialize>(facts: &T) -> Result<Value> {
    Ok(serde_json::to_value(facts)?)
}
