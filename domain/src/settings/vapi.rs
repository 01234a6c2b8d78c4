//! Settings of Vapi, the other provider of calls. Its keys are no settings: they are stored encrypted.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vapi {
    /// The assistant that speaks, on calls of ours and on calls that come in.
    pub assistant_id: Option<String>,
    /// Vapi's id of the number that is called from.
    pub phone_number_id: Option<String>,
    /// 0 for no limit.
    pub calls_per_second: u32,
    /// The key of the structured data that says what the person wanted.
    pub outcome_field: String,
    /// What becomes of a caller when nothing can be looked up in time.
    pub fallback: FallbackKind,
    /// The assistant that takes such a call, instead of the usual one.
    pub fallback_assistant_id: Option<String>,
    /// E.164: where such a call is passed on to.
    pub forward_to: Option<String>,
    /// What such a caller is told before the call ends.
    pub apology: String,
}

coded_enum! {
    /// What becomes of a caller when nothing can be looked up in time.
    FallbackKind {
        /// An assistant that knows nothing of the caller takes the call.
        Assistant = "assistant",
        /// The call is passed on to a number.
        Forward = "forward",
        /// The caller is told so, and the call ends.
        Apologise = "apologise",
    }
}

/// The safe answer to a question for an assistant: it needs no look at anything but the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback<'a> {
    /// The assistant of this id.
    Assistant(&'a str),
    /// To this number, in E.164.
    Forward(&'a str),
    /// These words.
    Apologise(&'a str),
}

/// What a caller is told unless the settings say otherwise.
pub const APOLOGY: &str =
    "Sorry, we cannot take your call at the moment. Please try again a little later.";

impl Vapi {
    /// What is answered when nothing can be looked up. Where what was chosen is not set up, an apology, which always can be.
    pub fn fallback(&self) -> Fallback<'_> {
        let assistant = given(&self.fallback_assistant_id).or(given(&self.assistant_id));
        let chosen = match self.fallback {
            FallbackKind::Assistant => assistant.map(Fallback::Assistant),
            FallbackKind::Forward => given(&self.forward_to).map(Fallback::Forward),
            FallbackKind::Apologise => None,
        };
        chosen.unwrap_or(Fallback::Apologise(&self.apology))
    }
}

fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

impl Default for Vapi {
    fn default() -> Self {
        Vapi {
            assistant_id: None,
            phone_number_id: None,
            calls_per_second: 1,
            outcome_field: "appointment_action".to_owned(),
            fallback: FallbackKind::Assistant,
            fallback_assistant_id: None,
            forward_to: None,
            apology: APOLOGY.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vapi(toml: &str) -> Vapi {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn a_caller_is_never_left_without_an_answer() {
        let apology = Fallback::Apologise(APOLOGY);
        let table = [
            ("", apology),
            ("assistant_id = \"a1\"", Fallback::Assistant("a1")),
            (
                "assistant_id = \"a1\"\nfallback_assistant_id = \"a2\"",
                Fallback::Assistant("a2"),
            ),
            (
                "assistant_id = \"a1\"\nfallback_assistant_id = \" \"",
                Fallback::Assistant("a1"),
            ),
            ("fallback = \"forward\"\nassistant_id = \"a1\"", apology),
            (
                "fallback = \"forward\"\nassistant_id = \"a1\"\nforward_to = \"+442079460999\"",
                Fallback::Forward("+442079460999"),
            ),
            ("forward_to = \"+442079460999\"", apology),
            ("fallback = \"apologise\"\nassistant_id = \"a1\"", apology),
            (
                "fallback = \"apologise\"\napology = \"Not now.\"",
                Fallback::Apologise("Not now."),
            ),
        ];
        for (toml, expected) in table {
            assert_eq!(vapi(toml).fallback(), expected, "{toml}");
        }
    }
}
