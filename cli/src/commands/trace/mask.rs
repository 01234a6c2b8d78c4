//! Names, numbers and addresses taken out of what an agent was sent.
//!
//! What else was said stays: who reads it wants to know what the agent knew.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

const MASK: &str = "…";
/// Fewer digits in a row are no phone number.
const FEWEST_DIGITS: usize = 7;
/// As many as a masked number shows.
const SHOWN_DIGITS: usize = 4;

/// Keys whose values are a person's name.
const NAMES: &[&str] = &["name", "first_name", "customer_name", "customer_first_name"];
/// Keys whose values tell how a person is reached.
const PLACES: &[&str] = &["email", "address"];
/// A name that stands for nobody's.
const NOBODY: &str = "there";

/// What is not to be shown of one call. It holds personal data and so has no `Debug`.
#[derive(Default)]
pub(super) struct Mask {
    /// Words of names, in small letters.
    words: BTreeSet<String>,
    /// Whole texts, as they stand.
    phrases: BTreeSet<String>,
}

impl Mask {
    pub(super) fn add_name(&mut self, name: &str) {
        let words = name.split(|c: char| !c.is_alphanumeric());
        let words = words.filter(|word| word.chars().count() > 1 && *word != NOBODY);
        self.words.extend(words.map(str::to_lowercase));
    }

    /// Adds every name and address that stands in a value under its key.
    pub(super) fn learn(&mut self, value: &Value) {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match value.as_str() {
                        Some(text) if NAMES.contains(&key.as_str()) => self.add_name(text),
                        Some(text) if PLACES.contains(&key.as_str()) && !text.trim().is_empty() => {
                            self.phrases.insert(text.to_owned());
                        }
                        _ => self.learn(value),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| self.learn(value)),
            Value::String(text) => inner(text).iter().for_each(|value| self.learn(value)),
            _ => {}
        }
    }

    pub(super) fn value(&self, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let masked = map
                    .iter()
                    .map(|(key, value)| (key.clone(), self.value(value)));
                Value::Object(masked.collect::<Map<_, _>>())
            }
            Value::Array(values) => values.iter().map(|value| self.value(value)).collect(),
            Value::String(text) => Value::String(match inner(text) {
                Some(value) => self.value(&value).to_string(),
                None => self.text(text),
            }),
            // A number of a phone may be a number in JSON too.
            Value::Number(number) => {
                let (text, masked) = (number.to_string(), without_numbers(&number.to_string()));
                if text == masked {
                    value.clone()
                } else {
                    Value::String(masked)
                }
            }
            other => other.clone(),
        }
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for phrase in &self.phrases {
            text = text.replace(phrase.as_str(), MASK);
        }
        let text = without_numbers(&without_mail(&text));
        let mut masked = String::with_capacity(text.len());
        for part in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
            let word = part.trim_end_matches(|c: char| !c.is_alphanumeric());
            if self.words.contains(&word.to_lowercase()) {
                masked.push_str(MASK);
                masked.push_str(part.strip_prefix(word).unwrap_or_default());
            } else {
                masked.push_str(part);
            }
        }
        masked
    }
}

/// JSON that stands in a text, as it does in `memory_json`.
fn inner(text: &str) -> Option<Value> {
    let is_json = text.starts_with(['{', '[']);
    is_json.then(|| serde_json::from_str(text).ok())?
}

fn without_mail(text: &str) -> String {
    let parts = text.split_inclusive(char::is_whitespace).map(|part| {
        let word = part.trim_end();
        match word.split_once('@') {
            Some((user, host)) if !user.is_empty() && host.contains('.') => {
                format!("{MASK}{}", part.strip_prefix(word).unwrap_or_default())
            }
            _ => part.to_owned(),
        }
    });
    parts.collect()
}

/// Every run of digits that is as long as a phone number, but for its last ones. Dates and ids stay.
fn without_numbers(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = characters.get(at..).filter(|rest| !rest.is_empty()) {
        let before = at.checked_sub(1).and_then(|before| characters.get(before));
        let begins = before.is_none_or(|c| !c.is_alphanumeric() && *c != '_');
        let length = match (begins, date(rest)) {
            (false, _) => 0,
            (true, Some(length)) => {
                kept.extend(rest.iter().take(length));
                at += length;
                continue;
            }
            (true, None) => number(rest),
        };
        if length == 0 {
            kept.extend(rest.first());
            at += 1;
            continue;
        }
        let digits: Vec<&char> = rest
            .iter()
            .take(length)
            .filter(|c| c.is_ascii_digit())
            .collect();
        kept.push_str(MASK);
        kept.extend(
            digits
                .iter()
                .skip(digits.len().saturating_sub(SHOWN_DIGITS))
                .copied(),
        );
        at += length;
    }
    kept
}

/// The length of a date such as `2027-03-29` at the beginning.
fn date(text: &[char]) -> Option<usize> {
    const SHAPE: &str = "0000-00-00";
    let length = SHAPE.len();
    let fits = |(shape, c): (char, &char)| match shape {
        '0' => c.is_ascii_digit(),
        shape => *c == shape,
    };
    let is_date = text.len() >= length && SHAPE.chars().zip(text).all(fits);
    let ends = text.get(length).is_none_or(|next| !next.is_ascii_digit());
    (is_date && ends).then_some(length)
}

/// The length of a phone number at the beginning, from its first to its last digit; 0 when there is none.
fn number(text: &[char]) -> usize {
    let belongs = |(place, c): &(usize, &char)| match c {
        '+' => *place == 0,
        c => c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '(' | ')' | '/'),
    };
    let starts = text
        .first()
        .is_some_and(|c| c.is_ascii_digit() || matches!(c, '+' | '('));
    if !starts {
        return 0;
    }
    let run: Vec<_> = text.iter().enumerate().take_while(belongs).collect();
    let digits = run.iter().filter(|(_, c)| c.is_ascii_digit());
    match digits.clone().next_back() {
        Some((last, _)) if digits.count() >= FEWEST_DIGITS => last + 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn masked(value: &Value) -> Value {
        let mut mask = Mask::default();
        mask.add_name("Ada Archer");
        mask.learn(value);
        mask.value(value)
    }

    #[test]
    fn names_numbers_and_addresses_are_masked_wherever_they_stand() {
        let inner = json!({"name": "Bo", "contact": {"email": "x", "address": "3 Mill Lane", "numbers": ["07700 900123"]}});
        let told = masked(&json!({
            "customer_name": "Ada Lovelace",
            "greeting": "Welcome back, ADA! Mrs Lovelace's bill: mail ada@archer.example, call (020) 7946 0018.",
            "memory_json": inner.to_string(),
            "summary": "Bo lives at 3 Mill Lane, +447700900123",
            "phone": 447700900123_u64,
        }));
        assert_eq!(told["customer_name"], "… …");
        assert_eq!(
            told["greeting"],
            "Welcome back, …! Mrs …'s bill: mail … call …0018."
        );
        assert_eq!(told["summary"], "… lives at …, …0123");
        assert_eq!(told["phone"], "…0123");
        let inner: Value = serde_json::from_str(told["memory_json"].as_str().unwrap()).unwrap();
        assert_eq!(
            inner,
            json!({"name": "…", "contact": {"email": "…", "address": "…", "numbers": ["…0123"]}})
        );
    }

    #[test]
    fn what_else_an_agent_was_told_can_be_read() {
        let told = json!({
            "customer_name": "there",
            "is_known": "true",
            "ok": true,
            "took": 12,
            "starts_at": "2027-03-29T09:00:00+01:00",
            "date": "2027-03-29 09:00",
            "appointment": "apt_01959f2c6d1e7b4a8c0f123456789012",
            "say": "Is anybody there? Monday the 29th of March at 9:00 AM, room 101",
        });
        assert_eq!(masked(&told), told);
    }

    proptest! {
        #[test]
        fn no_phone_number_is_shown(before in "[a-z ,:]{0,9}", digits in "[0-9]{7,15}", after in "[a-z ,]{0,9}") {
            let shown = masked(&json!(format!("{before} +{digits} {after}")));
            prop_assert!(!shown.as_str().unwrap().contains(&digits));
        }

        #[test]
        fn no_text_makes_it_panic(text: String, name: String) {
            let mut mask = Mask::default();
            mask.add_name(&name);
            mask.learn(&json!({ "email": name }));
            mask.value(&json!(text));
        }
    }
}
