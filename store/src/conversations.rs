//! Conversations: texts and calls with people, each joined from whatever was heard of it (TEXT-1).

use domain::{
    ids::{ContactId, EntryId},
    settings::Settings,
    text::{Entry, EntryKind, Number},
};
use jiff::Timestamp;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
};

/// A text or call as it is kept. It holds personal data; its words print as `…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    pub id: EntryId,
    pub entry: Entry,
    /// The person's, when it can be dialed.
    pub e164: Option<String>,
    /// Whose the number was, when it was one person's.
    pub contact: Option<ContactId>,
    /// When it was written or began; while that is not known, when it was first heard of.
    pub at: Timestamp,
}

/// Whose conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who<'a> {
    /// Whatever number was used, and what came from the contact's number before it was the contact's.
    Contact(ContactId),
    /// Everybody who used it.
    Number(&'a str),
}

struct Row {
    id: uuid::Uuid,
    e164: Option<String>,
    contact_id: Option<uuid::Uuid>,
    at: time::OffsetDateTime,
    entry: String,
}

impl TryFrom<Row> for StoredEntry {
    type Error = crate::Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: EntryId::from_uuid(row.id),
            entry: serde_json::from_str(&row.entry)?,
            e164: row.e164,
            contact: row.contact_id.map(ContactId::from_uuid),
            at: from_db(row.at),
        })
    }
}

impl TenantTx {
    /// Adds what an event said of a text or call to what is known of it. Any order, and any number of times, comes to
    /// the same. `heard_at` stands in for times that the event does not tell.
    pub async fn join_entry(
        &mut self,
        mut heard: Entry,
        heard_at: Timestamp,
        settings: &Settings,
    ) -> Result<StoredEntry> {
        heard.first_heard = heard.first_heard.or(Some(heard_at));
        let id = self.entry_row(&heard).await?;
        let row = sqlx::query!(
            "select entry, contact_id from conversation_entries where tenant_id = $1 and id = $2 for update",
            self.tenant(),
            id.uuid()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let mut entry: Entry = serde_json::from_str(&row.entry)?;
        entry.join(heard);
        let person = entry.parties.person.as_ref().and_then(Number::dialable);
        let written = person.map(|number| number.e164());
        let recognised = self.recognise(written, settings).await?;
        let e164 = recognised.e164().map(str::to_owned);
        let found = recognised.person.map(|person| person.id);
        let contact = row.contact_id.map(ContactId::from_uuid).or(found);
        let at = entry.at.or(entry.first_heard).unwrap_or(heard_at);
        sqlx::query!(
            "update conversation_entries set entry = $3, e164 = $4, contact_id = $5, at = $6 where tenant_id = $1 and id = $2",
            self.tenant(),
            id.uuid(),
            serde_json::to_string(&entry)?,
            e164,
            contact.map(ContactId::uuid),
            to_db(at)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(StoredEntry {
            id,
            entry,
            e164,
            contact,
            at,
        })
    }

    /// The row of what was heard of, made when there is none.
    async fn entry_row(&mut self, heard: &Entry) -> Result<EntryId> {
        let empty = match heard.kind() {
            EntryKind::Text => Entry::text(heard.id.clone()),
            EntryKind::Call => Entry::call(heard.id.clone()),
        };
        sqlx::query!(
            "insert into conversation_entries (tenant_id, id, kind, provider_id, at, entry) values ($1, $2, $3, $4, $5, $6)
             on conflict (tenant_id, kind, provider_id) do nothing",
            self.tenant(),
            EntryId::generate().uuid(),
            heard.kind().code(),
            heard.id,
            to_db(heard.at.or(heard.first_heard).unwrap_or(Timestamp::MAX)),
            serde_json::to_string(&empty)?
        )
        .execute(&mut *self.tx)
        .await?;
        let id = sqlx::query_scalar!(
            "select id from conversation_entries where tenant_id = $1 and kind = $2 and provider_id = $3",
            self.tenant(),
            heard.kind().code(),
            heard.id
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(EntryId::from_uuid(id))
    }

    pub async fn entry(&mut self, id: EntryId) -> Result<Option<StoredEntry>> {
        let row = sqlx::query_as!(
            Row,
            "select id, e164, contact_id, at, entry from conversation_entries where tenant_id = $1 and id = $2",
            self.tenant(),
            id.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(StoredEntry::try_from).transpose()
    }

    /// The newest texts and calls of a conversation, oldest first.
    pub async fn conversation(&mut self, who: Who<'_>, most: u32) -> Result<Vec<StoredEntry>> {
        let (contact, e164) = match who {
            Who::Contact(contact) => (Some(contact), self.number_of_one(contact).await?),
            Who::Number(e164) => (None, Some(e164.to_owned())),
        };
        let rows = sqlx::query_as!(
            Row,
            "select id, e164, contact_id, at, entry from conversation_entries
             where tenant_id = $1 and (contact_id = $2 or (e164 = $3 and ($2::uuid is null or contact_id is null)))
             order by at desc, id desc limit $4",
            self.tenant(),
            contact.map(ContactId::uuid),
            e164,
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().rev().map(StoredEntry::try_from).collect()
    }

    /// A contact's number, unless several people have it: then nobody knows who wrote.
    async fn number_of_one(&mut self, contact: ContactId) -> Result<Option<String>> {
        let e164 = sqlx::query_scalar!(
            "select e164 from contacts c where tenant_id = $1 and id = $2
               and not exists (select from contacts o where o.tenant_id = $1 and o.e164 = c.e164
                                                             and o.person_id <> c.id)",
            self.tenant(),
            contact.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(e164.flatten())
    }
}
