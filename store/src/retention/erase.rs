//! The erasure of one person, in steps that may be repeated: first webhooks, a batch at a time, then everything else
//! in one transaction, which reads anew who the person is. What the person is found by goes last, so that an erasure that
//! broke off is begun again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::Row;
use uuid::Uuid;

use super::{Erase, Subject, TABLES, Table, subject::about};
use crate::{
    Error, Result, TenantStore, TenantTx,
    instant::to_db,
    locks::{Lock, ORDER},
    outbox::Process,
};

/// What an erasure has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Rows deleted or emptied, by table.
    pub rows: BTreeMap<&'static str, u64>,
}

impl Erased {
    pub(super) fn add(&mut self, table: &'static str, rows: u64) {
        if rows > 0 {
            *self.rows.entry(table).or_default() += rows;
        }
    }
}

impl TenantStore {
    /// Erases a person everywhere, as they are by then. `looked` hears how many webhooks were looked through. Fails with
    /// [`Error::StillTalking`] while a call with them is not over.
    pub async fn erase(
        &self,
        person: &Subject,
        now: Timestamp,
        mut looked: impl FnMut(u64),
    ) -> Result<Erased> {
        let mut erased = Erased::default();
        let mut person = person.clone();
        // What a call under way still needs is not to be erased before that is noticed.
        let mut tx = self.begin().await?;
        if tx.person_again(&person).await?.is_talking {
            return Err(Error::StillTalking);
        }
        drop(tx);
        loop {
            let last = self
                .erase_webhooks(&mut person, now, &mut erased, &mut looked)
                .await?;
            let mut tx = self.begin().await?;
            let mut latest = tx.lock_person(&person).await?;
            if latest.is_talking {
                return Err(Error::StillTalking);
            }
            // Another number, or a call that came in since: webhooks are to be looked through for it too.
            if latest.is_news_to(&person) {
                latest.provider_calls.append(&mut person.provider_calls);
                person = latest;
                continue;
            }
            latest.provider_calls.append(&mut person.provider_calls);
            tx.erase_the_rest(latest, last, now, &mut erased).await?;
            tx.commit().await?;
            return Ok(erased);
        }
    }
}

impl TenantTx {
    /// The person as they are now, and stay until the end of this transaction: nobody imports or merges meanwhile, or
    /// writes down what came late.
    async fn lock_person(&mut self, person: &Subject) -> Result<Subject> {
        self.lock_imports().await?;
        self.lock_erasures().await?;
        let person = self.person_again(person).await?;
        sqlx::query!(
            "select id from appointments where tenant_id = $1 and contact_id = any($2) order by external_id for no key update",
            self.tenant(),
            &person.contacts
        )
        .fetch_all(&mut *self.tx)
        .await?;
        sqlx::query!(
            "select id from contacts where tenant_id = $1 and id = any($2) order by id for no key update",
            self.tenant(),
            &person.contacts
        )
        .fetch_all(&mut *self.tx)
        .await?;
        self.person_again(&person).await
    }

    /// Everything but the webhooks up to `last`.
    async fn erase_the_rest(
        &mut self,
        mut person: Subject,
        last: Uuid,
        now: Timestamp,
        erased: &mut Erased,
    ) -> Result<()> {
        let mut after = last;
        loop {
            let batch = self.events_that_name(&person, after).await?;
            let Some(last) = batch.last else { break };
            person.provider_calls.extend(batch.provider_calls);
            person.events.extend(batch.found);
            after = last;
        }
        let beside = self.events_beside(&person.provider_calls).await?;
        person.events.extend(beside);
        self.lock_rows_of(&person, now).await?;
        self.mark_opt_outs(&person).await?;
        self.mark_erased(&person, now).await?;
        self.end_reminders_of(&person).await?;
        for table in TABLES {
            let rows = self.erase_in(table, &person, now).await?;
            erased.add(table.name, rows);
        }
        self.record_erasure(&person, erased, now).await
    }

    /// Locks all that is to be erased, in the order of [`crate::locks`]: rows are emptied and deleted in another.
    pub(super) async fn lock_rows_of(&mut self, person: &Subject, now: Timestamp) -> Result<()> {
        for lock in ORDER {
            let Lock::Rows(name, by) = lock else {
                self.lock_wishes().await?;
                continue;
            };
            let table = TABLES.iter().find(|table| table.name == *name);
            let strength = match table.map(|table| table.erase) {
                Some(Erase::Delete) => "update",
                Some(Erase::Blank(_)) => "no key update",
                Some(Erase::Nothing) | None => continue,
            };
            let of_person = table.map_or("false", |table| table.of_person);
            let statement = format!(
                "select 1 from {name} t, p where t.tenant_id = p.tenant_id and ({of_person}) order by {by} for {strength} of t"
            );
            about(self.tenant(), person, now, statement)
                .fetch_all(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    pub(super) async fn erase_in(
        &mut self,
        table: &Table,
        person: &Subject,
        now: Timestamp,
    ) -> Result<u64> {
        let Table {
            name, of_person, ..
        } = table;
        let statement = match table.erase {
            Erase::Nothing => return Ok(0),
            Erase::Delete => {
                format!(
                    "delete from {name} t using p where t.tenant_id = p.tenant_id and ({of_person})"
                )
            }
            Erase::Blank(columns) => {
                format!(
                    "update {name} t set {columns} from p where t.tenant_id = p.tenant_id and ({of_person})"
                )
            }
        };
        let done = about(self.tenant(), person, now, statement)
            .execute(&mut *self.tx)
            .await?;
        Ok(done.rows_affected())
    }

    /// The reminders of their appointments look again, and find nothing to remind of.
    async fn end_reminders_of(&mut self, person: &Subject) -> Result<()> {
        sqlx::query!(
            "insert into outbox (tenant_id, process, subject)
             select a.tenant_id, $3, a.id from appointments a
             left join reminders r on r.tenant_id = a.tenant_id and r.appointment_id = a.id
             where a.tenant_id = $1 and a.contact_id = any($2) and r.state is distinct from 'finished'",
            self.tenant(),
            &person.contacts,
            Process::Reminder.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn record_erasure(
        &mut self,
        person: &Subject,
        erased: &Erased,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "insert into erasures (tenant_id, id, contacts, rows, erased_at) values ($1, $2, $3, $4, $5)",
            self.tenant(),
            Uuid::now_v7(),
            &person.contacts,
            serde_json::to_value(&erased.rows)?,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// How many rows of each table are of the person, without those that say so only by an empty contact.
    pub async fn rows_of(&mut self, person: &Subject, now: Timestamp) -> Result<Erased> {
        let mut counted = Erased::default();
        for table in TABLES {
            if table.erase == Erase::Nothing {
                continue;
            }
            let statement = format!(
                "select count(*) from {} t, p where t.tenant_id = p.tenant_id and ({})",
                table.name, table.of_person
            );
            let row = about(self.tenant(), person, now, statement)
                .fetch_one(&mut *self.tx)
                .await?;
            counted.add(table.name, row.try_get::<i64, _>(0)?.unsigned_abs());
        }
        Ok(counted)
    }
}
