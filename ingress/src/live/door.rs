//! Who asks, and for which call.

use std::time::{Duration, Instant};

use axum::{
    extract::Path,
    http::{HeaderMap, header::AUTHORIZATION},
};
use domain::{
    ids::{CallId, TenantId},
    live::CallStatus,
};
use store::{AccessToken, Store};
use tokio::time::timeout;

use super::{Asked, Refusal};
use crate::{app::App, telemetry::chain};

/// A call of the tenant whose token was shown.
pub(super) struct Found {
    pub(super) tenant: TenantId,
    pub(super) status: CallStatus,
    /// It is no older than this.
    pub(super) read_at: Instant,
}

/// The call, for whoever shows a token of its tenant.
pub(super) async fn find(app: &App, path: Asked, headers: &HeaderMap) -> Result<Found, Refusal> {
    let token = token(headers).ok_or(Refusal::Unauthorized)?;
    let limit = app.config.database_time_limit;
    let looked_up = async {
        let _place = app.live.asking.acquire().await.map_err(|_| Refusal::Away)?;
        look_up(app, &token, path, limit).await
    };
    timeout(limit, looked_up)
        .await
        .unwrap_or(Err(Refusal::Away))
}

async fn look_up(
    app: &App,
    token: &AccessToken,
    path: Asked,
    limit: Duration,
) -> Result<Found, Refusal> {
    let owner = app.store.owner_of(token).await.map_err(away)?;
    let owner = owner.ok_or(Refusal::Unauthorized)?;
    app.live
        .rates
        .take(owner.tenant.uuid(), Instant::now())
        .map_err(|wait| Refusal::TooOften { wait })?;
    let Path((slug, call)) = path.map_err(|_| Refusal::NotFound)?;
    let call = call.parse().map_err(|_| Refusal::NotFound)?;
    if slug != owner.slug {
        return Err(Refusal::NotFound);
    }
    let read_at = Instant::now();
    let status = status(&app.store, owner.tenant, call, limit)
        .await
        .map_err(away)?;
    Ok(Found {
        tenant: owner.tenant,
        status: status.ok_or(Refusal::NotFound)?,
        read_at,
    })
}

async fn status(
    store: &Store,
    tenant: TenantId,
    call: CallId,
    limit: Duration,
) -> store::Result<Option<CallStatus>> {
    let mut tx = store.tenant(tenant).begin().await?;
    tx.hurry(limit).await?;
    let status = tx.call_status(call).await?;
    tx.commit().await?;
    Ok(status)
}

fn away(error: store::Error) -> Refusal {
    tracing::warn!(error = chain(&error), "a call could not be looked up");
    Refusal::Away
}

/// What follows `Bearer` in the one header there may be.
fn token(headers: &HeaderMap) -> Option<AccessToken> {
    let mut shown = headers.get_all(AUTHORIZATION).iter();
    let (Some(shown), None) = (shown.next(), shown.next()) else {
        return None;
    };
    let (scheme, token) = shown.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    token.trim().parse().ok()
}
