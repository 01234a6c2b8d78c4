//! Single fields of a contact that somebody set or that were read out of a person's words, with a record of who changed
//! what.

use domain::{ids::ContactId, text::Field};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{ContactChange, Result, TenantTx, instant::to_db};

/// A contact's fields that may be changed. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct ContactRow {
    pub id: ContactId,
    pub name: String,
    pub email: Option<String>,
    pub address: Option<String>,
    pub e164: Option<String>,
    /// What colleagues and the CRM remark, preferences among it.
    pub remarks: Option<String>,
    pub is_erased: bool,
}

/// Who changes a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangedBy<'a> {
    /// It was empty, and was read out of the person's words.
    Extraction,
    /// A person, by the name they gave.
    Person(&'a str),
}

impl ChangedBy<'_> {
    fn code(self) -> String {
        match self {
            Self::Extraction => "extraction".to_owned(),
            Self::Person(name) => format!("person {name}"),
        }
    }
}

/// One field's new value.
#[derive(Clone, Copy)]
pub struct Change<'a> {
    pub field: Field,
    /// A phone number as E.164; empty to empty the field.
    pub value: &'a str,
    pub by: ChangedBy<'a>,
    /// What it came from.
    pub cause: Option<Uuid>,
}

impl TenantTx {
    /// The contact, locked with its appointments and the tenant's wishes not to be called, in the order of `locks`.
    pub async fn lock_contact(&mut self, contact: ContactId) -> Result<Option<ContactRow>> {
        let row = self.lock_contact_row(contact).await?;
        self.lock_wishes().await?;
        Ok(row)
    }

    /// The same, and with it the calls from a number whose owner was not known.
    pub async fn lock_contact_with_calls(&mut self, contact: ContactId, e164: &str) -> Result<()> {
        self.lock_contact_row(contact).await?;
        sqlx::query!(
            "select id from calls
             where tenant_id = $1 and e164 = $2 and direction = 'inbound' and contact_id is null
             order by id for no key update",
            self.tenant(),
            e164
        )
        .fetch_all(&mut *self.tx)
        .await?;
        self.lock_wishes().await
    }

    /// Whose a contact's things are by now: those of the one it was merged into, or its own.
    pub async fn kept_contact(&mut self, contact: ContactId) -> Result<Option<ContactId>> {
        let kept = sqlx::query_scalar!(
            r#"select person_id as "kept!" from contacts where tenant_id = $1 and id = $2"#,
            self.tenant(),
            contact.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(kept.map(ContactId::from_uuid))
    }

    /// As [`TenantTx::lock_contact`], of the one that was kept of those that were merged.
    pub async fn lock_kept_contact(&mut self, contact: ContactId) -> Result<Option<ContactRow>> {
        loop {
            let Some(kept) = self.kept_contact(contact).await? else {
                return Ok(None);
            };
            let row = self.lock_contact(kept).await?;
            // They may have been merged, or taken apart, while it was waited for the lock.
            if self.kept_contact(contact).await? == Some(kept) {
                return Ok(row);
            }
        }
    }

    async fn lock_contact_row(&mut self, contact: ContactId) -> Result<Option<ContactRow>> {
        sqlx::query!(
            "select id from appointments where tenant_id = $1 and contact_id = $2 order by external_id for no key update",
            self.tenant(),
            contact.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        // With all who are one person with them: a wish not to be called may come to stand with any of them.
        let rows = sqlx::query!(
            r#"select id, name, email, address, e164, remarks, erased_at is not null as "is_erased!" from contacts
             where tenant_id = $1 and person_id = (select person_id from contacts where tenant_id = $1 and id = $2)
             order by id for no key update"#,
            self.tenant(),
            contact.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let row = rows.into_iter().find(|row| row.id == contact.uuid());
        Ok(row.map(|row| ContactRow {
            id: contact,
            name: row.name,
            email: row.email,
            address: row.address,
            e164: row.e164,
            remarks: row.remarks,
            is_erased: row.is_erased,
        }))
    }

    /// Writes one field of a contact that [`TenantTx::lock_contact`] answered, as [`TenantTx::change_contact`] does, and
    /// records who changed it.
    pub async fn change_field(
        &mut self,
        contact: &mut ContactRow,
        change: Change<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let (value, becomes) = (change.value.to_owned(), ContactChange::of(&change));
        let value = Some(value).filter(|value| !value.is_empty());
        let was = match change.field {
            Field::Name => {
                let name = value.unwrap_or_default();
                Some(std::mem::replace(&mut contact.name, name))
            }
            Field::Email => std::mem::replace(&mut contact.email, value),
            Field::Address => std::mem::replace(&mut contact.address, value),
            Field::Phone => std::mem::replace(&mut contact.e164, value),
            Field::Preferences => std::mem::replace(&mut contact.remarks, value),
        };
        self.change_contact(contact.id, &becomes, now).await?;
        sqlx::query!(
            "insert into contact_changes (tenant_id, id, contact_id, field, was, becomes, changed_by, cause, changed_at)
             values ($1, $2, $3, $4, $5, nullif($6, ''), $7, $8, $9)",
            self.tenant(),
            Uuid::now_v7(),
            contact.id.uuid(),
            change.field.code(),
            was.filter(|was| !was.is_empty()),
            change.value,
            change.by.code(),
            change.cause.map(|cause| cause.to_string()),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}

impl ContactRow {
    /// What stands in a field; empty when nothing does.
    pub fn get(&self, field: Field) -> &str {
        let text = match field {
            Field::Name => return &self.name,
            Field::Email => &self.email,
            Field::Address => &self.address,
            Field::Phone => &self.e164,
            Field::Preferences => &self.remarks,
        };
        text.as_deref().unwrap_or_default()
    }
}

impl ContactChange {
    fn of(change: &Change<'_>) -> Self {
        let value = change.value.to_owned();
        let value = Some(value).filter(|value| !value.is_empty());
        let mut becomes = Self::default();
        match change.field {
            Field::Name => becomes.name = Some(value.unwrap_or_default()),
            Field::Email => becomes.email = Some(value),
            Field::Address => becomes.address = Some(value),
            Field::Phone => becomes.e164 = Some(value),
            Field::Preferences => becomes.remarks = Some(value),
        }
        becomes
    }
}
