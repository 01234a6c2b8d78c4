//! The vendors of phone calls, as far as their events tell of one.

use domain::{call::Observation, ids::ContextId, settings::Settings};
use providers::{
    retell,
    source::{ParseProblem, SourceKind},
    vapi,
};

/// Whose words an event is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    Retell,
    Vapi,
}

/// A call that came in. It holds numbers and so has no `Debug`.
pub(crate) struct Arrival {
    /// As the provider wrote it: a withheld one is a word, or missing.
    pub(crate) from_number: Option<String>,
    pub(crate) agent_id: Option<String>,
    /// Our number that was called, and the provider's id of it, where it has one.
    pub(crate) line: Option<String>,
    pub(crate) line_id: Option<String>,
    /// The answer that the agent was given before it picked up, as far as the event says.
    pub(crate) context: Option<ContextId>,
}

impl Voice {
    pub(crate) fn of(provider: &str) -> Option<Voice> {
        match SourceKind::from_code(provider)? {
            SourceKind::Retell => Some(Voice::Retell),
            SourceKind::Vapi => Some(Voice::Vapi),
            _ => None,
        }
    }

    /// What an event says of its call's course; `None` when it says nothing of it.
    pub(crate) fn observe(
        self,
        body: &[u8],
        settings: &Settings,
    ) -> Result<Option<Observation>, ParseProblem> {
        match self {
            Voice::Retell => retell::observe_event(body, &settings.retell.outcome_field),
            Voice::Vapi => vapi::observe_event(body, &settings.vapi.outcome_field),
        }
    }

    /// The call that an event is about, when it came in.
    pub(crate) fn arrival(self, body: &[u8]) -> Option<Arrival> {
        match self {
            Voice::Retell => retell::arrival(body).map(|call| Arrival {
                from_number: call.from_number,
                agent_id: call.agent_id,
                line: call.to_number,
                line_id: None,
                context: call.context,
            }),
            Voice::Vapi => vapi::arrival(body).map(|call| Arrival {
                from_number: call.from_number,
                agent_id: call.assistant_id,
                line: call.to_number,
                line_id: call.phone_number_id,
                context: call.context,
            }),
        }
    }
}
