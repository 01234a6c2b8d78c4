//! What the platform and Prometheus ask.

use ingress::Config;

use crate::harness::{ended, stage, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_working_ingress_is_alive_and_ready() {
    let stage = stage(Config::default()).await;
    assert_eq!(stage.get("/healthz").await.json()["status"], "ok");
    let ready = stage.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert_eq!(ready.json()["checks"]["schema"]["status"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_behind_is_not_ready_and_says_so() {
    let stage = stage(Config::default()).await;
    sqlx::query(
        "delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)",
    )
    .execute(&stage.pool)
    .await
    .unwrap();
    let ready = until(|| stage.get("/readyz"), |answer| answer.status == 503).await;
    assert_eq!(ready.json()["checks"]["schema"]["status"], "behind");
    assert_eq!(stage.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_was_stored_and_what_came_twice() {
    let stage = stage(Config::default()).await;
    stage.post(&ended("c")).await;
    stage.post(&ended("c")).await;
    let metrics = stage.get("/metrics").await;
    assert!(
        metrics
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/plain"))
    );
    for line in [
        "bellhop_webhooks_stored_total{provider=\"retell\"}",
        "bellhop_webhooks_duplicate_total{provider=\"retell\"}",
        "bellhop_webhook_seconds_bucket{outcome=\"stored\",le=\"0.05\"}",
        "bellhop_webhook_commit_seconds_count",
        "bellhop_webhook_queue_depth",
        "bellhop_webhooks_in_flight",
    ] {
        assert!(
            metrics.body.contains(line),
            "{line} is not in {}",
            metrics.body
        );
    }
}
