//! Calls of voice agents as a part of what was spoken with a person (TEXT-1).

use domain::{
    call::{CallOutcome, Direction, Sentiment},
    ids::CallId,
};
use jiff::Timestamp;

use crate::{Result, TenantTx, Who, conversations::Whose, instant::from_db, reminders::known};

/// A call that was, or is, with a person. It holds personal data; it has no `Debug`.
#[derive(Clone)]
pub struct VoiceCall {
    pub id: CallId,
    pub provider: Option<String>,
    pub e164: Option<String>,
    /// When it was dialed, or came in.
    pub at: Timestamp,
    pub direction: Direction,
    /// `None` while it is not over.
    pub outcome: Option<CallOutcome>,
    pub duration_ms: Option<i64>,
    pub topic: Option<String>,
    pub summary: Option<String>,
    pub sentiment: Option<Sentiment>,
}

impl TenantTx {
    /// The newest calls of voice agents with a person, oldest first. What was given up before it was dialed is none.
    pub async fn voice_calls(&mut self, who: Who<'_>, most: u32) -> Result<Vec<VoiceCall>> {
        let Whose { contact, numbers } = self.whose(who).await?;
        let rows = sqlx::query!(
            r#"select id, provider as "provider?", e164, coalesce(placed_at, dialing_at, authorized_at) as "at!", direction,
                      outcome, duration_ms, topic, summary, sentiment
               from calls
               where tenant_id = $1 and dial_state <> 'abandoned'
                 and (contact_id = $2 or (e164 = any($3) and ($2::uuid is null or contact_id is null)))
               order by authorized_at desc, id desc limit $4"#,
            self.tenant(),
            contact,
            &numbers,
            i64::from(most)
        )
        .fetch_all(&mut *self.tx)
        .await?;
        rows.into_iter()
            .rev()
            .map(|row| {
                Ok(VoiceCall {
                    id: CallId::from_uuid(row.id),
                    provider: row.provider,
                    e164: row.e164,
                    at: from_db(row.at),
                    direction: known("calls.direction", &row.direction, Direction::from_code)?,
                    outcome: row
                        .outcome
                        .as_deref()
                        .map(|code| known("calls.outcome", code, CallOutcome::from_code))
                        .transpose()?,
                    duration_ms: row.duration_ms,
                    topic: row.topic,
                    summary: row.summary,
                    sentiment: row
                        .sentiment
                        .as_deref()
                        .map(|code| known("calls.sentiment", code, Sentiment::from_code))
                        .transpose()?,
                })
            })
            .collect()
    }
}
