//! The fields of a contact that a CRM has too, and when two values of one are the same.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::phones::number_in;
use crate::country::Country;

coded_enum! {
    Field {
        FirstName = "first_name",
        LastName = "last_name",
        Phone = "phone",
        Mobile = "mobile",
        Email = "email",
        /// The whole of it in one text.
        Address = "address",
        Notes = "notes",
        /// `true`, or absent.
        DoNotCall = "do_not_call",
    }
}

/// How values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Number,
    Email,
    Flag,
}

impl Field {
    pub const PHONES: &[Field] = &[Field::Phone, Field::Mobile];

    pub const fn kind(self) -> Kind {
        match self {
            Field::FirstName | Field::LastName | Field::Address | Field::Notes => Kind::Text,
            Field::Phone | Field::Mobile => Kind::Number,
            Field::Email => Kind::Email,
            Field::DoNotCall => Kind::Flag,
        }
    }

    /// Whether the CRM refuses a person without it.
    pub const fn is_needed(self) -> bool {
        matches!(self, Field::LastName)
    }
}

/// A value for each field that has one. A blank text is none, and a flag is `true` or none. Prints without the values.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<Field, String>", into = "BTreeMap<Field, String>")]
pub struct Values(BTreeMap<Field, String>);

impl Values {
    pub fn get(&self, field: Field) -> Option<&str> {
        self.0.get(&field).map(String::as_str)
    }

    pub fn set(&mut self, field: Field, value: Option<&str>) {
        match value.and_then(|value| kept(field, value)) {
            Some(value) => self.0.insert(field, value),
            None => self.0.remove(&field),
        };
    }

    #[must_use]
    pub fn with(mut self, field: Field, value: &str) -> Self {
        self.set(field, Some(value));
        self
    }

    pub fn iter(&self) -> impl Iterator<Item = (Field, &str)> {
        let values = self.0.iter();
        values.map(|(field, value)| (*field, value.as_str()))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn kept(field: Field, value: &str) -> Option<String> {
    let value = value.trim();
    match field.kind() {
        Kind::Flag => is_true(value).then(|| "true".to_owned()),
        _ => (!value.is_empty()).then(|| value.to_owned()),
    }
}

fn is_true(value: &str) -> bool {
    ["true", "yes", "1", "on"]
        .iter()
        .any(|word| value.eq_ignore_ascii_case(word))
}

impl From<BTreeMap<Field, String>> for Values {
    fn from(map: BTreeMap<Field, String>) -> Self {
        let mut values = Values::default();
        for (field, value) in map {
            values.set(field, Some(&value));
        }
        values
    }
}

impl From<Values> for BTreeMap<Field, String> {
    fn from(values: Values) -> Self {
        values.0
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Whether both say the same: a number however it is written, an address in whatever case, a text whatever its spaces.
pub fn same(field: Field, one: Option<&str>, other: Option<&str>, country: Country) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            one == other || plain(field, one, country) == plain(field, other, country)
        }
        _ => false,
    }
}

/// The form in which values are compared.
fn plain(field: Field, value: &str, country: Country) -> String {
    match field.kind() {
        Kind::Flag => is_true(value.trim()).to_string(),
        Kind::Email => value.trim().nfc().collect::<String>().to_lowercase(),
        Kind::Text => spaced(value),
        Kind::Number => match number_in(value, country) {
            Some(number) => number.e164().to_owned(),
            None => spaced(value).to_lowercase(),
        },
    }
}

fn spaced(value: &str) -> String {
    let value: String = value.nfc().collect();
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}
