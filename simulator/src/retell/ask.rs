//! What an agent asks for in the middle of a call: a custom function, answered by the customer.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Running;
use crate::{outbound::now_ms, sign};

/// Retell asks so often again after an answer that is no success.
const RETRIES: usize = 2;
const PATIENCE: Duration = Duration::from_secs(120);

/// What came of a function that an agent asked for.
#[derive(Debug, Clone)]
pub struct FunctionAnswer {
    /// The status of each answer; `None` where there was none in time.
    pub statuses: Vec<Option<u16>>,
    /// The body of the last answer.
    pub body: String,
}

impl FunctionAnswer {
    /// What the agent's model is told, when it is JSON: the text under `result`, read.
    pub fn told(&self) -> Option<Value> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        serde_json::from_str(body.get("result")?.as_str()?).ok()
    }

    /// Whether the agent's model is told that it was done.
    pub fn is_done(&self) -> bool {
        let told = self.told();
        told.is_some_and(|told| told.get("ok") == Some(&Value::Bool(true)))
    }
}

impl Running {
    /// Lets the agent of a call ask its account's webhook for a function. `None` for a call that does not exist.
    pub async fn ask(&self, call: &str, name: &str, args: Value) -> Option<FunctionAnswer> {
        let (object, key) = self
            .shared
            .with_call(call, |call| (call.object(), call.account.clone()))?;
        let account = self.shared.account(&key)?;
        let url = account.webhook_url.clone()?;
        let body = json!({"name": name, "args": args, "call": object}).to_string();
        let mut answer = FunctionAnswer {
            statuses: Vec::new(),
            body: String::new(),
        };
        for _ in 0..=RETRIES {
            let signature = sign::retell(account.key.expose_secret(), body.as_bytes(), now_ms());
            let sent = self
                .shared
                .http
                .post(&url)
                .timeout(PATIENCE)
                .header("content-type", "application/json")
                .header("x-retell-signature", signature)
                .body(body.clone())
                .send()
                .await;
            let Ok(sent) = sent else {
                answer.statuses.push(None);
                continue;
            };
            let status = sent.status();
            answer.statuses.push(Some(status.as_u16()));
            answer.body = sent.text().await.unwrap_or_default();
            if status.is_success() {
                break;
            }
        }
        Some(answer)
    }

    /// Ends a talk as it was to end, however long it was to last. `false` for a call that does not exist.
    pub fn end_talk(&self, call: &str) -> bool {
        let ended = self
            .shared
            .with_call(call, |call| call.talk_over.notify_one());
        ended.is_some()
    }
}
