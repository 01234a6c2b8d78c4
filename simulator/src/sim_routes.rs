//! The interface of a fake to those who run it as a process: `/sim/…`, without a key.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;

use crate::{
    book::Book,
    scenario::{self, Checked, ScenarioError},
};

/// `/sim/health`, `/sim/ledger` and `/sim/scenario` of one fake.
pub(crate) fn router<S, L>(book: Arc<Book<S, L>>) -> Router
where
    S: Checked + Clone,
    L: Clone + Default + Serialize + Send + 'static,
{
    Router::new()
        .route("/sim/health", get(async || "ok"))
        .route(
            "/sim/ledger",
            get(async |State(book): State<Arc<Book<S, L>>>| Json(book.ledger())),
        )
        .route(
            "/sim/scenario",
            get(async |State(book): State<Arc<Book<S, L>>>| Json(book.scenario().as_ref().clone()))
                .post(set_scenario::<S, L>),
        )
        .with_state(book)
}

async fn set_scenario<S: Checked, L: Clone + Default>(
    State(book): State<Arc<Book<S, L>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    replaced(read_scenario(&headers, &body).and_then(|scenario| book.set_scenario(scenario)))
}

/// The answer to who wanted another scenario.
pub(crate) fn replaced(result: Result<(), ScenarioError>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// Reads a scenario: in TOML when the content type says so, else in JSON.
pub(crate) fn read_scenario<S: Checked>(
    headers: &HeaderMap,
    body: &[u8],
) -> Result<S, ScenarioError> {
    let text = String::from_utf8_lossy(body);
    match content_type(headers).contains("toml") {
        true => scenario::from_toml(&text),
        false => scenario::from_json(&text),
    }
}

/// The content type as sent; empty when there is none.
pub(crate) fn content_type(headers: &HeaderMap) -> &str {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
}
