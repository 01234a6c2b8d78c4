//! All that is kept of a person (MEM-1).

use domain::{
    appointment::AppointmentStatus,
    ids::{AppointmentId, ContactId},
};
use jiff::Timestamp;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
    reminders::known,
};

/// Who a person is and how they are reached. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct OnFile {
    /// The one that was kept of those that were merged.
    pub id: ContactId,
    pub name: String,
    pub email: Option<String>,
    pub address: Option<String>,
    /// What colleagues and the CRM remark, preferences among it.
    pub remarks: Option<String>,
    /// E.164, those of merged contacts among them.
    pub numbers: Vec<String>,
    pub erased_at: Option<Timestamp>,
}

/// An appointment of a person, whatever became of it.
#[derive(Clone)]
pub struct BookedEntry {
    pub id: AppointmentId,
    pub external_id: String,
    pub starts_at: Timestamp,
    /// IANA name; checked when it came in.
    pub time_zone: String,
    pub status: AppointmentStatus,
    pub kind: Option<String>,
    pub practitioner: Option<String>,
}

/// A wish of a person not to be called.
#[derive(Clone)]
pub struct OptOutEntry {
    /// `None` while the person has no number.
    pub e164: Option<String>,
    pub source: String,
    pub at: Timestamp,
}

/// A value that waits for somebody's word.
#[derive(Clone)]
pub struct ProposedEntry {
    pub field: String,
    pub value: String,
}

impl TenantTx {
    /// `None` when there is no such contact.
    pub async fn on_file(&mut self, contact: ContactId) -> Result<Option<OnFile>> {
        let row = sqlx::query!(
            r#"select k.id, k.name, k.email, k.address, k.remarks, k.erased_at,
                      array(select distinct n.e164 from numbers_of_people n
                            where n.tenant_id = $1 and n.contact_id = $2 order by 1) as "numbers!: Vec<String>"
               from contacts c join contacts k on k.tenant_id = $1 and k.id = c.person_id
               where c.tenant_id = $1 and c.id = $2"#,
            self.tenant(),
            contact.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.map(|row| OnFile {
            id: ContactId::from_uuid(row.id),
            name: row.name,
            email: row.email,
            address: row.address,
            remarks: row.remarks,
            numbers: row.numbers,
            erased_at: row.erased_at.map(from_db),
        }))
    }

    /// A person's appointments that began before a time, newest first, those that were called off too.
    pub async fn appointments_before(
        &mut self,
        contact: ContactId,
        before: Timestamp,
        most: u32,
    ) -> Result<Vec<BookedEntry>> {
        let rows = sqlx::query!(
            "select id, external_id, starts_at, time_zone, status, kind, practitioner from appointments
             where tenant_id = $1 and contact_id = $2 and starts_at < $3 order by starts_at desc, id limit $4",
            self.tenant(),
            contact.uuid(),
            to_db(before),
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(BookedEntry {
                    id: AppointmentId::from_uuid(row.id),
                    external_id: row.external_id,
                    starts_at: from_db(row.starts_at),
                    time_zone: row.time_zone,
                    status: known(
                        "appointments.status",
                        &row.status,
                        AppointmentStatus::from_code,
                    )?,
                    kind: row.kind,
                    practitioner: row.practitioner,
                })
            })
            .collect()
    }

    /// Why a person is not to be called, as the tenant knows it.
    pub async fn opt_outs_of(&mut self, contact: ContactId) -> Result<Vec<OptOutEntry>> {
        let rows = sqlx::query!(
            r#"select e164, source as "source!", recorded_at as "at!" from opt_outs_of_people
               where tenant_id = $1 and contact_id = $2 order by 3, 1, 2"#,
            self.tenant(),
            contact.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let wishes = rows.into_iter().map(|row| OptOutEntry {
            e164: row.e164,
            source: row.source,
            at: from_db(row.at),
        });
        Ok(wishes.collect())
    }

    /// What was read out of a person's words and waits for a word of somebody.
    pub async fn proposed_of(&mut self, contact: ContactId) -> Result<Vec<ProposedEntry>> {
        Ok(sqlx::query_as!(
            ProposedEntry,
            "select field, proposed as value from approvals
             where tenant_id = $1 and contact_id = $2 and settled_at is null order by asked_at, id",
            self.tenant(),
            contact.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?)
    }

    /// When those who called and were not answered are to be called back.
    pub async fn call_backs_due(&mut self, numbers: &[String]) -> Result<Vec<Timestamp>> {
        let due = sqlx::query_scalar!(
            r#"select coalesce(due_at, changed_at) as "due!" from follow_ups
               where tenant_id = $1 and who = any($2) and state = 'open' order by 1"#,
            self.tenant(),
            numbers
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(due.into_iter().map(from_db).collect())
    }
}
