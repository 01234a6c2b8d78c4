//! A worker's `/healthz`, `/readyz` and `/metrics`.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use axum::{Json, Router, extract::State, http::StatusCode, routing::get};
use serde_json::{Value, json};
use store::Store;
use tokio::net::TcpListener;

/// Writes all metrics of the process in Prometheus' text format.
pub type RenderMetrics = Arc<dyn Fn() -> String + Send + Sync>;

/// A database that has not answered by then is not ready.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// The listener, and what it tells.
pub struct Status {
    listener: TcpListener,
    state: Arc<Probed>,
}

struct Probed {
    store: Store,
    metrics: RenderMetrics,
    connected: AtomicBool,
}

impl Status {
    /// Takes the address; port 0 takes a free one.
    pub async fn bind(address: SocketAddr, store: Store, metrics: RenderMetrics) -> Result<Self> {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        tracing::info!(address = %listener.local_addr()?, "health and metrics are served");
        Ok(Self {
            listener,
            state: Arc::new(Probed {
                store,
                metrics,
                connected: AtomicBool::new(false),
            }),
        })
    }

    /// To be called when Temporal was reached: from then on the worker can be ready.
    pub fn on_connected(&self) -> impl Fn() + use<> {
        let state = self.state.clone();
        move || state.connected.store(true, Ordering::Relaxed)
    }

    /// Serves until the process ends.
    pub async fn serve(self) -> Result<()> {
        let router = Router::new()
            .route(
                "/healthz",
                get(|| async { Json(json!({ "status": "ok" })) }),
            )
            .route("/readyz", get(readyz))
            .route(
                "/metrics",
                get(|State(state): State<Arc<Probed>>| async move { (state.metrics)() }),
            )
            .with_state(self.state);
        Ok(axum::serve(self.listener, router).await?)
    }
}

async fn readyz(State(state): State<Arc<Probed>>) -> (StatusCode, Json<Value>) {
    let database = matches!(
        tokio::time::timeout(CHECK_LIMIT, state.store.check()).await,
        Ok(Ok(()))
    );
    let temporal = state.connected.load(Ordering::Relaxed);
    let word = |ready| if ready { "ok" } else { "unreachable" };
    let status = if database && temporal {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (
        status,
        Json(json!({ "database": word(database), "temporal": word(temporal) })),
    )
}
