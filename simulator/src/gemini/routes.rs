//! `POST /v1beta/models/{model}:generateContent`, and the same under `/v1`, as Gemini answers it.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::{
    ledger::{Ledger, RequestSeen},
    reply::{Request, candidate, tokens, usage},
    scenario::{Fault, Scenario},
};
use crate::{book::Book, outbound::now_ms, sim_routes};

#[derive(Clone)]
struct Desk {
    book: Arc<Book<Scenario, Ledger>>,
    key: SecretString,
}

pub(super) fn router(book: Arc<Book<Scenario, Ledger>>, key: SecretString) -> Router {
    let desk = Desk {
        book: book.clone(),
        key,
    };
    Router::new()
        .route("/v1beta/models/{call}", post(generate))
        .route("/v1/models/{call}", post(generate))
        .with_state(desk)
        .merge(sim_routes::router(book))
        .fallback(async || problem(StatusCode::NOT_FOUND, "NOT_FOUND", json!([])))
}

fn problem(status: StatusCode, word: &str, details: Value) -> Response {
    let code = status.as_u16();
    let error = json!({"code": code, "message": word, "status": word, "details": details});
    (status, Json(json!({"error": error}))).into_response()
}

async fn generate(
    State(desk): State<Desk>,
    Path(call): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let scenario = desk.book.scenario();
    let (model, method) = call.split_once(':').unwrap_or((&call, ""));
    let request = Request::read(&body);
    let own_key = headers
        .get("x-goog-api-key")
        .is_some_and(|key| key.as_bytes() == desk.key.expose_secret().as_bytes());
    let known = scenario.models.is_empty() || scenario.models.iter().any(|it| it == model);
    let fault = match (own_key, method == "generateContent" && known) {
        (false, _) => Fault::KeyInvalid,
        (true, false) => Fault::None,
        (true, true) => scenario.fault(desk.book.count("requests")),
    };
    let outcome = match &request {
        _ if fault == Fault::KeyInvalid => refused(fault, &scenario),
        _ if method != "generateContent" || !known => {
            Outcome::Refused(problem(StatusCode::NOT_FOUND, "NOT_FOUND", json!([])))
        }
        None => Outcome::Refused(problem(
            StatusCode::BAD_REQUEST,
            "INVALID_ARGUMENT",
            json!([]),
        )),
        Some(request) => outcome(fault, request, &scenario),
    };
    let request = request.unwrap_or_default();
    let prompt = tokens(&request.instruction) + tokens(&request.input);
    let (response, output, prompt, answer) = outcome.response(prompt, model);
    desk.book.note(|ledger| {
        ledger.prompt_tokens += prompt;
        ledger.answer_tokens += answer;
        ledger.requests.push(RequestSeen {
            at_ms: now_ms(),
            model: model.to_owned(),
            instruction: request.instruction,
            input: request.input,
            fault,
            status: response.as_ref().map(|response| response.status().as_u16()),
            output,
        });
    });
    match response {
        Some(response) => response,
        None => std::future::pending().await,
    }
}

/// What becomes of a request.
enum Outcome {
    /// Nothing was read, and nothing is paid.
    Refused(Response),
    Silence,
    PromptBlocked,
    Answered {
        text: Option<String>,
        reason: &'static str,
    },
}

fn refused(fault: Fault, scenario: &Scenario) -> Outcome {
    let quota = |id: &str| {
        json!([
            {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": id}]},
            {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": scenario.retry_delay},
        ])
    };
    let exhausted = |id| {
        problem(
            StatusCode::TOO_MANY_REQUESTS,
            "RESOURCE_EXHAUSTED",
            quota(id),
        )
    };
    Outcome::Refused(match fault {
        Fault::RateLimited => exhausted("GenerateRequestsPerMinutePerProjectPerModel"),
        Fault::DaySpent => exhausted("GenerateRequestsPerDayPerProjectPerModel"),
        Fault::Overloaded => problem(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", json!([])),
        Fault::Forbidden => problem(StatusCode::FORBIDDEN, "PERMISSION_DENIED", json!([])),
        Fault::KeyInvalid => {
            let detail = json!([{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]);
            problem(StatusCode::BAD_REQUEST, "INVALID_ARGUMENT", detail)
        }
        _ => problem(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", json!([])),
    })
}

fn outcome(fault: Fault, request: &Request, scenario: &Scenario) -> Outcome {
    let answer = || request.answer(scenario);
    let (text, reason) = match fault {
        Fault::None => (Some(answer()), "STOP"),
        Fault::Fenced => (Some(format!("```json\n{}\n```", answer())), "STOP"),
        Fault::Garbage => (
            Some("I am sorry, there was nothing to find.".to_owned()),
            "STOP",
        ),
        Fault::OtherShape => (Some("{\"answer\": 42}".to_owned()), "STOP"),
        Fault::Empty => (None, "STOP"),
        Fault::AnswerBlocked => (None, "SAFETY"),
        Fault::Cut => {
            let text = answer();
            let half = text.chars().take(text.chars().count() / 2).collect();
            (Some(half), "MAX_TOKENS")
        }
        Fault::PromptBlocked => return Outcome::PromptBlocked,
        Fault::Hang => return Outcome::Silence,
        _ => return refused(fault, scenario),
    };
    Outcome::Answered { text, reason }
}

impl Outcome {
    /// The response, its text, and the tokens of question and answer.
    fn response(self, prompt: u64, model: &str) -> (Option<Response>, Option<String>, u64, u64) {
        match self {
            Self::Refused(response) => (Some(response), None, 0, 0),
            Self::Silence => (None, None, 0, 0),
            Self::PromptBlocked => {
                let body = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                    "usageMetadata": usage(prompt, 0), "modelVersion": model});
                (Some(Json(body).into_response()), None, prompt, 0)
            }
            Self::Answered { text, reason } => {
                let answer = text.as_deref().map_or(0, tokens);
                let body = candidate(text.as_deref(), reason, prompt, answer, model);
                (Some(Json(body).into_response()), text, prompt, answer)
            }
        }
    }
}
