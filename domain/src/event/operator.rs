//! An operator's retry: what it will do, told beforehand (HOOK-6).

use super::{EventKind, kind_of};
use crate::ids::EventId;

coded_enum! {
    /// How far an operator's retry goes.
    RetryScope {
        /// What Bellhop records from the event is made anew. No process is woken, nothing is sent.
        StateOnly = "state_only",
        /// The same, and what follows from the event.
        StateAndEffects = "state_and_effects",
    }
}

/// The key under which an operator's retry is processed: its own, so that it is neither taken for the
/// webhook's first processing nor for another retry. `number` counts from 1.
pub fn retry_key(event: EventId, number: u32) -> String {
    format!("{event}:retry:{number}")
}

/// What a retry of such an event will do, sentence by sentence, to be shown before it is done.
pub fn retry_words(scope: RetryScope, provider: &str, event_type: &str) -> Vec<String> {
    let kind = kind_of(provider, event_type);
    let mut words = vec![format!(
        "The stored event is read again, and {}.",
        state(kind)
    )];
    words.push(match (scope, effects(kind)) {
        (RetryScope::StateOnly, _) => {
            "No process is woken, nothing is sent, nothing is changed in another system.".to_owned()
        }
        (RetryScope::StateAndEffects, None) => {
            "Nothing follows from events of this type, so that is all.".to_owned()
        }
        (RetryScope::StateAndEffects, Some(effects)) => format!("Then {effects}."),
    });
    words.push("A retry never dials.".to_owned());
    if kind == EventKind::Call && scope == RetryScope::StateAndEffects {
        words.push("A reminder that looks again calls only by its own plan and limits.".to_owned());
    }
    words
}

/// What is recorded from such an event.
const fn state(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Call => "the call's state and outcome are found anew from all that was heard",
        EventKind::TextStatus => "the text's delivery status is looked at",
        EventKind::AgentHook => "the session, its messages and tool uses are recorded",
        EventKind::Question
        | EventKind::Appointment
        | EventKind::IncomingText
        | EventKind::Conversation
        | EventKind::Contact
        | EventKind::Crm
        | EventKind::CallMaterial => "it is kept; nothing else is recorded from this type yet",
        EventKind::Unknown => "nothing is recorded, because this type is not known",
    }
}

/// What follows from such an event beyond its own record, if anything.
const fn effects(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Call => {
            Some("the outcome takes effect on the appointment and its reminder, which looks again")
        }
        EventKind::TextStatus => {
            Some("another way is looked for when an alert did not arrive as a text")
        }
        EventKind::Question
        | EventKind::Appointment
        | EventKind::IncomingText
        | EventKind::Conversation
        | EventKind::Contact
        | EventKind::Crm
        | EventKind::CallMaterial
        | EventKind::AgentHook
        | EventKind::Unknown => None,
    }
}
