//! Phone numbers: read from the usual national and international forms, kept as E.164.
//!
//! A number is dialed by a machine, so nothing is guessed: letters, extensions, several numbers in
//! one cell and short codes are refused with their reason. Whether a number can exist is judged by the
//! length that its country permits; whether its range is in use only decides about a warning, because
//! numbering plans change faster than libraries.

use std::fmt;

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber as LibraryNumber, PhoneNumberFormat,
    PhoneNumberType, ValidationError,
};

use crate::{context::privacy::is_invisible, country::Country};

#[cfg(test)]
mod tests;

/// The longest text that is read as a phone number, in bytes.
pub const LONGEST_TEXT: usize = 64;

/// A phone number that can be dialed, as E.164 (`+` and 7 to 15 digits).
///
/// Prints masked to its first digit and its last four, so that it cannot reach a log by accident. It has no serde
/// of its own: where the real text belongs into a file or a request, write [`PhoneNumber::e164`] or
/// `#[serde(with = "domain::phone::e164")]`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber(Box<str>);

impl PhoneNumber {
    /// Takes a number that was kept as E.164; the numbering plan is not asked again.
    pub fn from_e164(text: &str) -> Result<PhoneNumber, PhoneError> {
        let digits = text.strip_prefix('+').ok_or(PhoneError::NotANumber)?;
        let well_formed = (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed {
            Ok(PhoneNumber(text.into()))
        } else {
            Err(PhoneError::NotANumber)
        }
    }

    /// The real number. Not for logs.
    pub fn e164(&self) -> &str {
        &self.0
    }

    /// The real number as people in `country` write it, with spaces: to be read out or dialed by hand. Not for logs.
    pub fn for_people(&self, country: Country) -> String {
        let Ok(number) = PHONE_NUMBER_UTIL.parse(self.e164(), None) else {
            return self.e164().to_owned();
        };
        let at_home = country.calling_code() == Some(number.country_code);
        let form = if at_home {
            PhoneNumberFormat::National
        } else {
            PhoneNumberFormat::International
        };
        number.format_as(form).into_owned()
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown_from = self.0.len().saturating_sub(4);
        for (at, c) in self.0.chars().enumerate() {
            let shown = at < 2 || at >= shown_from;
            fmt::Write::write_char(f, if shown { c } else { '*' })?;
        }
        Ok(())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A number that was read, and what should be known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedNumber {
    pub number: PhoneNumber,
    pub warning: Option<NumberWarning>,
}

coded_enum! {
    /// Why somebody may want to look at a number that can be dialed.
    NumberWarning {
        /// Its length is right, but no range of its country's plan known here holds it.
        OutsideKnownRanges = "outside_known_ranges",
        PremiumRate = "premium_rate",
        SharedCost = "shared_cost",
        Pager = "pager",
        VoicemailAccess = "voicemail_access",
    }
}

impl NumberWarning {
    /// One plain sentence without a full stop.
    pub const fn words(self) -> &'static str {
        match self {
            NumberWarning::OutsideKnownRanges => {
                "the number is possible but in no range known to be in use"
            }
            NumberWarning::PremiumRate => "this is a premium-rate number",
            NumberWarning::SharedCost => "calls to this number are charged at a special rate",
            NumberWarning::Pager => "this is a pager",
            NumberWarning::VoicemailAccess => "this number leads to a voicemail system",
        }
    }
}

/// Why a text is no number that can be dialed. The messages never hold the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    #[error("there is no phone number")]
    Empty,
    #[error("this is too long for a phone number")]
    TooLongText,
    #[error("the number holds letters; write it in digits")]
    HasLetters,
    #[error(
        "the number has an extension, which an automatic call cannot dial; give a direct number"
    )]
    HasExtension,
    #[error("this looks like more than one phone number; keep one")]
    SeveralNumbers,
    #[error("the number was changed by a spreadsheet; format the column as text and export again")]
    SpreadsheetDamage,
    #[error("this is not a phone number")]
    NotANumber,
    #[error("this is an emergency or short number")]
    ShortNumber,
    #[error("the area code is missing")]
    MissingAreaCode,
    #[error("no country has this calling code")]
    UnknownCallingCode,
    #[error("the number has too few digits for {0}")]
    TooShort(Place),
    #[error("the number has too many digits for {0}")]
    TooLong(Place),
    #[error("no number in {0} has this many digits")]
    ImpossibleLength(Place),
}

/// The country that a number was judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Country(Country),
    CallingCode(i32),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Country(country) => write!(f, "{country}"),
            Place::CallingCode(code) => write!(f, "a country with the calling code +{code}"),
        }
    }
}

/// Reads a phone number as people of `country` write it, or in any international form.
///
/// # Errors
/// When it is not one dialable number, or when no number of its country can have this many digits.
pub fn parse(raw: &str, country: Country) -> Result<ParsedNumber, PhoneError> {
    let text = bare(raw);
    if text.is_empty() {
        return Err(PhoneError::Empty);
    }
    if text.len() > LONGEST_TEXT {
        return Err(PhoneError::TooLongText);
    }
    if is_spreadsheet_damage(&text) {
        return Err(PhoneError::SpreadsheetDamage);
    }
    let outcome = PHONE_NUMBER_UTIL.parse(&text, country.region());
    if let Ok(LibraryNumber {
        extension: Some(extension),
        ..
    }) = &outcome
    {
        return Err(if extension.len() >= 7 {
            PhoneError::SeveralNumbers
        } else {
            PhoneError::HasExtension
        });
    }
    refuse_foreign_signs(&text)?;
    let number = outcome.map_err(|error| parse_error(error, &text, country))?;
    judge(&number, &text, country)
}

/// `#[serde(with = "domain::phone::e164")]`: the real number, where it is meant to leave the program.
pub mod e164 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::PhoneNumber;

    pub fn serialize<S: Serializer>(
        number: &PhoneNumber,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(number.e164())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<PhoneNumber, D::Error> {
        let text = String::deserialize(deserializer)?;
        PhoneNumber::from_e164(&text).map_err(D::Error::custom)
    }
}

/// Whether the number can exist in its country, and the warning it deserves.
fn judge(number: &LibraryNumber, text: &str, country: Country) -> Result<ParsedNumber, PhoneError> {
    let valid = number.is_valid();
    if !valid && national_digits(number) <= 6 {
        return Err(PhoneError::ShortNumber);
    }
    let place = place_of(number, country);
    match number.is_possible_with_reason() {
        Ok(NumberLengthType::IsPossible) => {}
        Ok(NumberLengthType::IsPossibleLocalOnly) => return Err(PhoneError::MissingAreaCode),
        Err(_) if looks_like_several(text) => return Err(PhoneError::SeveralNumbers),
        Err(ValidationError::InvalidCountryCode) => return Err(PhoneError::UnknownCallingCode),
        Err(ValidationError::TooShort) => return Err(PhoneError::TooShort(place)),
        Err(ValidationError::TooLong) => return Err(PhoneError::TooLong(place)),
        Err(ValidationError::InvalidLength) => return Err(PhoneError::ImpossibleLength(place)),
    }
    if !valid && !fits_british_plan(number) {
        return Err(PhoneError::ImpossibleLength(place));
    }
    // A plan may allow more digits than E.164 does (Germany): no provider dials those.
    let e164 = number.format_as(PhoneNumberFormat::E164);
    let number_kept = PhoneNumber::from_e164(&e164).map_err(|_| PhoneError::TooLong(place))?;
    if valid {
        return Ok(ParsedNumber {
            number: number_kept,
            warning: kind_warning(number.get_type()),
        });
    }
    // Too many leading zeros can leave a number that would be read as a still shorter one the next time.
    match PHONE_NUMBER_UTIL.parse(&e164, None) {
        Ok(again) if again.format_as(PhoneNumberFormat::E164) == e164 => Ok(ParsedNumber {
            number: number_kept,
            warning: Some(NumberWarning::OutsideKnownRanges),
        }),
        _ => Err(PhoneError::ImpossibleLength(place)),
    }
}

/// False for a British number whose first digit says that it should be longer.
///
/// The library knows only that some British number has 7 or 9 digits, so it finds a mobile number possible that lost
/// a digit. By Ofcom's National Telephone Numbering Plan only 01 numbers may have 9, and only 08 numbers 7 or 9.
fn fits_british_plan(number: &LibraryNumber) -> bool {
    let national = number.get_national_significant_number();
    number.country_code != 44
        || match national.as_bytes() {
            [b'1', ..] => matches!(national.len(), 9 | 10),
            [b'8', ..] => matches!(national.len(), 7 | 9 | 10),
            _ => national.len() == 10,
        }
}

fn kind_warning(kind: PhoneNumberType) -> Option<NumberWarning> {
    match kind {
        PhoneNumberType::PremiumRate => Some(NumberWarning::PremiumRate),
        PhoneNumberType::SharedCost => Some(NumberWarning::SharedCost),
        PhoneNumberType::Pager => Some(NumberWarning::Pager),
        PhoneNumberType::VoiceMail => Some(NumberWarning::VoicemailAccess),
        _ => None,
    }
}

/// Digits after the calling code, leading zeros (Italy) included.
fn national_digits(number: &LibraryNumber) -> usize {
    number.get_national_significant_number().len()
}

fn place_of(number: &LibraryNumber, country: Country) -> Place {
    if country.calling_code() == Some(number.country_code) {
        Place::Country(country)
    } else {
        Place::CallingCode(number.country_code)
    }
}

fn parse_error(error: rlibphonenumber::ParseError, text: &str, country: Country) -> PhoneError {
    use rlibphonenumber::ParseError;
    match error {
        _ if looks_like_several(text) => PhoneError::SeveralNumbers,
        ParseError::InvalidCountryCode => PhoneError::UnknownCallingCode,
        ParseError::NotANumber(_) if digits(text) > 0 && digits(text) <= 6 => {
            PhoneError::ShortNumber
        }
        ParseError::NotANumber(_) => PhoneError::NotANumber,
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => {
            PhoneError::TooShort(Place::Country(country))
        }
        ParseError::TooLongNsn => PhoneError::TooLong(Place::Country(country)),
    }
}

/// The text without what exports put around a number: spaces, a spreadsheet's `'` or `="…"`, and the invisible
/// direction marks that address books copy along.
fn bare(raw: &str) -> String {
    let visible: String = raw.chars().filter(|c| !is_invisible(*c)).collect();
    let text = visible.trim();
    let text = text
        .strip_prefix("=\"")
        .and_then(|text| text.strip_suffix('"'))
        .unwrap_or(text);
    let text = text.strip_prefix('\'').unwrap_or(text);
    text.trim().to_owned()
}

/// `4.47701E+11`, or `447700900123.0`, whose last zero would be dialed.
fn is_spreadsheet_damage(text: &str) -> bool {
    let (mantissa, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let exponent = |part: &str| {
        part.split_once(['E', 'e']).is_some_and(|(digits, power)| {
            let power = power.trim_start_matches(['+', '-']);
            all_digits(digits) && !power.is_empty() && all_digits(power)
        })
    };
    let whole = mantissa.trim_start_matches('+');
    let decimal = whole.len() >= 7 && !fraction.is_empty() && fraction.bytes().all(|b| b == b'0');
    all_digits(whole) && (exponent(fraction) || decimal) || exponent(whole)
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Letters and network codes, outside the parameters of a `tel:` address.
fn refuse_foreign_signs(text: &str) -> Result<(), PhoneError> {
    let number = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text
            .get(4..)
            .and_then(|rest| rest.split(';').next())
            .unwrap_or_default(),
        _ => text,
    };
    if number.chars().any(char::is_alphabetic) {
        return Err(PhoneError::HasLetters);
    }
    if number.contains(['*', '#'])
        || number.chars().any(char::is_control) && !number.contains(['\n', '\r', '\t'])
    {
        return Err(PhoneError::NotANumber);
    }
    Ok(())
}

fn looks_like_several(text: &str) -> bool {
    let parts = text
        .split([',', ';', '/', '&', '|', '\n', '\r'])
        .filter(|part| digits(part) >= 7);
    parts.count() > 1 || digits(text) > 17
}

fn digits(text: &str) -> usize {
    text.chars().filter(|c| c.is_numeric()).count()
}
