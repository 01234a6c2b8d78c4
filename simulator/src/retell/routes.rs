//! Retell's HTTP interface, as far as it is played.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Account,
    call::{Direction, is_e164},
    ledger::{ATTEMPT_KEY, CALL_ID_KEY, CreateSeen},
    list, play,
    scenario::CreateFault,
    sim_routes,
    state::{NewCall, Shared, create_fault},
};
use crate::{
    chance::{dice, happens},
    outbound::now_ms,
};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v2/create-phone-call", post(create_phone_call))
        .route("/v2/get-call/{id}", get(get_call))
        .route("/v3/list-calls", post(list_calls))
        .route("/v2/stop-call/{id}", post(stop_call))
        .route("/get-concurrency", get(get_concurrency))
        .route("/get-agent/{id}", get(get_agent))
        .merge(sim_routes::router())
        .fallback(async || problem(StatusCode::NOT_FOUND, "no such route"))
        .with_state(shared)
}

/// An answer other than success.
pub(super) fn problem(status: StatusCode, message: &str) -> Response {
    (
        status,
        axum::Json(json!({"status": "error", "message": message})),
    )
        .into_response()
}

fn unauthorized() -> Response {
    problem(StatusCode::UNAUTHORIZED, "Invalid API Key")
}

/// The account whose key came with the request.
fn account(shared: &Shared, headers: &HeaderMap) -> Option<(String, Account)> {
    let key = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")?;
    Some((key.to_owned(), shared.account(key)?))
}

#[derive(Deserialize)]
struct CreateBody {
    from_number: String,
    to_number: String,
    override_agent_id: Option<String>,
    #[serde(default)]
    retell_llm_dynamic_variables: Option<Map<String, Value>>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

async fn create_phone_call(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut seen = CreateSeen {
        at_ms: now_ms(),
        to_number: text(&sent["to_number"]),
        call_id: text(&sent["metadata"][CALL_ID_KEY]),
        attempt: text(&sent["metadata"][ATTEMPT_KEY]),
        fault: CreateFault::None,
        status: None,
        provider_call_id: None,
    };
    let response = create(&shared, &headers, sent, &mut seen);
    seen.status = response.as_ref().map(|response| response.status().as_u16());
    shared.note_create(seen);
    match response {
        Some(response) => response,
        None => std::future::pending().await,
    }
}

/// What is answered; `None` when nothing ever is.
fn create(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    sent: Value,
    seen: &mut CreateSeen,
) -> Option<Response> {
    let Some((key, account)) = account(shared, headers) else {
        return Some(unauthorized());
    };
    let new = match new_call(&account, key, sent) {
        Ok(new) => new,
        Err((status, message)) => return Some(problem(status, &message)),
    };
    let scenario = shared.scenario();
    seen.fault = create_fault(&scenario, &new.to, shared.count_request(&new.to));
    if let Some(refusal) = refusal(seen.fault, scenario.faults.create.retry_after_seconds) {
        return Some(refusal);
    }
    if seen.fault == CreateFault::Hang {
        return None;
    }
    if shared.lines_in_use() >= scenario.concurrency_limit {
        return Some(problem(
            StatusCode::TOO_MANY_REQUESTS,
            "Concurrency limit reached",
        ));
    }
    let (id, plan) = shared.place(new);
    let object = shared
        .with_call(&id, |call| call.object())
        .unwrap_or_default();
    play::start(shared, id.clone(), plan);
    seen.provider_call_id = Some(id);
    match seen.fault {
        CreateFault::HangAfter => None,
        CreateFault::ServerErrorAfter => Some(problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal server error",
        )),
        _ => Some((StatusCode::CREATED, axum::Json(object)).into_response()),
    }
}

/// The call a request asks for, or why not.
fn new_call(account: &Account, key: String, sent: Value) -> Result<NewCall, (StatusCode, String)> {
    let bad = |message: &str| (StatusCode::BAD_REQUEST, message.to_owned());
    let missing = |what: &str| {
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            format!("Cannot find requested asset under given api key: {what}"),
        )
    };
    let body: CreateBody = serde_json::from_value(sent).map_err(|error| bad(&error.to_string()))?;
    if !is_e164(&body.from_number) || !is_e164(&body.to_number) {
        return Err(bad("from_number and to_number must be in E.164 format"));
    }
    let variables = body.retell_llm_dynamic_variables.unwrap_or_default();
    if let Some((name, _)) = variables.iter().find(|(_, value)| !value.is_string()) {
        return Err(bad(&format!(
            "retell_llm_dynamic_variables.{name} must be a string"
        )));
    }
    let unknown = |known: &Option<Vec<String>>, text: &str| {
        known
            .as_ref()
            .is_some_and(|known| !known.iter().any(|each| each == text))
    };
    if unknown(&account.numbers, &body.from_number) {
        return Err(missing("from_number"));
    }
    let agent_id = body
        .override_agent_id
        .unwrap_or_else(|| default_agent(account));
    if unknown(&account.agents, &agent_id) {
        return Err(missing("agent"));
    }
    Ok(NewCall {
        account: key,
        direction: Direction::Outbound,
        agent_id,
        from: body.from_number,
        to: body.to_number,
        metadata: body.metadata.map_or(Value::Null, Value::Object),
        variables: Value::Object(variables),
    })
}

fn default_agent(account: &Account) -> String {
    account
        .agents
        .as_ref()
        .and_then(|agents| agents.first().cloned())
        .unwrap_or_else(|| "agent_default".into())
}

/// The answer of a fault that places no call.
fn refusal(fault: CreateFault, retry_after: u64) -> Option<Response> {
    let slow_down = || {
        problem(
            StatusCode::TOO_MANY_REQUESTS,
            "Account rate limited, please throttle your requests.",
        )
    };
    match fault {
        CreateFault::RateLimited => Some(
            (
                [(header::RETRY_AFTER, retry_after.to_string())],
                slow_down(),
            )
                .into_response(),
        ),
        CreateFault::RateLimitedSilently => Some(slow_down()),
        CreateFault::ServerError => Some(problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Internal server error",
        )),
        CreateFault::BadRequest => Some(problem(StatusCode::BAD_REQUEST, "Invalid request format")),
        CreateFault::Unauthorized => Some(unauthorized()),
        CreateFault::PaymentRequired => Some(problem(
            StatusCode::PAYMENT_REQUIRED,
            "Trial has ended, please add payment method",
        )),
        CreateFault::Refused => Some(problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Cannot find requested asset under given api key",
        )),
        CreateFault::None
        | CreateFault::ServerErrorAfter
        | CreateFault::Hang
        | CreateFault::HangAfter => None,
    }
}

/// The failure that the dice want of a read, if any.
fn read_fault(shared: &Shared, subject: &str) -> Option<Response> {
    let scenario = shared.scenario();
    let reads = shared.count_read().to_string();
    let chances = [
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            scenario.faults.read.server_error,
        ),
        (
            StatusCode::TOO_MANY_REQUESTS,
            scenario.faults.read.rate_limited,
        ),
    ];
    let status = happens(
        &mut dice(scenario.seed, &["read", subject, &reads]),
        &chances,
    )?;
    Some(problem(status, "Not now"))
}

async fn get_call(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Some((key, _)) = account(&shared, &headers) else {
        return unauthorized();
    };
    if let Some(fault) = read_fault(&shared, "get") {
        return fault;
    }
    match shared
        .with_call(&id, |call| (call.account == key).then(|| call.object()))
        .flatten()
    {
        Some(call) => axum::Json(call).into_response(),
        None => no_such_call(),
    }
}

async fn list_calls(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((key, _)) = account(&shared, &headers) else {
        return unauthorized();
    };
    if let Some(fault) = read_fault(&shared, "list") {
        return fault;
    }
    let page = serde_json::from_slice(&body)
        .map_err(|error| error.to_string())
        .and_then(|query| list::page(&shared, &key, &query));
    match page {
        Ok(page) => axum::Json(page).into_response(),
        Err(message) => problem(StatusCode::BAD_REQUEST, &message),
    }
}

async fn stop_call(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Some((key, _)) = account(&shared, &headers) else {
        return unauthorized();
    };
    let found = shared.with_call(&id, |call| {
        (call.account == key).then(|| call.on_the_line().then(|| call.hang_up.clone()))
    });
    match found.flatten() {
        Some(Some(hang_up)) => {
            hang_up.notify_one();
            StatusCode::NO_CONTENT.into_response()
        }
        Some(None) => problem(StatusCode::BAD_REQUEST, "Call is not ongoing"),
        None => no_such_call(),
    }
}

fn no_such_call() -> Response {
    problem(
        StatusCode::UNPROCESSABLE_ENTITY,
        "Cannot find requested asset under given api key",
    )
}

async fn get_concurrency(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if account(&shared, &headers).is_none() {
        return unauthorized();
    }
    let limit = shared.scenario().concurrency_limit;
    axum::Json(json!({
        "current_concurrency": shared.lines_in_use(),
        "concurrency_limit": limit,
        "base_concurrency": limit,
        "purchased_concurrency": 0,
        "concurrency_purchase_limit": 0,
        "remaining_purchase_limit": 0,
        "concurrency_burst_enabled": false,
        "concurrency_burst_limit": limit,
        "reserved_inbound_concurrency": 0,
    }))
    .into_response()
}

async fn get_agent(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let Some((_, account)) = account(&shared, &headers) else {
        return unauthorized();
    };
    if account
        .agents
        .as_ref()
        .is_some_and(|agents| !agents.contains(&id))
    {
        return no_such_call();
    }
    axum::Json(json!({
        "agent_id": id,
        "agent_name": "Reception",
        "version": 1,
        "is_published": true,
        "voice_id": "voice-invented",
        "language": "en-GB",
        "response_engine": {"type": "retell-llm", "llm_id": "llm_invented", "version": 1},
        "webhook_url": account.webhook_url,
        "webhook_events": ["call_started", "call_ended", "call_analyzed"],
        "post_call_analysis_data": [{
            "type": "enum",
            "name": shared.scenario().outcome_field,
            "description": "What the person decided about the appointment",
            "choices": ["confirmed", "cancelled", "rescheduled", "no_clear_answer"],
        }, {"type": "boolean", "name": "opt_out", "description": "Whether the person asked not to be called again"}],
        "last_modification_timestamp": now_ms(),
    }))
    .into_response()
}
