//! What coding agents do, as their hooks tell it (CAP-2). Every write may come again and in any order.

use domain::ids::EventId;
use jiff::Timestamp;

use crate::{
    Result, TenantTx,
    instant::{from_db, to_db},
};

/// A sign of life of a session, with what one event says about it.
#[derive(Debug, Clone, Default)]
pub struct AgentSign {
    pub session_id: String,
    pub at: Timestamp,
    pub client: Option<String>,
    pub cwd: Option<String>,
    pub model: Option<String>,
    pub starts: bool,
    /// Why it ends, when it does.
    pub ends: Option<String>,
}

/// Something said in a session.
#[derive(Debug, Clone)]
pub struct AgentMessage {
    pub event: EventId,
    pub session_id: String,
    pub role: &'static str,
    pub text: String,
    pub captured_at: Timestamp,
    pub seq: i64,
}

/// What one event says about the use of a tool. JSON values as text.
#[derive(Debug, Clone, Default)]
pub struct ToolUse {
    pub session_id: String,
    pub tool_use_id: String,
    pub tool_name: Option<String>,
    pub input: Option<String>,
    pub response: Option<String>,
    pub error: Option<String>,
    pub duration_ms: Option<i64>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

/// One session in a list.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SessionEntry {
    pub session_id: String,
    pub client: Option<String>,
    pub cwd: Option<String>,
    pub model: Option<String>,
    pub first_seen_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// Absent while it goes on, and when it was resumed after its end.
    pub ended_at: Option<Timestamp>,
    pub end_reason: Option<String>,
    pub messages: i64,
    pub tool_uses: i64,
}

/// One line of a session, in order.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SessionLine {
    Message {
        at: Timestamp,
        role: String,
        text: String,
    },
    ToolUse {
        at: Timestamp,
        tool_use_id: String,
        tool_name: Option<String>,
        input: Option<String>,
        response: Option<String>,
        error: Option<String>,
        duration_ms: Option<i64>,
    },
}

impl SessionLine {
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Message { at, .. } | Self::ToolUse { at, .. } => *at,
        }
    }
}

impl TenantTx {
    /// What the latest event says wins; the first and the last time are kept.
    pub async fn agent_seen(&mut self, sign: &AgentSign) -> Result<()> {
        let at = to_db(sign.at);
        sqlx::query!(
            "insert into agent_sessions as s (tenant_id, session_id, client, cwd, model, started_at, ended_at, end_reason,
                                              first_seen_at, last_seen_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
             on conflict (tenant_id, session_id) do update set
                 client = case when $9 >= s.last_seen_at then coalesce($3, s.client) else coalesce(s.client, $3) end,
                 cwd = case when $9 >= s.last_seen_at then coalesce($4, s.cwd) else coalesce(s.cwd, $4) end,
                 model = case when $9 >= s.last_seen_at then coalesce($5, s.model) else coalesce(s.model, $5) end,
                 started_at = least(s.started_at, $6),
                 end_reason = case when $7 >= coalesce(s.ended_at, $7) then $8 else s.end_reason end,
                 ended_at = greatest(s.ended_at, $7),
                 first_seen_at = least(s.first_seen_at, $9),
                 last_seen_at = greatest(s.last_seen_at, $9)",
            self.tenant(),
            sign.session_id,
            sign.client,
            sign.cwd,
            sign.model,
            sign.starts.then_some(at),
            sign.ends.is_some().then_some(at),
            sign.ends,
            at
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    pub async fn agent_said(&mut self, message: &AgentMessage) -> Result<()> {
        sqlx::query!(
            "insert into agent_messages (tenant_id, event_id, session_id, role, text, captured_at, seq)
             values ($1, $2, $3, $4, $5, $6, $7)
             on conflict (tenant_id, event_id) do update
                 set role = excluded.role, text = excluded.text, captured_at = excluded.captured_at, seq = excluded.seq",
            self.tenant(),
            message.event.uuid(),
            message.session_id,
            message.role,
            message.text,
            to_db(message.captured_at),
            message.seq
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// Before and after of one use join by its id, whichever comes first.
    pub async fn tool_used(&mut self, used: &ToolUse) -> Result<()> {
        sqlx::query!(
            "insert into tool_uses as t (tenant_id, session_id, tool_use_id, tool_name, input, response, error, duration_ms,
                                         started_at, ended_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             on conflict (tenant_id, session_id, tool_use_id) do update set
                 tool_name = coalesce(excluded.tool_name, t.tool_name), input = coalesce(t.input, excluded.input),
                 response = coalesce(excluded.response, t.response), error = coalesce(excluded.error, t.error),
                 duration_ms = coalesce(excluded.duration_ms, t.duration_ms),
                 started_at = least(t.started_at, excluded.started_at),
                 ended_at = greatest(t.ended_at, excluded.ended_at)",
            self.tenant(),
            used.session_id,
            used.tool_use_id,
            used.tool_name,
            used.input,
            used.response,
            used.error,
            used.duration_ms,
            used.started_at.map(to_db),
            used.ended_at.map(to_db)
        )
        .execute(&mut *self.tx)
        .await?;
        Ok(())
    }

    /// The sessions last seen, newest first.
    pub async fn agent_sessions(&mut self, limit: i64) -> Result<Vec<SessionEntry>> {
        let rows = sqlx::query!(
            r#"select session_id, client, cwd, model, first_seen_at, last_seen_at, end_reason,
                      case when ended_at >= last_seen_at then ended_at end as ended_at,
                      (select count(*) from agent_messages m
                       where m.tenant_id = $1 and m.session_id = s.session_id) as "messages!",
                      (select count(*) from tool_uses t
                       where t.tenant_id = $1 and t.session_id = s.session_id) as "tool_uses!"
               from agent_sessions s where tenant_id = $1 order by last_seen_at desc, session_id limit $2"#,
            self.tenant(),
            limit
        )
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| SessionEntry {
                session_id: row.session_id,
                client: row.client,
                cwd: row.cwd,
                model: row.model,
                first_seen_at: from_db(row.first_seen_at),
                last_seen_at: from_db(row.last_seen_at),
                end_reason: row.end_reason.filter(|_| row.ended_at.is_some()),
                ended_at: row.ended_at.map(from_db),
                messages: row.messages,
                tool_uses: row.tool_uses,
            })
            .collect())
    }

    /// What was said and done in a session, in order; empty when there is none of that id.
    pub async fn agent_session(&mut self, session_id: &str) -> Result<Vec<SessionLine>> {
        let messages = sqlx::query!(
            "select captured_at, seq, role, text from agent_messages
             where tenant_id = $1 and session_id = $2 order by captured_at, seq, event_id",
            self.tenant(),
            session_id
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let uses = sqlx::query!(
            r#"select coalesce(started_at, ended_at) as "at!", tool_use_id, tool_name, input, response, error, duration_ms
               from tool_uses where tenant_id = $1 and session_id = $2 and coalesce(started_at, ended_at) is not null"#,
            self.tenant(),
            session_id
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let said = messages.into_iter().map(|row| SessionLine::Message {
            at: from_db(row.captured_at),
            role: row.role,
            text: row.text,
        });
        let done = uses.into_iter().map(|row| SessionLine::ToolUse {
            at: from_db(row.at),
            tool_use_id: row.tool_use_id,
            tool_name: row.tool_name,
            input: row.input,
            response: row.response,
            error: row.error,
            duration_ms: row.duration_ms,
        });
        let mut lines: Vec<_> = said.chain(done).collect();
        lines.sort_by_key(SessionLine::at);
        Ok(lines)
    }
}
