//! What the ways to send an alert have in common: how a send can fail, and where it may go.
//!
//! Addresses are an operator's, so a client refuses to talk to anything that is not on the public
//! internet unless it is told that it may: an alert must not be a way into the network it runs in.

mod address;
mod error;
pub(crate) mod http;

pub use address::{NotPublic, check_public_url, is_public};
pub(crate) use address::{Resolver, check_host, resolve};
pub use error::SendError;
pub use http::HttpOptions;

/// The text, cut on a character so that it has `most` characters, the last an ellipsis.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let kept = text.chars().take(most.saturating_sub(1));
            kept.chain(['…']).take(most).collect()
        }
    }
}

/// A vendor's word for an error, when it is only that: short, lower case, no digits, and no part of `secret`.
pub(crate) fn error_word(text: &str, secret: &str) -> Option<String> {
    let word = text.trim();
    let is_word = !word.is_empty()
        && word.len() <= 40
        && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (is_word && !secret.to_ascii_lowercase().contains(word)).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_on_a_character_and_says_so() {
        let table = [
            ("", 3, ""),
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("äöüß", 3, "äö…"),
            ("abcd", 1, "…"),
            ("abcd", 0, ""),
        ];
        for (text, most, expected) in table {
            assert_eq!(cut(text, most), expected, "{text} {most}");
        }
    }

    #[test]
    fn only_a_plain_word_is_taken_for_an_error() {
        let secret = "https://hooks.example/services/T0/aBcDef";
        let table = [
            ("invalid_payload\n", Some("invalid_payload")),
            ("", None),
            ("No", None),
            ("no_447700900123", None),
            ("two words", None),
            ("abcdef", None),
            ("services", None),
        ];
        for (text, expected) in table {
            assert_eq!(error_word(text, secret).as_deref(), expected, "{text}");
        }
        assert_eq!(error_word(&"a".repeat(41), secret), None);
    }
}
