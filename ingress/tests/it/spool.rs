//! The database is away and there is a spool.

mod aside;
mod restart;
mod unwritable;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use embedded::Postgres;
use futures::future::join_all;
use ingress::{Config, spool::SpoolLimits};
use jiff::Timestamp;
use sqlx::Row;
use tempfile::TempDir;

use crate::harness::{
    AMPLE, Answer, Post, SECRET, Stage, ended, logged, now_ms, on_insert, stage_on, start_postgres,
    until,
};

fn spooling(folder: &TempDir) -> Config {
    Config {
        spool_dir: Some(folder.path().join("spool")),
        database_time_limit: Duration::from_millis(700),
        // So that the order of the batches can be seen.
        batch_max: 2.try_into().unwrap(),
        ..Config::default()
    }
}

/// A running ingress that knows its source, and a database that is away.
async fn outage(config: &Config) -> (Postgres, Stage) {
    let mut postgres = start_postgres(true).await;
    let stage = stage_on(&postgres, config.clone()).await;
    assert_eq!(stage.post(&ended("before")).await.status, 204);
    postgres.kill();
    (postgres, stage)
}

async fn post_named(stage: &Stage, call: &str) -> Answer {
    let post = stage.webhook(&ended(call));
    stage.send(&post.header("x-request-id", call)).await
}

async fn stored(stage: &Stage, count: i64) {
    until(|| stage.events(), |events| *events == count).await;
}

/// The calls of all stored events, in order of arrival, with how often each came again.
async fn calls(stage: &Stage) -> Vec<(String, i32)> {
    sqlx::query_as("select provider_call_id, duplicates from events order by arrived_at")
        .fetch_all(&stage.pool)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_an_outage_are_taken_and_stored_in_their_order_once_it_is_over() {
    let folder = TempDir::new().unwrap();
    let (mut postgres, stage) = outage(&spooling(&folder)).await;
    let names: Vec<String> = (1..=7).map(|number| format!("call_{number}")).collect();
    for name in &names {
        let answer = post_named(&stage, name).await;
        assert_eq!(answer.status, 202, "{}", answer.body);
        assert_eq!(answer.header("x-request-id"), Some(&**name));
        assert!(answer.took < Duration::from_secs(5), "{answer:?}");
    }
    let ready = stage.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert_eq!(ready.json()["checks"]["database"]["status"], "unreachable");
    assert_eq!(ready.json()["checks"]["spool"]["status"], "ok");
    let over_at = Timestamp::now().as_second();

    postgres.start_again().await.unwrap();

    stored(&stage, 8).await;
    let rows = sqlx::query(
        "select request_id, duplicates, extract(epoch from arrived_at)::bigint as arrived,
                extract(epoch from received_at)::float8 as received
         from events where provider_call_id <> 'before' order by arrived_at",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    let requests: Vec<String> = rows.iter().map(|row| row.get("request_id")).collect();
    assert_eq!(requests, names);
    let received: Vec<f64> = rows.iter().map(|row| row.get("received")).collect();
    assert!(received.is_sorted(), "{received:?}");
    for row in &rows {
        assert!(row.get::<i64, _>("arrived") <= over_at);
        assert_eq!(row.get::<i32, _>("duplicates"), 0);
    }
    until(async || stage.hints(), |hints| *hints >= 1).await;
    // The database takes webhooks itself again.
    assert_eq!(stage.post(&ended("after")).await.status, 204);
    let metrics = stage.get("/metrics").await.body;
    for line in [
        "bellhop_webhooks_spooled_total{provider=\"retell\"}",
        "bellhop_webhooks_drained_total{provider=\"retell\"}",
        "bellhop_spool_waiting",
        "bellhop_spool_set_aside",
        "bellhop_spool_bytes",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_comes_again_after_the_outage_is_stored_once() {
    let folder = TempDir::new().unwrap();
    let (mut postgres, stage) = outage(&spooling(&folder)).await;
    for call in ["again", "again", "behind"] {
        assert_eq!(stage.post(&ended(call)).await.status, 202);
    }
    postgres.start_again().await.unwrap();
    until(
        async || stage.post(&ended("again")).await.status,
        |status| *status == 204,
    )
    .await;

    let again = |calls: &Vec<(String, i32)>| {
        calls.len() == 3
            && calls
                .iter()
                .any(|(call, times)| call == "again" && *times >= 2)
    };
    until(|| calls(&stage), again).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_spool_asks_senders_to_come_again() {
    let folder = TempDir::new().unwrap();
    let config = Config {
        spool_limits: SpoolLimits {
            max_events: 3,
            ..SpoolLimits::default()
        },
        ..spooling(&folder)
    };
    let (mut postgres, stage) = outage(&config).await;
    for call in ["1", "2", "3"] {
        assert_eq!(stage.post(&ended(call)).await.status, 202);
    }
    let answer = post_named(&stage, "one-too-many").await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("5"))
    );
    assert!(logged("one-too-many").contains("spool_full"));
    let ready = stage.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["checks"]["spool"]["status"], "full");

    postgres.start_again().await.unwrap();

    stored(&stage, 4).await;
    until(
        async || post_named(&stage, "one-too-many").await.status,
        |status| *status == 204,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_proved_is_not_spooled() {
    let folder = TempDir::new().unwrap();
    let (mut postgres, stage) = outage(&spooling(&folder)).await;
    let forged = stage.webhook(&ended("forged")).body(b"forged");
    let body = ended("stranger");
    let stranger = Post::to("/hooks/never_seen_before").signed(body.as_bytes(), SECRET, now_ms());
    assert_eq!(stage.post(&ended("1")).await.status, 202);
    assert_eq!(stage.send(&forged).await.status, 401);
    assert_eq!(stage.send(&stranger).await.status, 503);
    assert_eq!(stage.post(&ended("2")).await.status, 202);

    postgres.start_again().await.unwrap();

    until(
        || calls(&stage),
        |calls| calls.iter().any(|(call, _)| call == "2"),
    )
    .await;
    assert_eq!(stage.events().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_hangs_costs_no_webhook_a_refusal() {
    let folder = TempDir::new().unwrap();
    let config = spooling(&folder);
    let postgres = start_postgres(false).await;
    let stage = stage_on(&postgres, config).await;
    on_insert(&stage, "perform pg_sleep(2)").await;

    let answer = stage.post(&ended("slow")).await;

    assert_eq!(answer.status, 202, "{}", answer.body);
    stored(&stage, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_an_outage_every_webhook_is_taken_and_none_is_lost_or_doubled() {
    let folder = TempDir::new().unwrap();
    let mut postgres = start_postgres(true).await;
    let config = Config {
        source_rate: AMPLE,
        tenant_rate: AMPLE,
        ..spooling(&folder)
    };
    let stage = stage_on(&postgres, config).await;
    assert_eq!(stage.post(&ended("first")).await.status, 204);
    let (sent, done) = (Mutex::new(BTreeMap::new()), AtomicBool::new(false));
    let answered = async |status| {
        let sent = sent.lock().unwrap();
        sent.values().filter(|each| **each == status).count()
    };
    let sender = async |name: u32| {
        for call in (0..).map(|number| format!("call_{name}_{number}")) {
            if done.load(Ordering::Relaxed) {
                break;
            }
            let status = stage.post(&ended(&call)).await.status;
            sent.lock().unwrap().insert(call, status);
        }
    };
    let outage = async {
        until(|| answered(204), |count| *count >= 50).await;
        postgres.kill();
        until(|| answered(202), |count| *count >= 200).await;
        postgres.start_again().await.unwrap();
        let before = answered(204).await;
        until(|| answered(204), |count| *count >= before + 50).await;
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(outage, join_all((0..8).map(sender)));

    let sent = sent.into_inner().unwrap();
    assert!(
        sent.values().all(|status| matches!(status, 202 | 204)),
        "{sent:?}"
    );
    stored(&stage, i64::try_from(sent.len()).unwrap() + 1).await;
    let stored = calls(&stage).await.into_iter().map(|(call, _)| call);
    assert_eq!(
        stored
            .filter(|call| call != "first")
            .collect::<BTreeSet<_>>(),
        sent.into_keys().collect()
    );
}
