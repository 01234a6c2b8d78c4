//! How a call goes, for whoever holds one of the tenant's tokens: asked for, or followed as it changes (CALL-6).

mod door;
mod followers;
mod places;
mod refusal;
mod stream;

use std::sync::{Arc, PoisonError};

use axum::{
    extract::{Path, State, rejection::PathRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use store::Store;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::{
    app::App, config::Config, hook::LOGGED_REFUSALS, rate::Limiter, telemetry, trace::Trace,
};
use door::Found;
use followers::Followers;
use places::Places;
use refusal::Refusal;

/// What those who ask and those who follow share.
pub(crate) struct Live {
    asking: Semaphore,
    rates: Limiter,
    followers: Arc<Followers>,
    places: Arc<Places>,
    /// `true` once ingress stops: streams end. Whoever reads the followed calls ends when it is dropped.
    closing: watch::Sender<bool>,
}

impl Live {
    /// Starts in `tasks` to read the calls that are followed.
    pub(crate) fn start(config: &Config, store: Store, tasks: &mut JoinSet<()>) -> Self {
        let (closing, followers) = (watch::Sender::new(false), Arc::new(Followers::default()));
        let reading = followers.clone();
        let (every, limit) = (config.live.look_every, config.database_time_limit);
        tasks.spawn(reading.keep(store, every, limit, closing.subscribe()));
        Self {
            asking: Semaphore::new(config.live.max_in_flight.get()),
            rates: Limiter::new(config.live.rate),
            followers,
            places: Places::new(&config.live),
            closing,
        }
    }

    /// Ends the streams when told to.
    pub(crate) fn closing(&self) -> watch::Sender<bool> {
        self.closing.clone()
    }
}

type Asked = Result<Path<(String, String)>, PathRejection>;

/// `GET /v1/tenants/{slug}/calls/{call_id}`
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    path: Asked,
    headers: HeaderMap,
) -> Response {
    let result = door::find(&app, path, &headers).await.map(|found| {
        let body = found.status.json(Timestamp::now()).to_string();
        ([(CONTENT_TYPE, "application/json")], body).into_response()
    });
    conclude(&app, "status", result, &headers)
}

/// `GET /v1/tenants/{slug}/calls/{call_id}/events`
pub(crate) async fn events(
    State(app): State<Arc<App>>,
    path: Asked,
    headers: HeaderMap,
) -> Response {
    let result = follow(&app, path, &headers).await;
    conclude(&app, "events", result, &headers)
}

async fn follow(app: &App, path: Asked, headers: &HeaderMap) -> Result<Response, Refusal> {
    let found = door::find(app, path, headers).await?;
    let last_seen = headers.get("last-event-id").map(HeaderValue::as_bytes);
    if found.status.is_over() && last_seen == Some(stream::version(&found.status).as_bytes()) {
        // A browser would go on to connect again and again.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let place = app.live.places.take(found.tenant).ok_or(Refusal::Full)?;
    Ok(stream::respond(app, found, place))
}

fn conclude(
    app: &App,
    what: &'static str,
    result: Result<Response, Refusal>,
    headers: &HeaderMap,
) -> Response {
    let word = result.as_ref().map_or_else(Refusal::reason, |_| "answered");
    telemetry::status_asked(what, word);
    let trace = Trace::of(headers);
    let mut response = result.unwrap_or_else(|refusal| {
        let mut budget = app
            .logged_refusals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if budget
            .take(LOGGED_REFUSALS, std::time::Instant::now())
            .is_ok()
        {
            let (request_id, trace_id) = (&trace.request_id, &trace.trace_id);
            tracing::warn!(
                request_id,
                trace_id,
                reason = refusal.reason(),
                "a question about a call was refused"
            );
        }
        refusal.into_response()
    });
    let answered = response.headers_mut();
    answered.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(&trace.request_id) {
        answered.insert("x-request-id", id);
    }
    response
}
