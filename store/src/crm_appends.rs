//! Notes and calls as the CRM is told of them, and which record each became there.

use domain::{
    crm::RecordId,
    ids::{CallId, ContactId, EntryId, NoteId},
};
use jiff::Timestamp;

use crate::{CrmTask, Result, StoredEntry, TenantTx, instant::from_db, reminders::known};

/// A call of a voice agent. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct CallForCrm {
    pub contact: Option<ContactId>,
    pub e164: Option<String>,
    pub inbound: bool,
    pub started_at: Timestamp,
    pub duration_ms: Option<i64>,
    pub outcome: Option<String>,
    pub topic: Option<String>,
    pub summary: Option<String>,
    /// What was written of it.
    pub record: Option<RecordId>,
}

impl TenantTx {
    /// A call as the CRM is told of it; `None` when it is no more, or was never placed.
    pub async fn call_for_crm(&mut self, call: CallId) -> Result<Option<CallForCrm>> {
        let row = sqlx::query!(
            "select contact_id, e164, direction, coalesce(placed_at, authorized_at) as started_at, duration_ms, outcome,
                    topic, summary, crm_record
             from calls where tenant_id = $1 and id = $2 and dial_state <> 'abandoned'",
            self.tenant(),
            call.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        Ok(Some(CallForCrm {
            contact: row.contact_id.map(ContactId::from_uuid),
            e164: row.e164,
            inbound: row.direction == "inbound",
            started_at: row.started_at.map_or(Timestamp::UNIX_EPOCH, from_db),
            duration_ms: row.duration_ms,
            outcome: row.outcome,
            topic: row.topic,
            summary: row.summary,
            record: record("calls.crm_record", row.crm_record)?,
        }))
    }

    /// A call on one of the lines, and what was written of it.
    pub async fn entry_for_crm(
        &mut self,
        entry: EntryId,
    ) -> Result<Option<(StoredEntry, Option<RecordId>)>> {
        let Some(stored) = self.entry(entry).await? else {
            return Ok(None);
        };
        let written = sqlx::query_scalar!(
            "select crm_record from conversation_entries where tenant_id = $1 and id = $2",
            self.tenant(),
            entry.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        let record = record("conversation_entries.crm_record", written.flatten())?;
        Ok(Some((stored, record)))
    }

    /// The words of a note, and whom it is about; `None` when it is no more.
    pub async fn note_for_crm(
        &mut self,
        note: NoteId,
    ) -> Result<Option<(Option<ContactId>, String)>> {
        let row = sqlx::query!(
            "select contact_id, body from notes where tenant_id = $1 and id = $2",
            self.tenant(),
            note.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.map(|row| (row.contact_id.map(ContactId::from_uuid), row.body)))
    }

    /// It is there, as this record. A note is never written again, and of it nothing is kept.
    pub async fn crm_written(&mut self, task: &CrmTask, record: &RecordId) -> Result<()> {
        let (tenant, record) = (self.tenant(), record.as_str());
        match task {
            CrmTask::Call(call) => {
                sqlx::query!(
                    "update calls set crm_record = $3 where tenant_id = $1 and id = $2 and erased_at is null",
                    tenant,
                    call.uuid(),
                    record
                )
                .execute(&mut *self.tx)
                .await?;
            }
            CrmTask::Entry(entry) => {
                sqlx::query!(
                    "update conversation_entries set crm_record = $3 where tenant_id = $1 and id = $2",
                    tenant,
                    entry.uuid(),
                    record
                )
                .execute(&mut *self.tx)
                .await?;
            }
            CrmTask::Contact(_) | CrmTask::Record(_) | CrmTask::Number(_) | CrmTask::Note(_) => {}
        }
        Ok(())
    }
}

fn record(column: &'static str, id: Option<String>) -> Result<Option<RecordId>> {
    id.map(|id| known(column, &id, |id| id.parse().ok()))
        .transpose()
}
