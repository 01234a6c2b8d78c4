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
    let wakes = matches!(
        kind,
        EventKind::Call | EventKind::Appointment | EventKind::Contact
    );
    if wakes && scope == RetryScope::StateAndEffects {
        words.push("A reminder that looks again calls only by its own plan and limits.".to_owned());
    }
    words
}

/// What is recorded from such an event.
const fn state(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Call => "the call's state and outcome are found anew from all that was heard",
        EventKind::Question => "the question is recorded; nobody waits for its answer any more",
        EventKind::Appointment => "the appointment is recorded as the event says",
        EventKind::IncomingText => "the text and a wish not to be called are recorded",
        EventKind::TextStatus => "the text's delivery status is recorded",
        EventKind::Conversation => "the conversation is recorded",
        EventKind::Contact => "the contact is recorded as the event says",
        EventKind::Crm => "the changed records are marked to be compared",
        EventKind::CallMaterial => "the call's recording, transcript or summary is recorded",
        EventKind::AgentHook => "the session, its messages and tool uses are recorded",
        EventKind::Unknown => "nothing is recorded, because this type is not known",
    }
}

/// What follows from such an event beyond its own record, if anything.
const fn effects(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Call => {
            Some("the outcome takes effect on the appointment and its reminder, which looks again")
        }
        EventKind::Appointment => Some("its reminder looks again and plans anew"),
        EventKind::IncomingText => Some("a wish not to be called stops waiting reminders at once"),
        EventKind::Contact => Some("reminders for this contact look again"),
        EventKind::Crm => Some("the records are read again from the CRM"),
        EventKind::CallMaterial => Some("the recording is fetched again if it is missing"),
        EventKind::Question
        | EventKind::TextStatus
        | EventKind::Conversation
        | EventKind::AgentHook
        | EventKind::Unknown => None,
    }
}
