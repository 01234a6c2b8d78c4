//! Records that are read, listed and searched.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header::IF_MODIFIED_SINCE},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Shared,
    problem::Problem,
    stored::{Stored, is_phone, read_time, time, user},
};

/// Records that pages reach by number.
const REACHED_BY_PAGE: usize = 2_000;

type Asked = HashMap<String, String>;

/// One record, or 204.
pub(super) async fn record(
    State(shared): State<Arc<Shared>>,
    Path((module, id)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Response {
    let state = shared.state();
    let names = names(&asked);
    match state.record(&module, &id) {
        Some(stored) => Json(json!({"data": [stored.object(&id, &names)]})).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

pub(super) async fn list(
    State(shared): State<Arc<Shared>>,
    Path(module): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if !asked.contains_key("fields") {
        return Err(Problem::bad("REQUIRED_PARAM_MISSING").with(json!({"param_name": "fields"})));
    }
    let since = since(&headers);
    let found = select(&shared, &module, |_, stored| {
        since.is_none_or(|since| stored.modified_ms >= since)
    });
    if found.is_empty() && since.is_some() {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    page(&shared, &asked, found)
}

pub(super) async fn notes(
    State(shared): State<Arc<Shared>>,
    Path((_, parent)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let found = select(&shared, "Notes", |_, stored| {
        stored
            .fields
            .get("Parent_Id")
            .and_then(|of| of["id"].as_str())
            == Some(parent.as_str())
    });
    page(&shared, &asked, found)
}

/// Searches compare texts as they were typed, and lag behind.
pub(super) async fn search(
    State(shared): State<Arc<Shared>>,
    Path(module): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let scenario = shared.book.scenario();
    #[expect(clippy::cast_possible_truncation, reason = "at most a week")]
    let lag_ms = (scenario.search_lag_seconds * 1000.0) as i64;
    let newest = scenario.now_ms() - lag_ms;
    // Of several, the first of these counts.
    let mut ways = ["email", "phone", "word"].into_iter();
    let wanted = ways.find_map(|how| Some((how, asked.get(how)?)));
    let (how, wanted) = wanted.ok_or_else(|| Problem::bad("REQUIRED_PARAM_MISSING"))?;
    let found = select(&shared, &module, |_, stored| {
        let texts = stored.fields.iter();
        let mut texts = texts.filter_map(|(name, value)| Some((name, value.as_str()?)));
        stored.made_ms <= newest && texts.any(|(name, text)| matches(how, wanted, name, text))
    });
    page(&shared, &asked, found)
}

fn matches(how: &str, wanted: &str, name: &str, text: &str) -> bool {
    match how {
        "email" => name.contains("Email") && text.eq_ignore_ascii_case(wanted),
        "phone" => is_phone(name) && text == wanted,
        _ => squeezed(text).contains(&squeezed(wanted)),
    }
}

pub(super) async fn deleted(
    State(shared): State<Arc<Shared>>,
    Path(module): Path<String>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let since = since(&headers).unwrap_or_default();
    let state = shared.state();
    let gone = state.deleted.iter();
    let objects: Vec<Value> = gone
        .filter(|gone| gone.module == module && gone.at_ms >= since)
        .map(|gone| {
            json!({"id": gone.id, "deleted_time": time(gone.at_ms), "type": "recycle",
                "deleted_by": user(&gone.by)})
        })
        .collect();
    drop(state);
    cut(&shared, &asked, objects)
}

/// The modules and fields, for SDKs that ask before they send.
pub(super) async fn modules() -> Response {
    let module = |(place, name): (usize, &str)| {
        json!({"api_name": name, "module_name": name, "id": (4_876_876_000_000_002_000 + place as u64).to_string(),
            "api_supported": true, "generated_type": "default"})
    };
    let names = ["Contacts", "Leads", "Notes", "Calls"]
        .into_iter()
        .enumerate();
    Json(json!({"modules": names.map(module).collect::<Vec<_>>()})).into_response()
}

pub(super) async fn fields(Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let texts: &[(&str, &str)] = match asked.get("module").map(String::as_str) {
        Some("Contacts" | "Leads") => &[
            ("First_Name", "text"),
            ("Last_Name", "text"),
            ("Full_Name", "text"),
            ("Phone", "phone"),
            ("Mobile", "phone"),
            ("Email", "email"),
            ("Description", "textarea"),
            ("Created_Time", "datetime"),
            ("Modified_Time", "datetime"),
            ("Modified_By", "ownerlookup"),
        ],
        Some("Notes") => &[("Note_Title", "text"), ("Note_Content", "textarea")],
        Some("Calls") => &[
            ("Subject", "text"),
            ("Call_Type", "picklist"),
            ("Call_Start_Time", "datetime"),
            ("Call_Duration", "text"),
            ("Who_Id", "lookup"),
            ("Description", "textarea"),
        ],
        _ => return Err(Problem::bad("INVALID_MODULE")),
    };
    let field = |(place, (name, kind)): (usize, &(&str, &str))| {
        json!({"api_name": name, "field_label": name, "data_type": kind,
            "id": (4_876_876_000_000_003_000 + place as u64).to_string()})
    };
    let fields: Vec<Value> = texts.iter().enumerate().map(field).collect();
    Ok(Json(json!({"fields": fields})).into_response())
}

fn select(
    shared: &Shared,
    module: &str,
    wanted: impl Fn(&str, &Stored) -> bool,
) -> Vec<(String, Stored)> {
    let state = shared.state();
    let records = state.modules.get(module).into_iter().flatten();
    records
        .filter(|(id, stored)| wanted(id, stored))
        .map(|(id, stored)| (id.clone(), stored.clone()))
        .collect()
}

/// A page of records in the order that was asked for.
fn page(
    shared: &Shared,
    asked: &Asked,
    mut found: Vec<(String, Stored)>,
) -> Result<Response, Problem> {
    let sorted = asked.get("sort_by").map(String::as_str);
    found.sort_by_key(|(id, stored)| match sorted {
        Some("Modified_Time") => (stored.modified_ms, id.clone()),
        Some("Created_Time") => (stored.created_ms, id.clone()),
        _ => (0, id.clone()),
    });
    if asked.get("sort_order").is_none_or(|order| order == "desc") {
        found.reverse();
    }
    let names = names(asked);
    let objects = found.iter().map(|(id, stored)| stored.object(id, &names));
    cut(shared, asked, objects.collect())
}

/// The page that was asked for, by its number or by a token, which is the place in the list here.
fn cut(shared: &Shared, asked: &Asked, objects: Vec<Value>) -> Result<Response, Problem> {
    let number = |name: &str| asked.get(name).and_then(|text| text.parse::<usize>().ok());
    let most = shared.book.scenario().page_size as usize;
    let size = number("per_page").unwrap_or(200).clamp(1, most);
    let start = match asked.get("page_token") {
        Some(token) => token
            .strip_prefix("from-")
            .and_then(|place| place.parse().ok()),
        None => Some((number("page").unwrap_or(1).max(1) - 1) * size),
    };
    let start = start
        .ok_or_else(|| Problem::bad("INVALID_DATA").with(json!({"param_name": "page_token"})))?;
    if !asked.contains_key("page_token") && start >= REACHED_BY_PAGE {
        return Err(Problem::bad("DISCRETE_PAGINATION_LIMIT_EXCEEDED"));
    }
    let end = (start + size).min(objects.len());
    let data = objects.get(start..end).unwrap_or_default();
    if data.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let more = end < objects.len();
    let token = more.then(|| format!("from-{end}"));
    let info = json!({"per_page": size, "count": data.len(), "page": start / size + 1,
        "more_records": more, "next_page_token": token});
    Ok(Json(json!({"data": data, "info": info})).into_response())
}

fn names(asked: &Asked) -> Vec<&str> {
    let names = asked.get("fields").map(String::as_str).unwrap_or_default();
    names
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect()
}

fn since(headers: &HeaderMap) -> Option<i64> {
    read_time(headers.get(IF_MODIFIED_SINCE)?.to_str().ok()?)
}

fn squeezed(text: &str) -> String {
    let letters = text.chars().filter(|each| each.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
