//! Which provider places the calls, and what it is given.

use super::Settings;

coded_enum! {
    /// A provider that places and takes phone calls. Its code is that of its events and calls too.
    VoiceProvider {
        Retell = "retell",
        Vapi = "vapi",
    }
}

impl VoiceProvider {
    /// Under which name the account's key is stored. Vapi's is another secret than that which signs its webhooks.
    pub const fn key_name(self) -> &'static str {
        match self {
            Self::Retell => "retell",
            Self::Vapi => "vapi_key",
        }
    }
}

/// What a call is placed with at one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialing<'a> {
    pub provider: VoiceProvider,
    /// Who speaks.
    pub agent: Option<&'a str>,
    /// What is called from: a number in E.164, or the provider's id of one.
    pub line: Option<&'a str>,
    /// 0 for no limit.
    pub calls_per_second: u32,
    agent_field: &'static str,
    line_field: &'static str,
}

impl Settings {
    /// What calls are placed with at the chosen provider.
    pub fn dialing(&self) -> Dialing<'_> {
        self.dialing_at(self.tenant.voice_provider)
    }

    /// The same at another one, where a call may still be on its way.
    pub fn dialing_at(&self, provider: VoiceProvider) -> Dialing<'_> {
        let (retell, vapi) = (&self.retell, &self.vapi);
        match provider {
            VoiceProvider::Retell => Dialing {
                provider,
                agent: given(&retell.agent_id),
                line: given(&retell.from_number),
                calls_per_second: retell.calls_per_second,
                agent_field: "retell.agent_id",
                line_field: "retell.from_number",
            },
            VoiceProvider::Vapi => Dialing {
                provider,
                agent: given(&vapi.assistant_id),
                line: given(&vapi.phone_number_id),
                calls_per_second: vapi.calls_per_second,
                agent_field: "vapi.assistant_id",
                line_field: "vapi.phone_number_id",
            },
        }
    }

    /// What a live tenant still lacks before it can place a call (`configuration_incomplete`), by field.
    pub fn missing_for_dialing(&self) -> Vec<&'static str> {
        let dialing = self.dialing();
        let needed = [
            ("tenant.name", given_text(&self.tenant.name)),
            (dialing.agent_field, dialing.agent),
            (dialing.line_field, dialing.line),
        ];
        let missing = needed.into_iter().filter(|(_, value)| value.is_none());
        missing.map(|(field, _)| field).collect()
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().and_then(given_text)
}

fn given_text(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_for_the_provider_that_was_chosen() {
        let mut settings = Settings::default();
        assert_eq!(
            settings.missing_for_dialing(),
            ["tenant.name", "retell.agent_id", "retell.from_number"]
        );
        settings.tenant.voice_provider = VoiceProvider::Vapi;
        settings.tenant.name = "Harbour Dental".to_owned();
        settings.retell.agent_id = Some("agent".to_owned());
        settings.vapi.assistant_id = Some(" ".to_owned());
        assert_eq!(
            settings.missing_for_dialing(),
            ["vapi.assistant_id", "vapi.phone_number_id"]
        );
        settings.vapi.assistant_id = Some("a1".to_owned());
        settings.vapi.phone_number_id = Some("n1".to_owned());
        assert!(settings.missing_for_dialing().is_empty());
        assert_eq!(settings.dialing().agent, Some("a1"));
        assert_eq!(
            settings.dialing_at(VoiceProvider::Retell).agent,
            Some("agent")
        );
    }
}
