//! Erased people who do not want to be called: their numbers are gone, and are recognised all the same.
//!
//! A mark is a keyed hash of a number. There are few enough numbers to try them all, so a hash without a key would be
//! as good as the number. The key is made when it is first needed, and encrypted among the tenant's secrets.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::Subject;
use crate::{Error, Result, TenantTx, secrets::Sealed};

/// What the key is kept under among the tenant's secrets.
const KEPT_AS: &str = "opt_out_marks";

/// What is marked.
#[derive(Clone, Copy)]
pub(super) enum Marks {
    /// Numbers that are not to be called.
    OptOuts,
    /// Numbers, texts and calls of who was erased.
    Erased,
}

impl TenantTx {
    /// Whether one of these numbers is that of an erased person who did not want to be called. Where the key of the marks is
    /// lost it fails.
    pub(crate) async fn any_marked(&mut self, numbers: &[String]) -> Result<bool> {
        if numbers.is_empty() {
            return Ok(false);
        }
        let Some(key) = self.key_if_marked(Marks::OptOuts).await? else {
            return Ok(false);
        };
        let marks: Vec<Vec<u8>> = numbers
            .iter()
            .map(|e164| mark(&key, e164))
            .collect::<Result<_>>()?;
        Ok(sqlx::query_scalar!(
            r#"select exists (select from opt_out_marks where tenant_id = $1 and mark = any($2)) as "known!""#,
            self.tenant(),
            &marks
        )
        .fetch_one(&mut *self.tx)
        .await?)
    }

    /// Keeps a mark of each number of a person that is not to be called: of all numbers of their contacts, whichever of
    /// those the wish was heard for.
    pub(crate) async fn mark_opt_outs(&mut self, person: &Subject) -> Result<()> {
        let opted_out = sqlx::query!(
            r#"select e164 as "e164!", source as "source!" from opt_outs where tenant_id = $1 and e164 = any($2)
               union
               select n.e164, o.source from numbers_of_people n
               join opt_outs_of_people o on o.tenant_id = $1 and o.contact_id = n.contact_id
               where n.tenant_id = $1 and n.contact_id = any($3) and n.e164 = any($2)"#,
            self.tenant(),
            &person.numbers,
            &person.contacts
        )
        .fetch_all(&mut *self.tx)
        .await?;
        for row in opted_out {
            self.add_opt_out_mark(&row.e164, &row.source).await?;
        }
        Ok(())
    }

    /// Keeps the mark of a number of somebody erased who said by text, before they were, not to be called.
    pub async fn mark_opt_out(&mut self, e164: &str) -> Result<()> {
        self.add_opt_out_mark(e164, "text").await
    }

    async fn add_opt_out_mark(&mut self, e164: &str, source: &str) -> Result<()> {
        let key = self.key_for_marks().await?;
        sqlx::query!(
            "insert into opt_out_marks (tenant_id, mark, source) values ($1, $2, $3) on conflict do nothing",
            self.tenant(),
            mark(&key, e164)?,
            source
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The key, if there are marks of a kind. Where it is lost nobody can say whose they are, and it fails.
    pub(super) async fn key_if_marked(&mut self, marks: Marks) -> Result<Option<SecretString>> {
        let any =
            match marks {
                Marks::OptOuts => sqlx::query_scalar!(
                    r#"select exists (select from opt_out_marks where tenant_id = $1) as "any!""#,
                    self.tenant()
                )
                .fetch_one(&mut *self.tx)
                .await?,
                Marks::Erased => sqlx::query_scalar!(
                    r#"select exists (select from erased_marks where tenant_id = $1) as "any!""#,
                    self.tenant()
                )
                .fetch_one(&mut *self.tx)
                .await?,
            };
        if !any {
            return Ok(None);
        }
        self.key_of_marks()
            .await?
            .ok_or(Error::Undecryptable)
            .map(Some)
    }

    /// The key, made if there is none.
    pub(super) async fn key_for_marks(&mut self) -> Result<SecretString> {
        match self.key_of_marks().await? {
            Some(key) => Ok(key),
            None => self.new_key_of_marks().await,
        }
    }

    /// The tenant's only one: marks cannot be made anew under another. So it counts even when an operator has retired
    /// it, and is encrypted anew by itself as soon as another key encrypts.
    async fn key_of_marks(&mut self) -> Result<Option<SecretString>> {
        let Some(row) = sqlx::query!(
            "select id, key_id, nonce, ciphertext from provider_secrets
             where tenant_id = $1 and provider = $2 order by id limit 1",
            self.tenant(),
            KEPT_AS
        )
        .fetch_optional(&mut *self.tx)
        .await?
        else {
            return Ok(None);
        };
        let sealed = Sealed {
            key_id: row.key_id,
            nonce: row.nonce,
            ciphertext: row.ciphertext,
        };
        let key = self.keys.open(self.id, &sealed)?;
        let anew = self.keys.seal(self.id, &key)?;
        if anew.key_id != sealed.key_id {
            sqlx::query!(
                "update provider_secrets set key_id = $3, nonce = $4, ciphertext = $5 where tenant_id = $1 and id = $2",
                self.tenant(),
                row.id,
                anew.key_id,
                anew.nonce,
                anew.ciphertext
            )
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(Some(key))
    }

    /// Two erasures at the same time must not make two.
    async fn new_key_of_marks(&mut self) -> Result<SecretString> {
        sqlx::query!(
            "select id from tenants where id = $1 for no key update",
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        if let Some(key) = self.key_of_marks().await? {
            return Ok(key);
        }
        let mut bytes = [0u8; 32];
        rand::rng().fill_bytes(&mut bytes);
        let key = SecretString::from(BASE64_STANDARD.encode(bytes));
        let keys = self.keys.clone();
        self.add_provider_secret(&keys, KEPT_AS, &key).await?;
        Ok(key)
    }
}

pub(super) fn mark(key: &SecretString, text: &str) -> Result<Vec<u8>> {
    let mut hash = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes())
        .map_err(|_| Error::Undecryptable)?;
    hash.update(text.as_bytes());
    Ok(hash.finalize().into_bytes().to_vec())
}
