//! What cannot be stored is put aside, and holds up nothing.

use embedded::Postgres;
use ingress::{
    Config,
    spool::{Aside, Position, Spool},
};
use sqlx::AssertSqlSafe;
use tempfile::TempDir;

use super::{spooling, stored};
use crate::harness::{
    Clinic, Post, SECRET, Stage, clinic, ended, now_ms, on_insert, stage_on, start_postgres,
};

async fn execute(stage: &Stage, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&stage.pool)
        .await
        .unwrap();
}

/// What a stopped ingress has set aside.
pub(super) fn aside(stage: &Stage, config: &Config) -> Vec<Aside> {
    let folder = config.spool_dir.as_deref().unwrap();
    let spool = Spool::open(folder, stage.store.keys().clone(), config.spool_limits).unwrap();
    assert!(spool.is_empty());
    spool.aside(Position::FIRST, 100).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_a_source_that_is_gone_is_set_aside_and_the_others_are_drained() {
    let folder = TempDir::new().unwrap();
    let config = spooling(&folder);
    let mut postgres = start_postgres(true).await;
    let mut stage = stage_on(&postgres, config.clone()).await;
    let disabled = clinic(&stage.store, "disabled").await;
    let deleted = clinic(&stage.store, "deleted").await;
    let post = |clinic: &Clinic, call: &str| {
        let body = ended(call);
        Post::to(&format!("/hooks/{}", clinic.key)).signed(body.as_bytes(), SECRET, now_ms())
    };
    for clinic in [&stage.clinic, &disabled, &deleted] {
        assert_eq!(stage.send(&post(clinic, "before")).await.status, 204);
    }
    postgres.kill();
    for (clinic, call) in [
        (&disabled, "1"),
        (&deleted, "2"),
        (&stage.clinic, "3"),
        (&disabled, "4"),
        (&stage.clinic, "5"),
    ] {
        assert_eq!(stage.send(&post(clinic, call)).await.status, 202);
    }
    stage.stop().await;
    postgres.start_again().await.unwrap();
    let (off, gone) = (disabled.source.uuid(), deleted.tenant.uuid());
    let on_again = format!("update sources set disabled_at = null where id = '{off}'");
    execute(
        &stage,
        format!(
            "update sources set disabled_at = now() where id = '{off}';
             delete from outbox where tenant_id = '{gone}';
             delete from events where tenant_id = '{gone}';
             delete from sources where tenant_id = '{gone}';
             delete from provider_secrets where tenant_id = '{gone}';
             delete from tenant_settings where tenant_id = '{gone}';
             delete from tenants where id = '{gone}'"
        ),
    )
    .await;

    stage.start_again(&config).await;
    stored(&stage, 4).await;
    stage.stop().await;

    let set_aside = aside(&stage, &config);
    let tenants: Vec<_> = set_aside.iter().map(|each| each.event.unwrap().0).collect();
    assert_eq!(
        tenants,
        [disabled.tenant, deleted.tenant, disabled.tenant],
        "{set_aside:?}"
    );

    // The next start tries them once more.
    execute(&stage, on_again).await;
    stage.start_again(&config).await;
    stored(&stage, 6).await;
    stage.stop().await;
    assert_eq!(aside(&stage, &config).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_the_database_refuses_is_set_aside_and_the_others_are_drained() {
    for code in ["23514", "P0001"] {
        let folder = TempDir::new().unwrap();
        let config = spooling(&folder);
        let (mut postgres, mut stage) = refusing_outage(&config, code).await;
        let poison = |number: u8| format!(r#"{{"event":"poison","number":{number}}}"#);
        for body in [poison(1), ended("1"), ended("2"), poison(2), ended("3")] {
            assert_eq!(stage.post(&body).await.status, 202);
        }
        postgres.start_again().await.unwrap();

        stored(&stage, 4).await;
        stage.stop().await;
        let set_aside = aside(&stage, &config);
        let reasons: Vec<_> = set_aside.iter().map(|each| &each.reason).collect();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        assert!(
            reasons.iter().all(|reason| reason.contains(code)),
            "{reasons:?}"
        );
    }
}

async fn refusing_outage(config: &Config, code: &str) -> (Postgres, Stage) {
    let mut postgres = start_postgres(true).await;
    let stage = stage_on(&postgres, config.clone()).await;
    let refuse = format!(
        "if new.event_type = 'poison' then raise exception 'no' using errcode = '{code}'; end if"
    );
    on_insert(&stage, &refuse).await;
    assert_eq!(stage.post(&ended("before")).await.status, 204);
    postgres.kill();
    (postgres, stage)
}
