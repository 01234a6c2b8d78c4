//! The ways in which a JSON body may have been written before somebody read it and wrote it again.

use serde_json::{Map, Value};

/// How white space stands between the tokens.
#[derive(Clone, Copy, PartialEq)]
enum Spacing {
    Compact,
    /// A space after commas and colons, as Python writes.
    Spaced,
    Indented(usize),
}

/// How characters are written inside strings.
#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    AsTheyAre,
    /// Everything beyond ASCII as `\u….`, as Python writes.
    Ascii,
    /// Only what must be.
    Fewest,
    /// With `\/`, as PHP writes.
    Slashes,
}

/// Other ways to write the body, each with the words that say which; the likeliest first.
pub(super) fn of(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut variants = line_ends(body);
    let Ok(text) = std::str::from_utf8(body) else {
        return variants;
    };
    let text = text.trim_start_matches('\u{feff}');
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return variants;
    };
    let sorted = sorted(value).to_string();
    for (order, text) in [("", text), (" with sorted keys", sorted.as_str())] {
        for escapes in [
            Escapes::AsTheyAre,
            Escapes::Ascii,
            Escapes::Fewest,
            Escapes::Slashes,
        ] {
            for spacing in [
                Spacing::Compact,
                Spacing::Spaced,
                Spacing::Indented(2),
                Spacing::Indented(4),
            ] {
                let body = rewritten(text, spacing, escapes);
                let words = format!("as {} JSON{order}{}", spacing.words(), escapes.words());
                variants.push((
                    format!("{words} and a newline at the end"),
                    format!("{body}\n").into_bytes(),
                ));
                variants.push((words, body.into_bytes()));
            }
        }
    }
    variants
}

/// Changes that have nothing to do with JSON.
fn line_ends(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let text = String::from_utf8_lossy(body);
    let unix = text.replace("\r\n", "\n");
    let bare = text.trim_end_matches(['\r', '\n']);
    let mut variants = Vec::new();
    let mut add = |words: &str, variant: String| {
        if variant.as_bytes() != body {
            variants.push((words.to_owned(), variant.into_bytes()));
        }
    };
    add("without the newline at its end", bare.to_owned());
    add("with a newline at its end", format!("{bare}\n"));
    add("with Unix line ends", unix.clone());
    add("with Windows line ends", unix.replace('\n', "\r\n"));
    add(
        "without the byte order mark",
        text.trim_start_matches('\u{feff}').to_owned(),
    );
    variants
}

impl Spacing {
    fn words(self) -> String {
        match self {
            Self::Compact => "compact".to_owned(),
            Self::Spaced => "spaced".to_owned(),
            Self::Indented(width) => format!("indented (by {width})"),
        }
    }

    /// A break between two entries, or before the first and after the last.
    fn line(self, depth: usize, text: &mut String) {
        if let Self::Indented(width) = self {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', width * depth));
        }
    }
}

impl Escapes {
    fn words(self) -> &'static str {
        match self {
            Self::AsTheyAre => "",
            Self::Ascii => " with letters beyond ASCII escaped",
            Self::Fewest => " with no needless escapes",
            Self::Slashes => " with slashes escaped",
        }
    }

    /// A string literal, quotes included, written so.
    fn written(self, literal: &str) -> String {
        if self == Self::AsTheyAre {
            return literal.to_owned();
        }
        let plain = serde_json::from_str::<String>(literal)
            .ok()
            .and_then(|content| serde_json::to_string(&content).ok())
            .unwrap_or_else(|| literal.to_owned());
        match self {
            Self::Slashes => plain.replace('/', "\\/"),
            Self::Ascii => ascii(&plain),
            Self::Fewest | Self::AsTheyAre => plain,
        }
    }
}

fn ascii(literal: &str) -> String {
    let mut text = String::with_capacity(literal.len());
    let mut units = [0; 2];
    for character in literal.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            text.extend(
                character
                    .encode_utf16(&mut units)
                    .iter()
                    .map(|unit| format!("\\u{unit:04x}")),
            );
        }
    }
    text
}

/// Writes valid JSON anew, token by token, so that the order of keys and the digits of numbers stay.
fn rewritten(json: &str, spacing: Spacing, escapes: Escapes) -> String {
    let mut text = String::with_capacity(json.len());
    let mut depth = 0usize;
    let mut opened = false;
    let mut rest = json.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = token_length(rest);
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        rest = after.trim_start();
        let closing = matches!(first, '}' | ']');
        if closing {
            depth = depth.saturating_sub(1);
        }
        // An empty object or array stays in one piece.
        if opened != closing {
            spacing.line(depth, &mut text);
        }
        opened = false;
        match first {
            '{' | '[' => {
                text.push(first);
                depth += 1;
                opened = true;
            }
            ',' => {
                text.push(',');
                if spacing == Spacing::Spaced {
                    text.push(' ');
                }
                spacing.line(depth, &mut text);
            }
            ':' => text.push_str(if spacing == Spacing::Compact {
                ":"
            } else {
                ": "
            }),
            '"' => text.push_str(&escapes.written(token)),
            _ => text.push_str(token),
        }
    }
    text
}

/// Bytes of the token at the start of the text.
fn token_length(text: &str) -> usize {
    if text.starts_with('"') {
        let mut escaped = false;
        for (at, byte) in text.bytes().enumerate().skip(1) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => return at + 1,
                _ => {}
            }
        }
        return text.len();
    }
    let punctuation = |byte: u8| matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':');
    if text.bytes().next().is_some_and(punctuation) {
        return 1;
    }
    text.bytes()
        .position(|byte| punctuation(byte) || byte.is_ascii_whitespace())
        .unwrap_or(text.len())
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map
                .into_iter()
                .map(|(key, value)| (key, sorted(value)))
                .collect();
            entries.sort_by(|left, right| left.0.cmp(&right.0));
            Value::Object(Map::from_iter(entries))
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = r#"{"b":[1.50,{},[]],"a":"x, \"y\": {é}","c":null}"#;

    #[test]
    fn json_is_rewritten_without_touching_numbers_order_or_what_is_inside_strings() {
        let spaced = rewritten(JSON, Spacing::Spaced, Escapes::AsTheyAre);
        assert_eq!(
            spaced,
            r#"{"b": [1.50, {}, []], "a": "x, \"y\": {é}", "c": null}"#
        );
        assert_eq!(
            rewritten(&spaced, Spacing::Compact, Escapes::AsTheyAre),
            JSON
        );
    }

    #[test]
    fn json_is_indented_as_usual() {
        let value: Value = serde_json::from_str(JSON).unwrap();
        let sorted = sorted(value);
        let ours = rewritten(
            &sorted.to_string(),
            Spacing::Indented(2),
            Escapes::AsTheyAre,
        );
        assert_eq!(ours, serde_json::to_string_pretty(&sorted).unwrap());
    }

    #[test]
    fn escapes_are_written_each_way() {
        let json = r#"["caf\u00e9 ✅ a/b"]"#;
        assert_eq!(
            rewritten(json, Spacing::Compact, Escapes::Ascii),
            r#"["caf\u00e9 \u2705 a/b"]"#
        );
        assert_eq!(
            rewritten(json, Spacing::Compact, Escapes::Fewest),
            r#"["café ✅ a/b"]"#
        );
        assert_eq!(
            rewritten(json, Spacing::Compact, Escapes::Slashes),
            r#"["café ✅ a\/b"]"#
        );
        assert_eq!(
            rewritten("[\"😀\"]", Spacing::Compact, Escapes::Ascii),
            r#"["\ud83d\ude00"]"#
        );
    }
}
