//! Access tokens.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{Shared, TokenSeen, scenario::TokenFault};
use crate::outbound::now_ms;

const TEN_MINUTES_MS: i64 = 600_000;

/// Gives a token for the refresh token, or says why not: as Zoho, with a 200 too.
pub(super) async fn give(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Response {
    let scenario = shared.book.scenario();
    let nth = shared.book.count("token");
    let scripted = shared.state().scripted_token(&scenario);
    let fault = scripted.unwrap_or_else(|| scenario.token_fault(nth));
    let answer = match fault {
        TokenFault::None if scenario.maintenance => None,
        TokenFault::None => Some(token(
            &shared,
            &form(query.as_deref(), &body),
            host(&headers),
        )),
        TokenFault::Revoked => Some(Err("invalid_code")),
        TokenFault::WrongClient => Some(Err("invalid_client")),
        TokenFault::AccessDenied => Some(Err("Access Denied")),
        TokenFault::ServerError | TokenFault::Hang => None,
    };
    let granted = matches!(answer, Some(Ok(_)));
    shared.book.note(|ledger| {
        ledger.tokens.push(TokenSeen {
            at_ms: now_ms(),
            fault,
            granted,
        });
    });
    match answer {
        Some(Ok(token)) => Json(token).into_response(),
        Some(Err(error)) => Json(json!({"error": error})).into_response(),
        None if fault == TokenFault::Hang => std::future::pending().await,
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Parameters may stand in the address too.
fn form(query: Option<&str>, body: &[u8]) -> HashMap<String, String> {
    let in_address = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let in_body = form_urlencoded::parse(body);
    in_address
        .into_owned()
        .chain(in_body.into_owned())
        .collect()
}

/// Where the token is good: where it was asked for.
fn host(headers: &HeaderMap) -> String {
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}

fn token(
    shared: &Shared,
    form: &HashMap<String, String>,
    api_domain: String,
) -> Result<Value, &'static str> {
    let given = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if given("grant_type") != "refresh_token" {
        return Err("unsupported_grant_type");
    }
    if given("client_id") != shared.client_id {
        return Err("invalid_client");
    }
    if given("client_secret") != shared.client_secret.expose_secret() {
        return Err("invalid_client_secret");
    }
    if given("refresh_token") != shared.refresh_token.expose_secret() {
        return Err("invalid_code");
    }
    let scenario = shared.book.scenario();
    let now = scenario.now_ms();
    let mut state = shared.state();
    state.given.retain(|at| at + TEN_MINUTES_MS > now);
    if state.given.len() >= scenario.tokens as usize {
        return Err("Access Denied");
    }
    state.given.push(now);
    let token = format!("1000.{:032x}", rand::random::<u128>());
    let life = i64::from(scenario.token_seconds);
    state.tokens.insert(token.clone(), now + life * 1000);
    Ok(json!({
        "access_token": token,
        "scope": "ZohoCRM.modules.ALL",
        "api_domain": api_domain,
        "token_type": "Bearer",
        "expires_in": life,
    }))
}
