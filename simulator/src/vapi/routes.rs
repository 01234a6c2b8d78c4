//! Vapi's HTTP interface, as far as it is played.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{
    Account, CreateFault, CreateSeen, Direction,
    ledger::{ATTEMPT_KEY, CALL_ID_KEY},
    list, play, sim_routes,
    state::{NewCall, Shared, create_fault},
};
use crate::{
    chance::{dice, happens},
    outbound::now_ms,
    retell::is_e164,
};

/// Longest name of a call.
const LONGEST_NAME: usize = 40;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/call", post(create_call).get(list_calls))
        .route("/call/{id}", get(get_call))
        .merge(sim_routes::router())
        .fallback(async || problem(StatusCode::NOT_FOUND, "Cannot find this route"))
        .with_state(shared)
}

/// An answer other than success.
pub(super) fn problem(status: StatusCode, message: &str) -> Response {
    let body = json!({
        "message": message,
        "error": status.canonical_reason(),
        "statusCode": status.as_u16(),
    });
    (status, Json(body)).into_response()
}

fn unauthorized() -> Response {
    problem(
        StatusCode::UNAUTHORIZED,
        "Invalid Key. Hot tip, you may be using the private key instead of the public key, or vice versa.",
    )
}

/// The account whose key came with the request.
fn account(shared: &Shared, headers: &HeaderMap) -> Option<(String, Account)> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let key = header.strip_prefix("Bearer ")?;
    Some((key.to_owned(), shared.account(key)?))
}

async fn create_call(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let metadata = |key: &str| text(sent.pointer(&format!("/assistantOverrides/metadata/{key}")));
    let mut seen = CreateSeen {
        at_ms: now_ms(),
        to_number: text(sent.pointer("/customer/number")),
        call_id: metadata(CALL_ID_KEY).or_else(|| text(sent.get("name"))),
        attempt: metadata(ATTEMPT_KEY),
        fault: CreateFault::None,
        status: None,
        provider_call_id: None,
    };
    let response = create(&shared, &headers, &sent, &mut seen);
    seen.status = response.as_ref().map(|response| response.status().as_u16());
    shared.note_create(seen);
    match response {
        Some(response) => response,
        None => std::future::pending().await,
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(str::to_owned)
}

/// What is answered; `None` when nothing ever is.
fn create(
    shared: &Arc<Shared>,
    headers: &HeaderMap,
    sent: &Value,
    seen: &mut CreateSeen,
) -> Option<Response> {
    let Some((key, account)) = account(shared, headers) else {
        return Some(unauthorized());
    };
    let new = match new_call(&account, key, sent) {
        Ok(new) => new,
        Err(messages) => return Some(bad_request(&messages)),
    };
    let scenario = shared.scenario();
    let person = new.person.clone().unwrap_or_default();
    seen.fault = create_fault(&scenario, &person, shared.count_request(&person));
    if let Some(refusal) = refusal(seen.fault, scenario.faults.create.retry_after_seconds) {
        return Some(refusal);
    }
    if seen.fault == CreateFault::Hang {
        return None;
    }
    let in_use = shared.lines_in_use();
    if in_use >= scenario.concurrency_limit {
        let body = json!({"error": "Over Concurrency Limit"});
        return Some((StatusCode::BAD_REQUEST, Json(body)).into_response());
    }
    let (id, plan) = shared.place(new);
    let mut object = shared.read(&id, |call| call.object()).unwrap_or_default();
    if let Some(object) = object.as_object_mut() {
        let limits = json!({
            "concurrencyBlocked": false,
            "concurrencyLimit": scenario.concurrency_limit,
            "remainingConcurrentCalls": scenario.concurrency_limit - in_use,
        });
        object.insert("subscriptionLimits".into(), limits);
    }
    play::start(shared, id.clone(), plan);
    seen.provider_call_id = Some(id);
    match seen.fault {
        CreateFault::HangAfter => None,
        CreateFault::ServerErrorAfter => Some(server_error()),
        _ => Some((StatusCode::CREATED, Json(object)).into_response()),
    }
}

fn bad_request(messages: &[String]) -> Response {
    let body = json!({"message": messages, "error": "Bad Request", "statusCode": 400});
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn server_error() -> Response {
    problem(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
}

/// The call a request asks for, or all that is wrong with it.
fn new_call(account: &Account, key: String, sent: &Value) -> Result<NewCall, Vec<String>> {
    let mut wrong = Vec::new();
    let assistant_id = text(sent.get("assistantId"));
    let who = [
        "assistantId",
        "assistant",
        "squadId",
        "squad",
        "workflowId",
        "workflow",
    ];
    if who.iter().filter(|key| sent.get(key).is_some()).count() != 1 {
        wrong.push(
            "exactly one of assistantId, assistant, squadId, squad, workflowId, workflow is needed"
                .to_owned(),
        );
    }
    let phone_number_id = text(sent.get("phoneNumberId"));
    let unknown = |known: &Option<Vec<String>>, id: &Option<String>| {
        let (Some(known), Some(id)) = (known, id) else {
            return false;
        };
        !known.contains(id)
    };
    if unknown(&account.assistants, &assistant_id) {
        wrong.push("Couldn't Get Assistant".to_owned());
    }
    if phone_number_id.is_none() || unknown(&account.phone_numbers, &phone_number_id) {
        wrong.push("Couldn't Get Phone Number. Need `phoneNumberId` Or `phoneNumber`".to_owned());
    }
    let number = text(sent.pointer("/customer/number"));
    if !number.as_deref().is_some_and(is_e164) {
        wrong.push("customer.number must be a valid phone number in the E.164 format".to_owned());
    }
    let name = text(sent.get("name"));
    if name
        .as_ref()
        .is_some_and(|name| name.chars().count() > LONGEST_NAME)
    {
        wrong.push(format!(
            "name must be shorter than or equal to {LONGEST_NAME} characters"
        ));
    }
    let overrides = sent.get("assistantOverrides").cloned().unwrap_or_default();
    if !(overrides.is_null() || overrides.is_object()) {
        wrong.push("assistantOverrides must be an object".to_owned());
    }
    match (phone_number_id, wrong.is_empty()) {
        (Some(phone_number_id), true) => Ok(NewCall {
            account: key,
            direction: Direction::Outbound,
            assistant_id,
            phone_number_id,
            our_number: None,
            person: number,
            name,
            overrides,
        }),
        _ => Err(wrong),
    }
}

/// The answer of a fault that places no call.
fn refusal(fault: CreateFault, retry_after: u64) -> Option<Response> {
    let slow_down = || problem(StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded");
    match fault {
        CreateFault::RateLimited => {
            let header = [(header::RETRY_AFTER, retry_after.to_string())];
            Some((header, slow_down()).into_response())
        }
        CreateFault::RateLimitedSilently => Some(slow_down()),
        CreateFault::ServerError => Some(server_error()),
        CreateFault::BadRequest => {
            Some(bad_request(&["property test should not exist".to_owned()]))
        }
        CreateFault::Unauthorized => Some(unauthorized()),
        CreateFault::PaymentRequired => Some(problem(
            StatusCode::PAYMENT_REQUIRED,
            "Wallet balance is too low",
        )),
        CreateFault::Refused => Some(problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            "This call cannot be made",
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
    let faults = &scenario.faults.read;
    let chances = [
        (StatusCode::INTERNAL_SERVER_ERROR, faults.server_error),
        (StatusCode::TOO_MANY_REQUESTS, faults.rate_limited),
    ];
    let mut dice = dice(scenario.seed, &["read", subject, &reads]);
    let status = happens(&mut dice, &chances)?;
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
    let call = shared.read(&id, |call| (call.account == key).then(|| call.object()));
    match call.flatten() {
        Some(call) => Json(call).into_response(),
        None => problem(StatusCode::NOT_FOUND, "Call not found"),
    }
}

async fn list_calls(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    let Some((key, _)) = account(&shared, &headers) else {
        return unauthorized();
    };
    if let Some(fault) = read_fault(&shared, "list") {
        return fault;
    }
    match list::calls(&shared, &key, &query) {
        Ok(calls) => Json(calls).into_response(),
        Err(message) => bad_request(&[message]),
    }
}
