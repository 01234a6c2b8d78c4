//! Twilio's HTTP interface for messages, as far as it is played.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::ExposeSecret;

use super::{
    Account, Shared,
    ledger::{Message, SendSeen},
    list::Query,
    message::object,
    play::{Plan, play},
    problem::Problem,
    scenario::{Fault, Scenario},
};
use crate::{
    chance::{dice, happens},
    outbound::now_ms,
    retell::is_e164,
    sim_routes,
};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let book = shared.book.clone();
    Router::new()
        .route(
            "/2010-04-01/Accounts/{account}/Messages.json",
            post(create).get(list),
        )
        .route(
            "/2010-04-01/Accounts/{account}/Messages/{message}",
            get(fetch),
        )
        .with_state(shared)
        .merge(sim_routes::router(book))
        .fallback(async || Problem::not_found().into_response())
}

/// The account of the path, if the request proves to be its own.
fn account<'a>(shared: &'a Shared, headers: &HeaderMap, sid: &str) -> Result<&'a Account, Problem> {
    let (user, password) = credentials(headers).ok_or_else(Problem::unauthorized)?;
    let owner = shared
        .accounts
        .iter()
        .find(|account| {
            let own = account.sid == user && account.auth_token.expose_secret() == password;
            let by_key = account
                .api_key
                .as_ref()
                .is_some_and(|(key, secret)| *key == user && secret.expose_secret() == password);
            own || by_key
        })
        .ok_or_else(Problem::unauthorized)?;
    match owner.sid == sid {
        true => Ok(owner),
        false => Err(Problem::not_found()),
    }
}

fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = BASE64_STANDARD
        .decode(header.strip_prefix("Basic ")?)
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// A form's parameters, of which the last of a name counts.
#[derive(Default)]
struct Form(std::collections::HashMap<String, String>);

impl Form {
    fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// A parameter that is not empty.
    fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::read(&body);
    let mut seen = SendSeen {
        at_ms: now_ms(),
        to: form.get("To").map(str::to_owned),
        fault: Fault::None,
        status: None,
        code: None,
        sid: None,
    };
    let answer = account(&shared, &headers, &sid)
        .and_then(|account| send(&shared, account, &form, &mut seen));
    let retry_after = shared.book.scenario().retry_after_seconds;
    let fault = seen.fault;
    let response = match answer {
        Ok(answer) => {
            answer.map(|message| (StatusCode::CREATED, Json(object(&message))).into_response())
        }
        Err(problem) => {
            seen.code = Some(problem.code);
            Some(problem.into_response())
        }
    };
    seen.status = response.as_ref().map(|response| response.status().as_u16());
    shared.book.note(|ledger| ledger.sends.push(seen));
    match response {
        Some(response) if fault == Fault::RateLimited => {
            ([(header::RETRY_AFTER, retry_after.to_string())], response).into_response()
        }
        Some(response) => response,
        None => std::future::pending().await,
    }
}

/// Takes a message, or says why not. `Ok(None)` is never answered.
fn send(
    shared: &Arc<Shared>,
    account: &Account,
    form: &Form,
    seen: &mut SendSeen,
) -> Result<Option<Message>, Problem> {
    let scenario = shared.book.scenario();
    let message = message(account, form, &scenario)?;
    let nth = shared.book.count(&message.to);
    seen.fault = scenario.fault(&message.to, nth);
    match seen.fault {
        Fault::RateLimited | Fault::RateLimitedSilently => return Err(Problem::too_many()),
        Fault::ServerError => return Err(Problem::server_error()),
        Fault::Unauthorized => return Err(Problem::unauthorized()),
        Fault::InvalidTo => return Err(Problem::invalid_to()),
        Fault::Refused => {
            let message = "The message was refused";
            return Err(Problem::bad_request(scenario.refused_code, message));
        }
        Fault::Hang => return Ok(None),
        Fault::None | Fault::ServerErrorAfter | Fault::HangAfter => {}
    }
    seen.sid = Some(message.sid.clone());
    let place = shared.book.note(|ledger| {
        ledger.messages.push(message.clone());
        ledger.messages.len() - 1
    });
    let plan = Plan {
        place,
        nth,
        outcome: scenario.outcome(&message.to, nth),
        callback_url: form.get("StatusCallback").and_then(|url| url.parse().ok()),
    };
    shared.spawn(play(shared.clone(), plan));
    match seen.fault {
        Fault::ServerErrorAfter => Err(Problem::server_error()),
        Fault::HangAfter => Ok(None),
        _ => Ok(Some(message)),
    }
}

/// The message that a form asks for, or why not.
fn message(account: &Account, form: &Form, scenario: &Scenario) -> Result<Message, Problem> {
    let bad = Problem::bad_request;
    let to = form
        .get("To")
        .ok_or_else(|| bad(21604, "A 'To' phone number is required."))?;
    let (from, service) = (form.get("From"), form.get("MessagingServiceSid"));
    let sender = from
        .or(service)
        .ok_or_else(|| bad(21603, "A 'From' phone number is required."))?;
    let body = form
        .get("Body")
        .ok_or_else(|| bad(21602, "Message body is required."))?;
    if !is_e164(to) {
        return Err(Problem::invalid_to());
    }
    let senders = account.senders.as_ref();
    if senders.is_some_and(|all| !all.iter().any(|each| each == sender)) {
        return Err(bad(21606, "The 'From' is not one you can send from"));
    }
    if body.chars().count() > scenario.longest_body {
        return Err(bad(21617, "The message body is too long"));
    }
    let at_ms = now_ms();
    Ok(Message {
        sid: format!("SM{:032x}", rand::random::<u128>()),
        account: account.sid.clone(),
        to: to.to_owned(),
        from: from.map(str::to_owned),
        messaging_service: service.map(str::to_owned),
        body: body.to_owned(),
        status: if service.is_some() {
            "accepted"
        } else {
            "queued"
        }
        .to_owned(),
        error_code: None,
        created_ms: at_ms,
        sent_ms: None,
        updated_ms: at_ms,
    })
}

/// The failure that the dice want of a read, if any.
fn read_fault(shared: &Shared) -> Result<(), Problem> {
    let scenario = shared.book.scenario();
    let reads = shared.book.count("reads").to_string();
    let chances = [
        (true, scenario.read.server_error),
        (false, scenario.read.rate_limited),
    ];
    match happens(&mut dice(scenario.seed, &["read", &reads]), &chances) {
        Some(true) => Err(Problem::server_error()),
        Some(false) => Err(Problem::too_many()),
        None => Ok(()),
    }
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Path(sid): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    account(&shared, &headers, &sid)?;
    read_fault(&shared)?;
    let query = Query::read(&query.unwrap_or_default())
        .map_err(|_| Problem::bad_request(20001, "A parameter cannot be read"))?;
    let lag_ms = shared.book.scenario().read.list_lag_seconds * 1000.0;
    let newest_ms = now_ms() - lag_ms as i64;
    let page = shared
        .book
        .read(|ledger| query.page(ledger, &sid, newest_ms));
    Ok(Json(page).into_response())
}

async fn fetch(
    State(shared): State<Arc<Shared>>,
    Path((sid, message)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    account(&shared, &headers, &sid)?;
    read_fault(&shared)?;
    let wanted = message.strip_suffix(".json").unwrap_or(&message);
    let found = shared.book.read(|ledger| {
        ledger
            .messages
            .iter()
            .find(|message| message.account == sid && message.sid == wanted)
            .map(object)
    });
    match found {
        Some(message) => Ok(Json(message).into_response()),
        None => Err(Problem::not_found()),
    }
}
