//! Records that are read, found and listed. Reading again is always safe.

use domain::{
    country::Country,
    crm::{Match, PageToken, Record, RecordId, by_number, forms, tail},
    ids::ContactId,
    phone::PhoneNumber,
};
use jiff::Timestamp;
use reqwest::{Method, header::IF_MODIFIED_SINCE};
use serde_json::{Value, json};

use super::{Client, CrmError, ProblemKind, Table, wire::time};
use crate::json::Json;

/// The most on one page.
const PER_PAGE: &str = "200";
const COQL_ROWS: u32 = 200;

/// Some of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where it goes on; `None` at its end.
    pub next: Option<PageToken>,
}

/// A record that is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deleted {
    pub id: RecordId,
    pub at: Option<Timestamp>,
}

impl Client {
    /// One record; `None` when there is no such one.
    pub async fn record(&self, table: &Table, id: &RecordId) -> Result<Option<Record>, CrmError> {
        let request = self.asked(
            Method::GET,
            &[&table.module, id.as_str()],
            &[("fields", &table.asked())],
        );
        match self.read(request).await {
            Err(CrmError::Refused(problem)) if problem.kind == ProblemKind::NotFound => Ok(None),
            answer => Ok(records(table, answer?.as_ref())?.into_iter().next()),
        }
    }

    /// Who has a number, in whatever form it was typed. The index lags behind writes by minutes, so this does not
    /// find what was just made.
    ///
    /// Up to six requests, as Zoho compares texts; the first that finds the number ends it.
    pub async fn find_by_number(
        &self,
        table: &Table,
        number: &PhoneNumber,
        country: Country,
    ) -> Result<Vec<Record>, CrmError> {
        let forms = forms(number, country);
        let phones = forms.iter().map(|form| ("phone", form.as_str()));
        for (how, text) in phones.chain([("word", tail(number))]) {
            let mut found = self.search(table, how, text).await?;
            found.retain(|record| {
                by_number(number, std::slice::from_ref(record), country) != Match::Nobody
            });
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    async fn search(&self, table: &Table, how: &str, text: &str) -> Result<Vec<Record>, CrmError> {
        let fields = table.asked();
        let request = self.asked(
            Method::GET,
            &[&table.module, "search"],
            &[(how, text), ("fields", &fields), ("per_page", PER_PAGE)],
        );
        records(table, self.read(request).await?.as_ref())
    }

    /// The record that carries our id of a contact. Asks the database itself, so it finds what was just made. Nothing
    /// without a reference field.
    pub async fn find_by_reference(
        &self,
        table: &Table,
        contact: ContactId,
    ) -> Result<Vec<Record>, CrmError> {
        let Some(reference) = &table.reference else {
            return Ok(Vec::new());
        };
        let query = format!(
            "select {} from {} where {reference} = '{contact}' limit {COQL_ROWS}",
            table.asked(),
            table.module
        );
        records(table, self.coql(&query).await?.as_ref())
    }

    pub(super) async fn coql(&self, query: &str) -> Result<Option<Value>, CrmError> {
        let request = self
            .request(Method::POST, &["coql"])
            .json(&json!({"select_query": query}));
        self.read(request).await
    }

    /// Records that changed since then, the oldest change first; all there are without a time.
    pub async fn changed(
        &self,
        table: &Table,
        since: Option<Timestamp>,
        page: Option<&PageToken>,
    ) -> Result<Page<Record>, CrmError> {
        let fields = table.asked();
        let mut query = vec![
            ("fields", fields.as_str()),
            ("per_page", PER_PAGE),
            ("sort_by", "Modified_Time"),
            ("sort_order", "asc"),
        ];
        query.extend(page.map(|page| ("page_token", page.as_str())));
        let mut request = self.asked(Method::GET, &[&table.module], &query);
        if let Some(since) = since {
            request = request.header(IF_MODIFIED_SINCE, time(since));
        }
        let answer = self.read(request).await?;
        Ok(Page {
            items: records(table, answer.as_ref())?,
            next: next(answer.as_ref(), |info| info.at("next_page_token").text())?,
        })
    }

    /// Records that were deleted since then.
    pub async fn deleted(
        &self,
        table: &Table,
        since: Option<Timestamp>,
        page: Option<&PageToken>,
    ) -> Result<Page<Deleted>, CrmError> {
        let page = page.map_or("1", PageToken::as_str);
        let query = [("type", "all"), ("per_page", PER_PAGE), ("page", page)];
        let mut request = self.asked(Method::GET, &[&table.module, "deleted"], &query);
        if let Some(since) = since {
            request = request.header(IF_MODIFIED_SINCE, time(since));
        }
        let answer = self.read(request).await?;
        let item = |value: &Value| {
            let json = Json::from(value);
            Some(Deleted {
                id: json.at("id").text()?.parse().ok()?,
                at: json.at("deleted_time").instant(),
            })
        };
        Ok(Page {
            items: list(answer.as_ref(), item)?,
            // These pages have numbers, and no token.
            next: next(answer.as_ref(), |info| {
                let page = info.at("page").integer()?;
                Some((page + 1).to_string())
            })?,
        })
    }
}

fn records(table: &Table, answer: Option<&Value>) -> Result<Vec<Record>, CrmError> {
    list(answer, |value| table.record(value))
}

/// The elements of an answer's list. One that cannot be read is no reason to miss another, but must not pass for none.
pub(super) fn list<T>(
    answer: Option<&Value>,
    item: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, CrmError> {
    let Some(answer) = answer else {
        return Ok(Vec::new());
    };
    let data = answer.get("data").and_then(Value::as_array);
    let data = data.ok_or(CrmError::Unreadable("no list of records"))?;
    let items: Option<Vec<T>> = data.iter().map(item).collect();
    items.ok_or(CrmError::Unreadable("a record without an id"))
}

fn next(
    answer: Option<&Value>,
    token: impl Fn(Json<'_>) -> Option<String>,
) -> Result<Option<PageToken>, CrmError> {
    let Some(answer) = answer else {
        return Ok(None);
    };
    let info = Json::from(answer).at("info");
    let more = info.at("more_records").value().and_then(Value::as_bool);
    if more != Some(true) {
        return Ok(None);
    }
    let token = token(info).and_then(|token| token.parse().ok());
    token
        .map(Some)
        .ok_or(CrmError::Unreadable("more records, and no way to them"))
}
