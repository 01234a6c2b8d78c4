//! Provider keys, encrypted at rest (SEC-2). The key that encrypts is configured; older ones only decrypt,
//! so that keys can be rotated.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::ids::{SourceId, TenantId};
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use std::{fmt, sync::Arc};
use uuid::Uuid;

use crate::{Error, Result, SourceEntry, TenantTx};

/// Bytes of a nonce, as AES-GCM has it.
const NONCE: usize = 12;

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

    pub(crate) fn seal(&self, tenant: TenantId, secret: &SecretString) -> Result<Sealed> {
        let tenant = tenant.uuid();
        self.encrypt(tenant.as_bytes(), secret.expose_secret().as_bytes())
    }

    /// The tenant is part of what is authenticated: a ciphertext moved to another tenant does not open.
    pub(crate) fn open(&self, tenant: TenantId, sealed: &Sealed) -> Result<SecretString> {
        let clear = self.decrypt(tenant.uuid().as_bytes(), sealed)?;
        Ok(SecretString::from(
            String::from_utf8(clear).map_err(|_| Error::Undecryptable)?,
        ))
    }

    /// Encrypts bytes of a tenant, to be kept outside of the database. Only with the same tenant and
    /// `context` (what they are for, and whatever else must not be exchanged) do they open again.
    pub fn seal_bytes(&self, tenant: TenantId, context: &[u8], clear: &[u8]) -> Result<Vec<u8>> {
        let sealed = self.encrypt(&bound_to(tenant, context), clear)?;
        let id_length = u8::try_from(sealed.key_id.len()).map_err(|_| Error::Undecryptable)?;
        Ok([
            &[id_length],
            sealed.key_id.as_bytes(),
            &sealed.nonce,
            &sealed.ciphertext,
        ]
        .concat())
    }

    /// What [`KeyRing::seal_bytes`] encrypted.
    pub fn open_bytes(&self, tenant: TenantId, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let sealed = split(sealed).ok_or(Error::Undecryptable)?;
        self.decrypt(&bound_to(tenant, context), &sealed)
    }

    fn encrypt(&self, aad: &[u8], msg: &[u8]) -> Result<Sealed> {
        let key = self.0.first().ok_or(Error::Undecryptable)?;
        let mut nonce = [0u8; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        let ciphertext = key
            .cipher
            .encrypt(&nonce.into(), Payload { msg, aad })
            .map_err(|_| Error::Undecryptable)?;
        Ok(Sealed {
            key_id: key.id.clone(),
            nonce: nonce.to_vec(),
            ciphertext,
        })
    }

    fn decrypt(&self, aad: &[u8], sealed: &Sealed) -> Result<Vec<u8>> {
        let nonce: [u8; NONCE] = sealed
            .nonce
            .as_slice()
            .try_into()
            .map_err(|_| Error::Undecryptable)?;
        let payload = || Payload {
            msg: &sealed.ciphertext,
            aad,
        };
        // Two keys may bear one name (both made by `generate`): the right one is the one that opens it.
        self.0
            .iter()
            .filter(|key| key.id == sealed.key_id)
            .find_map(|key| key.cipher.decrypt(&nonce.into(), payload()).ok())
            .ok_or(Error::Undecryptable)
    }
}

/// What is authenticated beside sealed bytes. Longer than a tenant alone, so that no provider's key passes for them.
fn bound_to(tenant: TenantId, context: &[u8]) -> Vec<u8> {
    [tenant.uuid().as_bytes().as_slice(), b":", context].concat()
}

/// The parts that [`KeyRing::seal_bytes`] put together.
fn split(sealed: &[u8]) -> Option<Sealed> {
    let (id_length, rest) = sealed.split_first()?;
    let (key_id, rest) = rest.split_at_checked(usize::from(*id_length))?;
    let (nonce, ciphertext) = rest.split_at_checked(NONCE)?;
    Some(Sealed {
        key_id: String::from_utf8(key_id.to_vec()).ok()?,
        nonce: nonce.to_vec(),
        ciphertext: ciphertext.to_vec(),
    })
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
        self.add_secret(keys, provider, None, secret).await
    }

    /// Stores a further secret of one source alone.
    pub async fn add_source_secret(
        &mut self,
        keys: &KeyRing,
        source: &SourceEntry,
        secret: &SecretString,
    ) -> Result<()> {
        self.add_secret(keys, &source.provider, Some(source.id), secret)
            .await
    }

    async fn add_secret(
        &mut self,
        keys: &KeyRing,
        provider: &str,
        source: Option<SourceId>,
        secret: &SecretString,
    ) -> Result<()> {
        let sealed = keys.seal(self.id, secret)?;
        sqlx::query!(
            "insert into provider_secrets (tenant_id, id, provider, source_id, key_id, nonce, ciphertext)
             values ($1, $2, $3, $4, $5, $6, $7)",
            self.tenant(),
            Uuid::now_v7(),
            provider,
            source.map(SourceId::uuid),
            sealed.key_id,
            sealed.nonce,
            sealed.ciphertext
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Takes secrets of a source out of use, all but the newest. Answers how many.
    pub async fn retire_older_secrets(&mut self, source: &SourceEntry) -> Result<u64> {
        let retired = sqlx::query!(
            "update provider_secrets set retired_at = now()
             where tenant_id = $1 and source_id = $2 and retired_at is null
               and id <> (select id from provider_secrets
                          where tenant_id = $1 and source_id = $2 and retired_at is null order by id desc limit 1)",
            self.tenant(),
            source.id.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(retired.rows_affected())
    }

    /// The provider's keys that are not retired, newest first.
    pub async fn provider_keys(
        &mut self,
        keys: &KeyRing,
        provider: &str,
    ) -> Result<Vec<ProviderKey>> {
        let rows = sqlx::query!(
            "select id, key_id, nonce, ciphertext from provider_secrets
             where tenant_id = $1 and provider = $2 and source_id is null and retired_at is null order by id desc",
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

    fn one_key() -> KeyRing {
        KeyRing::parse(&KeyRing::generate()).unwrap()
    }

    #[test]
    fn bytes_open_for_their_tenant_and_context_only() {
        let (keys, tenant) = (one_key(), TenantId::generate());
        for clear in [&b""[..], b"body", &[0, 255, 10]] {
            let sealed = keys.seal_bytes(tenant, b"spool", clear).unwrap();
            assert_eq!(keys.open_bytes(tenant, b"spool", &sealed).unwrap(), clear);
            assert!(keys.open_bytes(tenant, b"spoo", &sealed).is_err());
            assert!(
                keys.open_bytes(TenantId::generate(), b"spool", &sealed)
                    .is_err()
            );
            assert!(one_key().open_bytes(tenant, b"spool", &sealed).is_err());
        }
    }

    #[test]
    fn bytes_that_were_cut_or_changed_do_not_open() {
        let (keys, tenant) = (one_key(), TenantId::generate());
        let sealed = keys.seal_bytes(tenant, b"spool", b"body").unwrap();
        for length in 0..sealed.len() {
            assert!(
                keys.open_bytes(tenant, b"spool", &sealed[..length])
                    .is_err()
            );
        }
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(keys.open_bytes(tenant, b"spool", &changed).is_err());
        }
    }

    #[test]
    fn a_providers_key_does_not_pass_for_bytes() {
        let (keys, tenant) = (one_key(), TenantId::generate());
        let secret = keys.seal(tenant, &"key_1".to_owned().into()).unwrap();
        let passed = [&[2], b"k1".as_slice(), &secret.nonce, &secret.ciphertext].concat();
        assert!(keys.open_bytes(tenant, b"", &passed).is_err());
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
