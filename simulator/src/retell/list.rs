//! `POST /v3/list-calls`: typed filters, order and pages.

use std::cmp::Reverse;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{call::Call, state::Shared};
use crate::outbound::now_ms;

/// Most calls on one page.
const MAX_LIMIT: usize = 1000;

#[derive(Deserialize)]
pub(super) struct Query {
    #[serde(default)]
    filter_criteria: Option<Map<String, Value>>,
    #[serde(default = "default_limit")]
    limit: usize,
    #[serde(default)]
    pagination_key: Option<String>,
    #[serde(default)]
    skip: usize,
    #[serde(default)]
    sort_order: SortOrder,
    #[serde(default)]
    include_total: bool,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "lowercase")]
enum SortOrder {
    Ascending,
    #[default]
    Descending,
}

fn default_limit() -> usize {
    50
}

/// The page asked for; an error text when the question is not understood.
pub(super) fn page(shared: &Shared, account: &str, query: &Query) -> Result<Value, String> {
    if !(1..=MAX_LIMIT).contains(&query.limit) {
        return Err(format!("limit must be between 1 and {MAX_LIMIT}"));
    }
    let nothing = Map::new();
    let filters = query.filter_criteria.as_ref().unwrap_or(&nothing);
    if let Some(unknown) = filters
        .keys()
        .find(|name| !FILTERS.contains(&name.as_str()))
    {
        return Err(format!("unknown filter {unknown}"));
    }
    let lag_ms = shared.scenario().faults.read.list_lag_seconds * 1000.0;
    let listed_before = now_ms().saturating_sub(lag_ms as i64);
    let mut found = shared.calls_of(account, |call| {
        let listed = call.created_ms <= listed_before
            && filters
                .iter()
                .all(|(name, filter)| passes(call, name, filter));
        listed.then(|| (sort_time(call), call.id.clone()))
    });
    // Stable, so that calls of one millisecond keep the order of their creation.
    match query.sort_order {
        SortOrder::Ascending => found.sort_by_key(|(at, _)| *at),
        SortOrder::Descending => {
            found.reverse();
            found.sort_by_key(|(at, _)| Reverse(*at));
        }
    }
    let total = found.len();
    let from = match &query.pagination_key {
        Some(key) => found
            .iter()
            .position(|(_, id)| id == key)
            .map(|at| at + 1)
            .ok_or("unknown pagination_key")?,
        None => query.skip,
    };
    let page: Vec<_> = found.into_iter().skip(from).take(query.limit).collect();
    let has_more = from + page.len() < total;
    let last = page.last().filter(|_| has_more).map(|(_, id)| id.clone());
    let items: Vec<Value> = page
        .iter()
        .filter_map(|(_, id)| shared.with_call(id, |call| call.object()))
        .collect();
    let mut answer = json!({"items": items, "has_more": has_more});
    if let Some(answer) = answer.as_object_mut() {
        answer.extend(last.map(|key| ("pagination_key".to_owned(), key.into())));
        answer.extend(
            query
                .include_total
                .then(|| ("total".to_owned(), total.into())),
        );
    }
    Ok(answer)
}

fn sort_time(call: &Call) -> i64 {
    call.started_ms.unwrap_or(call.created_ms)
}

const FILTERS: &[&str] = &[
    "agent",
    "agent_tag",
    "batch_call_id",
    "call_id",
    "call_status",
    "call_successful",
    "call_type",
    "combined_cost",
    "custom_analysis_data",
    "custom_attributes",
    "data_storage_setting",
    "direction",
    "disconnection_reason",
    "duration_ms",
    "dynamic_variables",
    "e2e_latency_p50",
    "end_timestamp",
    "from_number",
    "in_voicemail",
    "metadata",
    "start_timestamp",
    "to_number",
    "tool_calls",
    "user_sentiment",
];

/// Whether a call passes the filter of that name. The filters of a search for one call come first:
/// they must not cost much, for calls are played under the same lock.
fn passes(call: &Call, name: &str, filter: &Value) -> bool {
    match name {
        "metadata" => has_keys(&call.metadata, filter),
        "dynamic_variables" => has_keys(&call.variables, filter),
        "to_number" => matches(Some(&call.to.as_str().into()), filter),
        _ => head_passes(&call.head(), name, filter),
    }
}

fn head_passes(call: &Value, name: &str, filter: &Value) -> bool {
    let analysis = &call["call_analysis"];
    match name {
        "custom_analysis_data" => has_keys(&analysis["custom_analysis_data"], filter),
        "combined_cost" => matches(call["call_cost"].get(name), filter),
        "agent" => {
            let agents = filter.as_array().map(Vec::as_slice).unwrap_or_default();
            agents
                .iter()
                .any(|agent| agent.get("agent_id") == call.get("agent_id"))
        }
        "call_successful" | "in_voicemail" | "user_sentiment" => {
            matches(analysis.get(name), filter)
        }
        _ => matches(call.get(name), filter),
    }
}

/// Whether an object fits filters that each name a key of it.
fn has_keys(object: &Value, filters: &Value) -> bool {
    let filters = filters.as_array().map(Vec::as_slice).unwrap_or_default();
    filters.iter().all(|filter| {
        let key = filter
            .get("key")
            .and_then(Value::as_str)
            .unwrap_or_default();
        matches(object.get(key), filter)
    })
}

/// Whether a value fits one typed filter. A missing value fits nothing but "not present".
fn matches(value: Option<&Value>, filter: &Value) -> bool {
    let operation = filter.get("op").and_then(Value::as_str).unwrap_or_default();
    let wanted = filter.get("value").unwrap_or(&Value::Null);
    let Some(value) = value.filter(|value| !value.is_null()) else {
        return operation == "np";
    };
    let text = value.as_str().unwrap_or_default();
    let wanted_text = wanted.as_str().unwrap_or_default();
    let number = value.as_f64();
    match operation {
        "pr" => true,
        "eq" => value == wanted,
        "ne" => value != wanted,
        "in" => wanted
            .as_array()
            .is_some_and(|wanted| wanted.contains(value)),
        "sw" => text.starts_with(wanted_text),
        "ew" => text.ends_with(wanted_text),
        "co" => text.contains(wanted_text),
        "gt" => number > wanted.as_f64(),
        "ge" => number >= wanted.as_f64(),
        "lt" => number < wanted.as_f64(),
        "le" => number <= wanted.as_f64(),
        "bt" => {
            let bound = |at: usize| wanted.get(at).and_then(Value::as_f64);
            number >= bound(0) && bound(1).is_none_or(|end| number <= Some(end))
        }
        _ => false,
    }
}
