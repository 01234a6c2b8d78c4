//! The simulator's own interface, for those who run it as a process: `/sim/…`, without a key.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;

use super::{Account, Caller, MessageServer, Scenario, ring::ring, routes::problem, state::Shared};
use crate::{
    senders::VapiAuth,
    sim_routes::{read_scenario, replaced},
};

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sim/health", get(async || "ok"))
        .route(
            "/sim/ledger",
            get(async |State(shared): State<Arc<Shared>>| Json(shared.ledger())),
        )
        .route(
            "/sim/totals",
            get(async |State(shared): State<Arc<Shared>>| Json(shared.totals())),
        )
        .route("/sim/scenario", get(get_scenario).post(set_scenario))
        .route("/sim/accounts", post(set_account))
        .route("/sim/ring", post(somebody_calls))
}

async fn get_scenario(State(shared): State<Arc<Shared>>) -> Json<Scenario> {
    Json(shared.scenario().as_ref().clone())
}

/// Replaces the scenario: in TOML when the content type says so, else in JSON.
async fn set_scenario(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    replaced(read_scenario(&headers, &body).and_then(|scenario| shared.set_scenario(scenario)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountBody {
    key: String,
    server_url: Option<String>,
    /// Sent as a bearer token.
    #[serde(default)]
    secret: String,
    assistants: Option<Vec<String>>,
    phone_numbers: Option<Vec<String>>,
}

/// Adds an account, or replaces the one with the same key.
async fn set_account(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let body: AccountBody = match serde_json::from_slice(&body) {
        Ok(body) => body,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let server = body.server_url.map(|url| MessageServer {
        url,
        secret: body.secret.into(),
        auth: VapiAuth::default(),
    });
    shared.set_account(Account {
        key: body.key.into(),
        server,
        assistants: body.assistants,
        phone_numbers: body.phone_numbers,
    });
    StatusCode::NO_CONTENT.into_response()
}

/// Somebody calls; answers with what came of it once the call is taken, or not.
async fn somebody_calls(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let caller: Caller = match serde_json::from_slice(&body) {
        Ok(caller) => caller,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match ring(&shared, &caller).await {
        Some(rang) => Json(rang).into_response(),
        None => problem(StatusCode::NOT_FOUND, "no account has this key"),
    }
}
