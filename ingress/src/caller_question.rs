//! The question who calls, and its answer, in each provider's words.

use domain::{ids::ContextId, settings::Settings};
use providers::{
    retell::{
        self,
        inbound::{self, InboundAnswer},
    },
    source::{ParseProblem, SourceKind},
    vapi::question::{self, AssistantQuestion, Question},
};
use store::Source;

use crate::memory::Found;

/// Who calls which of our numbers. It holds numbers and so has no `Debug`.
#[derive(Default)]
pub(crate) struct CallerQuestion {
    /// Known to providers that have made the call when they ask.
    pub(crate) provider_call_id: Option<String>,
    pub(crate) agent_id: Option<String>,
    /// As the provider wrote it: a withheld one is a word, or missing.
    pub(crate) from_number: Option<String>,
    pub(crate) to_number: Option<String>,
    /// The provider's id of our number.
    pub(crate) to_number_id: Option<String>,
}

pub(crate) fn read(provider: SourceKind, body: &[u8]) -> Result<CallerQuestion, ParseProblem> {
    if provider == SourceKind::Vapi {
        return match question::read(body)? {
            Question::Assistant(asked) => Ok(of_vapi(asked)),
            Question::Tools(_) | Question::Other => Err(ParseProblem::Missing("assistant-request")),
        };
    }
    let asked = inbound::read(body)?;
    Ok(CallerQuestion {
        provider_call_id: None,
        agent_id: asked.agent_id,
        from_number: asked.from_number,
        to_number: asked.to_number,
        to_number_id: None,
    })
}

fn of_vapi(asked: AssistantQuestion) -> CallerQuestion {
    CallerQuestion {
        provider_call_id: asked.provider_call_id,
        agent_id: asked.assistant_id,
        from_number: asked.from_number,
        to_number: asked.to_number,
        to_number_id: asked.phone_number_id,
    }
}

/// What is sent: what was found, with the id under which it is kept.
pub(crate) fn answer(
    provider: SourceKind,
    found: &Found,
    settings: &Settings,
    id: ContextId,
) -> Vec<u8> {
    if provider == SourceKind::Vapi {
        let assistant = found.override_agent_id.as_ref();
        return match assistant.or(settings.vapi.assistant_id.as_ref()) {
            Some(assistant) => question::context_answer(assistant, &found.variables, id),
            None => question::safe_answer(settings.vapi.fallback()),
        };
    }
    let answer = InboundAnswer {
        override_agent_id: found.override_agent_id.clone(),
        variables: found.variables.clone(),
        metadata: [(retell::CONTEXT_ID_KEY.to_owned(), id.to_string())].into(),
    };
    answer.to_json()
}

/// What is sent when nothing could be found out: it tells nothing of anybody, and somebody takes the call.
pub(crate) fn safe_answer(provider: SourceKind, source: &Source) -> Vec<u8> {
    if provider == SourceKind::Vapi {
        let vapi = source.vapi.clone().unwrap_or_default();
        return question::safe_answer(vapi.fallback());
    }
    InboundAnswer::default().to_json()
}
