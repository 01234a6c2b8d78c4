//! What was left for the people of the business in calls.

use domain::{
    desk::NoteKind,
    ids::{CallId, ContactId, NoteId},
};
use jiff::Timestamp;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
};

/// A note as a person reads it. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct NoteEntry {
    pub id: NoteId,
    /// Of the contact it is about, else as it was given.
    pub name: Option<String>,
    /// The number to call back, else that of the call.
    pub e164: Option<String>,
    pub call: Option<CallId>,
    pub body: String,
    pub urgent: bool,
    /// No agent hears of it until it is cleared.
    pub is_held: bool,
    pub wants_answer: bool,
    pub made_at: Timestamp,
    pub done_at: Option<Timestamp>,
}

struct NoteRow {
    id: Uuid,
    name: Option<String>,
    e164: Option<String>,
    call_id: Option<Uuid>,
    body: String,
    urgent: bool,
    is_held: bool,
    wants_answer: bool,
    made_at: OffsetDateTime,
    done_at: Option<OffsetDateTime>,
}

impl From<NoteRow> for NoteEntry {
    fn from(row: NoteRow) -> Self {
        Self {
            id: NoteId::from_uuid(row.id),
            name: row.name,
            e164: row.e164,
            call: row.call_id.map(CallId::from_uuid),
            body: row.body,
            urgent: row.urgent,
            is_held: row.is_held,
            wants_answer: row.wants_answer,
            made_at: from_db(row.made_at),
            done_at: row.done_at.map(from_db),
        }
    }
}

impl TenantTx {
    /// The newest notes first. `open`: only those that nobody has seen to or cleared.
    pub async fn notes(&mut self, open: bool, most: u32) -> Result<Vec<NoteEntry>> {
        let rows = sqlx::query_as!(
            NoteRow,
            r#"select n.id, coalesce(nullif(c.name, ''), n.name) as name, coalesce(n.e164, k.e164) as e164, n.call_id, n.body,
                      n.urgent, (n.held and n.cleared_at is null) as "is_held!", n.wants_answer, n.made_at, n.done_at
               from notes n
               left join contacts c on c.tenant_id = $1 and c.id = n.contact_id
               left join calls k on k.tenant_id = $1 and k.id = n.call_id
               where n.tenant_id = $1
                 and (not $2 or n.done_at is null or (n.held and n.cleared_at is null))
               order by n.made_at desc, n.id desc limit $3"#,
            self.tenant(),
            open,
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(NoteEntry::from).collect())
    }

    /// The newest notes of a person, and of calls with them, first.
    pub async fn notes_of(&mut self, contact: ContactId, most: u32) -> Result<Vec<NoteEntry>> {
        let rows = sqlx::query_as!(
            NoteRow,
            r#"select n.id, n.name, n.e164, n.call_id, n.body, n.urgent, (n.held and n.cleared_at is null) as "is_held!",
                      n.wants_answer, n.made_at, n.done_at
               from notes n
               where n.tenant_id = $1
                 and n.id in (select id from notes where tenant_id = $1 and contact_id = $2
                              union select o.id from calls k join notes o on o.tenant_id = $1 and o.call_id = k.id
                              where k.tenant_id = $1 and k.contact_id = $2)
               order by n.made_at desc, n.id desc limit $3"#,
            self.tenant(),
            contact.uuid(),
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(NoteEntry::from).collect())
    }

    /// What was said in a call sounds like a complaint or a dispute: a person reads it before any agent hears of it. Once
    /// for each call, whatever becomes of the note.
    pub async fn hold_call(&mut self, call: CallId, body: &str, now: Timestamp) -> Result<()> {
        sqlx::query!(
            "insert into notes (tenant_id, id, kind, contact_id, call_id, body, held, wants_answer, made_at)
             select $1, $3, $6, contact_id, id, $4, true, true, $5 from calls
             where tenant_id = $1 and id = $2
               and not exists (select from notes where tenant_id = $1 and call_id = $2 and kind = $6)",
            self.tenant(),
            call.uuid(),
            NoteId::generate().uuid(),
            body,
            to_db(now),
            NoteKind::Call.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// What a person left that nobody has seen to yet, newest first, without what is held back.
    pub async fn open_issues(&mut self, contact: ContactId, most: u32) -> Result<Vec<String>> {
        let issues = sqlx::query_scalar!(
            "select body from notes
             where tenant_id = $1 and contact_id = $2 and kind = $3 and done_at is null
               and (not held or cleared_at is not null)
             order by made_at desc, id desc limit $4",
            self.tenant(),
            contact.uuid(),
            NoteKind::Note.code(),
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(issues)
    }

    /// Whether a note of a person, or of a call with them, is held back from agents.
    pub async fn holds_back(&mut self, contact: ContactId) -> Result<bool> {
        let holds = sqlx::query_scalar!(
            r#"select exists (select from notes n where n.tenant_id = $1 and n.held and n.cleared_at is null
                                and (n.contact_id = $2
                                     or n.call_id in (select id from calls where tenant_id = $1 and contact_id = $2)))
                      as "holds!""#,
            self.tenant(),
            contact.uuid()
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(holds)
    }

    /// Somebody has seen to it. `false` when there is no such note.
    pub async fn note_done(&mut self, note: NoteId, now: Timestamp) -> Result<bool> {
        let done = sqlx::query!(
            "update notes set done_at = coalesce(done_at, $3) where tenant_id = $1 and id = $2",
            self.tenant(),
            note.uuid(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Agents may hear of it. `false` when there is no such note.
    pub async fn note_cleared(&mut self, note: NoteId, now: Timestamp) -> Result<bool> {
        let cleared = sqlx::query!(
            "update notes set cleared_at = coalesce(cleared_at, $3) where tenant_id = $1 and id = $2",
            self.tenant(),
            note.uuid(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(cleared.rows_affected() > 0)
    }
}
