//! Scripts: what the voice agent says first, as a template with `{placeholders}`.
//!
//! A script is checked when it is saved ([`check`]), so that rendering it has nothing left to refuse.

use std::collections::BTreeMap;

use crate::{
    context::{self, privacy},
    near::nearest,
};

/// The longest template, in characters.
pub const LONGEST: usize = 2000;

/// How much a script may give away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For clinics: first name only, no medical detail.
    Health,
    General,
}

impl Mode {
    /// The mode of a tenant.
    pub const fn of(health_mode: bool) -> Mode {
        if health_mode {
            Mode::Health
        } else {
            Mode::General
        }
    }

    /// The built-in script.
    pub const fn default_script(self) -> &'static str {
        match self {
            Mode::Health => HEALTH_SCRIPT,
            Mode::General => GENERAL_SCRIPT,
        }
    }
}

const HEALTH_SCRIPT: &str = "\
Hello, this is {business_name} calling to remind {customer_first_name} about your upcoming appointment on {appointment_full}.
To confirm this appointment, say confirm or press 1.
To reschedule, say reschedule or press 2.
To cancel, say cancel or press 3.
If you have any questions, please call us back at {callback_number} during business hours.
Thank you, and we look forward to seeing you.
";

const GENERAL_SCRIPT: &str = "\
Hello {customer_name}, this is {business_name} calling about your {appointment_type} scheduled for {appointment_full}.
Please confirm your attendance by saying confirm or pressing 1, say reschedule or press 2 if you need another time, \
or say cancel or press 3.
{special_instructions}
Thank you, and we look forward to seeing you.
";

/// Placeholders that would say too much in health mode, and what to write instead.
const NOT_IN_HEALTH_MODE: &[(&str, Option<&str>)] = &[
    ("customer_name", Some("customer_first_name")),
    ("appointment_type", None),
    ("provider_name", None),
];

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptProblem {
    #[error("the script is empty")]
    Empty,
    #[error("the script has {0} characters; at most {LONGEST} are possible")]
    TooLong(usize),
    #[error("there is no placeholder {{{name}}}{}", .nearest.as_ref().map(|near| format!("; did you mean {{{near}}}?")).unwrap_or_default())]
    UnknownPlaceholder {
        name: String,
        nearest: Option<String>,
    },
    #[error("{{{name}}} is not permitted in health mode{}", .instead.map(|name| format!("; write {{{name}}}")).unwrap_or_default())]
    NotInHealthMode {
        name: String,
        instead: Option<&'static str>,
    },
    #[error("in health mode the script must not hold the word {0:?}")]
    MedicalWord(String),
    #[error("placeholders are written with single braces, as {{customer_first_name}}")]
    DoubleBraces,
    #[error("a brace is opened and not closed: {0:?}")]
    Unclosed(String),
    #[error("a brace is closed that was not opened")]
    NotOpened,
    #[error("the script holds control characters")]
    ControlCharacters,
}

/// Whether a template can be saved; `own_names` are the tenant's announcements, which it may use too.
///
/// # Errors
/// With everything that is wrong, in the order in which it stands.
pub fn check(template: &str, mode: Mode, own_names: &[&str]) -> Result<(), Vec<ScriptProblem>> {
    let mut problems = Vec::new();
    if template.trim().is_empty() {
        problems.push(ScriptProblem::Empty);
    }
    let length = template.chars().count();
    if length > LONGEST {
        problems.push(ScriptProblem::TooLong(length));
    }
    if template
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        problems.push(ScriptProblem::ControlCharacters);
    }
    let mut words = String::new();
    for piece in pieces(template) {
        match piece {
            Piece::Text(text) => {
                words.push_str(text);
                problems.extend(text.contains('}').then_some(ScriptProblem::NotOpened));
            }
            Piece::Placeholder(name) => problems.extend(placeholder_problem(name, mode, own_names)),
            Piece::DoubleBraces => problems.push(ScriptProblem::DoubleBraces),
            Piece::Unclosed(rest) => {
                problems.push(ScriptProblem::Unclosed(rest.chars().take(30).collect()))
            }
        }
    }
    if mode == Mode::Health
        && let Some(word) = privacy::medical_word(&words)
    {
        problems.push(ScriptProblem::MedicalWord(word));
    }
    problems.dedup();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// The template with its placeholders filled, on one line. A variable that is not there leaves nothing.
pub fn render(template: &str, variables: &BTreeMap<String, String>) -> String {
    let mut text = String::with_capacity(template.len() * 2);
    for piece in pieces(template) {
        match piece {
            Piece::Text(part) => text.push_str(part),
            Piece::Placeholder(name) => {
                text.push_str(variables.get(name).map_or("", String::as_str))
            }
            Piece::DoubleBraces | Piece::Unclosed(_) => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn placeholder_problem(name: &str, mode: Mode, own_names: &[&str]) -> Option<ScriptProblem> {
    let known = || {
        context::VARIABLES
            .iter()
            .copied()
            .filter(|known| *known != context::OPENING_SCRIPT)
    };
    if !known().any(|known| known == name) && !own_names.contains(&name) {
        let nearest = nearest(name, known().chain(own_names.iter().copied())).map(str::to_owned);
        return Some(ScriptProblem::UnknownPlaceholder {
            name: name.chars().take(60).collect(),
            nearest,
        });
    }
    let forbidden = NOT_IN_HEALTH_MODE.iter().filter(|_| mode == Mode::Health);
    forbidden
        .filter(|(forbidden, _)| *forbidden == name)
        .map(|(name, instead)| ScriptProblem::NotInHealthMode {
            name: (*name).to_owned(),
            instead: *instead,
        })
        .next()
}

/// A template, taken apart.
enum Piece<'t> {
    Text(&'t str),
    Placeholder(&'t str),
    /// `{{name}}`, as the voice provider writes its own variables.
    DoubleBraces,
    /// The rest of the template, from a brace that nothing closes.
    Unclosed(&'t str),
}

fn pieces(template: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once('{') {
        pieces.push(Piece::Text(text));
        if let Some(inside) = after.strip_prefix('{') {
            pieces.push(Piece::DoubleBraces);
            rest = inside.split_once("}}").map_or("", |(_, rest)| rest);
            continue;
        }
        match after.split_once('}') {
            Some((name, after)) if !name.contains(['{', '\n']) => {
                pieces.push(Piece::Placeholder(name.trim()));
                rest = after;
            }
            _ => {
                pieces.push(Piece::Unclosed(after));
                return pieces;
            }
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages(template: &str, mode: Mode) -> Vec<String> {
        check(template, mode, &["summer_offer"])
            .err()
            .into_iter()
            .flatten()
            .map(|found| found.to_string())
            .collect()
    }

    #[test]
    fn the_built_in_scripts_pass_their_own_check() {
        for mode in [Mode::Health, Mode::General] {
            assert_eq!(check(mode.default_script(), mode, &[]), Ok(()));
        }
        assert!(check(Mode::General.default_script(), Mode::Health, &[]).is_err());
    }

    #[test]
    fn what_cannot_be_filled_is_refused_on_save() {
        for (template, expected) in [
            ("", "the script is empty"),
            (" \n ", "the script is empty"),
            (
                "Hi {customer_frist_name}",
                "there is no placeholder {customer_frist_name}; did you mean {customer_first_name}?",
            ),
            ("Hi {shoe_size}", "there is no placeholder {shoe_size}"),
            ("Hi {}", "there is no placeholder {}"),
            (
                "Hi {opening_script}",
                "there is no placeholder {opening_script}",
            ),
            (
                "Hi {{customer_first_name}}",
                "placeholders are written with single braces, as {customer_first_name}",
            ),
            (
                "Hi {customer_first_name",
                "a brace is opened and not closed: \"customer_first_name\"",
            ),
            (
                "Hi {a {customer_first_name}",
                "a brace is opened and not closed: \"a {customer_first_name}\"",
            ),
            (
                "Hi customer_first_name}",
                "a brace is closed that was not opened",
            ),
            ("Hi\u{7} you", "the script holds control characters"),
        ] {
            assert_eq!(
                messages(template, Mode::General),
                [expected],
                "{template:?}"
            );
        }
        assert_eq!(
            messages(&"x".repeat(2001), Mode::General),
            ["the script has 2001 characters; at most 2000 are possible"]
        );
    }

    #[test]
    fn health_mode_permits_less() {
        assert_eq!(
            messages(
                "Hi {customer_name}, your {appointment_type} with {provider_name}",
                Mode::Health
            ),
            [
                "{customer_name} is not permitted in health mode; write {customer_first_name}",
                "{appointment_type} is not permitted in health mode",
                "{provider_name} is not permitted in health mode",
            ]
        );
        assert_eq!(
            messages(
                "Hi {customer_first_name}, about your test results",
                Mode::Health
            ),
            ["in health mode the script must not hold the word \"test results\""]
        );
        assert!(messages("Hi {customer_name}, about your test results", Mode::General).is_empty());
    }

    #[test]
    fn announcements_are_placeholders_too() {
        assert!(messages("Hello. {summer_offer}", Mode::General).is_empty());
    }

    #[test]
    fn a_script_is_rendered_on_one_line_and_missing_values_leave_nothing() {
        let variables = BTreeMap::from([("name".to_owned(), "Ada".to_owned())]);
        assert_eq!(
            render("Hello { name },\n  {other}\n goodbye {open", &variables),
            "Hello Ada, goodbye"
        );
    }

    #[test]
    fn a_value_is_never_read_as_a_template() {
        let variables = BTreeMap::from([
            ("a".to_owned(), "{b}".to_owned()),
            ("b".to_owned(), "secret".to_owned()),
        ]);
        assert_eq!(render("{a}", &variables), "{b}");
    }

    proptest! {
        #[test]
        fn no_template_makes_it_panic(template in any::<String>(), braces in "[a-z_{} \n]{0,60}") {
            for template in [template, braces] {
                let checked = check(&template, Mode::Health, &[]);
                let rendered = render(&template, &BTreeMap::new());
                if checked.is_ok() {
                    let has_braces = rendered.contains(['{', '}']);
                    prop_assert!(!has_braces);
                }
            }
        }
    }
}
