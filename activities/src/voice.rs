//! The vendors of phone calls: what their events tell of a call, in the same words.

use domain::{
    call::Observation,
    ids::ContextId,
    settings::{Settings, VoiceProvider},
    text::Transcript,
};
use providers::{retell, source::ParseProblem, vapi};

/// A call that came in. It holds numbers and so has no `Debug`.
pub(crate) struct Arrival {
    /// As the provider wrote it: a withheld one is a word, or missing.
    pub(crate) from_number: Option<String>,
    pub(crate) agent_id: Option<String>,
    /// Our number that was called, and the provider's id of it, where it has one.
    pub(crate) to_number: Option<String>,
    pub(crate) to_number_id: Option<String>,
    /// The answer that the agent was given before it picked up, as far as the event says.
    pub(crate) context: Option<ContextId>,
}

/// What an event says of its call's course; `None` when it says nothing of it.
pub(crate) fn observe(
    provider: VoiceProvider,
    body: &[u8],
    settings: &Settings,
) -> Result<Option<Observation>, ParseProblem> {
    match provider {
        VoiceProvider::Retell => retell::observe_event(body, &settings.retell.outcome_field),
        VoiceProvider::Vapi => vapi::observe_event(body, &settings.vapi.outcome_field),
    }
}

/// What was said in the call that an event is about, as far as the event holds it.
pub(crate) fn transcript(provider: VoiceProvider, body: &[u8]) -> Option<Transcript> {
    match provider {
        VoiceProvider::Retell => retell::transcript(body),
        VoiceProvider::Vapi => vapi::transcript(body),
    }
}

/// The call that an event is about, when it came in.
pub(crate) fn arrival(provider: VoiceProvider, body: &[u8]) -> Option<Arrival> {
    match provider {
        VoiceProvider::Retell => retell::arrival(body).map(|call| Arrival {
            from_number: call.from_number,
            agent_id: call.agent_id,
            to_number: call.to_number,
            to_number_id: None,
            context: call.context,
        }),
        VoiceProvider::Vapi => vapi::arrival(body).map(|call| Arrival {
            from_number: call.from_number,
            agent_id: call.assistant_id,
            to_number: call.to_number,
            to_number_id: call.phone_number_id,
            context: call.context,
        }),
    }
}
