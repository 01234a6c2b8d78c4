//! Takes a few values out of a JSON body in one pass, whatever else it holds and however deep that is.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::ParseProblem;

/// What stood at each of the wanted paths.
pub(crate) struct Plucked {
    found: Vec<Found>,
}

struct Found {
    path: &'static str,
    values: Vec<String>,
    /// Whether the last of them was a number.
    is_number: bool,
}

impl Found {
    const fn none(path: &'static str) -> Self {
        Self {
            path,
            values: Vec::new(),
            is_number: false,
        }
    }
}

impl Plucked {
    /// The text at a path. Of a key that comes twice the last counts, as for every other reader here.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.all(path).last().map(String::as_str)
    }

    /// The same, unless it is a number.
    pub(crate) fn word(&self, path: &str) -> Option<&str> {
        let found = self.at(path).filter(|found| !found.is_number)?;
        found.values.last().map(String::as_str)
    }

    /// The texts at a path with a `*` in it.
    pub(crate) fn all(&self, path: &str) -> &[String] {
        self.at(path).map_or(&[], |found| &found.values)
    }

    fn at(&self, path: &str) -> Option<&Found> {
        self.found.iter().find(|found| found.path == path)
    }

    /// The text at the first of the paths that has one which is not empty.
    pub(crate) fn first(&self, paths: &[&str]) -> Option<&str> {
        paths
            .iter()
            .filter_map(|path| self.text(path))
            .find(|text| !text.is_empty())
    }
}

/// Reads the texts and numbers at the paths, such as `message.call.id` or, for each entry of an array,
/// `ids.*`. What is absent or of another kind is left out; only a body that is no JSON is a problem. Nothing
/// else is kept, and depth beyond the paths costs no stack.
pub(crate) fn pluck(body: &[u8], paths: &[&'static str]) -> Result<Plucked, ParseProblem> {
    let mut found: Vec<_> = paths.iter().map(|path| Found::none(path)).collect();
    let wanted = paths
        .iter()
        .enumerate()
        .map(|(slot, path)| Wanted {
            slot,
            rest: Some(path),
        })
        .collect();
    let mut json = serde_json::Deserializer::from_slice(body);
    let here = Here {
        wanted,
        found: &mut found,
    };
    here.deserialize(&mut json)?;
    json.end()?;
    Ok(Plucked { found })
}

/// A path that leads through the value at hand; `rest` is what of it lies below, `None` for nothing.
struct Wanted {
    slot: usize,
    rest: Option<&'static str>,
}

/// The value at hand.
struct Here<'a> {
    wanted: Vec<Wanted>,
    found: &'a mut Vec<Found>,
}

impl Here<'_> {
    /// Those of the paths that go on with this key.
    fn below(&self, key: &str) -> Vec<Wanted> {
        let step = |wanted: &Wanted| {
            let (first, rest) = match wanted.rest?.split_once('.') {
                Some((first, rest)) => (first, Some(rest)),
                None => (wanted.rest?, None),
            };
            (first == key).then_some(Wanted {
                slot: wanted.slot,
                rest,
            })
        };
        self.wanted.iter().filter_map(step).collect()
    }

    fn keep(self, text: impl fmt::Display, is_number: bool) {
        for wanted in self.wanted.iter().filter(|wanted| wanted.rest.is_none()) {
            if let Some(found) = self.found.get_mut(wanted.slot) {
                found.values.push(text.to_string());
                found.is_number = is_number;
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Here<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.wanted.is_empty() {
            true => deserializer
                .deserialize_ignored_any(IgnoredAny)
                .map(|IgnoredAny| ()),
            false => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Here<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let wanted = self.below(&key);
            map.next_value_seed(Here {
                wanted,
                found: self.found,
            })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut entry = || {
            let wanted = self.below("*");
            seq.next_element_seed(Here {
                wanted,
                found: self.found,
            })
        };
        while entry()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.keep(text, false);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.keep(number, true);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.keep(number, true);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.keep(number, true);
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: &[&str] = &["type", "a.id", "a.b.id", "ids.*", "list.*.id"];

    #[test]
    fn what_stands_at_the_paths_is_taken() {
        let body = br#"{"x":[{"type":"no"}],"type":"t","a":{"id":7,"b":{"id":"deep","type":"no"}},
            "ids":["1",2,{"id":3},null],"list":[{"id":"p"},"id",{"id":"q","x":1}]}"#;
        let plucked = pluck(body, PATHS).unwrap();
        assert_eq!(plucked.text("type"), Some("t"));
        assert_eq!(plucked.text("a.id"), Some("7"));
        assert_eq!(
            (plucked.word("a.id"), plucked.word("type")),
            (None, Some("t"))
        );
        assert_eq!(plucked.text("a.b.id"), Some("deep"));
        assert_eq!(plucked.all("ids.*"), ["1", "2"]);
        assert_eq!(plucked.all("list.*.id"), ["p", "q"]);
        assert_eq!(plucked.first(&["none", "a.b.id"]), Some("deep"));
    }

    #[test]
    fn other_shapes_are_nothing_and_no_problem() {
        for body in [
            "7",
            "[]",
            "null",
            "\"type\"",
            "{}",
            r#"{"type":{},"a":[1],"ids":{"*":[1]}}"#,
        ] {
            let plucked = pluck(body.as_bytes(), PATHS).unwrap();
            assert!(
                PATHS.iter().all(|path| plucked.text(path).is_none()),
                "{body}"
            );
        }
    }

    #[test]
    fn of_a_key_that_comes_twice_the_last_counts() {
        let plucked = pluck(br#"{"type":"first","type":"last"}"#, PATHS).unwrap();
        assert_eq!(plucked.text("type"), Some("last"));
    }

    #[test]
    fn what_is_no_json_is_told_by_its_place() {
        for body in [&b""[..], b"{", b"{} x", b"{\"type\":\"\xff\"}", b"type=1"] {
            assert!(matches!(
                pluck(body, PATHS),
                Err(ParseProblem::NotJson { .. })
            ));
        }
    }

    #[test]
    fn depth_does_no_harm() {
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        let body = format!(r#"{{"x":{deep},"ids":{deep},"a":{{"b":{deep}}},"type":"t"}}"#);
        assert_eq!(
            pluck(body.as_bytes(), PATHS).unwrap().text("type"),
            Some("t")
        );
    }
}
