//! Whether a call came in on a line of the business.

use super::{CallerNumber, caller_number};
use crate::settings::Settings;

coded_enum! {
    /// The line a call came in on. On one that is not ours, nothing personal is told.
    Line {
        Ours = "ours",
        /// The called number is absent, or no number of the tenant.
        UnknownNumber = "unknown_number",
        UnknownAgent = "unknown_agent",
    }
}

/// The number that was called and the agent that would answer, as a provider names them.
#[derive(Clone, Copy, Default)]
pub struct Called<'a> {
    /// A number without an agent names none.
    pub agent_id: Option<&'a str>,
    pub number: Option<&'a str>,
    /// The provider's id of the number: some messages name it by nothing else.
    pub number_id: Option<&'a str>,
}

pub fn line(settings: &Settings, called: Called<'_>) -> Line {
    if !is_our_number_id(settings, called.number_id) && !is_our_number(settings, called.number) {
        return Line::UnknownNumber;
    }
    match called.agent_id.and_then(given) {
        Some(agent) if !is_our_agent(settings, agent) => Line::UnknownAgent,
        _ => Line::Ours,
    }
}

fn given(id: &str) -> Option<&str> {
    Some(id.trim()).filter(|id| !id.is_empty())
}

fn is_our_number_id(settings: &Settings, id: Option<&str>) -> bool {
    let ours = settings.vapi.phone_number_id.as_deref().and_then(given);
    ours.is_some() && ours == id.and_then(given)
}

fn is_our_number(settings: &Settings, to_number: Option<&str>) -> bool {
    let country = settings.tenant.country();
    let CallerNumber::Given(called) = caller_number(to_number, country) else {
        return false;
    };
    let (retell, inbound) = (&settings.retell, &settings.inbound);
    let mut ours = retell.from_number.iter().chain(&inbound.numbers);
    ours.any(|number| number.trim() == called.e164())
}

fn is_our_agent(settings: &Settings, agent: &str) -> bool {
    let (retell, inbound) = (&settings.retell, &settings.inbound);
    let mut ours = retell
        .agent_id
        .iter()
        .chain(&settings.vapi.assistant_id)
        .chain(&settings.vapi.fallback_assistant_id)
        .chain(&inbound.agent_ids)
        .chain(&inbound.override_agent_id);
    ours.any(|id| id.trim() == agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let toml = r#"
            [retell]
            agent_id = "agent_reminders"
            from_number = "+442079460000"
            [inbound]
            numbers = ["+442079460001"]
            agent_ids = ["agent_desk", "8a7b-assistant"]
            override_agent_id = "agent_evening"
            [vapi]
            phone_number_id = "9e8d"
        "#;
        Settings::from_toml(toml).unwrap()
    }

    fn judged(agent_id: Option<&str>, to_number: Option<&str>) -> Line {
        let called = Called {
            agent_id,
            number: to_number,
            number_id: None,
        };
        line(&settings(), called)
    }

    const DESK: Option<&str> = Some("agent_desk");
    const NUMBER: Option<&str> = Some("+442079460001");

    #[test]
    fn our_numbers_and_agents_are_known() {
        for agent in [
            "agent_reminders",
            "agent_desk",
            "8a7b-assistant",
            "agent_evening",
        ] {
            for number in [
                "+442079460000",
                "+442079460001",
                "020 7946 0001",
                "sip:+442079460001@host",
            ] {
                assert_eq!(
                    judged(Some(agent), Some(number)),
                    Line::Ours,
                    "{agent} {number}"
                );
            }
        }
    }

    #[test]
    fn a_number_without_an_agent_is_ours() {
        assert_eq!(judged(None, NUMBER), Line::Ours);
        assert_eq!(judged(Some(" "), NUMBER), Line::Ours);
    }

    #[test]
    fn a_number_named_by_its_id_alone_is_ours() {
        let judged = |agent_id, number_id| {
            let called = Called {
                agent_id,
                number: None,
                number_id: Some(number_id),
            };
            (
                line(&settings(), called),
                line(&Settings::default(), called),
            )
        };
        assert_eq!(judged(None, "9e8d"), (Line::Ours, Line::UnknownNumber));
        assert_eq!(judged(DESK, "9e8d").0, Line::Ours);
        assert_eq!(judged(Some("agent_stranger"), "9e8d").0, Line::UnknownAgent);
        for other in ["9e8", "", " "] {
            assert_eq!(
                judged(DESK, other),
                (Line::UnknownNumber, Line::UnknownNumber)
            );
        }
    }

    #[test]
    fn an_unknown_number_is_named() {
        for number in [None, Some(""), Some("+442079460002"), Some("anonymous")] {
            assert_eq!(judged(DESK, number), Line::UnknownNumber, "{number:?}");
        }
        assert_eq!(
            judged(Some("agent_stranger"), Some("+442079460002")),
            Line::UnknownNumber
        );
    }

    #[test]
    fn an_unknown_agent_is_named() {
        assert_eq!(judged(Some("agent_stranger"), NUMBER), Line::UnknownAgent);
        assert_eq!(judged(Some("AGENT_DESK"), NUMBER), Line::UnknownAgent);
    }

    #[test]
    fn a_tenant_without_numbers_has_no_line() {
        let called = |number| Called {
            number,
            ..Called::default()
        };
        for number in [NUMBER, None] {
            assert_eq!(
                line(&Settings::default(), called(number)),
                Line::UnknownNumber
            );
        }
    }
}
