//! The doors of the fake calendars, and what goes wrong at each of them alike.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::to_bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{
    Shared, cal_com, feed, google,
    ledger::Asked,
    scenario::{Door, Fault, Scenario},
};
use crate::{outbound::now_ms, sim_routes};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let book = shared.book.clone();
    Router::new()
        .route("/token", post(google::token))
        .route("/calendar/v3/freeBusy", post(google::free_busy))
        .route("/v2/slots", get(cal_com::slots))
        .route("/ical/{calendar}/{file}", get(feed::feed))
        .route("/sim/busy", post(add_busy).delete(remove_busy))
        .with_state(shared)
        .merge(sim_routes::router(book))
        .fallback(async || StatusCode::NOT_FOUND)
}

/// Answers a request unless something goes wrong, and writes it down.
pub(super) async fn answered(
    shared: &Shared,
    door: Door,
    calendar: Option<String>,
    answer: impl FnOnce(Fault) -> Response,
) -> Response {
    let scenario = shared.book.scenario();
    let fault = scenario.fault(door, shared.book.count(door.code()));
    if fault == Fault::Slow {
        tokio::time::sleep(Duration::from_secs_f64(scenario.slow_seconds)).await;
    }
    let response = match fault {
        Fault::Hang => None,
        Fault::CutOff => Some(cut_off(answer(Fault::None)).await),
        Fault::None | Fault::Slow | Fault::Hidden => Some(answer(fault)),
        fault => Some(failure(door, fault, &scenario)),
    };
    shared.book.note(|ledger| {
        ledger.requests.push(Asked {
            at_ms: now_ms(),
            door,
            calendar,
            fault,
            status: response.as_ref().map(|response| response.status().as_u16()),
        });
    });
    match response {
        Some(response) => response,
        None => std::future::pending().await,
    }
}

/// The first half of an answer. Nothing in it says so.
async fn cut_off(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    let half = whole.slice(..whole.len() / 2);
    Response::from_parts(parts, half.into())
}

fn failure(door: Door, fault: Fault, scenario: &Scenario) -> Response {
    let retry_after = [(
        header::RETRY_AFTER,
        scenario.retry_after_seconds.to_string(),
    )];
    match fault {
        Fault::RateLimited => {
            (retry_after, problem(door, 429, "rateLimitExceeded")).into_response()
        }
        Fault::RateLimitedSilently => problem(door, 429, "rateLimitExceeded"),
        Fault::UsageLimit => problem(door, 403, "rateLimitExceeded"),
        Fault::Overloaded => (retry_after, problem(door, 503, "backendError")).into_response(),
        Fault::Nonsense => "<!doctype html><title>Sign in: please</title>".into_response(),
        Fault::Revoked if door == Door::Token => problem(door, 400, "invalid_grant"),
        Fault::Revoked => problem(door, 401, "authError"),
        _ => problem(door, 500, "internalError"),
    }
}

/// An answer that says no, in the shape of whose door it is.
pub(super) fn problem(door: Door, status: u16, code: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let message = "The simulator says no";
    let body = match door {
        Door::Token => json!({"error": code, "error_description": message}),
        Door::FreeBusy => json!({"error": {
            "code": status.as_u16(),
            "message": message,
            "errors": [{"domain": "global", "reason": code, "message": message}],
        }}),
        Door::Slots => json!({"status": "error", "error": {"code": code, "message": message}}),
        Door::Feed => return (status, "no feed").into_response(),
    };
    (status, Json(body)).into_response()
}

/// A time in a diary, as `/sim/busy` takes it.
#[derive(Deserialize)]
struct Busy {
    calendar: String,
    start: Timestamp,
    end: Timestamp,
}

async fn add_busy(State(shared): State<Arc<Shared>>, Json(busy): Json<Busy>) -> StatusCode {
    shared.diaries.add(&busy.calendar, busy.start, busy.end);
    StatusCode::NO_CONTENT
}

async fn remove_busy(State(shared): State<Arc<Shared>>, Json(busy): Json<Busy>) -> StatusCode {
    match shared.diaries.remove(&busy.calendar, busy.start, busy.end) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}
