//! What all requests share, and the routes.

use std::{
    sync::{Arc, Mutex},
    time::Instant,
};

use axum::{
    Router,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use store::Store;
use tokio::sync::Semaphore;

use crate::{
    RenderMetrics,
    batch::Intake,
    body::Bodies,
    config::Config,
    hook::{self, LOGGED_REFUSALS},
    keeper::Keeper,
    live::{self, Live},
    probe::{self, Readiness},
    rate::{Bucket, Limiter},
    refusal::problem,
    sources::Sources,
};

pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) sources: Arc<Sources>,
    pub(crate) intake: Intake,
    /// When there is a spool.
    pub(crate) keeper: Option<Keeper>,
    pub(crate) bodies: Bodies,
    pub(crate) in_flight: Semaphore,
    /// More places, for questions only.
    pub(crate) question_reserve: Semaphore,
    pub(crate) source_rates: Limiter,
    pub(crate) tenant_rates: Limiter,
    /// Of the questions of a source that sends too much.
    pub(crate) question_rates: Limiter,
    pub(crate) logged_refusals: Mutex<Bucket>,
    pub(crate) readiness: Readiness,
    pub(crate) live: Live,
    pub(crate) render_metrics: Option<RenderMetrics>,
    pub(crate) config: Config,
}

impl App {
    pub(crate) fn new(
        config: Config,
        store: Store,
        sources: Arc<Sources>,
        intake: Intake,
        keeper: Option<Keeper>,
        live: Live,
        render_metrics: Option<RenderMetrics>,
    ) -> Self {
        Self {
            sources,
            intake,
            keeper,
            bodies: Bodies::new(&config),
            in_flight: Semaphore::new(config.max_in_flight.get()),
            question_reserve: Semaphore::new(config.question_reserve.get()),
            source_rates: Limiter::new(config.source_rate),
            tenant_rates: Limiter::new(config.tenant_rate),
            question_rates: Limiter::new(config.question_rate),
            logged_refusals: Mutex::new(Bucket::full(LOGGED_REFUSALS, Instant::now())),
            readiness: Readiness::new(store.clone()),
            live,
            store,
            render_metrics,
            config,
        }
    }
}

pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/hooks/{source_key}", post(hook::receive))
        .route("/v1/tenants/{slug}/calls/{call_id}", get(live::status))
        .route(
            "/v1/tenants/{slug}/calls/{call_id}/events",
            get(live::events),
        )
        .route("/healthz", get(probe::healthz))
        .route("/readyz", get(probe::readyz))
        .route("/metrics", get(probe::metrics))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app)
}

async fn not_found() -> Response {
    problem(StatusCode::NOT_FOUND, None)
}

/// The router adds `Allow`.
async fn method_not_allowed() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, None)
}
