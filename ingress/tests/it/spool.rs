//! The database is away and there is a spool.

use std::{fs, path::Path, time::Duration};

use embedded::Postgres;
use ingress::{
    Config,
    spool::{Aside, Position, Spool, SpoolError, SpoolLimits},
};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use crate::harness::{
    Answer, Clinic, Post, SECRET, Stage, bind, clinic, ended, logged, now_ms, on_insert,
    read_answer, stage_on, start_postgres, unfinished, until,
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

async fn execute(stage: &Stage, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(&stage.pool)
        .await
        .unwrap();
}

/// What a stopped ingress has set aside.
fn aside(stage: &Stage, config: &Config) -> Vec<Aside> {
    let folder = config.spool_dir.as_deref().unwrap();
    let spool = Spool::open(folder, stage.store.keys().clone(), config.spool_limits).unwrap();
    assert!(spool.is_empty());
    spool.aside(Position::FIRST, 100).unwrap()
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
    until(
        async || stage.wakes.lock().unwrap().len(),
        |wakes| *wakes == 8,
    )
    .await;
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
async fn a_killed_ingress_loses_nothing_and_the_next_one_drains_it() {
    let folder = TempDir::new().unwrap();
    let config = spooling(&folder);
    let (mut postgres, mut stage) = outage(&config).await;
    for call in ["1", "2", "3"] {
        assert_eq!(stage.post(&ended(call)).await.status, 202);
    }
    stage.kill().await;
    stage.start_again(&config).await;
    // It cannot know its sources yet.
    assert_eq!(stage.post(&ended("4")).await.status, 503);

    postgres.start_again().await.unwrap();

    stored(&stage, 4).await;
    let wanted = ["before", "1", "2", "3"].map(|call| (call.to_owned(), 0));
    assert_eq!(calls(&stage).await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_storing_and_forgetting_doubles_nothing() {
    let folder = TempDir::new().unwrap();
    let config = spooling(&folder);
    let (mut postgres, mut stage) = outage(&config).await;
    for call in ["1", "2", "3"] {
        assert_eq!(stage.post(&ended(call)).await.status, 202);
    }
    stage.stop().await;
    let file = config.spool_dir.as_deref().unwrap().join("events.redb");
    let before = fs::read(&file).unwrap();
    postgres.start_again().await.unwrap();
    stage.start_again(&config).await;
    stored(&stage, 4).await;
    stage.stop().await;

    fs::write(&file, before).unwrap();
    stage.start_again(&config).await;

    let wanted = [("before", 0), ("1", 1), ("2", 1), ("3", 1)];
    let wanted = wanted.map(|(call, times)| (call.to_owned(), times));
    until(|| calls(&stage), |calls| *calls == wanted).await;
    let wakes = "select count(*) from outbox where process in ('call', 'event')";
    let wakes: i64 = sqlx::query_scalar(wakes)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert_eq!(wakes, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_keeps_what_is_under_way() {
    let folder = TempDir::new().unwrap();
    let config = spooling(&folder);
    let (mut postgres, mut stage) = outage(&config).await;
    let (mut stream, last) = unfinished(&stage, "under way").await;
    let (answer, ()) = tokio::join!(
        async {
            stream.write_all(&[last]).await.unwrap();
            read_answer(&mut stream).await.unwrap()
        },
        stage.stop()
    );
    assert_eq!(answer.status, 202);

    postgres.start_again().await.unwrap();
    stage.start_again(&config).await;

    stored(&stage, 2).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_held_or_damaged_stops_the_start() {
    let folder = TempDir::new().unwrap();
    let config = spooling(&folder);
    let postgres = start_postgres(false).await;
    let mut stage = stage_on(&postgres, config.clone()).await;
    assert!(matches!(
        why(&stage, &config).await,
        SpoolError::Busy { .. }
    ));
    stage.stop().await;

    let path: &Path = config.spool_dir.as_deref().unwrap();
    fs::write(path.join("events.redb"), b"not a spool").unwrap();

    assert!(matches!(
        why(&stage, &config).await,
        SpoolError::Damaged { .. }
    ));
}

/// Why an ingress cannot start.
async fn why(stage: &Stage, config: &Config) -> SpoolError {
    match bind(config.clone(), &stage.store, |_| {}).await {
        Err(ingress::Error::Spool { folder, source }) => {
            assert_eq!(Some(folder), config.spool_dir);
            source
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it starts"),
    }
}
