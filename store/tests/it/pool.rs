//! A pooled connection serves one tenant after another: nothing of the first may be left for the next.

use std::time::Instant;

use store::TenantStore;

use crate::harness::{Stage, appointment, at, import, stage_with};

/// A store with a single connection, so that everybody is the next user of it.
async fn one_connection() -> (Stage, [TenantStore; 2]) {
    let stage = stage_with(1).await;
    let tenants = [stage.tenant("first").await, stage.tenant("second").await];
    import(&tenants[0], &[appointment("A1"), appointment("A2")]).await;
    (stage, tenants)
}

/// The next user is nobody's tenant, the one after it is the second.
async fn assert_nothing_is_left(stage: &Stage, second: &TenantStore) {
    assert_eq!(stage.store.tenants().await.unwrap().len(), 2);
    let mut tx = second.begin().await.unwrap();
    assert_eq!(tx.tenant_row().await.unwrap().slug, "second");
    assert!(tx.appointment_by_external_id("A1").await.unwrap().is_none());
    drop(tx);
    assert_eq!(stage.store.outbox_length().await.unwrap(), 2);
}

#[tokio::test]
async fn after_a_commit_the_connection_is_nobodys() {
    let (stage, [first, second]) = one_connection().await;
    let mut tx = first.begin().await.unwrap();
    assert!(tx.appointment_by_external_id("A1").await.unwrap().is_some());
    tx.commit().await.unwrap();
    assert_nothing_is_left(&stage, &second).await;
}

#[tokio::test]
async fn after_a_transaction_was_dropped_the_connection_is_nobodys() {
    let (stage, [first, second]) = one_connection().await;
    let mut tx = first.begin().await.unwrap();
    tx.opt_out("+447700900123", "call").await.unwrap();
    drop(tx);
    assert_nothing_is_left(&stage, &second).await;
    assert_eq!(stage.count("select count(*) from opt_outs").await, 0);
}

#[tokio::test]
async fn after_a_failed_statement_the_connection_is_nobodys() {
    let (stage, [first, second]) = one_connection().await;
    let mut tx = first.begin().await.unwrap();
    let nowhere = domain::ids::AppointmentId::generate();
    assert!(tx.defer_reminder(nowhere, None).await.is_err());
    drop(tx);
    assert_nothing_is_left(&stage, &second).await;
}

#[tokio::test]
async fn a_request_that_is_cancelled_at_any_moment_leaves_nothing() {
    let (stage, [first, second]) = one_connection().await;
    let rows: Vec<_> = (0..200)
        .map(|row| appointment(&format!("B{row}")))
        .collect();
    let work = || async {
        let mut tx = first.begin().await.unwrap();
        tx.upsert_appointments(at("2027-01-12T12:00:00Z"), &rows)
            .await
            .unwrap();
    };
    let start = Instant::now();
    work().await;
    let whole = start.elapsed();
    let mut cancelled = 0;
    for part in 0..50 {
        let done = tokio::time::timeout(whole * part / 50, work()).await;
        cancelled += u32::from(done.is_err());
        assert_nothing_is_left(&stage, &second).await;
    }
    assert!(cancelled > 5, "{cancelled}");
}
