//! Phone numbers as CRMs hold them: in whatever form somebody typed.

use crate::{
    country::Country,
    phone::{self, PhoneNumber},
};

/// Digits by which a number is found when no form of it is: enough for one person, few enough for any form.
const TAIL: usize = 9;

/// The number in a CRM's text; `None` when it is not one.
pub fn number_in(text: &str, country: Country) -> Option<PhoneNumber> {
    phone::parse(text, country).ok().map(|parsed| parsed.number)
}

/// The forms in which a CRM may hold a number, the likeliest first, none twice.
pub fn forms(number: &PhoneNumber, country: Country) -> Vec<String> {
    let e164 = number.e164();
    let national = number.for_people(country);
    let international = number.for_people(abroad(country));
    let mut forms = vec![e164.to_owned(), digits(e164)];
    for form in [&national, &international] {
        forms.extend([digits(form), form.clone()]);
    }
    let mut kept: Vec<String> = Vec::with_capacity(forms.len());
    for form in forms {
        if !kept.contains(&form) {
            kept.push(form);
        }
    }
    kept
}

/// The last digits of a number.
pub fn tail(number: &PhoneNumber) -> &str {
    let digits = number.e164().trim_start_matches('+');
    let start = digits.len().saturating_sub(TAIL);
    digits.get(start..).unwrap_or(digits)
}

/// A country with another calling code, for the international form.
fn abroad(country: Country) -> Country {
    match country.calling_code() == Country::GB.calling_code() {
        true => Country::US,
        false => Country::GB,
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
