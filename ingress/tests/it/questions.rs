//! Questions of voice agents, when much else goes on.

use std::{num::NonZeroUsize, time::Duration};

use ingress::{Config, Rate};
use serde_json::json;
use sqlx::Row;
use tokio::io::AsyncWriteExt;

use crate::harness::{Stage, ended, read_answer, stage, unfinished, until};

fn who_calls() -> String {
    json!({"event": "call_inbound", "call_inbound": {
        "from_number": "+447700900123", "to_number": "+442079460000", "agent_id": "agent_test"}})
    .to_string()
}

fn look_up() -> String {
    json!({"name": "look_up", "args": {}, "call": {
        "call_id": "call_1", "call_type": "phone_call", "agent_id": "agent_test", "direction": "inbound",
        "from_number": "+447700900123", "to_number": "+442079460000", "call_status": "ongoing"}})
    .to_string()
}

/// Nobody reads or changes who anybody is, until this ends.
async fn lock_contacts(stage: &Stage) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut tx = stage.pool.begin().await.unwrap();
    sqlx::query("lock table contacts in access exclusive mode")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx
}

/// Why a question was not answered, as it is on record, and the cause of the alert.
async fn unanswered(stage: &Stage) -> Vec<(Option<String>, serde_json::Value)> {
    let rows = sqlx::query("select failure, answer from context_log")
        .fetch_all(&stage.pool)
        .await
        .unwrap();
    rows.into_iter()
        .map(|row| (row.get("failure"), row.get("answer")))
        .collect()
}

/// How many conditions there are of callers who were not answered.
async fn alerts(stage: &Stage) -> i64 {
    sqlx::query_scalar("select count(*) from alerts where cause = 'caller_unanswered'")
        .fetch_one(&stage.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_takes_too_long_is_answered_with_nothing_in_time_and_told() {
    let stage = stage(Config {
        question_time_limit: Duration::from_millis(300),
        ..Config::default()
    })
    .await;
    let lock = lock_contacts(&stage).await;

    // It is answered while the lock is held.
    let answer = stage.post(&who_calls()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"call_inbound": {}}));
    lock.rollback().await.unwrap();
    let on_record = until(async || unanswered(&stage).await, |rows| !rows.is_empty()).await;
    let [(failure, sent)] = on_record.as_slice() else {
        panic!("{on_record:?}");
    };
    assert!(
        matches!(failure.as_deref(), Some("timed_out" | "failed")),
        "{failure:?}"
    );
    assert_eq!(*sent, json!({"call_inbound": {}}));
    assert_eq!(alerts(&stage).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_in_an_unknown_form_is_that_of_nobody() {
    let stage = stage(Config::default()).await;
    for asked in [
        r#"{"event":"call_inbound"}"#,
        r#"{"event":"call_inbound","call_inbound":7}"#,
        r#"{"event":"call_inbound","call_inbound":{"from_number":["+447700900123"]}}"#,
    ] {
        let answer = stage.post(asked).await;
        assert_eq!(answer.status, 200, "{asked}");
        let told = answer.json();
        assert_eq!(
            told.pointer("/call_inbound/dynamic_variables/caller"),
            Some(&json!("withheld")),
            "{asked}: {told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_takes_too_long_is_to_be_asked_again() {
    let stage = stage(Config {
        function_time_limit: Duration::from_millis(300),
        ..Config::default()
    })
    .await;
    let lock = lock_contacts(&stage).await;

    let answer = stage.post(&look_up()).await;

    assert_eq!(answer.status, 503);
    lock.rollback().await.unwrap();
    assert_eq!(stage.post(&look_up()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_known_though_their_source_sends_too_much() {
    let slow = |burst| Rate {
        per_second: 1,
        burst,
    };
    let stage = stage(Config {
        source_rate: slow(1),
        question_rate: slow(2),
        ..Config::default()
    })
    .await;
    assert_eq!(stage.post(&ended("a")).await.status, 204);
    assert_eq!(stage.post(&ended("b")).await.status, 429);

    let answer = stage.post(&who_calls()).await;

    assert_eq!(answer.status, 200);
    let told = answer.json();
    assert_eq!(
        told.pointer("/call_inbound/dynamic_variables/caller"),
        Some(&json!("unknown")),
        "{told}"
    );
    assert_eq!(stage.post(&look_up()).await.status, 200);
    // That was all of the reserve, which webhooks do not touch.
    assert_eq!(stage.post(&ended("c")).await.status, 429);
    assert_eq!(stage.post(&look_up()).await.status, 429);
    // Past it nobody is looked up, and the call goes on all the same.
    let answer = stage.post(&who_calls()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), json!({"call_inbound": {}}));
    let on_record = until(
        async || unanswered(&stage).await,
        |rows| {
            rows.iter()
                .any(|(failure, _)| failure.as_deref() == Some("refused"))
        },
    )
    .await;
    assert_eq!(on_record.len(), 2, "{on_record:?}");
    assert_eq!(alerts(&stage).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_known_though_as_many_webhooks_are_under_way_as_may_be() {
    let one = NonZeroUsize::MIN;
    let stage = stage(Config {
        max_in_flight: one,
        question_reserve: one,
        ..Config::default()
    })
    .await;
    let (mut stream, last) = unfinished(&stage, "slow").await;
    assert_eq!(stage.post(&ended("refused")).await.status, 503);

    assert_eq!(stage.post(&who_calls()).await.status, 200);

    stream.write_all(&[last]).await.unwrap();
    assert_eq!(read_answer(&mut stream).await.unwrap().status, 204);
}
