//! Values that wait for a person to approve them (TEXT-3).

use domain::{
    ids::{ApprovalId, ContactId, ExtractionId},
    text::{Approval, Field, Verdict, Words},
};
use jiff::Timestamp;

use crate::{
    ContactRow, Result, TenantTx,
    instant::{from_db, to_db},
    reminders::known,
};

/// A question about a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalEntry {
    pub id: ApprovalId,
    pub contact: ContactId,
    /// As it stands in the contact now.
    pub name: Words,
    pub approval: Approval,
    /// What became of it, once that is settled.
    pub outcome: Option<String>,
    pub settled_at: Option<Timestamp>,
}

struct Row {
    id: uuid::Uuid,
    contact_id: uuid::Uuid,
    name: String,
    field: String,
    shown: String,
    proposed: String,
    asked_at: time::OffsetDateTime,
    verdict: Option<String>,
    outcome: Option<String>,
    settled_at: Option<time::OffsetDateTime>,
}

impl TryFrom<Row> for ApprovalEntry {
    type Error = crate::Error;

    fn try_from(row: Row) -> Result<Self> {
        let verdict = row.verdict.as_deref();
        let verdict = verdict.map(|code| known("approvals.verdict", code, Verdict::from_code));
        Ok(Self {
            id: ApprovalId::from_uuid(row.id),
            contact: ContactId::from_uuid(row.contact_id),
            name: Words(row.name),
            approval: Approval {
                field: known("approvals.field", &row.field, Field::from_code)?,
                shown: Words(row.shown),
                proposed: Words(row.proposed),
                asked_at: from_db(row.asked_at),
                verdict: verdict.transpose()?,
                // A newer question settles the older ones in the transaction that asks it.
                has_newer: false,
                settled: row.settled_at.is_some(),
            },
            outcome: row.outcome,
            settled_at: row.settled_at.map(from_db),
        })
    }
}

impl TenantTx {
    /// Asks whether a value is to take the place of the one that is shown, which settles older questions about the field;
    /// or to be added to it, which settles none.
    pub async fn ask_approval(
        &mut self,
        contact: ContactId,
        extraction: ExtractionId,
        (field, shown, proposed): (Field, &str, &str),
        now: Timestamp,
    ) -> Result<()> {
        if !field.is_added_to() {
            self.newer_proposal(contact, field, now).await?;
        }
        sqlx::query!(
            "insert into approvals (tenant_id, id, contact_id, extraction_id, field, shown, proposed, asked_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            self.tenant(),
            ApprovalId::generate().uuid(),
            contact.uuid(),
            extraction.uuid(),
            field.code(),
            shown,
            proposed,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    async fn newer_proposal(
        &mut self,
        contact: ContactId,
        field: Field,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "update approvals set outcome = 'newer_proposal', settled_at = $4
             where tenant_id = $1 and contact_id = $2 and field = $3 and settled_at is null",
            self.tenant(),
            contact.uuid(),
            field.code(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The values that were asked about before: those that wait, and those that were rejected.
    pub async fn asked_before(
        &mut self,
        contact: ContactId,
    ) -> Result<(Vec<(Field, Words)>, Vec<(Field, Words)>)> {
        let rows = sqlx::query!(
            r#"select field, proposed, (settled_at is null) as "waits!" from approvals
               where tenant_id = $1 and contact_id = $2 and (settled_at is null or outcome = 'rejected')"#,
            self.tenant(),
            contact.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let (mut asked, mut rejected) = (Vec::new(), Vec::new());
        for row in rows {
            let field = known("approvals.field", &row.field, Field::from_code)?;
            let list = if row.waits { &mut asked } else { &mut rejected };
            list.push((field, Words(row.proposed)));
        }
        Ok((asked, rejected))
    }

    /// Questions, the oldest first: those that wait, or the newest of all.
    pub async fn approvals(&mut self, waiting: bool, most: u32) -> Result<Vec<ApprovalEntry>> {
        let rows = sqlx::query_as!(
            Row,
            "select * from (
                select a.id, a.contact_id, c.name, a.field, a.shown, a.proposed, a.asked_at, a.verdict, a.outcome, a.settled_at
                from approvals a join contacts c on c.tenant_id = $1 and c.id = a.contact_id
                where a.tenant_id = $1 and (not $2 or a.settled_at is null)
                order by a.asked_at desc, a.id desc limit $3
             ) newest order by asked_at, id",
            self.tenant(),
            waiting,
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().map(ApprovalEntry::try_from).collect()
    }

    /// One question. The contact is to be locked first, which keeps all its questions still.
    pub async fn approval(&mut self, id: ApprovalId) -> Result<Option<ApprovalEntry>> {
        let row = sqlx::query_as!(
            Row,
            "select a.id, a.contact_id, c.name, a.field, a.shown, a.proposed, a.asked_at, a.verdict, a.outcome, a.settled_at
             from approvals a join contacts c on c.tenant_id = $1 and c.id = a.contact_id
             where a.tenant_id = $1 and a.id = $2",
            self.tenant(),
            id.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(ApprovalEntry::try_from).transpose()
    }

    /// The same with its contact, which is locked: that keeps all its questions still.
    pub async fn lock_approval(
        &mut self,
        id: ApprovalId,
    ) -> Result<Option<(ApprovalEntry, ContactRow)>> {
        let Some(mut entry) = self.approval(id).await? else {
            return Ok(None);
        };
        loop {
            let Some(contact) = self.lock_contact(entry.contact).await? else {
                return Ok(None);
            };
            let Some(now) = self.approval(id).await? else {
                return Ok(None);
            };
            // A merge, or its undoing, may have given it to another while it was waited for the lock.
            if now.contact == contact.id {
                return Ok(Some((now, contact)));
            }
            entry = now;
        }
    }

    /// The oldest question that waits, and when it was asked.
    pub async fn oldest_approval(&mut self) -> Result<Option<(ApprovalId, Timestamp)>> {
        let row = sqlx::query!(
            "select id, asked_at from approvals where tenant_id = $1 and settled_at is null order by asked_at, id limit 1",
            self.tenant()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        Ok(row.map(|row| (ApprovalId::from_uuid(row.id), from_db(row.asked_at))))
    }

    /// What a person answered, and what became of the question: nothing is left to do about it.
    pub async fn settle_approval(
        &mut self,
        id: ApprovalId,
        answer: Option<(Verdict, &str)>,
        outcome: &str,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query!(
            "update approvals set verdict = $3, verdict_by = $4, verdict_at = case when $3::text is null then null else $6::timestamptz end,
                    outcome = $5, settled_at = $6
             where tenant_id = $1 and id = $2",
            self.tenant(),
            id.uuid(),
            answer.map(|(verdict, _)| verdict.code()),
            answer.map(|(_, by)| by),
            outcome,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }
}
