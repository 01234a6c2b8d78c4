//! The story of one call, for `bellhop trace`.

use domain::ids::{CallId, EventId};
use jiff::Timestamp;

use crate::{Result, TenantTx, instant::from_db};

/// A call with when each stage was reached. No name, no number.
#[derive(Debug, Clone, serde::Serialize)]
pub struct CallStory {
    pub id: CallId,
    /// The appointment's id in the tenant's calendar.
    pub external_id: Option<String>,
    pub attempt: Option<i32>,
    pub state: String,
    pub dial_state: String,
    pub outcome: Option<String>,
    pub duration_ms: Option<i64>,
    /// See [`domain::quality::CallFlag`].
    pub quality: Option<String>,
    pub detail: Option<String>,
    pub authorized_at: Timestamp,
    pub dialing_at: Option<Timestamp>,
    pub placed_at: Option<Timestamp>,
    pub ringing_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub settled_at: Option<Timestamp>,
    /// Why it was made or not, in words.
    pub decisions: Vec<(Timestamp, String)>,
    pub events: Vec<EventId>,
}

impl TenantTx {
    pub async fn call_story(&mut self, call: CallId) -> Result<Option<CallStory>> {
        let Some(row) = sqlx::query!(
            r#"select a.external_id as "external_id?", c.attempt, c.state, c.dial_state, c.outcome, c.detail,
                      c.duration_ms, c.quality, c.authorized_at, c.dialing_at, c.placed_at, c.ringing_at, c.answered_at,
                      c.ended_at, c.settled_at
               from calls c left join appointments a on a.tenant_id = $1 and a.id = c.appointment_id
               where c.tenant_id = $1 and c.id = $2"#,
            self.tenant(),
            call.uuid()
        )
        .fetch_optional(&mut *self.tx)
        .await?
        else {
            return Ok(None);
        };
        let decisions = sqlx::query!(
            "select made_at, words from decisions where tenant_id = $1 and call_id = $2 order by id",
            self.tenant(),
            call.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let events = sqlx::query_scalar!(
            "select id from events where tenant_id = $1 and call_id = $2 order by id",
            self.tenant(),
            call.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(Some(CallStory {
            id: call,
            external_id: row.external_id,
            attempt: row.attempt,
            state: row.state,
            dial_state: row.dial_state,
            outcome: row.outcome,
            duration_ms: row.duration_ms,
            quality: row.quality,
            detail: row.detail,
            authorized_at: from_db(row.authorized_at),
            dialing_at: row.dialing_at.map(from_db),
            placed_at: row.placed_at.map(from_db),
            ringing_at: row.ringing_at.map(from_db),
            answered_at: row.answered_at.map(from_db),
            ended_at: row.ended_at.map(from_db),
            settled_at: row.settled_at.map(from_db),
            decisions: decisions
                .into_iter()
                .map(|row| (from_db(row.made_at), row.words))
                .collect(),
            events: events.into_iter().map(EventId::from_uuid).collect(),
        }))
    }
}
