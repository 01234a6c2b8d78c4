//! A database that may only be read.

use store::Error;

use crate::{events::event, harness::stage_with};

#[tokio::test]
async fn a_read_only_database_is_unavailable_until_new_sessions_may_write() {
    let stage = stage_with(2).await;
    let tenant = stage.tenant("ours").await.id();
    let mut owner = stage.pool.acquire().await.unwrap();
    let mut run = async |sql: &'static str| {
        sqlx::raw_sql(sql).execute(&mut *owner).await.unwrap();
    };
    run("do $$ begin
           execute format('alter database %I set default_transaction_read_only = on', current_database());
         end $$;
         select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()")
    .await;

    assert!(matches!(stage.store.check().await, Err(Error::ReadOnly)));
    let refused = stage.store.append_events(&[event(tenant, "one")]).await;
    let error = refused.unwrap_err();
    assert_eq!(error.sqlstate().as_deref(), Some("25006"));
    assert!(error.is_unavailable() && !error.is_refusal());

    // No session is ended: those that began read-only would stay so.
    run("do $$ begin
           execute format('alter database %I reset default_transaction_read_only', current_database());
         end $$")
    .await;
    stage
        .store
        .append_events(&[event(tenant, "one")])
        .await
        .unwrap();
    stage.store.check().await.unwrap();
}
