//! The query language, as far as equality and `and` go. It sees what was written at once.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Shared,
    problem::Problem,
    stored::{Stored, read_time},
};

/// `select … from … where … limit …`.
#[derive(Debug, PartialEq, Eq)]
struct Asked<'a> {
    names: Vec<&'a str>,
    module: &'a str,
    conditions: Vec<(&'a str, &'a str)>,
    limit: usize,
}

pub(super) async fn ask(
    State(shared): State<Arc<Shared>>,
    body: Bytes,
) -> Result<Response, Problem> {
    let body: Value = serde_json::from_slice(&body).map_err(|_| Problem::bad("INVALID_DATA"))?;
    let text = body["select_query"].as_str().unwrap_or_default();
    let asked = read(text).ok_or_else(|| Problem::bad("SYNTAX_ERROR"))?;
    let state = shared.state();
    let records = state.modules.get(asked.module).into_iter().flatten();
    let data: Vec<Value> = records
        .filter(|(id, stored)| {
            let mut conditions = asked.conditions.iter();
            conditions.all(|(name, value)| holds(stored, id, name, value))
        })
        .take(asked.limit)
        .map(|(id, stored)| stored.object(id, &asked.names))
        .collect();
    if data.is_empty() {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let info = json!({"count": data.len(), "more_records": false});
    Ok(Json(json!({"data": data, "info": info})).into_response())
}

fn holds(stored: &Stored, id: &str, name: &str, value: &str) -> bool {
    let field = match name {
        "id" => return id == value,
        _ => stored.fields.get(name),
    };
    let text = field.and_then(|field| field.as_str().or_else(|| field["id"].as_str()));
    text.is_some_and(|text| {
        let same_time = read_time(text).is_some_and(|at| Some(at) == read_time(value));
        text == value || same_time
    })
}

fn read(text: &str) -> Option<Asked<'_>> {
    let (names, rest) = text.strip_prefix("select ")?.split_once(" from ")?;
    let (module, rest) = rest.split_once(" where ")?;
    let (conditions, limit) = rest.rsplit_once(" limit ")?;
    let conditions = conditions.split(" and ").map(|text| {
        let (name, value) = text.split_once(" = '")?;
        Some((name, value.strip_suffix('\'')?))
    });
    Some(Asked {
        names: names.split(',').map(str::trim).collect(),
        module: module.trim(),
        conditions: conditions.collect::<Option<Vec<_>>>()?,
        limit: limit.trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_or_refused() {
        let asked = read(
            "select id, Phone from Contacts where Phone = '+44 7' and Email = 'a@x' limit 200",
        );
        assert_eq!(
            asked,
            Some(Asked {
                names: vec!["id", "Phone"],
                module: "Contacts",
                conditions: vec![("Phone", "+44 7"), ("Email", "a@x")],
                limit: 200
            })
        );
        for bad in [
            "",
            "select id from Contacts limit 2",
            "select id from Contacts where Phone > '1' limit 2",
            "select id from Contacts where Phone = 1 limit 2",
            "select id from Contacts where Phone = '1'",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
