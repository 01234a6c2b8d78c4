//! `POST /services/T…/B…/X…`, as Slack answers it: in single words of plain text.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};

use super::{
    ledger::{Ledger, Posted},
    message::Message,
    scenario::{Fault, Scenario},
};
use crate::{
    book::Book,
    outbound::now_ms,
    sim_routes::{self, content_type},
};

#[derive(Clone)]
struct Desk {
    book: Arc<Book<Scenario, Ledger>>,
    hooks: Option<Arc<[String]>>,
}

pub(super) fn router(book: Arc<Book<Scenario, Ledger>>, hooks: Option<Vec<String>>) -> Router {
    let desk = Desk {
        book: book.clone(),
        hooks: hooks.map(Into::into),
    };
    Router::new()
        .route("/services/{team}/{bot}/{secret}", post(post_message))
        .with_state(desk)
        .merge(sim_routes::router(book))
        .fallback(async || (StatusCode::NOT_FOUND, "no_team"))
}

async fn post_message(
    State(desk): State<Desk>,
    Path((team, bot, secret)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let hook = format!("{team}/{bot}/{secret}");
    let scenario = desk.book.scenario();
    let fault = scenario.fault(&hook, desk.book.count(&hook));
    let message = Message::read(content_type(&headers), &body);
    let known = desk.hooks.as_ref().is_none_or(|all| all.contains(&hook));
    let (word, accepted) = match known {
        true => verdict(fault, message.as_ref(), &scenario),
        false => (Some("no_service"), false),
    };
    let message = message.unwrap_or_default();
    let status = word.map(|word| scenario.status(word));
    desk.book.note(|ledger| {
        ledger.posts.push(Posted {
            at_ms: now_ms(),
            hook,
            text: message
                .text
                .map(|text| text.chars().take(scenario.limits.text).collect()),
            blocks: message.blocks,
            fault,
            status,
            word: word.map(str::to_owned),
            accepted,
        });
    });
    match word.zip(status) {
        Some((word, status)) => answer(status, word, fault, scenario.retry_after_seconds),
        None => std::future::pending().await,
    }
}

/// The word answered, `None` when nothing ever is; and whether the message stands in the channel.
fn verdict(
    fault: Fault,
    message: Option<&Message>,
    scenario: &Scenario,
) -> (Option<&'static str>, bool) {
    let word = match fault {
        Fault::RateLimited | Fault::RateLimitedSilently => "rate_limited",
        Fault::ServerError => "rollup_error",
        Fault::Hang => return (None, false),
        Fault::InvalidPayload => "invalid_payload",
        Fault::Forbidden => "action_prohibited",
        Fault::NoService => "no_service",
        Fault::Archived => "channel_is_archived",
        Fault::None | Fault::ServerErrorAfter | Fault::HangAfter | Fault::InvalidBlocks => "ok",
    };
    if word != "ok" {
        return (Some(word), false);
    }
    let Some(message) = message else {
        return (Some("invalid_payload"), false);
    };
    if let Some(objection) = message.objection(&scenario.limits) {
        return (Some(objection), false);
    }
    match fault {
        Fault::InvalidBlocks if message.blocks.is_some() => (Some("invalid_blocks"), false),
        Fault::ServerErrorAfter => (Some("rollup_error"), true),
        Fault::HangAfter => (None, true),
        _ => (Some("ok"), true),
    }
}

fn answer(status: u16, word: &'static str, fault: Fault, retry_after: u64) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match fault {
        Fault::RateLimited => (
            status,
            [(header::RETRY_AFTER, retry_after.to_string())],
            word,
        )
            .into_response(),
        _ => (status, word).into_response(),
    }
}
