//! Lenient reading of JSON: what is absent or of another type is `None`. What has to be there is [`needed`].

pub(crate) mod broken;
pub(crate) mod needed;

use jiff::Timestamp;
use serde_json::Value;

use crate::private::Private;

/// A value that may be there.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a>(Option<&'a Value>);

impl<'a> From<&'a Value> for Json<'a> {
    fn from(value: &'a Value) -> Self {
        Self(Some(value))
    }
}

impl<'a> Json<'a> {
    /// What stands under this key, or path of keys such as `call.id`.
    pub(crate) fn at(self, path: &str) -> Self {
        let step = |value: Option<&'a Value>, key: &str| value?.get(key);
        Self(path.split('.').fold(self.0, step))
    }

    /// What stands at the first of the paths that has more than null.
    pub(crate) fn first(self, paths: &[&str]) -> Self {
        let mut found = paths.iter().map(|path| self.at(path));
        found.find(|json| json.exists()).unwrap_or(Self(None))
    }

    pub(crate) fn exists(self) -> bool {
        self.0.is_some_and(|value| !value.is_null())
    }

    pub(crate) fn value(self) -> Option<&'a Value> {
        self.0.filter(|value| !value.is_null())
    }

    /// A text that is not empty, or a number as text.
    pub(crate) fn text(self) -> Option<String> {
        match self.0? {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(crate) fn private(self) -> Option<Private> {
        self.text().map(Private)
    }

    /// A whole number, also one written as text or with a fraction of nothing.
    pub(crate) fn integer(self) -> Option<i64> {
        match self.0? {
            Value::String(text) => text.trim().parse().ok(),
            // `as` saturates, and whole numbers of a sensible size lose nothing in an f64.
            value => value
                .as_i64()
                .or_else(|| value.as_f64().map(|number| number as i64)),
        }
    }

    pub(crate) fn number(self) -> Option<f64> {
        self.0?.as_f64()
    }

    /// An instant in milliseconds since 1970, or in words as RFC 3339 has it.
    pub(crate) fn instant(self) -> Option<Timestamp> {
        match self.0? {
            Value::String(text) => text.parse().ok(),
            Value::Number(_) => Timestamp::from_millisecond(self.integer()?).ok(),
            _ => None,
        }
    }

    /// The entries of an array; of anything else none.
    pub(crate) fn items(self) -> impl Iterator<Item = Self> {
        let items = self.0.and_then(Value::as_array);
        items.into_iter().flatten().map(Self::from)
    }

    /// One text, or the texts of an array.
    pub(crate) fn texts(self) -> Vec<String> {
        match self.0 {
            Some(Value::Array(_)) => self.items().filter_map(Self::text).collect(),
            _ => self.text().into_iter().collect(),
        }
    }

    pub(crate) fn private_texts(self) -> Vec<Private> {
        self.texts().into_iter().map(Private).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_there_is_read_and_the_rest_is_nothing() {
        let value = json!({"a": {"b": "x", "n": 7.0, "none": null, "empty": ""},
            "at": 1767225600000i64, "iso": "2026-01-01T00:00:00.000Z", "list": ["p", 2, null, {}], "one": "p"});
        let json = Json::from(&value);
        assert_eq!(json.at("a.b").text().as_deref(), Some("x"));
        assert_eq!(json.at("a.n").integer(), Some(7));
        assert_eq!(json.at("at").instant(), json.at("iso").instant());
        assert!(json.at("at").instant().is_some());
        assert_eq!(json.at("list").texts(), ["p", "2"]);
        assert_eq!(json.at("one").texts(), ["p"]);
        assert_eq!(
            json.first(&["a.none", "x.y", "a.b"]).text().as_deref(),
            Some("x")
        );
        for nothing in ["a", "a.none", "a.empty", "a.b.c", "", "list", "zzz"] {
            assert_eq!(json.at(nothing).text(), None, "{nothing}");
        }
    }

    #[test]
    fn no_number_is_too_odd() {
        for value in [
            json!(1e300),
            json!(-1e300),
            json!(u64::MAX),
            json!("9".repeat(40)),
        ] {
            let json = Json::from(&value);
            let _ = (json.integer(), json.number());
            assert_eq!(json.instant(), None);
        }
    }
}
