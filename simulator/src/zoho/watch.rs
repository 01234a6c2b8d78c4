//! Notification channels.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    Shared,
    problem::Problem,
    state::Channel,
    stored::{read_time, time},
};

const HOUR_MS: i64 = 3_600_000;
const LONGEST_TOKEN: usize = 50;

type Asked = HashMap<String, String>;

/// Makes a channel, or replaces one that is there.
pub(super) async fn enable(
    State(shared): State<Arc<Shared>>,
    method: Method,
    body: Bytes,
) -> Result<Response, Problem> {
    let body: Value = serde_json::from_slice(&body).map_err(|_| Problem::bad("INVALID_DATA"))?;
    let channels = body.get("watch").and_then(Value::as_array);
    let channels = channels.ok_or_else(|| Problem::of("MANDATORY_NOT_FOUND", "watch"))?;
    let scenario = shared.book.scenario();
    let (now, longest_ms) = (
        scenario.now_ms(),
        i64::from(scenario.channel_seconds) * 1000,
    );
    let mut elements = Vec::new();
    for wanted in channels {
        let id = id_of(&wanted["channel_id"]);
        let channel = read(wanted, now, longest_ms);
        let mut state = shared.state();
        state.channels.retain(|_, channel| channel.expires_ms > now);
        elements.push(match (id, channel) {
            (Some(id), Ok(_)) if method == Method::PUT && !state.channels.contains_key(&id) => {
                Problem::of("NOT_SUBSCRIBED", "channel_id").element()
            }
            (Some(id), Ok(channel)) => {
                let element = subscribed(&id, &channel);
                state.channels.insert(id, channel);
                element
            }
            (None, _) => Problem::of("INVALID_DATA", "channel_id").element(),
            (_, Err(problem)) => problem.element(),
        });
    }
    let failed = elements.iter().all(|element| element["status"] == "error");
    let status = match failed {
        true => StatusCode::BAD_REQUEST,
        false if method == Method::POST => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok((status, Json(json!({"watch": elements}))).into_response())
}

pub(super) async fn details(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
) -> Response {
    let (now, state) = (shared.now_ms(), shared.state());
    let wanted = asked.get("channel_id");
    let live = state.channels.iter().filter(|(id, channel)| {
        channel.expires_ms > now && wanted.is_none_or(|wanted| wanted == *id)
    });
    let watch: Vec<Value> = live
        .map(|(id, channel)| {
            json!({"channel_id": id, "events": channel.events, "channel_expiry": time(channel.expires_ms),
                "notify_url": channel.url, "token": channel.token})
        })
        .collect();
    match watch.is_empty() {
        true => StatusCode::NO_CONTENT.into_response(),
        false => Json(json!({"watch": watch})).into_response(),
    }
}

pub(super) async fn disable(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<Asked>,
) -> Response {
    let ids = asked
        .get("channel_ids")
        .map(String::as_str)
        .unwrap_or_default();
    let mut state = shared.state();
    let elements: Vec<Value> = ids
        .split(',')
        .map(|id| match state.channels.remove(id) {
            Some(_) => json!({"code": "SUCCESS", "status": "success", "message": "ended",
                "details": {"channel_id": id}}),
            None => Problem::of("NOT_SUBSCRIBED", "channel_id").element(),
        })
        .collect();
    let failed = elements.iter().all(|element| element["status"] == "error");
    let status = if failed {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    (status, Json(json!({"watch": elements}))).into_response()
}

fn read(wanted: &Value, now: i64, longest_ms: i64) -> Result<Channel, Problem> {
    let events = wanted["events"].as_array().into_iter().flatten();
    let events: Vec<String> = events
        .filter_map(|event| event.as_str().map(str::to_owned))
        .collect();
    if events.is_empty() {
        return Err(Problem::of("MANDATORY_NOT_FOUND", "events"));
    }
    let url = wanted["notify_url"].as_str();
    let url = url.filter(|url| url.parse::<reqwest::Url>().is_ok());
    let token = wanted["token"].as_str().map(str::to_owned);
    if token
        .as_ref()
        .is_some_and(|token| token.chars().count() > LONGEST_TOKEN)
    {
        return Err(Problem::of("INVALID_DATA", "token"));
    }
    let asked = wanted["channel_expiry"].as_str().and_then(read_time);
    let granted = asked.filter(|end| *end > now && *end <= now + longest_ms);
    Ok(Channel {
        events,
        token,
        url: url
            .ok_or_else(|| Problem::of("INVALID_DATA", "notify_url"))?
            .to_owned(),
        // What is not permitted, or not said, is an hour.
        expires_ms: granted.unwrap_or(now + HOUR_MS.min(longest_ms)),
    })
}

fn subscribed(id: &str, channel: &Channel) -> Value {
    let module = |event: &String| event.split('.').next().unwrap_or_default().to_owned();
    let mut modules: Vec<String> = channel.events.iter().map(module).collect();
    modules.dedup();
    let events: Vec<Value> = modules
        .iter()
        .map(|module| {
            json!({"channel_id": id, "resource_id": "4876876000000002175", "resource_name": module,
                "resource_uri": format!("https://www.zohoapis.eu/crm/v8/{module}"),
                "channel_expiry": time(channel.expires_ms)})
        })
        .collect();
    json!({"code": "SUCCESS", "status": "success", "message": "subscribed", "details": {"events": events}})
}

/// A number, also as text.
fn id_of(value: &Value) -> Option<String> {
    let text = value
        .as_str()
        .map(str::to_owned)
        .or_else(|| value.as_i64().map(|id| id.to_string()));
    text.filter(|id| id.parse::<i64>().is_ok())
}
