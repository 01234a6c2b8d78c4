//! The arguments of a function, as speech models write them: keys in many spellings, and words for nothing.

use serde_json::{Map, Value};

use super::{Argument, Misunderstanding, Unclear};
use crate::{context::text::clean, near::squeezed};

/// Of what is no free text, in characters.
const LONGEST_WORDS: usize = 120;

/// What models write where they have nothing to write.
const NOTHING: &[&str] = &[
    "",
    "null",
    "none",
    "na",
    "any",
    "anytime",
    "unknown",
    "undefined",
    "notprovided",
];

pub(super) struct Args<'a>(pub(super) &'a Map<String, Value>);

impl Args<'_> {
    /// The value under any of these keys (squeezed), as text on one line. Two keys that say different things say nothing.
    pub(super) fn words(
        &self,
        argument: Argument,
        keys: &[&str],
    ) -> Result<Option<String>, Misunderstanding> {
        match self.text(argument, keys, usize::MAX)? {
            Some(text) if text.chars().count() > LONGEST_WORDS => {
                Err(argument.is(Unclear::NotUnderstood))
            }
            text => Ok(text),
        }
    }

    /// The same for free text, which is cut to so many characters.
    pub(super) fn text(
        &self,
        argument: Argument,
        keys: &[&str],
        longest: usize,
    ) -> Result<Option<String>, Misunderstanding> {
        let mut said: Option<String> = None;
        for (_, value) in self.under(keys) {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => clean(text, longest),
                Value::Number(number) => number.to_string(),
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    return Err(argument.is(Unclear::NotUnderstood));
                }
            };
            if NOTHING.contains(&squeezed(&text).as_str()) {
                continue;
            }
            match &said {
                Some(before) if *before != text => {
                    return Err(argument.is(Unclear::Contradiction));
                }
                _ => said = Some(text),
            }
        }
        Ok(said)
    }

    /// Whether there is anything under these keys.
    pub(super) fn has(&self, keys: &[&str]) -> bool {
        self.under(keys).any(|(_, value)| match value {
            Value::Null => false,
            Value::String(text) => !NOTHING.contains(&squeezed(text).as_str()),
            _ => true,
        })
    }

    /// Whether the model set any of these; anything but a clear yes is a no.
    pub(super) fn is_set(&self, keys: &[&str]) -> bool {
        self.under(keys).any(|(_, value)| match value {
            Value::Bool(set) => *set,
            Value::String(text) => ["true", "yes"].contains(&squeezed(text).as_str()),
            _ => false,
        })
    }

    fn under(&self, keys: &[&str]) -> impl Iterator<Item = (&String, &Value)> {
        self.0
            .iter()
            .filter(move |(key, _)| keys.contains(&squeezed(key).as_str()))
    }
}
