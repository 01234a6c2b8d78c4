//! What Retell asks while a caller hears ringing: which agent takes the call, and what that agent is told.
//!
//! The call does not exist yet, so the question has no call id. Retell asks again, up to three times, when an
//! answer is late or not 2xx: whatever is done for it must bear being done again.

use std::{collections::BTreeMap, fmt};

use serde_json::{Map, json};

use crate::outline::{ParseProblem, name, pluck};

const EVENT: &str = "call_inbound";
const AGENT: &str = "call_inbound.agent_id";
const FROM: &str = "call_inbound.from_number";
const TO: &str = "call_inbound.to_number";

/// Who calls which of our numbers. Numbers are as the provider wrote them: withheld ones are words, or missing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct InboundQuestion {
    /// Missing when the number has no agent of its own for inbound calls.
    pub agent_id: Option<String>,
    pub from_number: Option<String>,
    pub to_number: Option<String>,
}

impl fmt::Debug for InboundQuestion {
    /// Without numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundQuestion")
            .field("agent_id", &self.agent_id)
            .finish_non_exhaustive()
    }
}

/// Reads the question. Unknown keys are fine, and a part of an unexpected type counts as absent.
pub fn read(body: &[u8]) -> Result<InboundQuestion, ParseProblem> {
    let plucked = pluck(body, &["event", AGENT, FROM, TO])?;
    let text = |path| name(plucked.text(path), path);
    let question = InboundQuestion {
        agent_id: text(AGENT)?,
        from_number: text(FROM)?,
        to_number: text(TO)?,
    };
    let is_asked = plucked.text("event") == Some(EVENT) || question != InboundQuestion::default();
    match is_asked {
        true => Ok(question),
        false => Err(ParseProblem::Missing(EVENT)),
    }
}

/// What Retell is told. The empty one is always safe: the number's own agent takes the call and knows nothing
/// about the caller.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct InboundAnswer {
    /// The agent that takes this call in place of the number's own.
    pub override_agent_id: Option<String>,
    /// What the agent's script may use. Retell takes texts only.
    pub variables: BTreeMap<String, String>,
    /// Comes back with every event of the call.
    pub metadata: BTreeMap<String, String>,
}

impl InboundAnswer {
    /// The answer as Retell reads it; what has no value is left out.
    pub fn to_json(&self) -> Vec<u8> {
        let mut answer = Map::new();
        if let Some(agent_id) = &self.override_agent_id {
            answer.insert("override_agent_id".to_owned(), json!(agent_id));
        }
        if !self.variables.is_empty() {
            answer.insert("dynamic_variables".to_owned(), json!(self.variables));
        }
        if !self.metadata.is_empty() {
            answer.insert("metadata".to_owned(), json!(self.metadata));
        }
        json!({EVENT: answer}).to_string().into_bytes()
    }
}

impl fmt::Debug for InboundAnswer {
    /// Without values, which are about the caller.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundAnswer")
            .field("overrides_agent", &self.override_agent_id.is_some())
            .field("variables", &self.variables.len())
            .field("metadata", &self.metadata.len())
            .finish()
    }
}

#[cfg(test)]
#[path = "inbound_tests.rs"]
mod tests;
