//! Whether a value that was read can be what it is said to be.

use std::collections::BTreeSet;

use super::{Field, Objection};
use crate::{
    context::privacy::{self, is_invisible, medical_word, words},
    country::Country,
    inbound::is_sensitive,
    near::squeezed,
    phone::{self, PhoneNumber},
};

/// Words that stand in instructions and not in names and addresses. A person who is called so is asked by a colleague.
const INSTRUCTIONS: &[&str] = &[
    "ignore",
    "disregard",
    "instruction",
    "instructions",
    "prompt",
    "system",
    "assistant",
    "password",
    "override",
    "execute",
    "previous",
    "delete",
    "javascript",
    "script",
    "null",
    "undefined",
    "unknown",
    "anonymous",
    "approve",
    "administrator",
    "admin",
    "caller",
    "customer",
    "patient",
];

const MOST_NAMES: usize = 6;
/// In letters and digits.
const SHORTEST_QUOTE: usize = 4;
/// So many digits of a number, from its end, must stand in the words: what is before them is written in many ways.
const DIGITS_COMPARED: usize = 9;

/// Why the value is not to be believed.
pub(super) fn objection(
    field: Field,
    value: &str,
    passage: &str,
    country: Country,
) -> Option<Objection> {
    match field {
        Field::Name => name(value),
        Field::Email => (!is_email(value)).then_some(Objection::InvalidEmail),
        Field::Address => address(value),
        Field::Phone => number(value, country)
            .is_none()
            .then_some(Objection::InvalidPhone),
        Field::Preferences => preference(value),
    }
    .or_else(|| (!occurs(field, value, passage)).then_some(Objection::NotSaid))
}

pub(super) fn number(value: &str, country: Country) -> Option<PhoneNumber> {
    phone::parse(value, country)
        .ok()
        .map(|parsed| parsed.number)
}

fn name(value: &str) -> Option<Objection> {
    let is_sign = |c: char| matches!(c, ' ' | '\'' | '’' | '-' | '‐' | '.' | ',');
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    suspicious(value).or_else(|| match () {
        () if value.chars().any(char::is_numeric) => Some(Objection::HasNumber),
        () if medical_word(value).is_some() => Some(Objection::Sensitive),
        () if letters < 2 || value.split(' ').count() > MOST_NAMES => Some(Objection::NotAName),
        () if !value.chars().all(|c| c.is_alphabetic() || is_sign(c)) => Some(Objection::NotAName),
        () => None,
    })
}

fn address(value: &str) -> Option<Objection> {
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    suspicious(value).or_else(|| match () {
        () if holds_identifier(value) => Some(Objection::Sensitive),
        () if letters < 4 || !value.contains(' ') => Some(Objection::NotAnAddress),
        () => None,
    })
}

/// Agents are told of it, so it may tell nothing that is not for everybody's ears.
fn preference(value: &str) -> Option<Objection> {
    suspicious(value).or_else(|| match () {
        () if holds_identifier(value) || medical_word(value).is_some() => {
            Some(Objection::Sensitive)
        }
        () if is_sensitive(value) => Some(Objection::Complaint),
        () => None,
    })
}

/// A long number or a date. An American postcode of nine digits is neither.
fn holds_identifier(value: &str) -> bool {
    let shortened = value.split(' ').map(|word| {
        let bare = word.trim_end_matches([',', '.']);
        match bare.split_once('-') {
            Some((zip, more)) if is_number(zip, 5) && is_number(more, 4) => zip,
            _ => word,
        }
    });
    let shortened = shortened.collect::<Vec<_>>().join(" ");
    privacy::holds_identifier(&shortened)
}

fn is_number(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What neither a name nor an address nor a preference holds.
fn suspicious(value: &str) -> Option<Objection> {
    let lower = value.to_lowercase();
    let is_markup = |c: char| "<>{}[]|`\\$*=_~^\"%@".contains(c);
    match () {
        () if is_unprintable(value) || value.chars().any(is_markup) => Some(Objection::Markup),
        () if lower.contains("://") || lower.contains("www.") => Some(Objection::Markup),
        () if words(value)
            .iter()
            .any(|word| INSTRUCTIONS.contains(&word.as_str())) =>
        {
            Some(Objection::Instruction)
        }
        () => None,
    }
}

/// What a person who reads the value would not see.
pub(super) fn is_unprintable(value: &str) -> bool {
    let ends_line = |c: char| matches!(c, '\u{2028}' | '\u{2029}');
    value
        .chars()
        .any(|c| c.is_control() || ends_line(c) || is_invisible(c))
}

/// Whether words stand in a passage as they are, but for case and punctuation. A word or two of three letters would be
/// in any.
pub(super) fn is_quote(said: &str, passage: &str) -> bool {
    let said = squeezed(said);
    said.chars().count() >= SHORTEST_QUOTE && squeezed(passage).contains(&said)
}

/// A plain address as mail servers take it. Whether it exists, only a mail can tell.
pub(super) fn is_email(value: &str) -> bool {
    let Some((user, host)) = value.split_once('@') else {
        return false;
    };
    let user_is_right = (1..=64).contains(&user.len())
        && user.split('.').all(|part| !part.is_empty())
        && user
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._%+'-".contains(&b));
    let labels: Vec<&str> = host.split('.').collect();
    let label_is_right = |label: &&str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let country_is_right = labels
        .last()
        .is_some_and(|last| last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic()));
    user_is_right && labels.len() >= 2 && labels.iter().all(label_is_right) && country_is_right
}

/// Whether the value stands in the words it was read out of. So nothing is invented, and the words of one person propose
/// nothing for another whose words were read in the same request.
fn occurs(field: Field, value: &str, passage: &str) -> bool {
    let spelled = squeezed(passage);
    match field {
        Field::Name | Field::Address => {
            let said: BTreeSet<String> = words(passage).into_iter().collect();
            words(value).iter().all(|word| said.contains(word))
                || spelled.contains(&squeezed(value))
        }
        Field::Email => {
            // As it is spoken.
            let spoken = value.replace('@', " at ").replace('.', " dot ");
            spelled.contains(&squeezed(value)) || spelled.contains(&squeezed(&spoken))
        }
        Field::Phone => {
            let digits = |text: &str| {
                text.chars()
                    .filter(char::is_ascii_digit)
                    .collect::<String>()
            };
            let (value, said) = (digits(value), digits(passage));
            let start = value.len().saturating_sub(DIGITS_COMPARED);
            value.get(start..).is_some_and(|end| said.contains(end))
        }
        Field::Preferences => is_quote(value, passage) && !is_cut_out(value, passage),
    }
}

/// Directly before words that they turn into the opposite.
const NEGATIONS: &[&str] = &[
    "no", "not", "never", "nor", "neither", "without", "cannot", "cant", "dont", "doesnt", "didnt",
    "wont", "wouldnt", "shouldnt", "mustnt", "shant", "isnt", "arent",
];
/// They may stand between a negation and what it negates.
const BETWEEN: &[&str] = &["ever", "to", "even", "just", "really"];

/// Whether the words stand in the passage only behind a negation, or inside a longer word.
fn is_cut_out(value: &str, passage: &str) -> bool {
    let value = squeezed(value);
    let mut spelled = String::new();
    // Where each word begins, and whether it negates what comes next.
    let mut words: Vec<(usize, bool)> = Vec::new();
    for written in passage.split_inclusive(|c: char| !c.is_alphanumeric() && !"'’".contains(c)) {
        let word = squeezed(written);
        let is_between = BETWEEN.contains(&word.as_str());
        let goes_on = is_between && words.last().is_some_and(|(_, negates)| *negates);
        // `No, call me` negates nothing.
        let negates = written.ends_with(' ') && (goes_on || NEGATIONS.contains(&word.as_str()));
        if !word.is_empty() {
            words.push((spelled.len(), negates));
            spelled.push_str(&word);
        }
    }
    !spelled.match_indices(&value).any(|(start, _)| {
        let before = words.partition_point(|(word, _)| *word < start);
        let is_word = words.get(before).is_some_and(|(word, _)| *word == start);
        let negated = words
            .get(..before)
            .and_then(<[_]>::last)
            .is_some_and(|(_, negates)| *negates);
        is_word && !negated
    })
}
