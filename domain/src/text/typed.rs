//! What one of the business' people types for a field of a contact.
//!
//! They may write what nobody would believe of a stranger's words; only what could not be used is refused.

use super::{Field, Words, plausible};
use crate::{
    context::{LONGEST_INSTRUCTIONS, privacy::without_variation_selectors},
    country::Country,
    phone::{self, PhoneError},
};

/// All preferences of a person, in characters: as many as an agent is told.
pub const LONGEST_PREFERENCES: usize = LONGEST_INSTRUCTIONS;

/// Why a value cannot stand in the field. Without the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    #[error("it cannot be empty")]
    Empty,
    #[error("it is longer than {0} characters")]
    TooLong(usize),
    #[error("it holds a line break or another character that nobody sees")]
    Unprintable,
    #[error("it is no e-mail address")]
    InvalidEmail,
    #[error("{0}")]
    InvalidPhone(PhoneError),
}

impl Field {
    /// What is kept of a text that was typed: a phone number as E.164. Empty to empty the field; a name cannot be.
    pub fn typed(self, text: &str, country: Country) -> Result<Words, FieldProblem> {
        let text = without_variation_selectors(text);
        let text = text.trim();
        if text.is_empty() {
            return match self {
                Self::Name => Err(FieldProblem::Empty),
                _ => Ok(Words::default()),
            };
        }
        let longest = self.longest_kept();
        match self {
            Self::Phone => phone::parse(text, country)
                .map(|parsed| parsed.number.e164().into())
                .map_err(FieldProblem::InvalidPhone),
            _ if plausible::is_unprintable(text) => Err(FieldProblem::Unprintable),
            _ if text.chars().count() > longest => Err(FieldProblem::TooLong(longest)),
            Self::Email if !plausible::is_email(text) => Err(FieldProblem::InvalidEmail),
            _ => Ok(text.into()),
        }
    }

    /// Of all that may stand in the field, in characters.
    pub const fn longest_kept(self) -> usize {
        match self {
            Self::Preferences => LONGEST_PREFERENCES,
            _ => self.longest(),
        }
    }
}
