//! Records that are made, changed and deleted through the interface.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::IF_UNMODIFIED_SINCE},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    INTEGRATION_USER, Shared, WriteSeen,
    notify::notify,
    problem::Problem,
    scenario::Scenario,
    state::{self, Done},
    stored::read_time,
};
use crate::outbound::now_ms;

/// The most records in one request.
const MOST: usize = 100;

type Fields = Map<String, Value>;

pub(super) async fn insert(
    State(shared): State<Arc<Shared>>,
    Path(module): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    write(&shared, &module, &body, |state, scenario, fields| {
        state.insert(scenario, &module, fields, INTEGRATION_USER)
    })
}

pub(super) async fn update_many(
    State(shared): State<Arc<Shared>>,
    Path(module): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    write(&shared, &module, &body, |state, scenario, fields| {
        let id = fields.get("id").and_then(Value::as_str);
        let id = id.ok_or_else(|| Problem::of("MANDATORY_NOT_FOUND", "id"))?;
        state.update(scenario, &module, id, fields, INTEGRATION_USER)
    })
}

pub(super) async fn update(
    State(shared): State<Arc<Shared>>,
    Path((module, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let since = headers
        .get(IF_UNMODIFIED_SINCE)
        .and_then(|since| read_time(since.to_str().ok()?));
    let modified = shared
        .state()
        .record(&module, &id)
        .map(|stored| stored.modified_ms);
    if since
        .zip(modified)
        .is_some_and(|(since, modified)| modified > since)
    {
        return Err(Problem::changed());
    }
    write(&shared, &module, &body, |state, scenario, fields| {
        state.update(scenario, &module, &id, fields, INTEGRATION_USER)
    })
}

pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Path((module, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let scenario = shared.book.scenario();
    let done = shared
        .state()
        .delete(&scenario, &module, &id, INTEGRATION_USER)?;
    tell(
        &shared,
        &module,
        INTEGRATION_USER,
        std::slice::from_ref(&done),
    );
    let element = success("record deleted", json!({"id": id}));
    Ok(Json(json!({"data": [element]})).into_response())
}

pub(super) async fn upsert(
    State(shared): State<Arc<Shared>>,
    Path(module): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let named = checked_fields(&module, &body);
    write(&shared, &module, &body, |state, scenario, fields| {
        let there = named.iter().find_map(|name| {
            let text = fields.get(name)?.as_str()?;
            state.holder(&module, name, text).map(str::to_owned)
        });
        match there {
            Some(id) => state.update(scenario, &module, &id, fields, INTEGRATION_USER),
            None => state.insert(scenario, &module, fields, INTEGRATION_USER),
        }
    })
}

/// The fields by which an upsert finds a record, in order.
fn checked_fields(module: &str, body: &[u8]) -> Vec<String> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match body.get("duplicate_check_fields").and_then(Value::as_array) {
        Some(named) => named
            .iter()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        None if matches!(module, "Contacts" | "Leads") => vec!["Email".to_owned()],
        None => Vec::new(),
    }
}

/// Carries out each element of a request by itself, and answers for each.
fn write(
    shared: &Arc<Shared>,
    module: &str,
    body: &[u8],
    one: impl Fn(&mut state::State, &Scenario, &Fields) -> Result<Done, Problem>,
) -> Result<Response, Problem> {
    let body: Value = serde_json::from_slice(body).map_err(|_| Problem::bad("INVALID_DATA"))?;
    let data = body.get("data").and_then(Value::as_array);
    let data = data.ok_or_else(|| Problem::of("MANDATORY_NOT_FOUND", "data"))?;
    if data.is_empty() || data.len() > MOST {
        return Err(Problem::bad("LIMIT_EXCEEDED"));
    }
    let scenario = shared.book.scenario();
    let (mut elements, mut done, mut bad) = (Vec::new(), Vec::new(), 0);
    {
        let mut state = shared.state();
        for value in data {
            let fields = value.as_object().cloned().unwrap_or_default();
            match one(&mut state, &scenario, &fields) {
                Ok(each) => {
                    elements.push(written(&state, module, &each));
                    done.push(each);
                }
                Err(problem) => {
                    bad += 1;
                    elements.push(problem.element());
                }
            }
        }
    }
    tell(shared, module, INTEGRATION_USER, &done);
    let status = match (bad, done.len()) {
        (0, _) if done.iter().any(|each| each.operation == "insert") => StatusCode::CREATED,
        (0, _) => StatusCode::OK,
        (_, 0) => StatusCode::BAD_REQUEST,
        _ => StatusCode::MULTI_STATUS,
    };
    Ok((status, Json(json!({"data": elements}))).into_response())
}

fn written(state: &state::State, module: &str, done: &Done) -> Value {
    let details = state
        .record(module, &done.id)
        .map(|stored| stored.details(&done.id));
    let mut element = success("record written", details.unwrap_or_default().into());
    element["action"] = done.operation.into();
    element
}

fn success(message: &str, details: Value) -> Value {
    json!({"code": "SUCCESS", "details": details, "message": message, "status": "success"})
}

/// Notes what was written, and tells the channels.
pub(super) fn tell(shared: &Arc<Shared>, module: &str, by: &str, done: &[Done]) {
    shared.book.note(|ledger| {
        ledger.writes.extend(done.iter().map(|each| WriteSeen {
            at_ms: now_ms(),
            by: by.to_owned(),
            module: module.to_owned(),
            id: each.id.clone(),
            operation: each.operation.to_owned(),
            fields: each.fields.clone(),
        }));
    });
    for operation in ["insert", "update", "delete"] {
        let same: Vec<&Done> = done
            .iter()
            .filter(|each| each.operation == operation)
            .collect();
        if !same.is_empty() {
            notify(shared, module, operation, &same);
        }
    }
}
