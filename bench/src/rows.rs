//! The baseline: the same row, one statement and one commit each, over one connection.

use anyhow::Result;
use domain::ids::EventId;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use crate::{
    load::Sender,
    webhooks::{Bodies, provider_call_id},
};

/// One connection to the database.
pub(crate) struct Rows {
    connection: PgConnection,
    tenant: Uuid,
    source: Uuid,
    bodies: Bodies,
}

impl Rows {
    pub(crate) async fn connect(url: &str, bodies: Bodies) -> Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        let (tenant, source) = sqlx::query_as("select tenant_id, id from sources limit 1")
            .fetch_one(&mut connection)
            .await?;
        Ok(Self {
            connection,
            tenant,
            source,
            bodies,
        })
    }
}

impl Sender for Rows {
    /// Less than ingress does for an event: no outbox row, no look for its call, no look for a duplicate.
    async fn send(&mut self, number: u64) -> Result<()> {
        let call = provider_call_id(number);
        sqlx::query(
            "insert into events (tenant_id, id, source_id, provider, event_type, dedupe_key, provider_call_id,
                                 headers, body, request_id, trace_id, span_id)
             values ($1, $2, $3, 'retell', 'call_analyzed', $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(self.tenant)
        .bind(EventId::generate().uuid())
        .bind(self.source)
        .bind(format!("retell:call_analyzed:{call}:{number:064x}"))
        .bind(&call)
        .bind(json!({"content-type": "application/json", "content-length": "2000", "host": "bellhop"}))
        .bind(self.bodies.body(number).into_bytes())
        .bind(format!("req_{number:032x}"))
        .bind(format!("{number:032x}"))
        .bind(format!("{number:016x}"))
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }
}
