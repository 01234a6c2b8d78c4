//! What makes two occurrences one cause.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::AlertCause;

/// One part of what a cause is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// A provider, an event type, a class, a status: taken as it is. Must not be a person's data or an id.
    Code(&'a str),
    /// A sentence, of which only the words count: numbers, ids, addresses and quoted values vary between
    /// occurrences of one cause, and may be a person's.
    Message(&'a str),
}

/// Words of a message that count. A longer one is not more telling.
const MOST_WORDS: usize = 40;
/// Bytes of the hash that are kept: two causes of one tenant never share them by chance.
const KEPT: usize = 12;
/// A word of hexadecimal letters that is this long is an id.
const HEX_ID: usize = 12;

/// The same text for the same cause, made of its code and a hash: safe to show, to log and to name a process by.
pub fn fingerprint(cause: AlertCause, parts: &[Part<'_>]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        let (tag, text) = match part {
            Part::Code(code) => ("code", code.trim().to_lowercase()),
            Part::Message(text) => ("message", skeleton(text)),
        };
        // A control sign, which neither kind of text can hold, keeps the parts apart.
        hash.update(format!("{tag}\u{1f}{}\u{1f}", text.replace('\u{1f}', " ")));
    }
    let mut fingerprint = format!("{cause}-");
    for byte in hash.finalize().iter().take(KEPT) {
        // Writing to a String cannot fail.
        let _ = write!(fingerprint, "{byte:02x}");
    }
    fingerprint
}

/// The words of a message in lower case. Everything that varies becomes one `#`, however many there are.
fn skeleton(message: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let unquoted = without_quotes(message);
    for word in unquoted.split(|c: char| c.is_whitespace() || ",;:/()[]{}<>=|!?".contains(c)) {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != VALUE);
        if word.is_empty() {
            continue;
        }
        let word = if varies(word) {
            VALUE.to_string()
        } else {
            word.to_lowercase()
        };
        if word.starts_with(VALUE) && words.last().is_some_and(|last| last.starts_with(VALUE)) {
            continue;
        }
        words.push(word);
        if words.len() == MOST_WORDS {
            break;
        }
    }
    words.join(" ")
}

/// Stands for whatever varies.
const VALUE: char = '#';

fn varies(word: &str) -> bool {
    let is_hex = word.len() >= HEX_ID && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_hex
        || word
            .chars()
            .any(|c| c.is_numeric() || c == '@' || c == VALUE)
}

/// The text with what stands between quotation marks replaced. An apostrophe inside a word is none.
fn without_quotes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(['"', '`', '“']) {
        let (before, quoted) = rest.split_at(start);
        let mut inside = quoted.chars();
        let close = match inside.next() {
            Some('“') => '”',
            Some(mark) => mark,
            None => break,
        };
        let inside = inside.as_str();
        kept.push_str(before);
        kept.push_str(" # ");
        match inside.find(close) {
            Some(end) => rest = inside.get(end + close.len_utf8()..).unwrap_or_default(),
            // A mark that is not closed: what follows is taken for the value.
            None => return kept,
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn of(message: &str) -> String {
        fingerprint(
            AlertCause::EventDead,
            &[Part::Code("zoho"), Part::Message(message)],
        )
    }

    #[test]
    fn ten_thousand_identical_errors_are_one_cause() {
        let fingerprints: BTreeSet<String> = (0..10_000)
            .map(|n| {
                of(&format!(
                    "contact con_0190{n:028x} of +4477009{n:05} failed after {n} ms: \"value {n}\" is not valid"
                ))
            })
            .collect();
        assert_eq!(fingerprints.len(), 1);
    }

    #[test]
    fn twenty_distinct_errors_are_twenty_causes() {
        let words = "apple bread cedar dune ember fern grain heron ivory jade kelp lemon maple nettle olive pearl \
                     quartz reed slate thyme";
        let by_message = words
            .split(' ')
            .map(|word| of(&format!("no {word} in field 7")));
        assert_eq!(by_message.collect::<BTreeSet<_>>().len(), 20);
        let by_code = (0..20).map(|status| {
            let status = (500 + status).to_string();
            fingerprint(
                AlertCause::EventDead,
                &[Part::Code(&status), Part::Message("failed")],
            )
        });
        assert_eq!(by_code.collect::<BTreeSet<_>>().len(), 20);
    }

    #[test]
    fn what_varies_between_occurrences_does_not_count() {
        for (one, other) in [
            ("timeout after 30 s", "timeout after 31 s"),
            (
                "timeout after 3 of 5 tries",
                "Timeout after 10 of 12 tries!",
            ),
            ("no call call_4f8d1c2b3a", "no call call_77aa"),
            (
                "event 01890a5d-ac96-774b-bcce-b302099a8057 failed",
                "event 01890a5e-1111-774b-bcce-b302099a8057 failed",
            ),
            ("id deadbeefcafe", "id abcdefabcdefab"),
            ("mail to ada@example.com", "mail to bob.b@example.org"),
            ("name \"Ada Byron\" too long", "name \"Bob\" too long"),
            ("name `Ada` too long", "name `Ada Byron` too long"),
            ("name “Ada” too long", "name “Bob B” too long"),
            ("ids [1, 2, 3]", "ids [17]"),
            ("not closed \"abc", "not closed \"def ghi"),
            ("at line 3, column 7", "at line 12, column 1"),
        ] {
            assert_eq!(of(one), of(other), "{one} | {other}");
        }
        assert_ne!(of("timeout"), of("refused"));
        assert_ne!(of("can't read"), of("can't write"));
    }

    #[test]
    fn cause_parts_and_their_kinds_all_count() {
        let parts = [Part::Code("a"), Part::Code("b")];
        let all = [
            fingerprint(AlertCause::EventDead, &parts),
            fingerprint(AlertCause::QueueLong, &parts),
            fingerprint(AlertCause::EventDead, &[Part::Code("ab")]),
            fingerprint(AlertCause::EventDead, &[Part::Code("b"), Part::Code("a")]),
            fingerprint(
                AlertCause::EventDead,
                &[Part::Code("a"), Part::Message("b")],
            ),
            fingerprint(AlertCause::EventDead, &[]),
        ];
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }

    #[test]
    fn a_fingerprint_stays_the_same_over_versions() {
        // Written down: with another one, every open alert would be told again after an upgrade.
        assert_eq!(
            fingerprint(
                AlertCause::EventDead,
                &[Part::Code("zoho"), Part::Message("Timeout after 30 s")]
            ),
            "event_dead-8d1e10d4ce850d49cc35dc69"
        );
    }

    proptest! {
        #[test]
        fn any_text_has_a_short_plain_fingerprint(code in any::<String>(), message in any::<String>()) {
            let parts = [Part::Code(&code), Part::Message(&message)];
            let fingerprint = fingerprint(AlertCause::AcceptedNotStarted, &parts);
            prop_assert!(fingerprint.len() <= 60);
            prop_assert!(fingerprint.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b)));
        }

        #[test]
        fn numbers_never_make_another_cause(words in "[a-z ]{0,40}", one in any::<u64>(), other in any::<u64>()) {
            prop_assert_eq!(of(&format!("{words} {one} {words}")), of(&format!("{words} {other} {words}")));
        }
    }
}
