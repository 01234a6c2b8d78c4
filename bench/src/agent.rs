//! The webhook address of coding agents, and what came in there.

use anyhow::Result;
use domain::ids::EventId;
use jiff::Timestamp;
use store::{EventEntry, EventFilter, Store, TenantStore};

/// The last part of the address.
pub(crate) const KEY: &str = "agent-hooks-of-the-bench";
pub(crate) const TOKEN: &str = "token_bench_0000000000000000";
const PAGE: i64 = 1000;

pub(crate) async fn add_source(store: &Store, clinic: &TenantStore) -> Result<()> {
    let mut tx = clinic.begin().await?;
    tx.add_source("agent", KEY).await?;
    tx.add_provider_secret(store.keys(), "agent", &TOKEN.into())
        .await?;
    Ok(tx.commit().await?)
}

/// Every event since then, newest first.
pub(crate) async fn events(clinic: &TenantStore, since: Timestamp) -> Result<Vec<EventEntry>> {
    let filter = EventFilter {
        provider: Some("agent".into()),
        since: Some(since),
        ..EventFilter::default()
    };
    let mut tx = clinic.begin().await?;
    let mut events: Vec<EventEntry> = Vec::new();
    loop {
        let before: Option<EventId> = events.last().map(|event| event.id);
        let page = tx.list_events(&filter, before, PAGE).await?;
        if page.is_empty() {
            return Ok(events);
        }
        events.extend(page);
    }
}
