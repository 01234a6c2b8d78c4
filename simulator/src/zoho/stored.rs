//! One record, as it is kept and as it is answered.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{INTEGRATION_USER, PERSON};

#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) fields: Map<String, Value>,
    pub(super) created_ms: i64,
    pub(super) modified_ms: i64,
    pub(super) by: String,
    /// When it was made, by the wall clock: searches lag behind.
    pub(super) made_ms: i64,
}

impl Stored {
    /// As it is answered; all fields when none are named.
    pub(super) fn object(&self, id: &str, names: &[&str]) -> Value {
        let mut object = self.fields.clone();
        object.retain(|name, _| names.is_empty() || names.contains(&name.as_str()));
        for name in names {
            object.entry(*name).or_insert(Value::Null);
        }
        object.insert("id".to_owned(), id.into());
        for (name, value) in self.details(id) {
            if names.is_empty() || names.contains(&name.as_str()) {
                object.insert(name, value);
            }
        }
        object.into()
    }

    /// What Zoho tells of a record that was written.
    pub(super) fn details(&self, id: &str) -> Map<String, Value> {
        let by = user(&self.by);
        let details = json!({
            "id": id,
            "Created_Time": time(self.created_ms),
            "Modified_Time": time(self.modified_ms),
            "Created_By": by,
            "Modified_By": by,
        });
        details.as_object().cloned().unwrap_or_default()
    }
}

pub(super) fn is_phone(name: &str) -> bool {
    name.contains("Phone") || name.contains("Mobile")
}

pub(super) fn user(id: &str) -> Value {
    let name = match id {
        INTEGRATION_USER => "Integration",
        PERSON => "Person",
        _ => "Somebody",
    };
    json!({"id": id, "name": name})
}

/// A time as Zoho writes it.
pub(super) fn time(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// Milliseconds of a time as Zoho takes it.
pub(super) fn read_time(text: &str) -> Option<i64> {
    let at: Timestamp = text.parse().ok()?;
    Some(at.as_millisecond())
}

/// The fields that hold something.
pub(super) fn kept(fields: &Map<String, Value>) -> Map<String, Value> {
    let fields = fields.iter();
    fields
        .filter(|(name, value)| *name != "id" && !value.is_null() && value.as_str() != Some(""))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
