//! Which record of the CRM a contact is, and what a person has to decide about it.

use std::collections::BTreeMap;

use domain::{
    crm::{Field, Link, Pair, Question, RecordId},
    ids::ContactId,
};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use crate::{Result, TenantTx, instant::from_db, instant::to_db, reminders::known};

/// A contact as it is compared. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct CrmContact {
    pub id: ContactId,
    pub told: Told,
    /// When each of the values was changed here, by its name in `told`, where that is known.
    pub changed_at: BTreeMap<String, Timestamp>,
    pub record: Option<RecordId>,
    pub trouble: Option<CrmTrouble>,
    pub link: Link,
}

/// Our side of a contact.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Told {
    pub name: Option<String>,
    pub email: Option<String>,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub mobile: Option<String>,
    pub notes: Option<String>,
    pub do_not_call: bool,
}

/// Why a contact has no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrmTrouble {
    /// More than one record has the number: a person says which.
    Several,
    /// Its record was deleted at the CRM, and is not made again.
    Gone,
    /// The CRM would not take it: it has no last name.
    Incomplete,
}

impl CrmTrouble {
    pub const fn code(self) -> &'static str {
        match self {
            Self::Several => "several",
            Self::Gone => "gone",
            Self::Incomplete => "incomplete",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        [Self::Several, Self::Gone, Self::Incomplete]
            .into_iter()
            .find(|each| each.code() == code)
    }
}

/// A difference that waits for a person. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct Conflict {
    pub contact: ContactId,
    pub name: String,
    pub field: Field,
    pub about: Pair,
    pub why: String,
    pub asked_at: Timestamp,
}

/// A contact without a record, and why.
#[derive(Clone)]
pub struct Unlinked {
    pub contact: ContactId,
    pub name: String,
    pub trouble: String,
}

/// How the work stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrmCounts {
    pub linked: i64,
    pub conflicts: i64,
    /// By kind: how many are to be done, and how many of them failed.
    pub queued: Vec<(String, i64, i64)>,
    /// How many wait for a person.
    pub stuck: i64,
}

struct Row {
    contact_id: Uuid,
    told: Option<serde_json::Value>,
    changed_at: Option<serde_json::Value>,
    record_id: Option<String>,
    trouble: Option<String>,
    link: Option<serde_json::Value>,
}

impl Row {
    fn read(self) -> Result<CrmContact> {
        let trouble = self
            .trouble
            .map(|code| known("crm_links.trouble", &code, CrmTrouble::from_code));
        let record = self
            .record_id
            .map(|id| known("crm_links.record_id", &id, |id| id.parse().ok()));
        Ok(CrmContact {
            id: ContactId::from_uuid(self.contact_id),
            told: serde_json::from_value(self.told.unwrap_or_default())?,
            changed_at: match self.changed_at {
                Some(times) => serde_json::from_value(times)?,
                None => BTreeMap::new(),
            },
            record: record.transpose()?,
            trouble: trouble.transpose()?,
            link: match self.link {
                Some(link) => serde_json::from_value(link)?,
                None => Link::default(),
            },
        })
    }
}

impl TenantTx {
    /// A contact and what is known of its record; `None` when it is no more. Its link is locked, after the contact.
    pub async fn lock_crm_contact(&mut self, contact: ContactId) -> Result<Option<CrmContact>> {
        self.lock_contact(contact).await?;
        sqlx::query!(
            "insert into crm_links (tenant_id, contact_id, seen)
             select $1, contact_id, told from crm_contact_values where tenant_id = $1 and contact_id = $2
             on conflict do nothing",
            self.tenant(),
            contact.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        sqlx::query!(
            "select contact_id from crm_links where tenant_id = $1 and contact_id = $2 for update",
            self.tenant(),
            contact.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        self.crm_contact(contact).await
    }

    /// The same, of one that has a link, for whoever only looks: of many, one after another, none is to be locked.
    pub async fn crm_contact(&mut self, contact: ContactId) -> Result<Option<CrmContact>> {
        let row = sqlx::query_as!(
            Row,
            r#"select l.contact_id, v.told, l.changed_at as "changed_at?", l.record_id, l.trouble, l.link
               from crm_links l join crm_contact_values v on v.tenant_id = $1 and v.contact_id = l.contact_id
               where l.tenant_id = $1 and l.contact_id = $2"#,
            self.tenant(),
            contact.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(Row::read).transpose()
    }

    /// What is remembered of a contact and its record.
    pub async fn save_crm_link(&mut self, contact: ContactId, link: &Link) -> Result<()> {
        sqlx::query!(
            "update crm_links set link = $3 where tenant_id = $1 and contact_id = $2",
            self.tenant(),
            contact.uuid(),
            serde_json::to_value(link)?
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What a contact holds now is no change of ours: it came from the CRM.
    pub async fn crm_has_seen(&mut self, contact: ContactId) -> Result<()> {
        sqlx::query!(
            "update crm_links l set seen = v.told from crm_contact_values v
             where l.tenant_id = $1 and l.contact_id = $2 and v.tenant_id = $1 and v.contact_id = $2",
            self.tenant(),
            contact.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Whether the CRM says that a contact does not want to be called, or whoever that contact was merged into. Pending
    /// reminders stop at once (RULE-2).
    pub async fn crm_wishes(&mut self, contact: ContactId, quiet: bool) -> Result<()> {
        sqlx::query!(
            "update crm_links set seen = seen || jsonb_build_object('do_not_call', $3::bool)
             where tenant_id = $1 and contact_id = $2",
            self.tenant(),
            contact.uuid(),
            quiet
        )
        .execute(&mut *self.tx)
        .await?;
        match quiet {
            true => self.opt_out_person(contact, None, "crm").await,
            false => self.lift_opt_out(contact, "crm").await,
        }
    }

    /// A contact is this record. `false` when another contact is. What was remembered of another record is forgotten, and
    /// what waited for a record has its turn.
    pub async fn crm_link(
        &mut self,
        contact: ContactId,
        record: &RecordId,
        now: Timestamp,
    ) -> Result<bool> {
        let linked = sqlx::query!(
            "insert into crm_links as l (tenant_id, contact_id, record_id, seen)
             select $1, contact_id, $3, told from crm_contact_values where tenant_id = $1 and contact_id = $2
             on conflict (tenant_id, contact_id) do update set
                 record_id = $3, trouble = null, link = case when l.record_id = $3 then l.link end
             where not exists (select from crm_links o where o.tenant_id = $1 and o.record_id = $3 and o.contact_id <> $2)",
            self.tenant(),
            contact.uuid(),
            record.as_str()
        )
        .execute(&mut *self.tx)
        .await?;
        let is_linked = linked.rows_affected() > 0;
        if is_linked {
            self.crm_go_on(contact, now).await?;
        }
        Ok(is_linked)
    }

    /// A contact has no record, and why.
    pub async fn crm_unlink(&mut self, contact: ContactId, trouble: CrmTrouble) -> Result<()> {
        sqlx::query!(
            "update crm_links set record_id = null, link = null, trouble = $3 where tenant_id = $1 and contact_id = $2",
            self.tenant(),
            contact.uuid(),
            trouble.code()
        )
        .execute(&mut *self.tx)
        .await?;
        self.crm_ask(contact, &[], Timestamp::UNIX_EPOCH).await
    }

    /// Whose record it is.
    pub async fn crm_contact_of(&mut self, record: &RecordId) -> Result<Option<ContactId>> {
        let contact = sqlx::query_scalar!(
            "select contact_id from crm_links where tenant_id = $1 and record_id = $2",
            self.tenant(),
            record.as_str()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(contact.map(ContactId::from_uuid))
    }

    /// People who have one of these numbers and no record, two at most. Those who were merged are one.
    pub async fn crm_unlinked_with(&mut self, numbers: &[String]) -> Result<Vec<ContactId>> {
        let found = sqlx::query_scalar!(
            r#"select distinct c.person_id as "id!" from contacts c
               left join crm_links l on l.tenant_id = $1 and l.contact_id = c.person_id
               where c.tenant_id = $1 and (c.e164 = any($2) or c.mobile = any($2)) and l.record_id is null
               order by 1 limit 2"#,
            self.tenant(),
            numbers
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(found.into_iter().map(ContactId::from_uuid).collect())
    }

    /// The person who has this number and this name now, whatever they were made with.
    pub async fn namesake(&mut self, e164: &str, name: &str) -> Result<Option<ContactId>> {
        let found = sqlx::query_scalar!(
            r#"select person_id as "id!" from contacts
               where tenant_id = $1 and (e164 = $2 or mobile = $2) and name <> '' and lower(name) = lower($3)
               order by 1 limit 1"#,
            self.tenant(),
            e164,
            name
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(found.map(ContactId::from_uuid))
    }

    /// What a person has to decide about a contact, in place of what there was.
    pub async fn crm_ask(
        &mut self,
        contact: ContactId,
        questions: &[Question],
        now: Timestamp,
    ) -> Result<()> {
        let fields: Vec<String> = questions
            .iter()
            .map(|question| question.field.code().to_owned())
            .collect();
        sqlx::query!(
            "delete from crm_conflicts where tenant_id = $1 and contact_id = $2 and field <> all($3)",
            self.tenant(),
            contact.uuid(),
            &fields
        )
        .execute(&mut *self.tx)
        .await?;
        for question in questions {
            sqlx::query!(
                "insert into crm_conflicts (tenant_id, contact_id, field, about, why, asked_at)
                 values ($1, $2, $3, $4, $5, $6)
                 on conflict (tenant_id, contact_id, field) do update set about = excluded.about, why = excluded.why",
                self.tenant(),
                contact.uuid(),
                question.field.code(),
                serde_json::to_value(&question.about)?,
                question.why.code(),
                to_db(now)
            )
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(())
    }

    /// Everything that waits for a person, the oldest first.
    pub async fn crm_conflicts(&mut self, most: i64) -> Result<Vec<Conflict>> {
        self.conflicts_about(None, most).await
    }

    /// The same, about one contact.
    pub async fn crm_conflicts_of(&mut self, contact: ContactId) -> Result<Vec<Conflict>> {
        let all = i64::try_from(Field::ALL.len()).unwrap_or(i64::MAX);
        self.conflicts_about(Some(contact), all).await
    }

    async fn conflicts_about(
        &mut self,
        contact: Option<ContactId>,
        most: i64,
    ) -> Result<Vec<Conflict>> {
        let rows = sqlx::query!(
            "select q.contact_id, c.name, q.field, q.about, q.why, q.asked_at
             from crm_conflicts q join contacts c on c.tenant_id = $1 and c.id = q.contact_id
             where q.tenant_id = $1 and ($2::uuid is null or q.contact_id = $2)
             order by q.asked_at, q.contact_id, q.field limit $3",
            self.tenant(),
            contact.map(ContactId::uuid),
            most
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Conflict {
                    contact: ContactId::from_uuid(row.contact_id),
                    name: row.name,
                    field: known("crm_conflicts.field", &row.field, Field::from_code)?,
                    about: serde_json::from_value(row.about)?,
                    why: row.why,
                    asked_at: from_db(row.asked_at),
                })
            })
            .collect()
    }

    /// A person has decided.
    pub async fn crm_decided(&mut self, contact: ContactId, field: Field) -> Result<()> {
        sqlx::query!(
            "delete from crm_conflicts where tenant_id = $1 and contact_id = $2 and field = $3",
            self.tenant(),
            contact.uuid(),
            field.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Contacts that have no record for a reason, with it.
    pub async fn crm_unlinked(&mut self, most: i64) -> Result<Vec<Unlinked>> {
        let rows = sqlx::query!(
            r#"select l.contact_id, c.name, l.trouble as "trouble!"
               from crm_links l join contacts c on c.tenant_id = $1 and c.id = l.contact_id
               where l.tenant_id = $1 and l.trouble is not null order by l.contact_id limit $2"#,
            self.tenant(),
            most
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let unlinked = rows.into_iter().map(|row| Unlinked {
            contact: ContactId::from_uuid(row.contact_id),
            name: row.name,
            trouble: row.trouble,
        });
        Ok(unlinked.collect())
    }

    /// How the work stands.
    pub async fn crm_counts(&mut self) -> Result<CrmCounts> {
        let counts = sqlx::query!(
            r#"select (select count(*) from crm_links where tenant_id = $1 and record_id is not null) as "linked!",
                      (select count(*) from crm_conflicts where tenant_id = $1) as "conflicts!",
                      (select count(*) from crm_queue where tenant_id = $1 and due_at is null and failure is not null)
                          as "stuck!""#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        let queued = sqlx::query!(
            r#"select kind, count(*) as "all!", count(failure) as "failed!" from crm_queue
               where tenant_id = $1 group by kind order by kind"#,
            self.tenant()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(CrmCounts {
            linked: counts.linked,
            conflicts: counts.conflicts,
            stuck: counts.stuck,
            queued: queued
                .into_iter()
                .map(|row| (row.kind, row.all, row.failed))
                .collect(),
        })
    }
}
