//! Free text on its way to the voice agent: on one line, without braces, of limited length.

use super::privacy;
use crate::script::Mode;

/// The text as the mode permits it; `None` when it must not be said.
pub(crate) fn permitted(text: Option<&str>, mode: Mode, limit: usize) -> Option<String> {
    let text = text.unwrap_or_default();
    match mode {
        Mode::General => Some(clean(text, limit)),
        Mode::Health => {
            // What is removed or cut off may bring two words together, so the result is looked at too.
            let discreet = clean(&privacy::discreet(text)?, limit);
            privacy::medical_word(&discreet)
                .is_none()
                .then_some(discreet)
        }
    }
}

pub(crate) fn or_neutral(text: String, neutral: &str) -> String {
    if text.is_empty() {
        neutral.to_owned()
    } else {
        text
    }
}

/// On one line, without braces (the provider would read them as variables), cut on a word.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !privacy::is_invisible(*c))
        .map(|c| match c {
            '{' => '(',
            '}' => ')',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    cut(
        plain.split_whitespace().collect::<Vec<_>>().join(" "),
        limit,
    )
}

/// At most so many characters, ending with a whole word where there is one.
fn cut(text: String, limit: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(limit) else {
        return text;
    };
    let kept = text.get(..end).unwrap_or_default();
    let ends_a_word = text.get(end..).is_some_and(|rest| rest.starts_with(' '));
    let kept = if ends_a_word {
        kept
    } else {
        kept.rsplit_once(' ').map_or(kept, |(whole, _)| whole)
    };
    kept.trim_end_matches([' ', ',', ';', ':', '-']).to_owned()
}
