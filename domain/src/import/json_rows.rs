//! The rows of a JSON file: an array of objects.

use std::{borrow::Cow, collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    BadRow, Cell, Column, HeaderMapping, HeaderProblem, Problem, RawRow, bad_row, header::Layout,
    text,
};

/// How many objects are looked at to learn which keys the file has.
const OBJECTS_OF_THE_HEADER: usize = 1000;
/// The longest value that is shown for a row that cannot be read.
const SHOWN_CHARACTERS: usize = 200;

pub(super) struct JsonRows<'a> {
    text: Cow<'a, str>,
    /// Where each object starts and ends in the text.
    objects: Vec<(usize, usize)>,
    next: usize,
    line: u64,
    counted_to: usize,
    layout: Layout,
    keys: HashMap<String, usize>,
    file_note: Option<String>,
}

impl<'a> JsonRows<'a> {
    pub(super) fn open(
        bytes: &'a [u8],
        mapping: Option<&HeaderMapping>,
    ) -> Result<JsonRows<'a>, HeaderProblem> {
        let (bytes, file_note) = text::without_utf16(bytes)?;
        let text = utf8(bytes)?;
        if text.trim().is_empty() {
            return Err(HeaderProblem::Empty);
        }
        let objects = object_places(&text)?;
        let headers = header_keys(&text, &objects);
        if objects.is_empty() {
            return Err(HeaderProblem::Empty);
        }
        let layout = Layout::recognise(headers, mapping)?;
        let keys = layout
            .headers
            .iter()
            .enumerate()
            .map(|(at, key)| (key.clone(), at))
            .collect();
        Ok(JsonRows {
            text,
            objects,
            next: 0,
            line: 1,
            counted_to: 0,
            layout,
            keys,
            file_note,
        })
    }

    pub(super) fn next_row(&mut self) -> Option<Result<RawRow<'_>, BadRow>> {
        let (start, end) = *self.objects.get(self.next)?;
        self.next += 1;
        let before = self.text.get(self.counted_to..start).unwrap_or_default();
        self.line += before.bytes().filter(|byte| *byte == b'\n').count() as u64;
        self.counted_to = start;
        let raw = self.text.get(start..end).unwrap_or_default();
        let object = match serde_json::from_str::<Object<'_>>(raw) {
            Ok(object) => object,
            Err(_) => {
                return Some(Err(bad_row(
                    self.line,
                    &shown(raw),
                    "each element of the array must be an object",
                )));
            }
        };
        Some(raw_row(self.line, object, &self.layout, &self.keys))
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.file_note
            .iter()
            .chain(self.layout.notes())
            .cloned()
            .collect()
    }

    pub(super) fn position(&self) -> (usize, usize) {
        (self.next, self.objects.len())
    }
}

fn utf8(bytes: Cow<'_, [u8]>) -> Result<Cow<'_, str>, HeaderProblem> {
    let not_utf8 =
        |at: usize| HeaderProblem::NotThisFormat(format!("the file is not UTF-8 at byte {at}"));
    match bytes {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes)
            .map(Cow::Borrowed)
            .map_err(|error| not_utf8(error.valid_up_to())),
        Cow::Owned(bytes) => String::from_utf8(bytes)
            .map(Cow::Owned)
            .map_err(|error| not_utf8(error.utf8_error().valid_up_to())),
    }
}

fn object_places(text: &str) -> Result<Vec<(usize, usize)>, HeaderProblem> {
    let elements: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| {
        let reason = if text.trim_start().starts_with('[') {
            error
                .to_string()
                .split(" at line ")
                .next()
                .unwrap_or_default()
                .to_owned()
        } else {
            "the file must be an array of objects: [{\"external_id\": …}, …]".to_owned()
        };
        HeaderProblem::Json {
            line: error.line(),
            column: error.column(),
            reason,
        }
    })?;
    let base = text.as_ptr().addr();
    let place = |element: &&RawValue| {
        let start = element.get().as_ptr().addr().saturating_sub(base);
        (start, start + element.get().len())
    };
    Ok(elements.iter().map(place).collect())
}

/// The keys of the first objects, in the order in which they appear.
fn header_keys(text: &str, objects: &[(usize, usize)]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for (start, end) in objects.iter().take(OBJECTS_OF_THE_HEADER) {
        let Some(Ok(object)) = text
            .get(*start..*end)
            .map(serde_json::from_str::<Object<'_>>)
        else {
            continue;
        };
        for (key, _) in object.0 {
            if known.insert(key.to_string()) {
                keys.push(key.into_owned());
            }
        }
    }
    keys
}

fn raw_row<'r>(
    line: u64,
    object: Object<'r>,
    layout: &'r Layout,
    keys: &HashMap<String, usize>,
) -> Result<RawRow<'r>, BadRow> {
    let mut texts: Vec<Option<Cow<'r, str>>> = vec![None; layout.headers.len()];
    for (key, value) in object.0 {
        // A key that the first thousand objects lack is an unknown column like any other.
        let Some(place) = keys.get(key.as_ref()).and_then(|at| texts.get_mut(*at)) else {
            continue;
        };
        if place.is_some() {
            return Err(bad_row(
                line,
                &key,
                format!("the key {key:?} stands twice in this object"),
            ));
        }
        let Some(text) = value.text() else {
            let Some(at) = keys.get(key.as_ref()).filter(|at| layout.is_used(**at)) else {
                continue;
            };
            let column = layout.headers.get(*at).cloned().unwrap_or_default();
            let reason = "the value must be text or a number".to_owned();
            return Err(BadRow {
                line,
                problems: vec![Problem {
                    line,
                    column,
                    value: value.shown(),
                    reason,
                }],
            });
        };
        *place = Some(text);
    }
    let cells = std::array::from_fn(|column| {
        let sources = Column::ALL
            .get(column)
            .map_or(&[][..], |column| layout.sources(*column));
        let text_at = |at: &usize| {
            texts
                .get(*at)
                .and_then(Option::as_deref)
                .unwrap_or_default()
        };
        let chosen = sources
            .iter()
            .find(|at| !text_at(at).trim().is_empty())
            .or(sources.first())
            .copied();
        let header = chosen
            .and_then(|at| layout.headers.get(at))
            .map_or("", String::as_str);
        let text = chosen
            .and_then(|at| texts.get_mut(at))
            .and_then(Option::take)
            .unwrap_or_default();
        Cell { header, text }
    });
    Ok(RawRow { line, cells })
}

fn shown(raw: &str) -> String {
    raw.chars().take(SHOWN_CHARACTERS).collect()
}

/// An object with its keys in order, doubled ones included.
struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

/// A value as a cell would hold it.
enum Value<'a> {
    Text(Cow<'a, str>),
    /// Anything but text, as the file writes it.
    Raw(&'a RawValue),
}

impl<'a> Value<'a> {
    /// The text of a cell; a list of texts becomes one, with `;` between. `None` for what no cell can hold.
    fn text(&self) -> Option<Cow<'a, str>> {
        let raw = match self {
            Value::Text(text) => return Some(text.clone()),
            Value::Raw(raw) => raw.get(),
        };
        match raw.as_bytes() {
            b"null" => Some(Cow::Borrowed("")),
            [b'[', ..] => serde_json::from_str::<Vec<String>>(raw)
                .ok()
                .map(|texts| Cow::Owned(texts.join(";"))),
            [b'{', ..] => None,
            _ => Some(Cow::Borrowed(raw)),
        }
    }

    fn shown(&self) -> String {
        match self {
            Value::Text(text) => shown(text),
            Value::Raw(raw) => shown(raw.get()),
        }
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        if !raw.get().starts_with('"') {
            return Ok(Value::Raw(raw));
        }
        serde_json::from_str(raw.get())
            .map(|Text(text)| Value::Text(text))
            .map_err(serde::de::Error::custom)
    }
}

/// Text, borrowed from the file where it holds no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut pairs = Vec::with_capacity(16);
                while let Some((Text(key), value)) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}
