//! Records that are made and changed.

use domain::{
    crm::{Field, RecordId, Values, Version},
    ids::ContactId,
};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder, header::IF_UNMODIFIED_SINCE};
use serde_json::{Map, Value, json};

use super::{
    Client, CrmError, RecordProblem, Table,
    client::problem,
    wire::{time, version},
};
use crate::{json::Json, private::Private};

/// The most records in one request.
pub const MAX_RECORDS: usize = 100;

/// A contact that has no record yet, as far as we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecord {
    pub contact: ContactId,
    pub values: Values,
}

/// What a record gets. `None` empties a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    pub id: RecordId,
    pub changes: Vec<(Field, Private<Option<String>>)>,
}

/// A record that Zoho took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub id: RecordId,
    /// As it is now: what comes back with this is our own write.
    pub version: Version,
    /// It was not there before.
    pub is_new: bool,
}

impl Update {
    pub fn new<'a>(
        id: RecordId,
        changes: impl IntoIterator<Item = (Field, Option<&'a str>)>,
    ) -> Self {
        let changes = changes.into_iter();
        Self {
            id,
            changes: changes
                .map(|(field, value)| (field, Private(value.map(str::to_owned))))
                .collect(),
        }
    }

    fn values(&self) -> impl Iterator<Item = (Field, Option<&str>)> {
        let changes = self.changes.iter();
        changes.map(|(field, value)| (*field, value.0.as_deref()))
    }
}

impl Client {
    /// Makes records, or changes those that carry the same reference (without a reference field: the same e-mail).
    /// Sent again, it makes nothing twice then. A number never makes two people one: households share them.
    ///
    /// One result for each, in order. At most [`MAX_RECORDS`].
    pub async fn upsert(
        &self,
        table: &Table,
        records: &[NewRecord],
    ) -> Result<Vec<Result<Written, RecordProblem>>, CrmError> {
        let data = records.iter().map(|record| {
            let values = record.values.iter();
            let mut data = table.written(values.map(|(field, value)| (field, Some(value))));
            if let Some(reference) = &table.reference {
                data.insert(reference.clone(), record.contact.to_string().into());
            }
            data
        });
        let mut body = self.body(data.collect());
        let by = table.reference.as_deref().or(table.name(Field::Email));
        if let (Some(by), Some(body)) = (by, body.as_object_mut()) {
            body.insert("duplicate_check_fields".to_owned(), json!([by]));
        }
        let request = self.request(Method::POST, &[&table.module, "upsert"]);
        self.bulk(request.json(&body), records.len()).await
    }

    /// Changes one record, unless it was changed after `unmodified_since`.
    pub async fn update(
        &self,
        table: &Table,
        update: &Update,
        unmodified_since: Option<Timestamp>,
    ) -> Result<Written, CrmError> {
        let body = self.body(vec![table.written(update.values())]);
        let mut request = self.request(Method::PUT, &[&table.module, update.id.as_str()]);
        if let Some(since) = unmodified_since {
            request = request.header(IF_UNMODIFIED_SINCE, time(since));
        }
        let answers = self.bulk(request.json(&body), 1).await?;
        let answer = answers.into_iter().next().ok_or(CrmError::Uncertain)?;
        answer.map_err(CrmError::from)
    }

    /// Changes records, whoever changed them meanwhile. One result for each, in order. At most [`MAX_RECORDS`].
    pub async fn update_many(
        &self,
        table: &Table,
        updates: &[Update],
    ) -> Result<Vec<Result<Written, RecordProblem>>, CrmError> {
        let data = updates.iter().map(|update| {
            let mut data = table.written(update.values());
            data.insert("id".to_owned(), update.id.as_str().into());
            data
        });
        let body = self.body(data.collect());
        let request = self.request(Method::PUT, &[&table.module]);
        self.bulk(request.json(&body), updates.len()).await
    }

    /// Records as they are sent. Without the list, every workflow of the CRM would run.
    pub(super) fn body(&self, data: Vec<Map<String, Value>>) -> Value {
        match self.options.run_workflows {
            true => json!({"data": data}),
            false => json!({"data": data, "trigger": [], "process": []}),
        }
    }

    pub(super) async fn bulk(
        &self,
        request: RequestBuilder,
        records: usize,
    ) -> Result<Vec<Result<Written, RecordProblem>>, CrmError> {
        match records {
            0 => return Ok(Vec::new()),
            1..=MAX_RECORDS => {}
            _ => return Err(CrmError::TooMany { most: MAX_RECORDS }),
        }
        let answer = self.write(request).await?;
        let data = answer.get("data").and_then(Value::as_array);
        // Fewer answers than records: nobody knows which of them are meant.
        let data = data.filter(|data| data.len() == records);
        let data = data.ok_or(CrmError::Uncertain)?;
        data.iter().map(result).collect()
    }
}

fn result(value: &Value) -> Result<Result<Written, RecordProblem>, CrmError> {
    let json = Json::from(value);
    if json.at("status").text().as_deref() != Some("success") {
        return Ok(Err(problem(value)));
    }
    let details = json.at("details");
    let id = details.at("id").text().and_then(|id| id.parse().ok());
    Ok(Ok(Written {
        // Taken, and not said which: it has to be looked for.
        id: id.ok_or(CrmError::Uncertain)?,
        version: version(details),
        is_new: json.at("action").text().as_deref() != Some("update"),
    }))
}
