//! Cuts secrets out of a body before it is stored.
//!
//! Nothing but the values of keys with telling names is touched, byte for byte, so that a body without any is
//! stored as it came. Whether a webhook was its source's is decided before, over the bytes as received, and
//! stays decided: no signature is stored that could be checked again. Where the secret is all there is to check,
//! as in Zoho's token, its fingerprint takes its place: it tells which token it was, to whoever has the tokens.

use std::{borrow::Cow, ops::Range};

use serde::de::IgnoredAny;

use crate::{source::SourceKind, zoho::webhook as zoho};

/// What is stored in a secret's place.
const REMOVED: &str = "[removed]";

/// Words that a key of a secret ends with. Of other keys with such a word in them, as in `maxTokens`, the
/// numbers stay: only texts are cut out.
const TELLING: &[&str] = &[
    "apikey",
    "authorization",
    "passwd",
    "password",
    "passwords",
    "privatekey",
    "secret",
    "secretkey",
    "secrets",
    "token",
    "tokens",
];

/// Words that make a secret of the word `key` after them.
const BEFORE_KEY: &[&str] = &[
    "access",
    "api",
    "auth",
    "encryption",
    "private",
    "secret",
    "signing",
];

/// The body as it may be stored (HOOK-11): without texts under keys such as `token`, `twilioAuthToken`,
/// `api_key` or `Authorization`, wherever they stand. Zoho repeats the query of its address, which may hold a
/// secret too. A body that is no JSON has no keys, and is stored as it came: Twilio's forms carry no secret.
pub fn stored_body(kind: SourceKind, body: &[u8]) -> Cow<'_, [u8]> {
    if serde_json::from_slice::<IgnoredAny>(body).is_err() {
        return Cow::Borrowed(body);
    }
    let secrets = secrets(kind, body);
    if secrets.is_empty() {
        return Cow::Borrowed(body);
    }
    let mut stored = Vec::with_capacity(body.len());
    let mut done = 0;
    for secret in secrets {
        stored.extend_from_slice(body.get(done..secret.place.start).unwrap_or_default());
        let literal = body.get(secret.place.clone()).unwrap_or_default();
        stored.extend_from_slice(replacement(kind, &secret, literal).as_bytes());
        done = secret.place.end;
    }
    stored.extend_from_slice(body.get(done..).unwrap_or_default());
    Cow::Owned(stored)
}

/// A text to be cut out, with its quotation marks.
struct Secret {
    place: Range<usize>,
    /// Whether it stands under `token` at the top.
    is_token: bool,
}

fn replacement(kind: SourceKind, secret: &Secret, literal: &[u8]) -> String {
    let token = serde_json::from_slice::<String>(literal);
    match token {
        Ok(token) if kind == SourceKind::Zoho && secret.is_token => {
            format!("\"{}\"", zoho::fingerprint(&token))
        }
        _ => format!("\"{REMOVED}\""),
    }
}

/// An object or array that is open.
struct Open {
    is_object: bool,
    /// Whether everything in it is secret.
    secret: bool,
}

/// The texts to be cut out of valid JSON, in their order.
fn secrets(kind: SourceKind, body: &[u8]) -> Vec<Secret> {
    let mut found = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    // The key whose value comes next: whether it is telling, and whether it is the token at the top.
    let (mut telling, mut is_token) = (false, false);
    let mut at = 0;
    while let Some(&byte) = body.get(at) {
        let length = token_length(body.get(at..).unwrap_or_default());
        let place = at..at + length;
        at += length;
        let inside = open.last().is_some_and(|open| open.secret);
        match byte {
            b'{' | b'[' => open.push(Open {
                is_object: byte == b'{',
                secret: inside || telling,
            }),
            b'}' | b']' => {
                open.pop();
            }
            b',' => (telling, is_token) = (false, false),
            b'"' if is_key(&open, body.get(place.end..).unwrap_or_default()) => {
                let key = serde_json::from_slice(body.get(place).unwrap_or_default());
                let key: String = key.unwrap_or_default();
                let at_top = open.len() == 1;
                is_token = at_top && key == zoho::TOKEN;
                telling = is_telling(&key)
                    || (kind == SourceKind::Zoho && at_top && key == "query_params");
            }
            b'"' if inside || telling => found.push(Secret { place, is_token }),
            _ => {}
        }
        if matches!(byte, b'{' | b'[') {
            (telling, is_token) = (false, false);
        }
    }
    found
}

/// Whether the text before `rest` is a key: one within an object, with a colon after it.
fn is_key(open: &[Open], rest: &[u8]) -> bool {
    let after = rest.iter().find(|byte| !byte.is_ascii_whitespace());
    open.last().is_some_and(|open| open.is_object) && after == Some(&b':')
}

/// Bytes of the token at the start: a text whole, anything else one by one.
fn token_length(json: &[u8]) -> usize {
    if json.first() != Some(&b'"') {
        return 1;
    }
    let mut escaped = false;
    for (place, byte) in json.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return place + 1,
            _ => {}
        }
    }
    json.len()
}

/// Whether a key's name says that a secret stands under it.
fn is_telling(key: &str) -> bool {
    let words = words(key);
    let ends_so = |word: &String| {
        let word = word.trim_end_matches(|each: char| each.is_ascii_digit());
        TELLING.iter().any(|end| word.ends_with(end))
    };
    let keys = words.windows(2).any(|pair| match pair {
        [before, key] => {
            BEFORE_KEY.contains(&before.as_str()) && matches!(key.as_str(), "key" | "keys")
        }
        _ => false,
    });
    keys || words.iter().any(ends_so)
}

/// The words of a name in snake, kebab or camel case, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        let starts = character.is_uppercase() && was_lower;
        was_lower = character.is_lowercase() || character.is_ascii_digit();
        if starts || !character.is_alphanumeric() {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
