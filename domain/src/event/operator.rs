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
    let what = what_follows(provider, kind_of(provider, event_type));
    let mut words = vec![format!(
        "The stored event is read again, and {}.",
        what.state()
    )];
    words.push(match (scope, what.effects()) {
        (RetryScope::StateOnly, _) => {
            "No process is woken, nothing is sent, nothing is changed in another system.".to_owned()
        }
        (RetryScope::StateAndEffects, None) => {
            "Nothing follows from such events of this source, so that is all.".to_owned()
        }
        (RetryScope::StateAndEffects, Some(effects)) => format!("Then {effects}."),
    });
    words.push("A retry never dials.".to_owned());
    if what == Follows::Call && scope == RetryScope::StateAndEffects {
        words.push("A reminder that looks again calls only by its own plan and limits.".to_owned());
    }
    words
}

/// What is made of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Follows {
    /// How a call of ours goes.
    Call,
    /// It may name a call of ours, and says nothing of how that goes.
    OfCall,
    TextStatus,
    AgentHook,
    /// It is read in full.
    Check,
    Nothing,
}

/// As events are processed today; that only one provider's calls are acted on will not stay so.
fn what_follows(provider: &str, kind: EventKind) -> Follows {
    match (provider, kind) {
        ("retell", EventKind::Call) => Follows::Call,
        ("retell", _) => Follows::OfCall,
        ("twilio", EventKind::TextStatus) => Follows::TextStatus,
        ("agent", _) => Follows::AgentHook,
        ("twilio" | "vapi" | "openphone" | "quo" | "zoho", _) => Follows::Check,
        _ => Follows::Nothing,
    }
}

impl Follows {
    /// What is recorded.
    const fn state(self) -> &'static str {
        match self {
            Self::Call => {
                "what it says of the call is recorded anew, for the call's process to take up when it looks next"
            }
            Self::OfCall => "it is kept; nothing is recorded from this type",
            Self::TextStatus => "the text's delivery status is looked at",
            Self::AgentHook => "the session, its messages and tool uses are recorded",
            Self::Check => "checked in full and kept; nothing else is recorded from it yet",
            Self::Nothing => "it is kept; nothing is recorded from this source",
        }
    }

    /// What follows beyond the event's own record, if anything.
    const fn effects(self) -> Option<&'static str> {
        match self {
            Self::Call => Some(
                "the call's process looks again: the call's state and outcome are found anew from all that was heard, and take effect on the appointment and its reminder",
            ),
            Self::OfCall => Some("the process of its call looks again, if it is a call of ours"),
            Self::TextStatus => {
                Some("another way is looked for when an alert did not arrive as a text")
            }
            Self::AgentHook | Self::Check | Self::Nothing => None,
        }
    }
}
