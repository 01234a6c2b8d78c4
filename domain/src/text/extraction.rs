//! What may be read out of a person's words: five values and a wish, each of bounded length. Nothing else gets past here.

use jiff::civil::DateTime;
use serde_json::Value;

use super::Words;
use crate::context::privacy::without_variation_selectors;

pub const LONGEST_NAME: usize = 80;
pub const LONGEST_EMAIL: usize = 254;
pub const LONGEST_ADDRESS: usize = 200;
/// Of one wish that is read out of words; several may stand in the field.
pub const LONGEST_PREFERENCE: usize = 200;
const LONGEST_PHONE: usize = 40;
const LONGEST_WISH: usize = 200;

coded_enum! {
    /// A value of a contact that a person or their words may change.
    Field {
        Name = "name",
        Email = "email",
        Address = "address",
        Phone = "phone",
        /// How the person always wants to be dealt with. Free text, which agents are told.
        Preferences = "preferences",
    }
}

impl Field {
    /// Of what is read, in characters. A longer value is no value.
    pub const fn longest(self) -> usize {
        match self {
            Self::Name => LONGEST_NAME,
            Self::Email => LONGEST_EMAIL,
            Self::Address => LONGEST_ADDRESS,
            Self::Phone => LONGEST_PHONE,
            Self::Preferences => LONGEST_PREFERENCE,
        }
    }

    /// Whether a value that was read comes beside what stands in the field instead of taking its place.
    pub const fn is_added_to(self) -> bool {
        matches!(self, Self::Preferences)
    }
}

/// What was read out of one passage. Nobody has judged it yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub name: Option<Words>,
    pub email: Option<Words>,
    pub address: Option<Words>,
    pub phone: Option<Words>,
    pub preferences: Option<Words>,
    pub callback: Option<Callback>,
}

/// The person wants to be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Callback {
    /// In these words.
    pub said: Words,
    /// By the clocks of the tenant's zone, if a time was named.
    pub when: Option<DateTime>,
}

impl Found {
    /// Takes what is known of an answer and drops the rest: other keys, other types, and what is too long.
    pub fn read(answer: &Value) -> Found {
        let value = |field: Field| value_of(answer.get(field.code()), field.longest());
        let said = value_of(answer.get("callback"), LONGEST_WISH);
        Found {
            name: value(Field::Name),
            email: value(Field::Email),
            address: value(Field::Address),
            phone: value(Field::Phone),
            preferences: value(Field::Preferences),
            callback: said.map(|said| Callback {
                said,
                when: when(answer.get("callback_when")),
            }),
        }
    }

    pub fn get(&self, field: Field) -> Option<&Words> {
        match field {
            Field::Name => self.name.as_ref(),
            Field::Email => self.email.as_ref(),
            Field::Address => self.address.as_ref(),
            Field::Phone => self.phone.as_ref(),
            Field::Preferences => self.preferences.as_ref(),
        }
    }
}

/// On one line. What people write for "nothing" is nothing.
fn value_of(value: Option<&Value>, longest: usize) -> Option<Words> {
    let text = value?.as_str()?;
    // Counted before it is copied: an answer may be of any size.
    if text.chars().take(longest * 2 + 1).count() > longest * 2 {
        return None;
    }
    let text = without_variation_selectors(text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_nothing = ["", "-", "n/a", "none", "null", "unknown"]
        .iter()
        .any(|nothing| text.eq_ignore_ascii_case(nothing));
    (!is_nothing && text.chars().count() <= longest).then_some(Words(text))
}

fn when(value: Option<&Value>) -> Option<DateTime> {
    let text = value?.as_str()?;
    (text.len() <= 32).then(|| text.parse().ok()).flatten()
}
