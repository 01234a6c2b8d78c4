//! Zoho's HTTP interface, as far as it is played. What goes wrong goes wrong here, for all requests alike.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::{
    RequestSeen, Shared, coql, lists, problem::Problem, records, scenario::Fault, token, watch,
};
use crate::{outbound::now_ms, sim_routes};

pub(super) fn router(shared: Arc<Shared>) -> Router {
    let book = shared.book.clone();
    let data = Router::new()
        .route("/coql", post(coql::ask))
        .route(
            "/actions/watch",
            post(watch::enable)
                .put(watch::enable)
                .get(watch::details)
                .delete(watch::disable),
        )
        .route("/settings/modules", get(lists::modules))
        .route("/settings/fields", get(lists::fields))
        .route(
            "/{module}",
            get(lists::list)
                .post(records::insert)
                .put(records::update_many),
        )
        .route("/{module}/upsert", post(records::upsert))
        .route("/{module}/search", get(lists::search))
        .route("/{module}/deleted", get(lists::deleted))
        .route(
            "/{module}/{id}",
            get(lists::record)
                .put(records::update)
                .delete(records::delete),
        )
        .route("/{module}/{id}/Notes", get(lists::notes))
        .fallback(async || Problem::no_such_url())
        .layer(middleware::from_fn_with_state(shared.clone(), guard));
    Router::new()
        .nest("/crm/v8", data)
        .route("/oauth/v2/token", post(token::give))
        .with_state(shared)
        .merge(sim_routes::router(book))
        .fallback(async || Problem::no_such_url())
}

/// Whether a request comes through, and what it runs into.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let scenario = shared.book.scenario();
    let nth = shared.book.count("request");
    let scripted = shared.state().scripted(&scenario);
    let fault = scripted.unwrap_or_else(|| scenario.fault(nth));
    let mut seen = RequestSeen {
        at_ms: now_ms(),
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        fault,
        status: None,
    };
    let spent = scenario.credits > 0 && nth >= scenario.credits;
    let token = bearer(request.headers());
    let answer = match fault {
        _ if scenario.maintenance => Some(Problem::maintenance().into_response()),
        _ if !is_good(&shared, token.as_deref()) => Some(Problem::invalid_token().into_response()),
        _ if spent => Some(Problem::too_many(None).into_response()),
        Fault::RateLimited => {
            Some(Problem::too_many(Some(scenario.retry_after_seconds)).into_response())
        }
        Fault::RateLimitedSilently => Some(Problem::too_many(None).into_response()),
        Fault::ServerError => Some(Problem::server_error().into_response()),
        Fault::TokenInvalid => {
            let token = token.unwrap_or_default();
            shared.state().tokens.remove(&token);
            Some(Problem::invalid_token().into_response())
        }
        Fault::Denied => Some(Problem::denied().into_response()),
        Fault::Hang => None,
        Fault::Slow => {
            tokio::time::sleep(Duration::from_secs_f64(scenario.slow_seconds)).await;
            Some(next.run(request).await)
        }
        Fault::None => Some(next.run(request).await),
        Fault::ServerErrorAfter => {
            next.run(request).await;
            Some(Problem::server_error().into_response())
        }
        Fault::HangAfter => {
            next.run(request).await;
            None
        }
    };
    seen.status = answer.as_ref().map(|answer| answer.status().as_u16());
    shared.book.note(|ledger| ledger.requests.push(seen));
    match answer {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

/// The token, which Zoho takes under its own name only.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    header.strip_prefix("Zoho-oauthtoken ").map(str::to_owned)
}

fn is_good(shared: &Shared, token: Option<&str>) -> bool {
    let state = shared.state();
    let end = token.and_then(|token| state.tokens.get(token));
    end.is_some_and(|end| *end > shared.now_ms())
}
