//! What becomes of the values that were read out of words: filled in, left alone, asked about, or dropped (TEXT-3).
//!
//! Whatever the words say, this is all that can come of them: values for five fields of the person who wrote them.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{Field, Found, Passage, Words, plausible};
use crate::{context::privacy::words, country::Country, hours::shift, phone::PhoneNumber};

/// The contact as it is now, and what was asked about it before.
#[derive(Debug, Clone, Copy)]
pub struct ContactNow<'a> {
    pub country: Country,
    /// Empty when not known, as the next three.
    pub name: &'a str,
    pub email: &'a str,
    pub address: &'a str,
    pub preferences: &'a str,
    pub phones: &'a [PhoneNumber],
    /// Values that wait for approval.
    pub asked: &'a [(Field, Words)],
    /// Values that were rejected. Nobody is asked twice.
    pub rejected: &'a [(Field, Words)],
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposal {
    /// The field is empty: to be filled in and logged.
    Fill {
        field: Field,
        value: Words,
    },
    /// Another value stands there, or it is none that is taken without a person's word. An older question about the
    /// field is superseded, unless the value would be added.
    Ask {
        field: Field,
        now: Words,
        value: Words,
    },
    /// It stands there already.
    Same {
        field: Field,
    },
    /// It waits for approval already, or was rejected.
    AskedBefore {
        field: Field,
    },
    Dropped {
        field: Field,
        why: Objection,
    },
}

coded_enum! {
    /// Why a value was dropped.
    Objection {
        /// It does not stand in the words it is said to come from.
        NotSaid = "not_said",
        Markup = "markup",
        Instruction = "instruction",
        HasNumber = "has_number",
        /// It may tell of health, or holds a number that identifies a person.
        Sensitive = "sensitive",
        /// It sounds like a complaint or a dispute.
        Complaint = "complaint",
        NotAName = "not_a_name",
        NotAnAddress = "not_an_address",
        InvalidEmail = "invalid_email",
        InvalidPhone = "invalid_phone",
        /// So much waits for a person's word that more would only keep them from it.
        TooManyWait = "too_many_wait",
    }
}

/// Of one field that is added to.
const MOST_WAITING: usize = 3;

/// What becomes of each value that was found in `passage`.
pub fn proposals(found: &Found, passage: &str, contact: &ContactNow<'_>) -> Vec<Proposal> {
    let found = Field::ALL
        .iter()
        .filter_map(|field| Some((*field, found.get(*field)?)));
    found
        .map(|(field, value)| proposal(field, value, passage, contact))
        .collect()
}

fn proposal(field: Field, value: &Words, passage: &str, contact: &ContactNow<'_>) -> Proposal {
    if let Some(why) = plausible::objection(field, value, passage, contact.country) {
        return Proposal::Dropped { field, why };
    }
    let value = contact.as_kept(field, value);
    let now = contact.get(field);
    let known = |list: &[(Field, Words)]| {
        list.iter()
            .any(|(known, before)| *known == field && contact.is_same(field, before, &value))
    };
    if contact.has(field, &value) {
        Proposal::Same { field }
    } else if known(contact.rejected) || known(contact.asked) {
        Proposal::AskedBefore { field }
    } else if field.is_added_to() && contact.waiting(field) >= MOST_WAITING {
        let why = Objection::TooManyWait;
        Proposal::Dropped { field, why }
    } else if now.is_empty() && !field.is_added_to() {
        // What is added to is free text that agents are told: it is not taken from a stranger without a person's word.
        Proposal::Fill { field, value }
    } else {
        let now = now.as_str().into();
        Proposal::Ask { field, now, value }
    }
}

impl ContactNow<'_> {
    /// What stands in a field; of several phone numbers the first.
    pub fn get(&self, field: Field) -> String {
        match field {
            Field::Name => self.name.trim().to_owned(),
            Field::Email => self.email.trim().to_owned(),
            Field::Address => self.address.trim().to_owned(),
            Field::Preferences => self.preferences.trim().to_owned(),
            Field::Phone => {
                let first = self.phones.first().map(PhoneNumber::e164);
                first.unwrap_or_default().to_owned()
            }
        }
    }

    /// Whether the value is one of the contact's.
    pub fn has(&self, field: Field, value: &str) -> bool {
        match field {
            Field::Phone => {
                let number = plausible::number(value, self.country);
                number.is_some_and(|number| self.phones.contains(&number))
            }
            Field::Preferences => {
                let known: Vec<_> = sentences(self.preferences).collect();
                !value.is_empty() && sentences(value).all(|sentence| known.contains(&sentence))
            }
            _ => self.is_same(field, &self.get(field), value),
        }
    }

    /// What will stand in a field with the value; `None` when there is no room for it.
    pub(super) fn with(&self, field: Field, value: &Words) -> Option<Words> {
        let now = self.get(field);
        if !field.is_added_to() || now.is_empty() {
            return Some(value.clone());
        }
        let mut added = now;
        if !added.ends_with(['.', '!', '?', '…']) {
            added.push('.');
        }
        added.push(' ');
        let mut letters = value.chars();
        added.extend(letters.next().into_iter().flat_map(char::to_uppercase));
        added.push_str(letters.as_str());
        (added.chars().count() <= field.longest_kept()).then_some(Words(added))
    }

    fn waiting(&self, field: Field) -> usize {
        let of_field = self.asked.iter().filter(|(asked, _)| *asked == field);
        of_field.count()
    }

    /// Whether two values mean the same: mail addresses whatever their case, numbers as E.164, names whatever their case
    /// and spacing, addresses and preferences whatever their punctuation too.
    pub fn is_same(&self, field: Field, one: &str, other: &str) -> bool {
        let spaced = |text: &str| {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.join(" ").to_lowercase()
        };
        match field {
            Field::Name | Field::Email => spaced(one) == spaced(other),
            Field::Address | Field::Preferences => words(one) == words(other),
            Field::Phone => {
                let read = |text| plausible::number(text, self.country);
                read(one).is_some() && read(one) == read(other)
            }
        }
    }

    /// Numbers are kept as E.164.
    fn as_kept(&self, field: Field, value: &Words) -> Words {
        match field {
            Field::Phone => plausible::number(value, self.country)
                .map_or_else(|| value.clone(), |number| number.e164().into()),
            _ => value.clone(),
        }
    }
}

/// The words of each sentence. Part of one may say the opposite of the whole.
fn sentences(text: &str) -> impl Iterator<Item = Vec<String>> {
    let sentences = text.split(['.', '!', '?', '…', '\n', '\r']);
    sentences.map(words).filter(|words| !words.is_empty())
}

/// A wish for a call farther away than this was misread.
const FARTHEST_CALLBACK: SignedDuration = SignedDuration::from_hours(60 * 24);

/// A wish to be called that the person uttered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallbackWish {
    /// `None` for no certain time, or one that cannot be meant.
    pub wanted_at: Option<Timestamp>,
}

/// The wish to be called that was found in a passage; `None` when the words of the wish do not stand in it.
pub fn callback(found: &Found, passage: &Passage, zone: &TimeZone) -> Option<CallbackWish> {
    let callback = found.callback.as_ref()?;
    if !plausible::is_quote(&callback.said, &passage.words) {
        return None;
    }
    let farthest = shift(passage.at, FARTHEST_CALLBACK);
    let at = callback
        .when
        .and_then(|when| zone.to_ambiguous_timestamp(when).compatible().ok());
    let wanted_at = at.filter(|at| *at > passage.at && *at <= farthest);
    Some(CallbackWish { wanted_at })
}
