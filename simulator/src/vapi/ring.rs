//! A call that comes in: while it rings the customer is asked for an assistant, and then it is taken.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Account, Direction, Running, Taken,
    answer::taken,
    deliver::post,
    ledger::QuestionSeen,
    message,
    plan::Plan,
    play,
    state::{NewCall, Shared},
    tools::ToolUse,
};
use crate::outbound::now_ms;

/// Who calls whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caller {
    /// The account's private key.
    pub key: String,
    /// As Vapi shows it; `None` when it is withheld.
    pub from_number: Option<String>,
    /// `None` when messages name it by its id alone.
    pub to_number: Option<String>,
    pub phone_number_id: String,
    /// The number's own assistant, with which nobody is asked for one.
    pub assistant_id: Option<String>,
    /// What the assistant wants carried out, in place of what the scenario says.
    #[serde(default)]
    pub tools: Vec<ToolUse>,
}

impl Caller {
    /// Somebody who calls a number without an assistant of its own.
    pub fn new(key: &str, from_number: &str, to_number: &str) -> Self {
        Self {
            key: key.to_owned(),
            from_number: Some(from_number.to_owned()),
            to_number: Some(to_number.to_owned()),
            phone_number_id: format!("number-{}", to_number.trim_start_matches('+')),
            assistant_id: None,
            tools: Vec::new(),
        }
    }

    /// The same with the number withheld.
    pub fn withheld(self) -> Self {
        Self {
            from_number: None,
            ..self
        }
    }

    /// The same, whose messages name the number that was called by its id alone.
    pub fn to_nameless_number(self) -> Self {
        Self {
            to_number: None,
            ..self
        }
    }

    pub fn with_tools(self, tools: impl IntoIterator<Item = ToolUse>) -> Self {
        Self {
            tools: tools.into_iter().collect(),
            ..self
        }
    }

    /// The same to a number that has this assistant.
    pub fn to_assistant(self, id: &str) -> Self {
        Self {
            assistant_id: Some(id.to_owned()),
            ..self
        }
    }
}

/// What came of a call that came in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rang {
    pub provider_call_id: String,
    pub taken: Taken,
    /// The status answered to the question; `None` when there was none in time, or no question.
    pub status: Option<u16>,
    /// What was answered, when it was JSON.
    pub answer: Option<Value>,
}

impl Running {
    /// Asks the customer's server who takes the call, and lets it play out with what was answered. `None` for an
    /// unknown account.
    pub async fn ring(&self, caller: &Caller) -> Option<Rang> {
        ring(&self.shared, caller).await
    }
}

pub(super) async fn ring(shared: &Arc<Shared>, caller: &Caller) -> Option<Rang> {
    let account = shared.account(&caller.key)?;
    let (id, mut plan) = shared.place(new_call(caller));
    if !caller.tools.is_empty() {
        plan.tools.clone_from(&caller.tools);
    }
    let rang = match &caller.assistant_id {
        Some(_) => Rang {
            taken: Taken::Assistant {
                id: caller.assistant_id.clone(),
                overrides: Value::Null,
            },
            provider_call_id: id,
            status: None,
            answer: None,
        },
        None => ask(shared, &account, id).await,
    };
    take(shared, &rang, plan);
    Some(rang)
}

fn new_call(caller: &Caller) -> NewCall {
    NewCall {
        account: caller.key.clone(),
        direction: Direction::Inbound,
        assistant_id: caller.assistant_id.clone(),
        phone_number_id: caller.phone_number_id.clone(),
        our_number: caller.to_number.clone(),
        person: caller.from_number.clone(),
        name: None,
        overrides: Value::Null,
    }
}

/// Asks once: Vapi asks no second time.
async fn ask(shared: &Shared, account: &Account, id: String) -> Rang {
    let message = shared.read(&id, |call| {
        message::about(call, "assistant-request", Map::new())
    });
    let body = json!({ "message": message }).to_string();
    let patience = Duration::from_secs_f64(shared.scenario().question_seconds);
    let (at_ms, began) = (now_ms(), Instant::now());
    let answer = match &account.server {
        Some(server) => post(shared, server, &id, body, patience).await.ok(),
        None => None,
    };
    let status = answer.as_ref().map(|(status, _)| *status);
    let answer: Option<Value> = answer.and_then(|(_, body)| serde_json::from_slice(&body).ok());
    shared.note_question(QuestionSeen {
        provider_call_id: id.clone(),
        at_ms,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        status,
        answer: answer.clone(),
    });
    Rang {
        taken: taken(
            status.map(|status| (status, answer.as_ref())),
            account.assistants.as_deref(),
        ),
        provider_call_id: id,
        status,
        answer,
    }
}

/// Lets the call go on with its assistant, or end for want of one.
fn take(shared: &Arc<Shared>, rang: &Rang, plan: Plan) {
    let id = rang.provider_call_id.clone();
    if let Taken::Assistant {
        id: assistant,
        overrides,
    } = &rang.taken
    {
        shared.change(&id, |call| {
            call.assistant_id.clone_from(assistant);
            call.overrides = overrides.clone();
        });
    }
    match rang.taken.ends() {
        Some(reason) => play::end_at_once(shared, id, plan, reason),
        None => play::start(shared, id, plan),
    }
}
