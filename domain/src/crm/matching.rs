//! Which record of the CRM a contact is.

use super::{Field, Record, RecordId, number_in};
use crate::{country::Country, phone::PhoneNumber};

/// Who has a number at the CRM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    Nobody,
    One(RecordId),
    /// A person says which; nobody is guessed.
    Several(Vec<RecordId>),
}

/// Who of the records that a search found has the number. A search also finds what only looks like it.
pub fn by_number(number: &PhoneNumber, found: &[Record], country: Country) -> Match {
    let mut ids: Vec<RecordId> = found
        .iter()
        .filter(|record| has(record, number, country))
        .map(|record| record.id.clone())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    match ids.len() {
        0 => Match::Nobody,
        1 => ids.into_iter().next().map_or(Match::Nobody, Match::One),
        _ => Match::Several(ids),
    }
}

fn has(record: &Record, number: &PhoneNumber, country: Country) -> bool {
    let texts = Field::PHONES
        .iter()
        .filter_map(|field| record.values.get(*field));
    texts
        .filter_map(|text| number_in(text, country))
        .any(|theirs| theirs == *number)
}
