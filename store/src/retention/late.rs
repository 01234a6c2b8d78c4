//! What a provider sends late of people who were erased: recognised by marks, as wishes not to be called are, and not
//! written down.

use domain::{
    ids::EventId,
    text::{Entry, Number},
};
use jiff::Timestamp;

use super::{
    Erased, Subject,
    marks::{Marks, mark},
    tables::TABLES,
};
use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
};

impl TenantTx {
    /// Keeps marks of the person's numbers, and of the ids of their texts and calls at the provider.
    pub(super) async fn mark_erased(&mut self, person: &Subject, now: Timestamp) -> Result<()> {
        let ids = sqlx::query_scalar!(
            r#"select provider_id as "id!" from conversation_entries
               where tenant_id = $1 and (contact_id = any($2) or e164 = any($3) or provider_id = any($4))
               union select provider_id from outbound_texts
               where tenant_id = $1 and provider_id is not null and (contact_id = any($2) or e164 = any($3))"#,
            self.tenant(),
            &person.contacts,
            &person.numbers,
            &person.provider_calls
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let all = [&ids, &person.numbers, &person.provider_calls];
        let all = all.map(|each| each.as_slice()).concat();
        self.add_marks(&all, now).await
    }

    async fn add_marks(&mut self, of: &[String], erased_at: Timestamp) -> Result<()> {
        if of.is_empty() {
            return Ok(());
        }
        let key = self.key_for_marks().await?;
        let marks = of.iter().map(|text| mark(&key, text));
        let marks = marks.collect::<Result<Vec<_>>>()?;
        sqlx::query!(
            "insert into erased_marks (tenant_id, mark, erased_at) select distinct $1::uuid, m, $3::timestamptz from unnest($2::bytea[]) m
             on conflict (tenant_id, mark) do update set erased_at = greatest(erased_marks.erased_at, excluded.erased_at)",
            self.tenant(),
            &marks,
            to_db(erased_at)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Whether a part of a conversation is one of somebody who was erased since: by the text's or call's id, or by the
    /// person's number, if it was written or began before. It is remembered then, whatever else comes of it. The
    /// transaction is to hold off erasures ([`TenantTx::before_erasures`]). Where the key of the marks is lost it fails.
    pub async fn is_of_erased(&mut self, heard: &Entry, heard_at: Timestamp) -> Result<bool> {
        let Some(key) = self.key_if_marked(Marks::Erased).await? else {
            return Ok(false);
        };
        if self.erased_at(&mark(&key, &heard.id)?).await?.is_some() {
            return Ok(true);
        }
        let Some(number) = heard.parties.person.as_ref().and_then(Number::dialable) else {
            return Ok(false);
        };
        let began = heard.at.or(heard.first_heard).unwrap_or(heard_at);
        let erased_at = self.erased_at(&mark(&key, number.e164())?).await?;
        let Some(erased_at) = erased_at.filter(|erased_at| began < *erased_at) else {
            return Ok(false);
        };
        self.add_marks(std::slice::from_ref(&heard.id), erased_at)
            .await?;
        Ok(true)
    }

    async fn erased_at(&mut self, mark: &[u8]) -> Result<Option<Timestamp>> {
        let erased_at = sqlx::query_scalar!(
            "select erased_at from erased_marks where tenant_id = $1 and mark = $2",
            self.tenant(),
            mark
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(erased_at.map(from_db))
    }

    /// Erases what was written down of a text or call before anybody could tell whose it is, and what came of it before
    /// `event`, which is to be erased when its try has ended ([`TenantTx::erase_event`]).
    pub async fn erase_late(
        &mut self,
        event: EventId,
        provider_id: &str,
        now: Timestamp,
    ) -> Result<()> {
        let provider_calls = vec![provider_id.to_owned()];
        let mut events = self.events_beside(&provider_calls).await?;
        events.retain(|each| *each != event.uuid());
        let about = Subject {
            provider_calls,
            events,
            ..Subject::default()
        };
        self.lock_rows_of(&about, now).await?;
        for table in TABLES {
            self.erase_in(table, &about, now).await?;
        }
        Ok(())
    }

    /// Empties a webhook.
    pub async fn erase_event(&mut self, event: EventId, now: Timestamp) -> Result<()> {
        let mut erased = Erased::default();
        self.erase_events(&Subject::default(), vec![event.uuid()], now, &mut erased)
            .await
    }

    /// A text of ours reached the provider whose row is gone: its person was erased while it left. What is heard of it is
    /// not written down.
    pub async fn text_was_erased(&mut self, provider_id: &str, now: Timestamp) -> Result<()> {
        self.add_marks(&[provider_id.to_owned()], now).await
    }
}
