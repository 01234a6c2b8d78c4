//! OpenPhone's HTTP interface, as far as it is played.

mod material;

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    CallStory, Shared,
    event::{listed_call, listed_message},
    ledger::{Message, SendSeen},
    list::Query,
    play::{self, new_message, play_message},
    problem::Problem,
    scenario::Fault,
};
use crate::{
    chance::{dice, happens},
    outbound::now_ms,
    retell::is_e164,
    sim_routes,
};

/// Longest text, in characters.
const LONGEST_TEXT: usize = 1600;

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let book = shared.book.clone();
    Router::new()
        .route("/v1/messages", post(create).get(messages))
        .route("/v1/messages/{id}", get(message))
        .route("/v1/phone-numbers", get(lines))
        .route("/v1/calls", get(calls))
        .route("/v1/calls/{id}", get(material::call))
        .route("/v1/call-recordings/{id}", get(material::recordings))
        .route("/v1/call-summaries/{id}", get(material::summaries))
        .route("/v1/call-transcripts/{id}", get(material::transcripts))
        .route("/v1/call-voicemails/{id}", get(material::voicemails))
        .route("/media/{file}", get(media))
        .route("/sim/text", post(sim_text))
        .route("/sim/call", post(sim_call))
        .with_state(shared)
        .merge(sim_routes::router(book))
        .fallback(async || Problem::NOT_FOUND.into_response())
}

/// Whether the request is the workspace's own: the bare key, without `Bearer`.
fn authorized(shared: &Shared, headers: &HeaderMap) -> Result<(), Problem> {
    let key = headers.get(header::AUTHORIZATION);
    match key.is_some_and(|key| key.as_bytes() == shared.key.expose_secret().as_bytes()) {
        true => Ok(()),
        false => Err(Problem::UNAUTHORIZED),
    }
}

#[derive(Default, Deserialize)]
struct NewText {
    content: Option<String>,
    from: Option<String>,
    #[serde(default)]
    to: Vec<String>,
}

async fn create(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let text: NewText = serde_json::from_slice(&body).unwrap_or_default();
    let mut seen = SendSeen {
        at_ms: now_ms(),
        to: text.to.first().cloned(),
        fault: Fault::None,
        status: None,
        code: None,
        message_id: None,
    };
    let answer = authorized(&shared, &headers).and_then(|()| send(&shared, &text, &mut seen));
    let response = match answer {
        Ok(answer) => answer.map(|message| {
            let body = json!({"data": listed_message(&message)});
            (StatusCode::ACCEPTED, Json(body)).into_response()
        }),
        Err(problem) => {
            seen.code = Some(problem.code.to_owned());
            Some(problem.into_response())
        }
    };
    seen.status = response.as_ref().map(|response| response.status().as_u16());
    let limited = seen.fault == Fault::RateLimited;
    shared.book.note(|ledger| ledger.sends.push(seen));
    let wait = shared.book.scenario().retry_after_seconds.to_string();
    match response {
        Some(response) if limited => ([(header::RETRY_AFTER, wait)], response).into_response(),
        Some(response) => response,
        None => std::future::pending().await,
    }
}

/// Takes a text, or says why not. `Ok(None)` is never answered.
fn send(
    shared: &Arc<Shared>,
    text: &NewText,
    seen: &mut SendSeen,
) -> Result<Option<Message>, Problem> {
    let content = text.content.as_deref().unwrap_or_default();
    let length = content.chars().count();
    let [to] = text.to.as_slice() else {
        return Err(Problem::BAD_REQUEST);
    };
    if !is_e164(to) || !(1..=LONGEST_TEXT).contains(&length) {
        return Err(Problem::BAD_REQUEST);
    }
    let from = text.from.as_deref().unwrap_or_default();
    let line = shared.line(from).ok_or(Problem::NOT_YOUR_LINE)?;
    let scenario = shared.book.scenario();
    let nth = shared.book.count(to);
    seen.fault = scenario.fault(to, nth);
    match seen.fault {
        Fault::RateLimited | Fault::RateLimitedSilently => return Err(Problem::TOO_MANY),
        Fault::ServerError => return Err(Problem::SERVER_ERROR),
        Fault::Unauthorized => return Err(Problem::UNAUTHORIZED),
        Fault::NoCredits => return Err(Problem::NO_CREDITS),
        Fault::NotRegistered => return Err(Problem::NOT_REGISTERED),
        Fault::Refused => return Err(Problem::BAD_REQUEST),
        Fault::Hang => return Ok(None),
        Fault::None | Fault::ServerErrorAfter | Fault::HangAfter => {}
    }
    let message = new_message(line, to, false, content);
    seen.message_id = Some(message.id.clone());
    shared
        .book
        .note(|ledger| ledger.messages.push(message.clone()));
    let outcome = scenario.outcome(to, nth);
    shared.spawn(play_message(shared.clone(), message.clone(), outcome));
    match seen.fault {
        Fault::ServerErrorAfter => Err(Problem::SERVER_ERROR),
        Fault::HangAfter => Ok(None),
        _ => Ok(Some(message)),
    }
}

/// Whether a read may be answered: by the key, and by the dice.
fn may_read(shared: &Shared, headers: &HeaderMap) -> Result<(), Problem> {
    authorized(shared, headers)?;
    let scenario = shared.book.scenario();
    let reads = shared.book.count("reads").to_string();
    let chances = [
        (true, scenario.read.server_error),
        (false, scenario.read.rate_limited),
    ];
    match happens(&mut dice(scenario.seed, &["read", &reads]), &chances) {
        Some(true) => Err(Problem::SERVER_ERROR),
        Some(false) => Err(Problem::TOO_MANY),
        None => Ok(()),
    }
}

type Answer = Result<Json<Value>, Problem>;

/// What is created later is not listed yet.
fn newest_ms(shared: &Shared) -> i64 {
    let lag_ms = shared.book.scenario().read.list_lag_seconds * 1000.0;
    now_ms() - lag_ms as i64
}

async fn lines(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Answer {
    may_read(&shared, &headers)?;
    let lines = shared.lines.iter();
    let lines = lines.map(|line| json!({"id": line.id, "number": line.number, "name": "Line"}));
    data(Some(lines.collect()))
}

async fn messages(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    may_read(&shared, &headers)?;
    let query = Query::read(&query.unwrap_or_default())?;
    let newest_ms = newest_ms(&shared);
    let found = shared.book.read(|ledger| {
        let all = ledger
            .messages
            .iter()
            .rev()
            .filter(|it| it.created_ms <= newest_ms);
        let wanted = all.filter(|it| query.wants(&it.line_id, &it.person, it.created_ms));
        wanted.map(listed_message).collect()
    });
    Ok(Json(query.page(found)))
}

async fn calls(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    may_read(&shared, &headers)?;
    let query = Query::read(&query.unwrap_or_default())?;
    let newest_ms = newest_ms(&shared);
    let found = shared.book.read(|ledger| {
        let all = ledger
            .calls
            .iter()
            .rev()
            .filter(|it| it.created_ms <= newest_ms);
        let wanted = all.filter(|it| query.wants(&it.line_id, &it.person, it.created_ms));
        wanted.map(listed_call).collect()
    });
    Ok(Json(query.page(found)))
}

async fn message(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    may_read(&shared, &headers)?;
    let found = shared.book.read(|ledger| {
        let found = ledger.messages.iter().find(|message| message.id == id);
        found.map(listed_message)
    });
    data(found)
}

fn data(found: Option<Value>) -> Answer {
    let found = found.ok_or(Problem::NOT_FOUND)?;
    Ok(Json(json!({"data": found})))
}

/// A sound. Its address is enough: no key is asked for, and one that comes is a leak.
async fn media(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return Problem::BAD_REQUEST.into_response();
    }
    shared.book.note(|ledger| ledger.media_fetched += 1);
    let play = shared.book.scenario().media.clone();
    let status = StatusCode::from_u16(play.status).unwrap_or(StatusCode::FORBIDDEN);
    let kind = [(header::CONTENT_TYPE, play.content_type)];
    (status, kind, vec![0x55_u8; play.bytes]).into_response()
}

#[derive(Deserialize)]
struct SimText {
    from: String,
    to: String,
    text: String,
}

#[derive(Deserialize)]
struct SimCall {
    from: String,
    to: String,
    #[serde(default)]
    story: CallStory,
}

/// Somebody writes, for those who run the fake as a process.
async fn sim_text(State(shared): State<Arc<Shared>>, Json(text): Json<SimText>) -> Answer {
    let id = play::text_from(&shared, &text.from, &text.to, &text.text);
    data(id.map(|id| json!({"id": id})))
}

/// Somebody calls.
async fn sim_call(State(shared): State<Arc<Shared>>, Json(call): Json<SimCall>) -> Answer {
    let id = play::call_from(&shared, &call.from, &call.to, call.story);
    data(id.map(|id| json!({"id": id})))
}
