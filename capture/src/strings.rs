//! The strings in a JSON text, changed in place: whatever is not changed stays byte for byte as it was.
//!
//! A document model would round numbers and reorder keys. The walk also gets through a text that was cut.

use std::{borrow::Cow, ops::Range};

/// One string in the text.
struct Token {
    /// With its quotation marks.
    span: Range<usize>,
    /// How many objects and arrays it lies in.
    depth: usize,
    is_key: bool,
}

/// One string value, decoded.
pub(crate) struct Value<'a> {
    /// The key it belongs to, when it stands directly behind one.
    pub(crate) key: Option<Cow<'a, str>>,
    pub(crate) text: Cow<'a, str>,
    /// 1 for the fields of the outermost object.
    pub(crate) depth: usize,
}

/// The text with each string value replaced by what `change` returns for it; `None` keeps it. Stays valid
/// when it was valid.
pub(crate) fn rewrite(json: &str, mut change: impl FnMut(&Value<'_>) -> Option<String>) -> String {
    let mut out = String::with_capacity(json.len());
    let mut copied = 0;
    each(json, |span, value| {
        let Some(changed) = change(&value) else {
            return;
        };
        if let (Some(before), Ok(quoted)) = (
            json.get(copied..span.start),
            serde_json::to_string(&changed),
        ) {
            out.push_str(before);
            out.push_str(&quoted);
            copied = span.end;
        }
    });
    out.push_str(json.get(copied..).unwrap_or_default());
    out
}

/// Calls back for each string value that is whole, in order.
pub(crate) fn values<'a>(json: &'a str, mut see: impl FnMut(Value<'a>)) {
    each(json, |_, value| see(value));
}

fn each<'a>(json: &'a str, mut see: impl FnMut(Range<usize>, Value<'a>)) {
    let mut walk = Walk::new(json);
    let mut last_key: Option<Range<usize>> = None;
    while let Some(token) = walk.next() {
        if token.is_key {
            last_key = Some(token.span);
            continue;
        }
        let key = last_key
            .take()
            .filter(|key| between(json, key, &token.span) == Some(":"));
        let text = decoded(json.get(token.span.clone()).unwrap_or_default());
        let value = Value {
            key: key.and_then(|key| json.get(key)).map(decoded),
            text,
            depth: token.depth,
        };
        see(token.span, value);
    }
}

fn between<'a>(json: &'a str, one: &Range<usize>, next: &Range<usize>) -> Option<&'a str> {
    json.get(one.end..next.start).map(str::trim)
}

/// What a JSON string with its quotation marks means. Half of a surrogate pair, which no text can hold,
/// becomes the replacement character.
fn decoded(quoted: &str) -> Cow<'_, str> {
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(quoted);
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let text = serde_json::from_str(quoted)
        .or_else(|_| serde_json::from_str(&without_surrogates(quoted)))
        .unwrap_or_else(|_| inner.to_owned());
    Cow::Owned(text)
}

fn without_surrogates(quoted: &str) -> String {
    let mut out = String::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let escape_length = if is_surrogate(after) { 5 } else { 1 };
        let end = after
            .char_indices()
            .nth(escape_length)
            .map_or(after.len(), |(at, _)| at);
        let (escape, following) = after.split_at(end);
        out.push('\\');
        out.push_str(if escape_length == 5 { "ufffd" } else { escape });
        rest = following;
    }
    out.push_str(rest);
    out
}

fn is_surrogate(escape: &str) -> bool {
    let mut bytes = escape.bytes();
    bytes.next() == Some(b'u')
        && matches!(bytes.next(), Some(b'd' | b'D'))
        && matches!(bytes.next(), Some(b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F'))
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Walk<'a> {
    fn new(json: &'a str) -> Self {
        Self {
            bytes: json.as_bytes(),
            at: 0,
            depth: 0,
        }
    }

    /// The next string that has an end.
    fn next(&mut self) -> Option<Token> {
        loop {
            match self.bytes.get(self.at)? {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b'"' => return self.string(),
                _ => {}
            }
            self.at += 1;
        }
    }

    fn string(&mut self) -> Option<Token> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.bytes.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(Token {
            span: start..self.at,
            depth: self.depth,
            is_key: self.is_before_colon(),
        })
    }

    fn is_before_colon(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(json: &str) -> Vec<(Option<String>, String, usize)> {
        let mut seen = Vec::new();
        values(json, |value| {
            let key = value.key.map(Cow::into_owned);
            seen.push((key, value.text.into_owned(), value.depth));
        });
        seen
    }

    #[test]
    fn values_come_with_their_key_and_depth() {
        let json =
            r#"{"a" : "x", "b": ["y", {"c":"z\n"}], "d": 1, "e": {"f": null, "g": "\u00e9"}}"#;
        let expected = [
            (Some("a"), "x", 1),
            (None, "y", 2),
            (Some("c"), "z\n", 3),
            (Some("g"), "é", 2),
        ];
        let expected: Vec<_> = expected
            .map(|(key, text, depth)| (key.map(str::to_owned), text.to_owned(), depth))
            .into();
        assert_eq!(seen(json), expected);
    }

    #[test]
    fn a_cut_text_gives_what_is_whole() {
        assert_eq!(
            seen(r#"{"a":"x","b":"half of"#),
            [(Some("a".to_owned()), "x".to_owned(), 1)]
        );
    }

    #[test]
    fn half_a_surrogate_pair_is_readable_and_stays_as_it_was() {
        let json = r#"{"a":"\ud83d KEEP \\ud83d \uDE00"}"#;
        assert_eq!(
            seen(json),
            [(
                Some("a".to_owned()),
                "\u{fffd} KEEP \\ud83d \u{fffd}".to_owned(),
                1
            )]
        );
        assert_eq!(rewrite(json, |_| None), json);
    }

    #[test]
    fn only_changed_values_are_written_anew() {
        let json =
            r#"{ "n":1.0e5, "big":123456789012345678901234567890, "same":"a\u0041", "x":"old" }"#;
        let out = rewrite(json, |value| {
            (value.text == "old").then(|| "ne\"w".to_owned())
        });
        assert_eq!(out, json.replace(r#""old""#, r#""ne\"w""#));
    }

    proptest! {
        #[test]
        fn any_text_is_walked_through(text in any::<String>(), with in any::<String>()) {
            let _ = rewrite(&text, |_| Some(with.clone()));
            prop_assert_eq!(rewrite(&text, |_| None), text);
        }

        #[test]
        fn text_that_looks_like_json_is_walked_through(text in r#"[{}\[\]",:\\u0d8e\n ]{0,40}"#) {
            prop_assert_eq!(rewrite(&text, |_| None), text);
        }

        #[test]
        fn each_value_is_found_and_valid_json_stays_valid(texts in prop::collection::vec(any::<String>(), 0..5)) {
            let json = serde_json::to_string(&texts).unwrap();
            let found: Vec<String> = seen(&json).into_iter().map(|(_, text, _)| text).collect();
            prop_assert_eq!(&found, &texts);
            let shouted = rewrite(&json, |value| Some(format!("{}!", value.text)));
            let shouted: Vec<String> = serde_json::from_str(&shouted).unwrap();
            let expected: Vec<String> = texts.iter().map(|text| format!("{text}!")).collect();
            prop_assert_eq!(shouted, expected);
        }
    }
}
