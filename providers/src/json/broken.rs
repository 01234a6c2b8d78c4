//! JSON as senders cut it: half of a surrogate pair is no text, and must not cost all that stands around it.

use serde::de::DeserializeOwned;

/// Reads a whole body. Programs that cut a text in the middle of a sign leave one half of its escape, such as
/// `\ud83d`; the replacement character stands for it then.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body).or_else(|error| match whole_signs(body) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    })
}

/// The body with U+FFFD for each half that stands alone; `None` when there is none.
fn whole_signs(body: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::with_capacity(body.len());
    let mut rest = body;
    let mut found = false;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let (before, escape) = rest.split_at(at);
        mended.extend_from_slice(before);
        let (length, is_half) = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, false),
            (Some(0xd800..=0xdfff), _) => (6, true),
            // The second character may be a backslash, which begins nothing then.
            _ => (2, false),
        };
        let (escape, following) = escape.split_at(length.min(escape.len()));
        mended.extend_from_slice(if is_half { br"\ufffd" } else { escape });
        found |= is_half;
        rest = following;
    }
    mended.extend_from_slice(rest);
    found.then_some(mended)
}

/// The UTF-16 unit that an escape at the start stands for.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn half_a_sign_is_replaced_and_everything_else_stays() {
        for (body, text) in [
            (r#""cut \ud83d""#, "cut \u{fffd}"),
            (r#""\uDE00 begins""#, "\u{fffd} begins"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\\ud83d and \ud83d""#, "\\ud83d and \u{fffd}"),
            (r#""whole \ud83d\ude00""#, "whole 😀"),
        ] {
            assert_eq!(read::<String>(body.as_bytes()).unwrap(), text, "{body}");
        }
    }

    #[test]
    fn what_is_broken_otherwise_stays_broken() {
        for body in [r#"{"a":"\ud83d""#, r#""\ud83"#, r#""\"#, "", r#""\uzzzz""#] {
            assert!(read::<Value>(body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_it_is_however_it_is_escaped(text in any::<String>()) {
            let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            prop_assert_eq!(read::<String>(format!("\"{escaped}\"").as_bytes()).unwrap(), text);
        }

        #[test]
        fn nothing_makes_it_panic(units in prop::collection::vec(any::<u16>(), 0..20), cut in 0usize..80) {
            let escaped: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let quoted = format!("\"{escaped}\"");
            prop_assert!(read::<String>(quoted.as_bytes()).is_ok());
            let _ = read::<String>(escaped.as_bytes().get(cut..).unwrap_or_default());
        }
    }
}
