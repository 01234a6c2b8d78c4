//! A call that comes in: while it rings the customer is asked what the agent should know, and then it is taken.

use std::{sync::Arc, time::Duration};

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::{
    Account, Running,
    call::Direction,
    play,
    state::{NewCall, Shared},
};
use crate::{outbound::now_ms, sign};

/// Retell waits so long for an answer, and asks so often again.
const PATIENCE: Duration = Duration::from_secs(10);
const RETRIES: usize = 3;

/// Who calls whom.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account's API key.
    pub key: String,
    /// As Retell shows it: in E.164, or a word such as `anonymous`.
    pub from_number: String,
    pub to_number: String,
    /// `None` for a number without an agent of its own.
    pub agent_id: Option<String>,
}

/// What came of a call that came in.
#[derive(Debug, Clone)]
pub struct Rang {
    /// What was answered to the question, when it was a 2xx with JSON.
    pub answer: Option<Value>,
    /// The status of each answer; `None` where there was none in time.
    pub statuses: Vec<Option<u16>>,
    /// The call; `None` when there is neither an agent nor an answer that names one, and for an unknown account.
    pub provider_call_id: Option<String>,
}

impl Rang {
    /// What the agent was given under a name; empty when it was not.
    pub fn variable(&self, name: &str) -> &str {
        let answer = self.answer.as_ref();
        let answer = answer.and_then(|answer| answer.get("call_inbound"));
        let variables = answer.and_then(|answer| answer.get("dynamic_variables"));
        let value = variables.and_then(|variables| variables.get(name));
        value.and_then(Value::as_str).unwrap_or_default()
    }
}

impl Running {
    /// Asks the customer's webhook about the caller, and lets the call play out with what was answered.
    pub async fn ring(&self, caller: &Caller) -> Rang {
        let mut rang = Rang {
            answer: None,
            statuses: Vec::new(),
            provider_call_id: None,
        };
        let Some(account) = self.shared.account(&caller.key) else {
            return rang;
        };
        for _ in 0..=RETRIES {
            let (status, answer) = ask(&self.shared, &account, caller).await;
            rang.statuses.push(status);
            rang.answer = answer;
            if status.is_some_and(|status| (200..300).contains(&status)) {
                break;
            }
        }
        rang.provider_call_id = take(&self.shared, caller, rang.answer.as_ref());
        rang
    }

    /// A call that is taken without a question, as when no webhook for it is set up.
    pub fn ring_unasked(&self, caller: &Caller) -> Option<String> {
        self.shared.account(&caller.key)?;
        take(&self.shared, caller, None)
    }
}

async fn ask(shared: &Shared, account: &Account, caller: &Caller) -> (Option<u16>, Option<Value>) {
    let Some(url) = &account.webhook_url else {
        return (None, None);
    };
    let mut asked = json!({"from_number": caller.from_number, "to_number": caller.to_number});
    if let (Some(agent), Some(asked)) = (&caller.agent_id, asked.as_object_mut()) {
        asked.insert("agent_id".into(), agent.as_str().into());
        asked.insert("agent_version".into(), 1.into());
    }
    let body = json!({"event": "call_inbound", "call_inbound": asked, "event_timestamp": now_ms()})
        .to_string();
    let signature = sign::retell(account.key.expose_secret(), body.as_bytes(), now_ms());
    let answer = shared
        .http
        .post(url)
        .timeout(PATIENCE)
        .header("content-type", "application/json")
        .header("x-retell-signature", signature)
        .body(body)
        .send()
        .await;
    let Ok(answer) = answer else {
        return (None, None);
    };
    let status = answer.status().as_u16();
    let body = answer.bytes().await.unwrap_or_default();
    (Some(status), serde_json::from_slice(&body).ok())
}

/// The call with what was answered; without an agent it is lost.
fn take(shared: &Arc<Shared>, caller: &Caller, answer: Option<&Value>) -> Option<String> {
    let answer = answer.and_then(|answer| answer.get("call_inbound"));
    let part = |key: &str| answer.and_then(|answer| answer.get(key)).cloned();
    let named = part("override_agent_id").and_then(|id| id.as_str().map(str::to_owned));
    let object = |value: Option<Value>| match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let metadata = object(part("metadata"));
    let new = NewCall {
        account: caller.key.clone(),
        direction: Direction::Inbound,
        agent_id: named.or_else(|| caller.agent_id.clone())?,
        from: caller.from_number.clone(),
        to: caller.to_number.clone(),
        metadata: match metadata.is_empty() {
            true => Value::Null,
            false => Value::Object(metadata),
        },
        variables: Value::Object(object(part("dynamic_variables"))),
    };
    let (id, plan) = shared.place(new);
    play::start(shared, id.clone(), plan);
    Some(id)
}
