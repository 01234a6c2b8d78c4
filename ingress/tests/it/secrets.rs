//! Sources and their secrets change while ingress runs.

use std::time::Duration;

use ingress::Config;

use crate::harness::{Post, SECRET, ended, now_ms, stage, until};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test(flavor = "multi_thread")]
async fn during_a_rotation_the_old_and_the_new_key_both_sign() {
    // So long remembered that only a fresh look can know the new key.
    let stage = stage(Config {
        source_fresh: HOUR,
        ..Config::default()
    })
    .await;
    assert_eq!(stage.post(&ended("before")).await.status, 204);
    let mut tx = stage
        .store
        .tenant(stage.clinic.tenant)
        .begin()
        .await
        .unwrap();
    tx.add_provider_secret(stage.store.keys(), "retell", &"key_new".into())
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let with_new = || async {
        let post = Post::to(&stage.path()).signed(ended("after").as_bytes(), "key_new", now_ms());
        stage.send(&post).await.status
    };
    until(with_new, |status| *status == 204).await;

    let with_old = Post::to(&stage.path()).signed(ended("late").as_bytes(), SECRET, now_ms());
    assert_eq!(stage.send(&with_old).await.status, 204);
    assert_eq!(stage.events().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retired_key_and_a_disabled_source_are_soon_refused() {
    let stage = stage(Config {
        source_fresh: Duration::from_millis(100),
        ..Config::default()
    })
    .await;
    let status = || async { stage.post(&ended("c")).await.status };
    assert_eq!(status().await, 204);

    sqlx::query("update provider_secrets set retired_at = now()")
        .execute(&stage.pool)
        .await
        .unwrap();
    until(status, |status| *status == 401).await;
    sqlx::query("update sources set disabled_at = now()")
        .execute(&stage.pool)
        .await
        .unwrap();
    until(status, |status| *status == 404).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_works_soon_after_it_was_made() {
    let stage = stage(Config::default()).await;
    let post = Post::to("/hooks/made_later").signed(ended("c").as_bytes(), SECRET, now_ms());
    assert_eq!(stage.send(&post).await.status, 404);

    stage.add_source("retell", "made_later").await;

    until(
        || async { stage.send(&post).await.status },
        |status| *status == 204,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_of_a_provider_yet_to_come_is_asked_to_try_again() {
    let stage = stage(Config::default()).await;
    let mut tx = stage
        .store
        .tenant(stage.clinic.tenant)
        .begin()
        .await
        .unwrap();
    tx.add_source("carrier_pigeon", "of_another_version")
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let answer = stage
        .send(&Post::to("/hooks/of_another_version").body(b"{}"))
        .await;

    assert_eq!(answer.status, 503);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(stage.events().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_looked_up_is_believed_for_a_while() {
    let fresh = Duration::from_millis(1);
    let stage = stage(Config {
        source_fresh: fresh,
        ..Config::default()
    })
    .await;
    assert_eq!(stage.post(&ended("before")).await.status, 204);
    sqlx::query("alter table sources rename to sources_away")
        .execute(&stage.pool)
        .await
        .unwrap();

    for call in ["first", "second", "third"] {
        assert_eq!(stage.post(&ended(call)).await.status, 204);
    }
    let forged = Post::to(&stage.path()).signed(b"{}", "key_other", now_ms());
    assert_eq!(stage.send(&forged).await.status, 401);
    let never_seen = stage.send(&Post::to("/hooks/never_seen").body(b"{}")).await;
    assert_eq!(
        (never_seen.status, never_seen.header("retry-after")),
        (503, Some("5"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_not_believed_for_ever() {
    let short = Duration::from_millis(50);
    let stage = stage(Config {
        source_fresh: short,
        source_stale: short,
        ..Config::default()
    })
    .await;
    assert_eq!(stage.post(&ended("before")).await.status, 204);
    sqlx::query("alter table sources rename to sources_away")
        .execute(&stage.pool)
        .await
        .unwrap();
    until(
        async || stage.post(&ended("after")).await.status,
        |status| *status == 503,
    )
    .await;
}
