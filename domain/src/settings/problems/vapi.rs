//! What is wrong with the settings of Vapi.

use super::{Found, NUMBER, is_e164, is_variable_name};
use crate::settings::{FallbackKind, Vapi};

const ID: &str = "must be Vapi's id, without spaces";

/// Longest apology, in characters: half a minute of speech.
const LONGEST_APOLOGY: usize = 300;

pub(super) fn problems(vapi: &Vapi, found: &mut Found) {
    for (field, id) in [
        ("vapi.assistant_id", &vapi.assistant_id),
        ("vapi.phone_number_id", &vapi.phone_number_id),
        ("vapi.fallback_assistant_id", &vapi.fallback_assistant_id),
    ] {
        if let Some(id) = id
            && (id.is_empty() || id.contains(char::is_whitespace))
        {
            found.add(field, id, ID);
        }
    }
    if !is_variable_name(&vapi.outcome_field) {
        let reason = "must be a name of letters, digits and _";
        found.add("vapi.outcome_field", &vapi.outcome_field, reason);
    }
    forwarding(vapi, found);
    apology(&vapi.apology, found);
}

fn forwarding(vapi: &Vapi, found: &mut Found) {
    match vapi.forward_to.as_deref() {
        Some(number) if !is_e164(number) => found.add("vapi.forward_to", number, NUMBER),
        None if vapi.fallback == FallbackKind::Forward => found.add(
            "vapi.forward_to",
            "",
            "needed when vapi.fallback is \"forward\"",
        ),
        _ => {}
    }
}

fn apology(apology: &str, found: &mut Found) {
    if apology.trim().is_empty() {
        found.add("vapi.apology", "", "says nothing");
    }
    if apology.chars().count() > LONGEST_APOLOGY {
        let reason = format!("is longer than {LONGEST_APOLOGY} characters");
        found.add("vapi.apology", "", reason);
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::Settings;

    fn problems(toml: &str) -> Vec<String> {
        let problems = Settings::from_toml(&format!("[vapi]\n{toml}")).unwrap_err();
        problems.into_iter().map(|each| each.field).collect()
    }

    #[test]
    fn what_is_wrong_is_named() {
        let long = format!("apology = \"{}\"", "sorry ".repeat(51));
        for (toml, field) in [
            ("assistant_id = \"\"", "vapi.assistant_id"),
            (
                "assistant_id = \"the one at the desk\"",
                "vapi.assistant_id",
            ),
            (
                "phone_number_id = \"+44 20 7946 0000\"",
                "vapi.phone_number_id",
            ),
            (
                "fallback_assistant_id = \" \"",
                "vapi.fallback_assistant_id",
            ),
            ("forward_to = \"020 7946 0999\"", "vapi.forward_to"),
            ("fallback = \"forward\"", "vapi.forward_to"),
            ("fallback = \"hang_up\"", "vapi.fallback"),
            ("outcome_field = \"what they want\"", "vapi.outcome_field"),
            ("apology = \"  \"", "vapi.apology"),
            (&long, "vapi.apology"),
            ("colour = \"red\"", "vapi.colour"),
            ("api_key = \"k\"", "vapi.api_key"),
        ] {
            assert_eq!(problems(toml), [field], "{toml}");
        }
    }

    #[test]
    fn everything_at_once_can_be_set() {
        let toml = r#"
            [vapi]
            assistant_id = "2f6c0a1e-1f0b-4f0b-8a8c-8f1f0c7d1a11"
            phone_number_id = "9e8d7c6b-5a49-4838-a726-150403020100"
            outcome_field = "what_they_want"
            fallback = "forward"
            fallback_assistant_id = "2f6c0a1e"
            forward_to = "+442079460999"
            apology = "We are closed."
        "#;
        let settings = Settings::from_toml(toml).unwrap();
        assert!(settings.problems().is_empty());
        assert_ne!(settings.vapi, Settings::default().vapi);
    }
}
