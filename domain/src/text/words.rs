//! What somebody wrote or said, and the numbers that take part.

use std::{fmt, ops::Deref};

use serde::{Deserialize, Serialize};

use crate::{
    country::Country,
    phone::{self, PhoneNumber, e164},
};

/// Text about or from a person. Reads like the text; prints as `…`.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Words(pub String);

impl Deref for Words {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Words {
    fn from(text: &str) -> Words {
        Words(text.to_owned())
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Who is at the other end. The order is the order of knowledge: a dialable number is the greater.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Number {
    /// A short code, a sender's name, `anonymous`: as it was written.
    Other(Words),
    Dialable(#[serde(with = "e164")] PhoneNumber),
}

impl Number {
    /// Reads a number as people of `country` write it; `None` when nothing is written.
    pub fn read(text: &str, country: Country) -> Option<Number> {
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        Some(match phone::parse(text, country) {
            Ok(parsed) => Number::Dialable(parsed.number),
            Err(_) => Number::Other(text.into()),
        })
    }

    pub fn dialable(&self) -> Option<&PhoneNumber> {
        match self {
            Number::Dialable(number) => Some(number),
            Number::Other(_) => None,
        }
    }
}
