//! Countries, by ISO 3166 code: they decide how national phone numbers and `03/04/2027` are read.

use std::{fmt, str::FromStr};

use rlibphonenumber::{PHONE_NUMBER_UTIL, enums::Region};
use serde::{Deserialize, Serialize};

/// A country whose numbering plan is known, by its two-letter ISO 3166 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Country([u8; 2]);

/// The text names no country known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a two-letter country code such as GB or US")]
pub struct UnknownCountry;

/// What else than the code people write for the countries most often met.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("UK", "GB"),
    ("United Kingdom", "GB"),
    ("Great Britain", "GB"),
    ("England", "GB"),
    ("Scotland", "GB"),
    ("Wales", "GB"),
    ("Northern Ireland", "GB"),
    ("GBR", "GB"),
    ("USA", "US"),
    ("United States", "US"),
    ("United States of America", "US"),
    ("Ireland", "IE"),
    ("IRL", "IE"),
    ("Canada", "CA"),
    ("CAN", "CA"),
    ("Australia", "AU"),
    ("AUS", "AU"),
    ("New Zealand", "NZ"),
    ("NZL", "NZ"),
    ("France", "FR"),
    ("Germany", "DE"),
    ("Spain", "ES"),
    ("Italy", "IT"),
];

impl Country {
    pub const GB: Country = Country(*b"GB");
    pub const US: Country = Country(*b"US");

    /// The upper-case ISO 3166 code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The order in which day and month are written, where one is usual.
    pub fn date_order(self) -> DateOrder {
        match &self.0 {
            b"US" | b"PR" | b"GU" | b"VI" | b"AS" | b"MP" | b"PH" | b"FM" | b"MH" | b"PW" => {
                DateOrder::MonthFirst
            }
            b"CA" => DateOrder::Mixed,
            _ => DateOrder::DayFirst,
        }
    }

    pub(crate) fn calling_code(self) -> Option<i32> {
        PHONE_NUMBER_UTIL.get_country_code_for_region(self.region()?)
    }

    pub(crate) fn region(self) -> Option<Region> {
        self.code().parse().ok()
    }
}

/// How `03/04/2027` is read in a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    DayFirst,
    MonthFirst,
    /// Both are in use (Canada): only dates with one possible reading can be taken.
    Mixed,
}

impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Country, UnknownCountry> {
        let text = text.trim();
        let code = OTHER_NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map_or(text, |(_, code)| code);
        let [first, second] = code.as_bytes() else {
            return Err(UnknownCountry);
        };
        let country = Country([first.to_ascii_uppercase(), second.to_ascii_uppercase()]);
        let region = country.region().ok_or(UnknownCountry)?;
        PHONE_NUMBER_UTIL
            .get_country_code_for_region(region)
            .map(|_| country)
            .ok_or(UnknownCountry)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl From<Country> for String {
    fn from(country: Country) -> String {
        country.code().to_owned()
    }
}

impl TryFrom<String> for Country {
    type Error = UnknownCountry;

    fn try_from(text: String) -> Result<Country, UnknownCountry> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_usual_names_are_known() {
        for (text, code) in [
            ("gb", "GB"),
            (" US ", "US"),
            ("UK", "GB"),
            ("united kingdom", "GB"),
            ("fr", "FR"),
        ] {
            assert_eq!(
                text.parse::<Country>().map(|country| country.to_string()),
                Ok(code.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_country_is_refused() {
        for text in ["", "G", "ZZ", "001", "Atlantis", "é", "4B"] {
            assert_eq!(text.parse::<Country>(), Err(UnknownCountry), "{text}");
        }
    }
}
