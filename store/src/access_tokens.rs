//! Who may ask how a tenant's calls go. Of a token only a digest is kept: it is shown once.

use std::{fmt, str::FromStr};

use domain::ids::{TenantId, TokenId};
use jiff::Timestamp;
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{Result, Store, TenantTx, instant::from_db};

/// A token as its holder shows it: `tok_…` names its row, and what follows the dot proves it.
#[derive(Debug, Clone)]
pub struct AccessToken {
    id: TokenId,
    secret: SecretString,
}

/// The text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token")]
pub struct NoToken;

impl AccessToken {
    pub fn generate() -> Self {
        let mut secret = [0; 32];
        rand::rng().fill_bytes(&mut secret);
        let secret = secret
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        Self {
            id: TokenId::generate(),
            secret: secret.into(),
        }
    }

    pub fn id(&self) -> TokenId {
        self.id
    }

    /// The whole of it, to be shown to its holder.
    pub fn reveal(&self) -> SecretString {
        format!("{}.{}", self.id, self.secret.expose_secret()).into()
    }

    /// The secret is random and long, so that nothing slower than this is called for.
    fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.secret.expose_secret()).into()
    }
}

impl FromStr for AccessToken {
    type Err = NoToken;

    fn from_str(text: &str) -> Result<Self, NoToken> {
        let (id, secret) = text.split_once('.').ok_or(NoToken)?;
        let is_secret = secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_secret {
            return Err(NoToken);
        }
        Ok(Self {
            id: id.parse().map_err(|_| NoToken)?,
            secret: secret.to_owned().into(),
        })
    }
}

/// A token as an operator sees it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct TokenEntry {
    pub id: TokenId,
    pub name: Option<String>,
    pub made_at: Timestamp,
}

/// Whose token it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenOwner {
    pub tenant: TenantId,
    pub slug: String,
}

impl fmt::Display for TokenEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("-");
        write!(f, "{}\t{:.0}\t{name}", self.id, self.made_at)
    }
}

impl Store {
    /// The tenant that gave out this token; `None` when nobody did, or it was taken back.
    pub async fn owner_of(&self, token: &AccessToken) -> Result<Option<TokenOwner>> {
        let row = sqlx::query!(
            "select k.tenant_id, t.slug, k.digest from access_tokens k join tenants t on t.id = k.tenant_id where k.id = $1",
            token.id.uuid()
        )
        .fetch_optional(&self.pool)
        .await?;
        let known = row.filter(|row| row.digest.ct_eq(&token.digest()).into());
        Ok(known.map(|row| TokenOwner {
            tenant: TenantId::from_uuid(row.tenant_id),
            slug: row.slug,
        }))
    }
}

impl TenantTx {
    /// From now on whoever holds it may ask.
    pub async fn add_token(&mut self, token: &AccessToken, name: Option<&str>) -> Result<()> {
        let digest = token.digest();
        sqlx::query!(
            "insert into access_tokens (tenant_id, id, name, digest) values ($1, $2, $3, $4)",
            self.tenant(),
            token.id.uuid(),
            name,
            digest.as_slice()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The oldest first.
    pub async fn tokens(&mut self) -> Result<Vec<TokenEntry>> {
        let rows = sqlx::query!(
            "select id, name, recorded_at from access_tokens where tenant_id = $1 order by id",
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let entries = rows.into_iter().map(|row| TokenEntry {
            id: TokenId::from_uuid(row.id),
            name: row.name,
            made_at: from_db(row.recorded_at),
        });
        Ok(entries.collect())
    }

    /// `false` when there is no such one.
    pub async fn remove_token(&mut self, id: TokenId) -> Result<bool> {
        let removed = sqlx::query!(
            "delete from access_tokens where tenant_id = $1 and id = $2",
            self.tenant(),
            id.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(removed.rows_affected() > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_back_and_says_nothing_of_its_secret() {
        let token = AccessToken::generate();
        let shown = token.reveal();
        let read: AccessToken = shown.expose_secret().parse().unwrap();
        assert_eq!((read.id(), read.digest()), (token.id(), token.digest()));
        let secret = shown.expose_secret().split_once('.').unwrap().1.to_owned();
        assert!(!format!("{token:?} {shown:?}").contains(&secret));
        assert_ne!(AccessToken::generate().digest(), token.digest());
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let shown = AccessToken::generate().reveal().expose_secret().to_owned();
        let (id, secret) = shown.split_once('.').unwrap();
        for text in [
            String::new(),
            id.to_owned(),
            format!("{id}."),
            format!("{id}.{}", &secret[1..]),
            format!("{id}.{secret}0"),
            format!("{id}.{}", "ä".repeat(32)),
            format!("cal_{}.{secret}", &id[4..]),
            format!("{id}.{secret}.{secret}"),
        ] {
            assert!(text.parse::<AccessToken>().is_err(), "{text:?}");
        }
    }
}
