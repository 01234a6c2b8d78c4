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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who<'a> {
    /// Whatever number was used, and what came from the person's numbers before they were the person's. Contacts that
    /// were merged are one.
    Contact(ContactId),
    /// Everybody who used it.
    Number(&'a str),
}

/// By what a conversation's parts are found.
pub(crate) struct Whose {
    pub(crate) contact: Option<uuid::Uuid>,
    /// Where it is a contact's, those that nobody else has.
    pub(crate) numbers: Vec<String>,
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
        let Whose { contact, numbers } = self.whose(who).await?;
        let rows = sqlx::query_as!(
            Row,
            "select id, e164, contact_id, at, entry from conversation_entries
             where tenant_id = $1 and (contact_id = $2 or (e164 = any($3) and ($2::uuid is null or contact_id is null)))
             order by at desc, id desc limit $4",
            self.tenant(),
            contact,
            &numbers,
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().rev().map(StoredEntry::try_from).collect()
    }

    pub(crate) async fn whose(&mut self, who: Who<'_>) -> Result<Whose> {
        Ok(match who {
            Who::Contact(contact) => {
                let person = self.kept_contact(contact).await?.unwrap_or(contact);
                Whose {
                    contact: Some(person.uuid()),
                    numbers: self.numbers_of_nobody_else(person).await?,
                }
            }
            Who::Number(e164) => Whose {
                contact: None,
                numbers: vec![e164.to_owned()],
            },
        })
    }

    /// A person's numbers without those that several people have: of these nobody knows who wrote.
    async fn numbers_of_nobody_else(&mut self, person: ContactId) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select distinct n.e164 as "e164!" from numbers_of_people n
               where n.tenant_id = $1 and n.contact_id = $2
                 and not exists (select from contacts o where o.tenant_id = $1 and (o.e164 = n.e164 or o.mobile = n.e164)
                                                          and o.person_id <> $2)"#,
            self.tenant(),
            person.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?)
    }
}
