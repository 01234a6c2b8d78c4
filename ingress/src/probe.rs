//! `/healthz`, `/readyz` and `/metrics`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use store::Store;
use tokio::{sync::Mutex, time::timeout};

use crate::{app::App, keeper::NotKept, refusal::problem, telemetry::chain};

/// A database that has not answered by then is not ready.
const CHECK_LIMIT: Duration = Duration::from_secs(2);
/// An answer serves this long, so that asking often costs nothing.
const CHECK_FRESH: Duration = Duration::from_millis(500);

/// Whether webhooks can be taken.
pub(crate) struct Readiness {
    store: Store,
    last: Mutex<Option<(Instant, Database)>>,
}

/// The state of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Database {
    Ready,
    Away,
    /// A standby, or a server that protects its last disk space.
    ReadOnly,
    SchemaBehind {
        wanted: i64,
        applied: Option<i64>,
    },
}

impl Readiness {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            last: Mutex::default(),
        }
    }

    async fn database(&self) -> Database {
        let mut last = self.last.lock().await;
        if let Some((at, database)) = &*last
            && at.elapsed() < CHECK_FRESH
        {
            return database.clone();
        }
        let database = match timeout(CHECK_LIMIT, self.store.check()).await {
            Ok(Ok(())) => Database::Ready,
            Ok(Err(store::Error::SchemaBehind { wanted, applied })) => {
                Database::SchemaBehind { wanted, applied }
            }
            Ok(Err(store::Error::ReadOnly)) => {
                tracing::warn!("not ready: the database may only be read");
                Database::ReadOnly
            }
            Ok(Err(error)) => {
                tracing::warn!(
                    error = chain(&error),
                    "not ready: the database cannot be asked"
                );
                Database::Away
            }
            Err(_) => {
                tracing::warn!(
                    limit_ms = CHECK_LIMIT.as_millis(),
                    "not ready: the database does not answer"
                );
                Database::Away
            }
        };
        *last = Some((Instant::now(), database.clone()));
        database
    }
}

/// The process is alive, whatever it can reach.
pub(crate) async fn healthz() -> Response {
    json_answer(StatusCode::OK, &json!({ "status": "ok" }))
}

/// Webhooks can be taken: the database can be written and has the schema this program needs, or it is away or
/// read-only and the spool takes them.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Response {
    let state = app.readiness.database().await;
    let spool = match &app.keeper {
        Some(keeper) if matches!(state, Database::Away | Database::ReadOnly) => {
            Some(keeper.check().await)
        }
        _ => None,
    };
    let (database, schema) = match state {
        Database::Ready => (json!({ "status": "ok" }), json!({ "status": "ok" })),
        Database::Away => (
            json!({ "status": "unreachable" }),
            json!({ "status": "unknown" }),
        ),
        Database::ReadOnly => (
            json!({ "status": "read_only" }),
            json!({ "status": "unknown" }),
        ),
        Database::SchemaBehind { wanted, applied } => (
            json!({ "status": "ok" }),
            json!({ "status": "behind", "wanted": wanted, "applied": applied, "advice": "run bellhop migrate" }),
        ),
    };
    let ready = spool == Some(Ok(())) || schema.get("status").is_some_and(|status| status == "ok");
    let (status, word) = if ready {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready")
    };
    let mut checks = json!({ "database": database, "schema": schema });
    if let (Some(spool), Some(checks)) = (spool, checks.as_object_mut()) {
        let word = match spool {
            Ok(()) => "ok",
            Err(NotKept::Full) => "full",
            Err(NotKept::Failed) => "failing",
        };
        checks.insert("spool".to_owned(), json!({ "status": word }));
    }
    json_answer(status, &json!({ "status": word, "checks": checks }))
}

/// Prometheus' text format, when the process has installed a recorder.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    match &app.render_metrics {
        Some(render) => (
            [(header::CONTENT_TYPE, "text/plain; version=0.0.4")],
            render(),
        )
            .into_response(),
        None => problem(StatusCode::NOT_FOUND, None),
    }
}

fn json_answer(status: StatusCode, body: &serde_json::Value) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response()
}
