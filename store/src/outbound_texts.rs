//! Texts of ours, from the wish to the provider's word that it has them (TEXT-4).

use domain::{
    alert::SendFailure,
    ids::{ContactId, TextId},
    text::{OutboundFacts, OutboundPurpose, TextConsent, TextRefusal, Words},
};
use jiff::Timestamp;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
    reminders::known,
};

/// A text that somebody wants sent.
#[derive(Clone, Copy)]
pub struct NewText<'a> {
    pub id: TextId,
    pub purpose: OutboundPurpose,
    pub e164: Option<&'a str>,
    pub contact: Option<ContactId>,
    /// The line it is to go from, by number or the provider's id.
    pub line: Option<&'a str>,
    pub body: &'a str,
    /// Who wants it sent.
    pub asked_by: &'a str,
}

/// A text on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    pub id: TextId,
    pub purpose: OutboundPurpose,
    pub e164: Option<String>,
    pub contact: Option<ContactId>,
    pub line: Option<String>,
    pub body: Words,
    pub asked_by: String,
    /// `pending`, `sending`, `sent` or `refused`.
    pub state: String,
    pub sending_since: Option<Timestamp>,
    pub tries: u32,
    pub failure: Option<SendFailure>,
    /// What was wrong, in a word of ours or of the provider.
    pub detail: Option<String>,
    pub not_found_at: Option<Timestamp>,
    pub provider_id: Option<String>,
    pub refusal: Option<TextRefusal>,
    pub created_at: Timestamp,
    pub sent_at: Option<Timestamp>,
}

impl TextRow {
    /// What its next step is decided from.
    pub fn facts(&self, consent: TextConsent) -> OutboundFacts {
        OutboundFacts {
            purpose: self.purpose,
            created_at: self.created_at,
            length: self.body.trim().chars().count(),
            has_number: self.e164.is_some(),
            has_line: self.line.is_some(),
            consent,
            sending_since: self.sending_since,
            tries: self.tries,
            last_failure: self.failure,
            not_found_at: self.not_found_at,
            sent: self.state == "sent",
        }
    }
}

struct Row {
    id: uuid::Uuid,
    purpose: String,
    e164: Option<String>,
    contact_id: Option<uuid::Uuid>,
    line: Option<String>,
    body: String,
    asked_by: String,
    state: String,
    sending_since: Option<time::OffsetDateTime>,
    tries: i32,
    failure: Option<serde_json::Value>,
    detail: Option<String>,
    not_found_at: Option<time::OffsetDateTime>,
    provider_id: Option<String>,
    refusal: Option<String>,
    created_at: time::OffsetDateTime,
    sent_at: Option<time::OffsetDateTime>,
}

impl TryFrom<Row> for TextRow {
    type Error = crate::Error;

    fn try_from(row: Row) -> Result<Self> {
        let refusal = row.refusal.as_deref();
        let refusal =
            refusal.map(|code| known("outbound_texts.refusal", code, TextRefusal::from_code));
        Ok(Self {
            id: TextId::from_uuid(row.id),
            purpose: known(
                "outbound_texts.purpose",
                &row.purpose,
                OutboundPurpose::from_code,
            )?,
            e164: row.e164,
            contact: row.contact_id.map(ContactId::from_uuid),
            line: row.line,
            body: Words(row.body),
            asked_by: row.asked_by,
            state: row.state,
            sending_since: row.sending_since.map(from_db),
            tries: row.tries.unsigned_abs(),
            failure: row.failure.map(serde_json::from_value).transpose()?,
            detail: row.detail,
            not_found_at: row.not_found_at.map(from_db),
            provider_id: row.provider_id,
            refusal: refusal.transpose()?,
            created_at: from_db(row.created_at),
            sent_at: row.sent_at.map(from_db),
        })
    }
}

impl TenantTx {
    /// Notes that a text is wanted. The caller decides its first step, and wakes its process ([`TenantTx::wake_text`]).
    pub async fn add_text(&mut self, text: &NewText<'_>, now: Timestamp) -> Result<()> {
        sqlx::query!(
            "insert into outbound_texts (tenant_id, id, purpose, e164, contact_id, line, body, asked_by, created_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            self.tenant(),
            text.id.uuid(),
            text.purpose.code(),
            text.e164,
            text.contact.map(ContactId::uuid),
            text.line,
            text.body,
            text.asked_by,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn lock_text(&mut self, id: TextId) -> Result<Option<TextRow>> {
        let row = sqlx::query_as!(
            Row,
            "select id, purpose, e164, contact_id, line, body, asked_by, state, sending_since, tries, failure, detail,
                    not_found_at, provider_id, refusal, created_at, sent_at
             from outbound_texts where tenant_id = $1 and id = $2 for update",
            self.tenant(),
            id.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(TextRow::try_from).transpose()
    }

    /// The newest first.
    pub async fn texts(&mut self, most: u32) -> Result<Vec<TextRow>> {
        let rows = sqlx::query_as!(
            Row,
            "select id, purpose, e164, contact_id, line, body, asked_by, state, sending_since, tries, failure, detail,
                    not_found_at, provider_id, refusal, created_at, sent_at
             from outbound_texts where tenant_id = $1 order by created_at desc, id desc limit $2",
            self.tenant(),
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter().map(TextRow::try_from).collect()
    }

    /// The request to send it leaves: to be committed before it does. Answers when that is. A worker that was put to
    /// sleep knows less of the time than the database: by too early a time the list would prove too soon that the
    /// provider never had the text.
    pub async fn text_leaves(&mut self, id: TextId, now: Timestamp) -> Result<Timestamp> {
        let since = sqlx::query_scalar!(
            r#"update outbound_texts
               set state = 'sending', tries = tries + 1,
                   sending_since = greatest($3, created_at + (clock_timestamp() - recorded_at))
               where tenant_id = $1 and id = $2 returning sending_since as "since!""#,
            self.tenant(),
            id.uuid(),
            to_db(now)
        )
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(from_db(since))
    }

    /// The provider has it, under this id. `false` when there is no such text any more.
    pub async fn text_sent(
        &mut self,
        id: TextId,
        provider_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let sent = sqlx::query!(
            "update outbound_texts set state = 'sent', sending_since = null, provider_id = $3, sent_at = $4, detail = null
             where tenant_id = $1 and id = $2 and state in ('pending', 'sending')",
            self.tenant(),
            id.uuid(),
            provider_id,
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        if sent.rows_affected() > 0 {
            return Ok(true);
        }
        Ok(self.lock_text(id).await?.is_some())
    }

    /// The request was answered, or not in time: what that says of the next one is in `failure`.
    pub async fn text_failed(
        &mut self,
        id: TextId,
        failure: &SendFailure,
        detail: Option<&str>,
    ) -> Result<()> {
        sqlx::query!(
            "update outbound_texts set state = 'pending', sending_since = null, failure = $3, detail = $4
             where tenant_id = $1 and id = $2 and state = 'sending'",
            self.tenant(),
            id.uuid(),
            serde_json::to_value(failure)?,
            detail
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The provider's list did not have it.
    pub async fn text_not_found(&mut self, id: TextId, now: Timestamp) -> Result<()> {
        sqlx::query!(
            "update outbound_texts set not_found_at = $3 where tenant_id = $1 and id = $2",
            self.tenant(),
            id.uuid(),
            to_db(now)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn refuse_text(&mut self, id: TextId, refusal: TextRefusal) -> Result<()> {
        sqlx::query!(
            "update outbound_texts set state = 'refused', refusal = $3
             where tenant_id = $1 and id = $2 and state in ('pending', 'sending')",
            self.tenant(),
            id.uuid(),
            refusal.code()
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The provider's ids of texts to a number that are accounted for.
    pub async fn texts_accounted_for(&mut self, e164: &str) -> Result<Vec<String>> {
        let ids = sqlx::query_scalar!(
            r#"select provider_id as "provider_id!" from outbound_texts
               where tenant_id = $1 and e164 = $2 and provider_id is not null"#,
            self.tenant(),
            e164
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(ids)
    }
}
