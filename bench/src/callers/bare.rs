//! The baseline: one transaction that finds the same rows by their indexes and keeps one row, over one connection.

use anyhow::{Result, ensure};
use serde_json::json;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::people::People;
use crate::{load::Sender, stage::Stage};

pub(crate) struct Lookup {
    connection: PgConnection,
    tenant: Uuid,
    people: People,
}

impl Lookup {
    pub(crate) async fn connect(stage: &Stage, people: &People) -> Result<Self> {
        let mut connection = PgConnection::connect(&stage.url()).await?;
        let tenant = sqlx::query_scalar("select id from tenants limit 1")
            .fetch_one(&mut connection)
            .await?;
        Ok(Self {
            connection,
            tenant,
            people: *people,
        })
    }
}

impl Sender for Lookup {
    async fn send(&mut self, number: u64) -> Result<()> {
        let mut tx = self.connection.begin().await?;
        let person: Uuid = sqlx::query_scalar(
            "select id from contacts where tenant_id = $1 and e164 = $2 order by id limit 2",
        )
        .bind(self.tenant)
        .bind(self.people.caller(number))
        .fetch_one(&mut *tx)
        .await?;
        sqlx::query(
            "select starts_at, kind from appointments
             where tenant_id = $1 and contact_id = $2 and starts_at > now() order by starts_at limit 5",
        )
        .bind(self.tenant)
        .bind(person)
        .fetch_all(&mut *tx)
        .await?;
        let calls = sqlx::query(
            "select summary, topic from calls
             where tenant_id = $1 and contact_id = $2 order by authorized_at desc limit 6",
        )
        .bind(self.tenant)
        .bind(person)
        .fetch_all(&mut *tx)
        .await?;
        ensure!(!calls.is_empty(), "somebody has no calls");
        sqlx::query(
            "insert into context_log (tenant_id, id, provider, answer, took_ms, asked_at)
             values ($1, uuidv7(), 'bare', $2, 0, now())",
        )
        .bind(self.tenant)
        .bind(json!({"memory_summary": "x".repeat(1500)}))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
