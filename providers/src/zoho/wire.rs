//! From Zoho's JSON to the domain's values and back.

use domain::{
    crm::{Field, Kind, Record, UserId, Values, Version},
    settings::Crm,
};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::json::Json;

const MODIFIED_TIME: &str = "Modified_Time";
const MODIFIED_BY: &str = "Modified_By";

/// Where a tenant keeps the people, and by which names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(super) module: String,
    pub(super) fields: Vec<(Field, String)>,
    /// The field that holds our id of the contact.
    pub(super) reference: Option<String>,
}

impl Table {
    pub fn of(crm: &Crm) -> Table {
        let fields = crm.mapped().map(|(field, name)| (field, name.to_owned()));
        Table {
            module: crm.module.clone(),
            fields: fields.collect(),
            reference: crm.reference_field.clone(),
        }
    }

    pub(super) fn name(&self, field: Field) -> Option<&str> {
        let named = self.fields.iter().find(|(each, _)| *each == field);
        named.map(|(_, name)| name.as_str())
    }

    /// The names to ask for.
    pub(super) fn asked(&self) -> String {
        let own = self.fields.iter().map(|(_, name)| name.as_str());
        let names: Vec<&str> = own.chain([MODIFIED_TIME, MODIFIED_BY]).collect();
        names.join(",")
    }

    /// A record; `None` without an id.
    pub(super) fn record(&self, value: &Value) -> Option<Record> {
        let json = Json::from(value);
        let mut values = Values::default();
        for (field, name) in &self.fields {
            values.set(*field, said(value.get(name)).as_deref());
        }
        Some(Record {
            id: json.at("id").text()?.parse().ok()?,
            version: version(json),
            values,
        })
    }

    /// The fields of a record to be written; `None` empties one.
    pub(super) fn written<'a>(
        &self,
        values: impl IntoIterator<Item = (Field, Option<&'a str>)>,
    ) -> Map<String, Value> {
        let named = values
            .into_iter()
            .filter_map(|(field, value)| Some((self.name(field)?.to_owned(), wire(field, value))));
        named.collect()
    }
}

/// Which state a record, or the answer to a write, is of.
pub(super) fn version(json: Json<'_>) -> Version {
    let by: Option<UserId> = json
        .first(&["Modified_By.id", MODIFIED_BY])
        .text()
        .and_then(|id| id.parse().ok());
    Version {
        modified_at: json.at(MODIFIED_TIME).instant(),
        modified_by: by,
    }
}

/// A value that is about a person: a text, a number or a truth. Of anything else there is none.
fn said(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(true) => Some("true".to_owned()),
        _ => None,
    }
}

fn wire(field: Field, value: Option<&str>) -> Value {
    match (field.kind(), value) {
        (Kind::Flag, value) => value.is_some().into(),
        (_, Some(text)) => text.into(),
        (_, None) => Value::Null,
    }
}

/// A time as Zoho wants it: with an offset, without a fraction.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}
