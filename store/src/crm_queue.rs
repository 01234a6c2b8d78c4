//! What is to be done at the CRM, and when.

use domain::{
    crm::{AppendFacts, Failure, PushFacts, PushStep, RecordId},
    ids::{CallId, ContactId, EntryId, NoteId},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    Error, Result, TenantTx,
    instant::{from_db, to_db},
    outbox::Process,
    reminders::known,
};

/// One thing to be done.
#[derive(Clone, PartialEq, Eq)]
pub enum CrmTask {
    /// Compare a contact with its record, and write what differs.
    Contact(ContactId),
    /// See whose record it is.
    Record(RecordId),
    /// Look for somebody with this number, whom we do not know.
    Number(String),
    Note(NoteId),
    /// Of a voice agent.
    Call(CallId),
    /// A call on one of the lines at OpenPhone.
    Entry(EntryId),
}

/// What a provider of lines makes of a call, such as a summary, comes within minutes: it is written together with it.
const MATERIAL: SignedDuration = SignedDuration::from_mins(5);

/// A thing to be done, with what came of it so far.
#[derive(Clone)]
pub struct CrmWork {
    pub task: CrmTask,
    pub push: PushFacts,
    pub append: AppendFacts,
}

impl CrmTask {
    /// Its kind, for people and metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Contact(_) => "contact",
            Self::Record(_) => "record",
            Self::Number(_) => "number",
            Self::Note(_) => "note",
            Self::Call(_) => "call",
            Self::Entry(_) => "entry",
        }
    }

    fn key(&self) -> String {
        match self {
            Self::Contact(id) => id.uuid().to_string(),
            Self::Record(id) => id.to_string(),
            Self::Number(e164) => e164.clone(),
            Self::Note(id) => id.uuid().to_string(),
            Self::Call(id) => id.uuid().to_string(),
            Self::Entry(id) => id.uuid().to_string(),
        }
    }

    fn read(kind: &str, key: String) -> Result<Self> {
        let id = || Uuid::try_parse(&key).ok();
        let task = match kind {
            "contact" => id().map(|id| Self::Contact(ContactId::from_uuid(id))),
            "note" => id().map(|id| Self::Note(NoteId::from_uuid(id))),
            "call" => id().map(|id| Self::Call(CallId::from_uuid(id))),
            "entry" => id().map(|id| Self::Entry(EntryId::from_uuid(id))),
            "record" => key.parse().ok().map(Self::Record),
            "number" => Some(Self::Number(key.clone())),
            _ => None,
        };
        task.ok_or(Error::Unknown {
            column: "crm_queue.key",
            value: kind.to_owned(),
        })
    }
}

impl TenantTx {
    /// Contacts may have changed here. Those that did are compared with the CRM soon; what the CRM itself brought is no
    /// change. To be called in the transaction that changes them, after the change. Nothing without a CRM.
    pub async fn crm_contacts_changed(
        &mut self,
        contacts: &[ContactId],
        now: Timestamp,
    ) -> Result<()> {
        if contacts.is_empty() || !self.has_crm().await? {
            return Ok(());
        }
        let ids: Vec<Uuid> = contacts.iter().map(|contact| contact.uuid()).collect();
        let at = now.to_string();
        let queued = sqlx::query!(
            "with fresh as (
                select v.contact_id, v.told, l.contact_id is null as is_new, l.seen
                from crm_contact_values v
                left join crm_links l on l.tenant_id = $1 and l.contact_id = v.contact_id
                where v.tenant_id = $1 and v.contact_id = any($2) and l.seen is distinct from v.told
                  -- Of who was merged away only a record that there is counts: none is made.
                  and (not v.is_merged or l.record_id is not null)
             ), noted as (
                insert into crm_links as k (tenant_id, contact_id, seen)
                select $1, contact_id, told from fresh order by contact_id
                on conflict (tenant_id, contact_id) do update set
                    seen = excluded.seen,
                    changed_at = k.changed_at || coalesce((
                        select jsonb_object_agg(field, $3::text)
                        from jsonb_object_keys(k.seen || excluded.seen) as field
                        where k.seen -> field is distinct from excluded.seen -> field), '{}')
                returning contact_id
             )
             -- Read from what was noted, so that links are locked before what is queued.
             insert into crm_queue as q (tenant_id, kind, key, contact_id, changed_first, changed_last, due_at)
             select $1, 'contact', contact_id::text, contact_id, $4, $4, $4::timestamptz + interval '10 seconds' from noted
             order by noted.contact_id
             on conflict (tenant_id, kind, key) do update set
                 changed_last = excluded.changed_last, generation = q.generation + 1,
                 failure = case when q.failure in ('refused', 'gone') then null else q.failure end,
                 failures = case when q.failure in ('refused', 'gone') then 0 else q.failures end,
                 due_at = coalesce(q.due_at, excluded.due_at)",
            self.tenant(),
            &ids,
            at,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        match queued.rows_affected() {
            0 => Ok(()),
            _ => self.wake_crm_sync().await,
        }
    }

    /// Something is to be done, whatever was known of it. Done soon, and once, however often it is asked for.
    pub async fn crm_queue(
        &mut self,
        task: &CrmTask,
        contact: Option<ContactId>,
        now: Timestamp,
    ) -> Result<()> {
        self.crm_queue_for(task, contact, now, now).await
    }

    async fn crm_queue_for(
        &mut self,
        task: &CrmTask,
        contact: Option<ContactId>,
        now: Timestamp,
        due: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "insert into crm_queue as q (tenant_id, kind, key, contact_id, changed_first, changed_last, due_at)
             values ($1, $2, $3, $4, $5, $5, $6)
             on conflict (tenant_id, kind, key) do update set
                 changed_last = excluded.changed_last, generation = q.generation + 1,
                 failure = case when q.failure in ('refused', 'gone') then null else q.failure end,
                 failures = case when q.failure in ('refused', 'gone') then 0 else q.failures end,
                 due_at = coalesce(q.due_at, excluded.due_at)",
            self.tenant(),
            task.kind(),
            task.key(),
            contact.map(ContactId::uuid),
            to_db(now),
            to_db(due)
        )
        .execute(&mut *self.tx)
        .await?;
        self.wake_crm_sync().await
    }

    /// A note about a contact was made. Nothing without a CRM.
    pub async fn crm_note_made(
        &mut self,
        note: NoteId,
        contact: ContactId,
        now: Timestamp,
    ) -> Result<()> {
        match self.has_crm().await? {
            true => {
                self.crm_queue(&CrmTask::Note(note), Some(contact), now)
                    .await
            }
            false => Ok(()),
        }
    }

    /// A call is over, or more is known of one that is. Nothing without a CRM.
    pub async fn crm_call_finished(&mut self, call: CallId, now: Timestamp) -> Result<()> {
        match self.has_crm().await? {
            true => self.crm_queue(&CrmTask::Call(call), None, now).await,
            false => Ok(()),
        }
    }

    /// The same of a call on one of the lines. Its material is waited for a little.
    pub async fn crm_entry_finished(
        &mut self,
        entry: EntryId,
        contact: Option<ContactId>,
        now: Timestamp,
    ) -> Result<()> {
        match self.has_crm().await? {
            true => {
                let task = CrmTask::Entry(entry);
                self.crm_queue_for(&task, contact, now, now + MATERIAL)
                    .await
            }
            false => Ok(()),
        }
    }

    /// Somebody unknown called. Nothing without a CRM.
    pub(crate) async fn crm_unknown_number(&mut self, e164: &str, now: Timestamp) -> Result<()> {
        match self.has_crm().await? {
            true => {
                self.crm_queue(&CrmTask::Number(e164.to_owned()), None, now)
                    .await
            }
            false => Ok(()),
        }
    }

    /// These people do not want to be called, or do again. By the database's clock: none of a process is at hand.
    pub(crate) async fn crm_wishes_changed(&mut self, people: &[ContactId]) -> Result<()> {
        let now = sqlx::query_scalar!(r#"select clock_timestamp() as "now!""#)
            .fetch_one(&mut *self.tx)
            .await?;
        self.crm_contacts_changed(people, from_db(now)).await
    }

    /// All contacts that were never compared are, but for those that were merged away or erased. Answers how many.
    pub async fn crm_queue_unlinked(&mut self, now: Timestamp) -> Result<u64> {
        let queued = sqlx::query!(
            "insert into crm_queue (tenant_id, kind, key, contact_id, changed_first, changed_last, due_at)
             select $1, 'contact', c.id::text, c.id, $2, $2, $2 from contacts c
             left join crm_links l on l.tenant_id = $1 and l.contact_id = c.id
             where c.tenant_id = $1 and l.record_id is null and l.trouble is null
               and c.merged_into is null and c.erased_at is null
             on conflict do nothing",
            self.tenant(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        if queued.rows_affected() > 0 {
            self.wake_crm_sync().await?;
        }
        Ok(queued.rows_affected())
    }

    /// What is due, the longest due first.
    pub async fn crm_due(&mut self, now: Timestamp, most: i64) -> Result<Vec<CrmWork>> {
        let rows = sqlx::query!(
            "select kind, key, changed_first, changed_last, generation, failure, failed_at, failures, append
             from crm_queue where tenant_id = $1 and due_at <= $2 order by due_at, kind limit $3",
            self.tenant(),
            to_db(now),
            most
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let failure = row
                    .failure
                    .map(|code| known("crm_queue.failure", &code, Failure::from_code));
                Ok(CrmWork {
                    task: CrmTask::read(&row.kind, row.key)?,
                    push: PushFacts {
                        changed: Some((from_db(row.changed_first), from_db(row.changed_last))),
                        generation: row.generation.unsigned_abs(),
                        failed: failure.transpose()?.zip(row.failed_at.map(from_db)),
                        failures: row.failures.unsigned_abs(),
                    },
                    append: match row.append {
                        Some(facts) => serde_json::from_value(facts)?,
                        None => AppendFacts::default(),
                    },
                })
            })
            .collect()
    }

    /// When something is due next.
    pub async fn crm_next_due(&mut self) -> Result<Option<Timestamp>> {
        let due = sqlx::query_scalar!(
            "select min(due_at) from crm_queue where tenant_id = $1 and due_at is not null",
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(due.map(from_db))
    }

    /// It is done, unless it was asked for again meanwhile.
    pub async fn crm_done(&mut self, work: &CrmWork) -> Result<()> {
        let (kind, key) = (work.task.kind(), work.task.key());
        let generation = i64::try_from(work.push.generation).unwrap_or(i64::MAX);
        let done = sqlx::query!(
            "delete from crm_queue where tenant_id = $1 and kind = $2 and key = $3 and generation = $4",
            self.tenant(),
            kind,
            key,
            generation
        )
        .execute(&mut *self.tx)
        .await?;
        if done.rows_affected() == 0 {
            sqlx::query!(
                "update crm_queue set failure = null, failed_at = null, failures = 0, append = null
                 where tenant_id = $1 and kind = $2 and key = $3",
                self.tenant(),
                kind,
                key
            )
            .execute(&mut *self.tx)
            .await?;
        }
        Ok(())
    }

    /// It came to nothing: it has its turn again after a pause, or when a person has helped.
    pub async fn crm_failed(
        &mut self,
        work: &CrmWork,
        failure: Failure,
        now: Timestamp,
    ) -> Result<()> {
        let mut push = work.push.clone();
        push.fail(now, failure);
        let due_at = match push.next_step(now) {
            PushStep::Wait { until } => Some(until),
            PushStep::Compare | PushStep::Nothing => Some(now),
            PushStep::AskPerson(_) => None,
        };
        sqlx::query!(
            "update crm_queue set failure = $4, failed_at = $5, failures = $6, due_at = $7
             where tenant_id = $1 and kind = $2 and key = $3",
            self.tenant(),
            work.task.kind(),
            work.task.key(),
            failure.code(),
            to_db(now),
            i32::try_from(push.failures).unwrap_or(i32::MAX),
            due_at.map(to_db)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// It has its turn at this time; `None`: when something else was done first.
    pub async fn crm_put_off(&mut self, work: &CrmWork, until: Option<Timestamp>) -> Result<()> {
        sqlx::query!(
            "update crm_queue set due_at = $4 where tenant_id = $1 and kind = $2 and key = $3",
            self.tenant(),
            work.task.kind(),
            work.task.key(),
            until.map(to_db)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// How a note or a call stands. To be committed before its request leaves.
    pub async fn crm_append(&mut self, work: &CrmWork, append: &AppendFacts) -> Result<()> {
        sqlx::query!(
            "update crm_queue set append = $4 where tenant_id = $1 and kind = $2 and key = $3",
            self.tenant(),
            work.task.kind(),
            work.task.key(),
            serde_json::to_value(append)?
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// A contact has a record now: what waited for that has its turn, and so has the contact, should it have waited for
    /// a search to know of the record.
    pub(crate) async fn crm_go_on(&mut self, contact: ContactId, now: Timestamp) -> Result<()> {
        sqlx::query!(
            "update crm_queue set due_at = $3
             where tenant_id = $1 and contact_id = $2 and failure is null
               and (kind in ('note', 'call', 'entry') and due_at is null or kind = 'contact' and due_at > $3)",
            self.tenant(),
            contact.uuid(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Whom a note or a call is about became known.
    pub async fn crm_is_about(&mut self, work: &CrmWork, contact: ContactId) -> Result<()> {
        sqlx::query!(
            "update crm_queue set contact_id = $4 where tenant_id = $1 and kind = $2 and key = $3",
            self.tenant(),
            work.task.kind(),
            work.task.key(),
            contact.uuid()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Whether somebody with this number is being looked for.
    pub async fn crm_looks_for(&mut self, e164: &str) -> Result<bool> {
        let found = sqlx::query_scalar!(
            r#"select exists (select from crm_queue
                   where tenant_id = $1 and kind = 'number' and key = $2 and due_at is not null) as "looks!""#,
            self.tenant(),
            e164
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(found)
    }

    /// The processes that keep the tenant in step with its CRM look again.
    pub async fn wake_crm(&mut self) -> Result<()> {
        for process in [Process::Crm, Process::CrmChannel, Process::CrmReconcile] {
            self.wake_crm_process(process).await?;
        }
        Ok(())
    }

    /// The same, if there is a CRM, or was.
    pub async fn wake_crm_if_any(&mut self) -> Result<()> {
        let was = sqlx::query_scalar!(
            r#"select exists (select from crm_accounts where tenant_id = $1) as "was!""#,
            self.tenant()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        match was || self.has_crm().await? {
            true => self.wake_crm().await,
            false => Ok(()),
        }
    }

    /// The process that keeps the channel alive looks again.
    pub async fn wake_crm_channel(&mut self) -> Result<()> {
        self.wake_crm_process(Process::CrmChannel).await
    }

    /// The process that compares looks again.
    pub async fn wake_crm_reconcile(&mut self) -> Result<()> {
        self.wake_crm_process(Process::CrmReconcile).await
    }

    pub(crate) async fn wake_crm_sync(&mut self) -> Result<()> {
        self.wake_crm_process(Process::Crm).await
    }

    /// Whether the settings name a CRM.
    async fn has_crm(&mut self) -> Result<bool> {
        let has = sqlx::query_scalar!(
            r#"select coalesce(s.settings -> 'crm' ->> 'provider', 'none') <> 'none' as "has!"
               from tenants t join tenant_settings s on s.tenant_id = t.id and s.version = t.settings_version
               where t.id = $1"#,
            self.tenant()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(has.unwrap_or_default())
    }
}
