//! The one place through which what is known of a person is changed, but for files that bring many at once.

use domain::ids::ContactId;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{NewContact, Result, TenantTx, instant::to_db, outbox::Process};

/// What a contact gets. `None` leaves a field as it is; `Some(None)` empties it. It holds personal data and so has no
/// `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ContactChange {
    pub name: Option<String>,
    pub email: Option<Option<String>>,
    pub address: Option<Option<String>>,
    /// The number that reminders dial, in E.164.
    pub e164: Option<Option<String>>,
    pub mobile: Option<Option<String>>,
    pub remarks: Option<Option<String>>,
}

impl TenantTx {
    /// Changes what is known of a contact, tells the CRM, and has open reminders look again: to another number they plan
    /// anew. Who does not want to be called does not want it under a new number either.
    pub async fn change_contact(
        &mut self,
        contact: ContactId,
        change: &ContactChange,
        now: Timestamp,
    ) -> Result<()> {
        self.write_contact(contact, change, now).await?;
        self.crm_contacts_changed(&[contact], now).await
    }

    /// As [`TenantTx::change_contact`], of what the CRM told: it need not hear of it again.
    pub async fn change_contact_from_crm(
        &mut self,
        contact: ContactId,
        change: &ContactChange,
        now: Timestamp,
    ) -> Result<()> {
        if *change != ContactChange::default() {
            self.write_contact(contact, change, now).await?;
        }
        self.crm_has_seen(contact).await
    }

    async fn write_contact(
        &mut self,
        contact: ContactId,
        change: &ContactChange,
        now: Timestamp,
    ) -> Result<()> {
        let has_numbers = change.e164.is_some() || change.mobile.is_some();
        let before = match has_numbers {
            true => self.own_numbers(contact).await?,
            false => Vec::new(),
        };
        if let Some(e164) = &change.e164 {
            self.number_changes(contact, e164.as_deref(), now).await?;
        }
        let flat = |value: &Option<Option<String>>| value.clone().flatten();
        sqlx::query!(
            "update contacts set name = coalesce($3, name),
                 email = case when $4 then $5 else email end, e164 = case when $6 then $7 else e164 end,
                 mobile = case when $8 then $9 else mobile end, remarks = case when $10 then $11 else remarks end,
                 address = case when $12 then $13 else address end
             where tenant_id = $1 and id = $2",
            self.tenant(),
            contact.uuid(),
            change.name,
            change.email.is_some(),
            flat(&change.email),
            change.e164.is_some(),
            flat(&change.e164),
            change.mobile.is_some(),
            flat(&change.mobile),
            change.remarks.is_some(),
            flat(&change.remarks),
            change.address.is_some(),
            flat(&change.address)
        )
        .execute(&mut *self.tx)
        .await?;
        match has_numbers {
            true => self.wishes_follow(contact, &before).await,
            false => Ok(()),
        }
    }

    /// Appointments first, then the contact, as everybody takes the two.
    async fn number_changes(
        &mut self,
        contact: ContactId,
        e164: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "with moved as (
                update appointments a set version = version + 1, known_at = $4
                from contacts c
                where a.tenant_id = $1 and a.contact_id = $2 and c.tenant_id = $1 and c.id = $2
                  and c.e164 is distinct from $3 and a.starts_at > $4 and a.status not in ('cancelled', 'deleted')
                returning a.id
             ), asked_afresh as (
                update reminders r set deferral_reason = null, deferral_until = null
                from moved where r.tenant_id = $1 and r.appointment_id = moved.id
             )
             insert into outbox (tenant_id, process, subject) select $1, $5, id from moved",
            self.tenant(),
            contact.uuid(),
            e164,
            to_db(now),
            Process::Reminder.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Makes a contact, or finds the one that a file would take for the same. `true` when it is new.
    pub async fn add_contact(&mut self, new: &NewContact) -> Result<(ContactId, bool)> {
        let key = new.match_key();
        let made = sqlx::query_scalar!(
            "insert into contacts (tenant_id, id, match_key, name, email, told_email, e164) values ($1, $2, $3, $4, $5, $5, $6)
             on conflict (tenant_id, match_key) where erased_at is null do nothing returning id",
            self.tenant(),
            Uuid::now_v7(),
            key,
            new.name,
            new.email,
            new.e164
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        if let Some(id) = made {
            return Ok((ContactId::from_uuid(id), true));
        }
        let id = sqlx::query_scalar!(
            "select id from contacts where tenant_id = $1 and match_key = $2 and erased_at is null",
            self.tenant(),
            key
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok((ContactId::from_uuid(id), false))
    }

    /// Calls that came in from a number whose owner was not known were from this person.
    pub async fn calls_were_from(&mut self, e164: &str, contact: ContactId) -> Result<()> {
        sqlx::query!(
            "update calls set contact_id = $3
             where tenant_id = $1 and e164 = $2 and direction = 'inbound' and contact_id is null",
            self.tenant(),
            e164,
            contact.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// How many people have this number; those who were merged are one.
    pub async fn people_with(&mut self, e164: &str) -> Result<i64> {
        let count = sqlx::query_scalar!(
            r#"select count(distinct person_id) as "count!" from contacts
               where tenant_id = $1 and (e164 = $2 or mobile = $2)"#,
            self.tenant(),
            e164
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(count)
    }
}
