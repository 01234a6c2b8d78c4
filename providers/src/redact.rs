//! Keeps keys and phone numbers out of what is stored and logged.

mod body;
mod transcript;

pub use body::stored_body;
pub(crate) use transcript::REMOVED;
pub use transcript::without_transcript;

use std::collections::BTreeMap;

/// Webhook headers worth keeping, in lower case. Everything else, above all keys, tokens, cookies
/// and signatures, is left out of the stored event.
pub const KEPT_HEADERS: &[&str] = &[
    "content-length",
    "content-type",
    "svix-id",
    "svix-timestamp",
    "traceparent",
    "tracestate",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "x-request-id",
    "x-timestamp",
];

/// Longest kept header value, in bytes: nothing legitimate on the list is longer.
const MAX_HEADER_VALUE: usize = 512;

/// Fewest digits that are taken for a phone number. Years, prices and counts are shorter.
const FEWEST_DIGITS: usize = 7;

/// The headers that may be stored with an event, by lower-case name. Of a repeated header the first counts.
pub fn kept_headers<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if KEPT_HEADERS.contains(&name.as_str()) && value.len() <= MAX_HEADER_VALUE {
            kept.entry(name).or_insert_with(|| value.to_owned());
        }
    }
    kept
}

/// A phone number with all but its last four digits hidden; of a short one, all of it.
pub fn masked_number(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    match digits.len().checked_sub(4) {
        Some(hidden) if digits.len() >= FEWEST_DIGITS => {
            let last: String = digits.iter().skip(hidden).collect();
            format!("******{last}")
        }
        _ => "******".to_owned(),
    }
}

/// The text with everything that looks like a phone number masked.
pub fn masked_text(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars() {
        let part_of_number = character.is_ascii_digit()
            || character == '+'
            || (!run.is_empty() && matches!(character, ' ' | '-' | '(' | ')' | '.'));
        if part_of_number {
            run.push(character);
        } else {
            flush(&mut run, &mut masked);
            masked.push(character);
        }
    }
    flush(&mut run, &mut masked);
    masked
}

/// Moves a run of digits and separators to the text, masked when it is long enough for a number.
fn flush(run: &mut String, text: &mut String) {
    let number = run.trim_end_matches([' ', '-', '(', ')', '.']);
    if number.chars().filter(char::is_ascii_digit).count() >= FEWEST_DIGITS {
        text.push_str(&masked_number(number));
        text.push_str(run.get(number.len()..).unwrap_or_default());
    } else {
        text.push_str(run);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_or_a_key_is_never_kept() {
        let kept = kept_headers([
            ("Content-Type", "application/json"),
            ("X-Retell-Signature", "v=1,d=00"),
            ("Authorization", "Bearer key"),
            ("Cookie", "session=1"),
            ("X-Request-Id", "req-1"),
            ("X-Vapi-Secret", "token"),
            ("Webhook-Signature", "v1,00"),
            ("Webhook-Id", "msg_1"),
            ("Svix-Signature", "v1,00"),
            ("Openphone-Signature", "hmac;1;1;00"),
            ("X-Twilio-Signature", "00"),
        ]);
        assert_eq!(
            kept.keys().collect::<Vec<_>>(),
            ["content-type", "webhook-id", "x-request-id"]
        );
    }

    #[test]
    fn no_kept_header_is_one_that_carries_a_secret() {
        for name in KEPT_HEADERS {
            for part in ["signature", "secret", "auth", "token", "key", "cookie"] {
                assert!(!name.contains(part), "{name}");
            }
        }
    }

    #[test]
    fn a_number_is_masked_to_its_last_four_digits() {
        assert_eq!(masked_number("+447700900123"), "******0123");
        assert_eq!(masked_number("999"), "******");
    }

    #[test]
    fn numbers_inside_a_text_are_masked_however_they_are_written() {
        let text = "no route to +44 7700 900-123, code 422, in 2027 to (020 7946 0000).";
        assert_eq!(
            masked_text(text),
            "no route to ******0123, code 422, in 2027 to (******0000)."
        );
    }
}
