//! What the agent of a call was sent, for people (MEM-7).

use domain::ids::CallId;
use jiff::Timestamp;
use serde_json::Value;

use crate::{Result, TenantTx, instant::from_db};

/// One answer to the agent of a call, exactly as it was sent. It holds personal data and so has no `Debug`.
#[derive(Clone)]
pub struct ToldEntry {
    pub at: Timestamp,
    /// The function that the agent called; `None` for what it was told of the caller.
    pub function: Option<String>,
    pub arguments: Option<Value>,
    /// JSON where it was sent so, else a text.
    pub answer: Value,
    /// Why it was the empty answer, or why a wish was not met.
    pub failure: Option<String>,
    pub took_ms: i32,
}

impl TenantTx {
    /// All that the agent of a call was sent: first what it was told of the person, then what it asked for, in order.
    pub async fn told_in_call(&mut self, call: CallId) -> Result<Vec<ToldEntry>> {
        let contexts = sqlx::query!(
            "select asked_at, answer, failure, took_ms from context_log
             where tenant_id = $1 and call_id = $2 order by asked_at, id",
            self.tenant(),
            call.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let functions = sqlx::query!(
            "select asked_at, name, arguments, answer, refusal, took_ms from call_functions
             where tenant_id = $1 and call_id = $2 order by position",
            self.tenant(),
            call.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?;
        let contexts = contexts.into_iter().map(|row| ToldEntry {
            at: from_db(row.asked_at),
            function: None,
            arguments: None,
            answer: row.answer,
            failure: row.failure,
            took_ms: row.took_ms,
        });
        let functions = functions.into_iter().map(|row| ToldEntry {
            at: from_db(row.asked_at),
            function: Some(row.name),
            arguments: Some(row.arguments),
            answer: serde_json::from_str(&row.answer).unwrap_or(Value::String(row.answer)),
            failure: row.refusal,
            took_ms: row.took_ms,
        });
        Ok(contexts.chain(functions).collect())
    }

    /// Every name by which the person of a call is known: what a masked answer must not show.
    pub async fn known_as_in_call(&mut self, call: CallId) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar!(
            r#"select p.name from calls k
               join contacts c on c.tenant_id = $1 and c.id = k.contact_id
               join contacts p on p.tenant_id = $1 and p.person_id = c.person_id
               where k.tenant_id = $1 and k.id = $2"#,
            self.tenant(),
            call.uuid()
        )
        .fetch_all(&mut *self.tx)
        .await?)
    }
}
