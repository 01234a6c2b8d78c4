//! Google's token endpoint, and its calendar interface as far as taken times go.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Shared,
    door::{answered, problem},
    scenario::{Door, Fault},
};

/// Longest stretch of time that is answered.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 92);

pub(super) async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    answered(&shared, Door::Token, None, |_| {
        let host = headers.get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let audience = format!("http://{host}/token");
        if let Err(code) = shared.proofs.check(&body, &audience) {
            return problem(Door::Token, 400, code);
        }
        let token = format!("ya29.{:032x}", rand::random::<u128>());
        shared.tokens().insert(token.clone());
        Json(json!({
            "access_token": token,
            "expires_in": shared.book.scenario().token_seconds,
            "token_type": "Bearer",
        }))
        .into_response()
    })
    .await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Query {
    time_min: Timestamp,
    time_max: Timestamp,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
}

pub(super) async fn free_busy(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query: Result<Query, _> = serde_json::from_slice(&body);
    let first = query.as_ref().ok().and_then(|query| query.items.first());
    let calendar = first.map(|item| item.id.clone());
    answered(&shared, Door::FreeBusy, calendar, |fault| {
        if !may_ask(&shared, &headers) {
            return problem(Door::FreeBusy, 401, "authError");
        }
        let Ok(query) = query else {
            return problem(Door::FreeBusy, 400, "parseError");
        };
        let length = query.time_max.duration_since(query.time_min);
        if !length.is_positive() {
            return problem(Door::FreeBusy, 400, "timeRangeEmpty");
        }
        if length > LONGEST {
            return problem(Door::FreeBusy, 400, "timeRangeTooLong");
        }
        (StatusCode::OK, Json(calendars(&shared, &query, fault))).into_response()
    })
    .await
}

fn may_ask(shared: &Shared, headers: &HeaderMap) -> bool {
    let bearer = headers.get(header::AUTHORIZATION);
    let token = bearer
        .and_then(|bearer| bearer.to_str().ok())
        .and_then(|bearer| bearer.strip_prefix("Bearer "));
    token.is_some_and(|token| shared.tokens().contains(token))
}

/// Each diary with what is taken in it. One that may not be seen has an error and nothing taken.
fn calendars(shared: &Shared, query: &Query, fault: Fault) -> Value {
    let mut calendars = Map::new();
    for Item { id } in &query.items {
        let diary = shared.diaries.find(id).filter(|_| fault != Fault::Hidden);
        let shown = match diary {
            Some(diary) => {
                let taken = diary.within(query.time_min, query.time_max);
                let busy: Vec<Value> = taken
                    .iter()
                    .map(|(start, end)| json!({"start": start, "end": end}))
                    .collect();
                json!({"busy": busy})
            }
            None => json!({"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}),
        };
        calendars.insert(id.clone(), shown);
    }
    json!({
        "kind": "calendar#freeBusy",
        "timeMin": query.time_min,
        "timeMax": query.time_max,
        "groups": {},
        "calendars": calendars,
    })
}
