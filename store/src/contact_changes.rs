//! Changes of a contact that no file makes. All of them go through [`TenantTx::change_contact`], so that none escapes the
//! record, and whoever depends on a contact is told in one place.

use domain::{ids::ContactId, text::Field};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Result, TenantTx, instant::to_db, outbox::Process};

/// A contact's fields that may be changed. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct ContactRow {
    pub id: ContactId,
    pub name: String,
    pub email: Option<String>,
    pub address: Option<String>,
    pub e164: Option<String>,
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
    /// A phone number as E.164.
    pub value: &'a str,
    pub by: ChangedBy<'a>,
    /// What it came from.
    pub cause: Option<Uuid>,
}

impl TenantTx {
    /// The contact, locked with its appointments (appointments first, as everybody takes the two).
    pub async fn lock_contact(&mut self, contact: ContactId) -> Result<Option<ContactRow>> {
        sqlx::query!(
            "select id from appointments where tenant_id = $1 and contact_id = $2 order by external_id for no key update",
            self.tenant(),
            contact.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let row = sqlx::query!(
            "select name, email, address, e164 from contacts where tenant_id = $1 and id = $2 for no key update",
            self.tenant(),
            contact.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.map(|row| ContactRow {
            id: contact,
            name: row.name,
            email: row.email,
            address: row.address,
            e164: row.e164,
        }))
    }

    /// Writes one field of a contact that [`TenantTx::lock_contact`] answered, records who changed it, and tells whoever
    /// depends on it: a new number makes a new version of the person's appointments to come.
    pub async fn change_contact(
        &mut self,
        contact: &mut ContactRow,
        change: Change<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let value = change.value.to_owned();
        let was = match change.field {
            Field::Name => Some(std::mem::replace(&mut contact.name, value)),
            Field::Email => contact.email.replace(value),
            Field::Address => contact.address.replace(value),
            Field::Phone => contact.e164.replace(value),
        };
        sqlx::query!(
            "update contacts set name = $3, email = $4, address = $5, e164 = $6 where tenant_id = $1 and id = $2",
            self.tenant(),
            contact.id.uuid(),
            contact.name,
            contact.email,
            contact.address,
            contact.e164
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!(
            "insert into contact_changes (tenant_id, id, contact_id, field, was, becomes, changed_by, cause, changed_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
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
        self.contact_changed(contact.id, change.field, now).await
    }

    /// Whoever depends on a contact.
    async fn contact_changed(
        &mut self,
        contact: ContactId,
        field: Field,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "with changed as (
                update appointments a set version = version + $3::bool::int,
                                          known_at = case when $3 then $4 else known_at end
                where a.tenant_id = $1 and a.contact_id = $2 and a.starts_at > $4
                returning a.id
             ), asked_afresh as (
                update reminders r set deferral_reason = null, deferral_until = null
                from changed c where r.tenant_id = $1 and r.appointment_id = c.id and r.state <> 'finished'
             )
             insert into outbox (tenant_id, process, subject) select $1, $5, id from changed",
            self.tenant(),
            contact.uuid(),
            field == Field::Phone,
            to_db(now),
            Process::Reminder.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
