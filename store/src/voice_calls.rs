//! Calls of voice agents as a part of what was spoken with a person (TEXT-1).

use domain::{
    call::{CallOutcome, Direction, Sentiment},
    ids::{CallId, ContactId},
    settings::VoiceProvider,
};
use jiff::Timestamp;

use crate::{
    Result, TALKED, TenantTx, Who, conversations::Whose, instant::from_db, reminders::known,
};

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

/// A call in which somebody talked. It holds personal data; it has no `Debug`.
pub struct Talk {
    /// Whom we called, or who was found to call.
    pub contact: ContactId,
    pub e164: String,
    /// Our number that was called, as the provider wrote it.
    pub line: Option<String>,
    pub provider: VoiceProvider,
    /// When it was dialed, or came in.
    pub at: Timestamp,
    /// When it was over, as far as is known.
    pub ended_at: Option<Timestamp>,
    pub summary: Option<String>,
}

/// Of so many events of a call, the newest, the transcript is looked for; a call has a handful.
const MOST_BODIES: i64 = 20;

impl TenantTx {
    /// A call whose words may be read. `None` when nobody talked, nobody knows who it was, they do not want to be called
    /// any more, or were erased.
    pub async fn talk(&mut self, call: CallId) -> Result<Option<Talk>> {
        let talked = TALKED
            .iter()
            .filter(|each| **each != CallOutcome::DoNotCall);
        let talked: Vec<String> = talked.map(|each| each.code().to_owned()).collect();
        let row = sqlx::query!(
            r#"select contact_id as "contact_id!", e164 as "e164!", line, provider,
                      coalesce(placed_at, dialing_at, authorized_at) as "at!", coalesce(ended_at, outcome_at) as ended_at,
                      summary
               from calls
               where tenant_id = $1 and id = $2 and outcome = any($3) and contact_id is not null and e164 is not null
                 and not applied_opt_out and erased_at is null"#,
            self.tenant(),
            call.uuid(),
            &talked
        )
        .fetch_optional(&mut *self.tx)
        .await?;
        row.map(|row| {
            Ok(Talk {
                contact: ContactId::from_uuid(row.contact_id),
                e164: row.e164,
                line: row.line,
                provider: known("calls.provider", &row.provider, VoiceProvider::from_code)?,
                at: from_db(row.at),
                ended_at: row.ended_at.map(from_db),
                summary: row.summary,
            })
        })
        .transpose()
    }

    /// What the provider told of a call's course, as it came.
    pub async fn told_of_call(&mut self, call: CallId) -> Result<Vec<Vec<u8>>> {
        Ok(sqlx::query_scalar!(
            "select body from events where tenant_id = $1 and call_id = $2 and observation is not null
             order by id desc limit $3",
            self.tenant(),
            call.uuid(),
            MOST_BODIES
        )
        .fetch_all(&mut *self.tx)
        .await?)
    }

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
