//! Provider keys, encrypted at rest (SEC-2). The key that encrypts is configured; older ones only decrypt,
//! so that keys can be rotated.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::ids::TenantId;
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, sync::Arc};
use uuid::Uuid;

use crate::{Error, Result, TenantTx};

/// The configured keys, newest first.
#[derive(Clone)]
pub struct KeyRing(Arc<Vec<Key>>);

struct Key {
    id: String,
    cipher: Aes256Gcm,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    #[error(
        "no key given; expected id:base64 of 32 random bytes, the encrypting one first, separated by commas"
    )]
    Empty,
    #[error("key number {place} is not id:base64 of exactly 32 bytes")]
    Malformed { place: usize },
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|key| &key.id))
            .finish()
    }
}

impl KeyRing {
    /// Reads `id:base64,id:base64`; the first key encrypts, all decrypt.
    pub fn parse(text: &SecretString) -> Result<Self, KeyRingError> {
        let entries = text
            .expose_secret()
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        let keys = entries
            .enumerate()
            .map(|(index, entry)| key(entry).ok_or(KeyRingError::Malformed { place: index + 1 }))
            .collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            Err(KeyRingError::Empty)
        } else {
            Ok(Self(Arc::new(keys)))
        }
    }

    /// A ring of one new random key, with the text that [`KeyRing::parse`] reads it from.
    pub fn generate() -> SecretString {
        let mut bytes = [0u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        SecretString::from(format!("k1:{}", BASE64_STANDARD.encode(bytes)))
    }

    fn seal(&self, tenant: TenantId, secret: &SecretString) -> Result<Sealed> {
        let key = self.0.first().ok_or(Error::Undecryptable)?;
        let mut nonce = [0u8; 12];
        rand::rng().fill_bytes(&mut nonce);
        let tenant = tenant.uuid();
        let payload = Payload {
            msg: secret.expose_secret().as_bytes(),
            aad: tenant.as_bytes(),
        };
        let ciphertext = key
            .cipher
            .encrypt(&nonce.into(), payload)
            .map_err(|_| Error::Undecryptable)?;
        Ok(Sealed {
            key_id: key.id.clone(),
            nonce: nonce.to_vec(),
            ciphertext,
        })
    }

    /// The tenant is part of what is authenticated: a ciphertext moved to another tenant does not open.
    pub(crate) fn open(&self, tenant: TenantId, sealed: &Sealed) -> Result<SecretString> {
        let nonce: [u8; 12] = sealed
            .nonce
            .as_slice()
            .try_into()
            .map_err(|_| Error::Undecryptable)?;
        let tenant = tenant.uuid();
        let payload = |msg| Payload {
            msg,
            aad: tenant.as_bytes(),
        };
        // Two keys may bear one name (both made by `generate`): the right one is the one that opens it.
        let clear = self
            .0
            .iter()
            .filter(|key| key.id == sealed.key_id)
            .find_map(|key| {
                key.cipher
                    .decrypt(&nonce.into(), payload(&sealed.ciphertext))
                    .ok()
            })
            .ok_or(Error::Undecryptable)?;
        Ok(SecretString::from(
            String::from_utf8(clear).map_err(|_| Error::Undecryptable)?,
        ))
    }
}

fn key(entry: &str) -> Option<Key> {
    let (id, encoded) = entry.split_once(':')?;
    let bytes = BASE64_STANDARD.decode(encoded).ok()?;
    let cipher = Aes256Gcm::new_from_slice(&bytes).ok()?;
    Some(Key {
        id: id.to_owned(),
        cipher,
    })
}

/// One of a tenant's keys for a provider.
#[derive(Debug, Clone)]
pub struct ProviderKey {
    pub id: Uuid,
    pub secret: SecretString,
}

pub(crate) struct Sealed {
    pub(crate) key_id: String,
    pub(crate) nonce: Vec<u8>,
    pub(crate) ciphertext: Vec<u8>,
}

impl TenantTx {
    /// Stores a further key of a provider. Older ones still verify webhooks until retired.
    pub async fn add_provider_secret(
        &mut self,
        keys: &KeyRing,
        provider: &str,
        secret: &SecretString,
    ) -> Result<()> {
        let sealed = keys.seal(self.id, secret)?;
        sqlx::query!(
            "insert into provider_secrets (tenant_id, id, provider, key_id, nonce, ciphertext)
             values ($1, $2, $3, $4, $5, $6)",
            self.tenant(),
            Uuid::now_v7(),
            provider,
            sealed.key_id,
            sealed.nonce,
            sealed.ciphertext
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The provider's keys that are not retired, newest first.
    pub async fn provider_keys(
        &mut self,
        keys: &KeyRing,
        provider: &str,
    ) -> Result<Vec<ProviderKey>> {
        let rows = sqlx::query!(
            "select id, key_id, nonce, ciphertext from provider_secrets
             where tenant_id = $1 and provider = $2 and retired_at is null order by id desc",
            self.tenant(),
            provider
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let sealed = Sealed {
                    key_id: row.key_id,
                    nonce: row.nonce,
                    ciphertext: row.ciphertext,
                };
                Ok(ProviderKey {
                    id: row.id,
                    secret: keys.open(self.id, &sealed)?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_for_its_tenant_only_and_after_a_rotation() {
        let old = KeyRing::generate();
        let tenant = TenantId::generate();
        let sealed = KeyRing::parse(&old)
            .unwrap()
            .seal(tenant, &"key_1".to_owned().into())
            .unwrap();
        let new = KeyRing::generate().expose_secret().replace("k1:", "k2:");
        let rotated = KeyRing::parse(&format!("{new},{}", old.expose_secret()).into()).unwrap();

        assert_eq!(
            rotated.open(tenant, &sealed).unwrap().expose_secret(),
            "key_1"
        );
        assert!(rotated.open(TenantId::generate(), &sealed).is_err());
        assert!(
            KeyRing::parse(&new.into())
                .unwrap()
                .open(tenant, &sealed)
                .is_err()
        );
    }

    #[test]
    fn a_malformed_key_is_named_by_its_place() {
        let good = KeyRing::generate();
        let text = format!("{},k2:short", good.expose_secret()).into();
        assert!(matches!(
            KeyRing::parse(&text),
            Err(KeyRingError::Malformed { place: 2 })
        ));
    }
}
