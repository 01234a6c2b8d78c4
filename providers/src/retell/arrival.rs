//! A call that came in, as the first event that is heard of it tells.

use std::fmt;

use domain::ids::ContextId;
use jiff::Timestamp;

use super::{
    CONTEXT_ID_KEY,
    wire::{CallEvent, CallObject},
};
use crate::json::broken;

/// Who called which of our numbers. Numbers are as the provider wrote them: withheld ones are words, or missing.
#[derive(Clone, PartialEq, Eq)]
pub struct Arrival {
    pub provider_call_id: String,
    pub agent_id: Option<String>,
    pub from_number: Option<String>,
    pub to_number: Option<String>,
    /// Missing in events of calls that never connected.
    pub started_at: Option<Timestamp>,
    /// The answer that the agent was given before it picked up, when there was one.
    pub context: Option<ContextId>,
}

impl fmt::Debug for Arrival {
    /// Without numbers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival")
            .field("provider_call_id", &self.provider_call_id)
            .field("agent_id", &self.agent_id)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// The call that an event is about, when it came in. `None` for any other event, also for one that cannot be
/// read: whoever reads it in full says so.
pub fn arrival(body: &[u8]) -> Option<Arrival> {
    let event: CallEvent = broken::read(body).ok()?;
    let call = event.call?;
    if call.direction.as_deref() != Some("inbound") || call.call_id.is_empty() {
        return None;
    }
    let context = context_of(&call);
    Some(Arrival {
        provider_call_id: call.call_id,
        agent_id: call.agent_id,
        from_number: call.from_number,
        to_number: call.to_number,
        started_at: call
            .start_timestamp
            .and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        context,
    })
}

fn context_of(call: &CallObject) -> Option<ContextId> {
    call.metadata.get(CONTEXT_ID_KEY)?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INBOUND: &str = r#"{"event":"call_started","call":{"call_id":"call_1","direction":"inbound",
        "agent_id":"agent_1","from_number":"+447700900123","to_number":"+442079460000","start_timestamp":1767225540000,
        "metadata":{"bellhop_context":"ctx_01a1ff810a2074eea786def4aa033747"}}}"#;

    #[test]
    fn a_call_that_came_in_is_told_with_its_numbers_and_its_answer() {
        let arrival = arrival(INBOUND.as_bytes()).unwrap();
        assert_eq!(arrival.provider_call_id, "call_1");
        assert_eq!(arrival.from_number.as_deref(), Some("+447700900123"));
        assert_eq!(arrival.to_number.as_deref(), Some("+442079460000"));
        assert_eq!(
            arrival.started_at.unwrap().to_string(),
            "2025-12-31T23:59:00Z"
        );
        assert_eq!(
            arrival.context.unwrap().to_string(),
            "ctx_01a1ff810a2074eea786def4aa033747"
        );
        assert!(!format!("{arrival:?}").contains("7700"));
    }

    #[test]
    fn a_call_of_ours_and_what_is_no_call_did_not_come_in() {
        let others = [
            INBOUND.replace("inbound", "outbound"),
            INBOUND.replace(r#""direction":"inbound","#, ""),
            INBOUND.replace(r#""call_1""#, r#""""#),
            r#"{"event":"chat_ended","chat":{"chat_id":"chat_1"}}"#.to_owned(),
            "no json".to_owned(),
        ];
        for body in others {
            assert_eq!(arrival(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn foreign_metadata_is_no_answer_of_ours() {
        for other in [
            r#""ctx_""#,
            "7",
            "{}",
            r#""call_01a1ff810a2074eea786def4aa033747""#,
        ] {
            let body = INBOUND.replace(r#""ctx_01a1ff810a2074eea786def4aa033747""#, other);
            assert_eq!(arrival(body.as_bytes()).unwrap().context, None, "{other}");
        }
    }
}
