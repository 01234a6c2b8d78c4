//! Questions of voice agents, when much else goes on.

use std::{num::NonZeroUsize, time::Duration};

use domain::settings::Settings;
use ingress::{Config, Rate};
use serde_json::json;
use sqlx::Row;
use tokio::io::AsyncWriteExt;

use crate::harness::{Post, Stage, ended, read_answer, stage, unfinished, until};

/// So long an answer may take.
fn within(limit: Duration) -> Config {
    Config {
        question_time_limit: limit,
        function_time_limit: limit,
        ..Config::default()
    }
}

fn who_calls() -> String {
    json!({"event": "call_inbound", "call_inbound": {
        "from_number": "+447700900123", "to_number": "+442079460000", "agent_id": "agent_test"}})
    .to_string()
}

fn look_up() -> String {
    function("look_up", json!({}))
}

fn function(name: &str, arguments: serde_json::Value) -> String {
    json!({"name": name, "args": arguments, "call": {
        "call_id": "call_1", "call_type": "phone_call", "agent_id": "agent_test", "direction": "inbound",
        "from_number": "+447700900123", "to_number": "+442079460000", "call_status": "ongoing"}})
    .to_string()
}

/// Nobody reads or changes this table, until this ends.
async fn lock(stage: &Stage, table: &str) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut tx = stage.pool.begin().await.unwrap();
    let sql = format!("lock table {table} in access exclusive mode");
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .execute(&mut *tx)
        .await
        .unwrap();
    tx
}

/// How Retell is told nothing of anybody.
fn nothing() -> serde_json::Value {
    json!({"call_inbound": {}})
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
    let stage = stage(within(Duration::from_millis(300))).await;
    let lock = lock(&stage, "contacts").await;

    // It is answered while the lock is held.
    let answer = stage.post(&who_calls()).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.json(), nothing());
    lock.rollback().await.unwrap();
    let on_record = until(async || unanswered(&stage).await, |rows| !rows.is_empty()).await;
    let [(failure, sent)] = on_record.as_slice() else {
        panic!("{on_record:?}");
    };
    assert!(
        matches!(failure.as_deref(), Some("timed_out" | "failed")),
        "{failure:?}"
    );
    assert_eq!(*sent, nothing());
    assert_eq!(alerts(&stage).await, 1);
}

const VAPI_SECRET: &str = "credential_of_the_test_000000";

/// What Vapi asks, of an address of the clinic's for it.
async fn vapi_questions(stage: &Stage) -> (Post, Post) {
    stage.add_source("vapi", "hook_of_vapi").await;
    let mut tx = stage
        .store
        .tenant(stage.clinic.tenant)
        .begin()
        .await
        .unwrap();
    tx.add_provider_secret(stage.store.keys(), "vapi", &VAPI_SECRET.into())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let call = json!({"id": "call_v", "type": "inboundPhoneCall", "customer": {"number": "+447700900123"}});
    let tools = json!([{"id": "tool_1", "type": "function",
        "function": {"name": "look_up", "arguments": {}}}]);
    let post = |message: serde_json::Value| {
        Post::to("/hooks/hook_of_vapi")
            .header("authorization", &format!("Bearer {VAPI_SECRET}"))
            .body(json!({"message": message}).to_string().as_bytes())
    };
    (
        post(json!({"type": "assistant-request", "call": call})),
        post(json!({"type": "tool-calls", "call": call, "toolCallList": tools})),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_on_the_phone_waits_for_a_source_to_be_read_again() {
    let limit = Duration::from_secs(1);
    let stage = stage(Config {
        source_fresh: Duration::from_millis(1),
        ..within(limit)
    })
    .await;
    let (vapi_caller, vapi_tool) = vapi_questions(&stage).await;
    let (retell_caller, retell_function) = (stage.webhook(&who_calls()), stage.webhook(&look_up()));
    for post in [&retell_caller, &retell_function, &vapi_caller, &vapi_tool] {
        // The source is known, and nothing reads it.
        assert_eq!(stage.send(post).await.status, 200);
        let lock = lock(&stage, "sources").await;

        let answer = stage.send(post).await;

        assert_eq!(answer.status, 200, "{answer:?}");
        // The look at the source alone would take two seconds.
        assert!(answer.took < limit.mul_f64(1.5), "{answer:?}");
        lock.rollback().await.unwrap();
    }
    // What nobody waited for was read all the same.
    sqlx::query("update sources set disabled_at = now()")
        .execute(&stage.pool)
        .await
        .unwrap();
    for post in [&retell_caller, &vapi_caller] {
        until(
            async || stage.send(post).await.status,
            |status| *status == 404,
        )
        .await;
    }
    let on_record = unanswered(&stage).await;
    assert!(
        on_record.iter().all(|(failure, _)| failure.is_none()),
        "{on_record:?}"
    );
    assert_eq!(alerts(&stage).await, 0);
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
async fn a_question_that_cannot_be_read_is_answered_with_nothing_and_told() {
    let stage = stage(Config::default()).await;
    let asked =
        json!({"event": "call_inbound", "call_inbound": {"from_number": "+44".repeat(100)}});

    let answer = stage.post(&asked.to_string()).await;

    assert_eq!((answer.status, answer.json()), (200, nothing()));
    let on_record = until(async || unanswered(&stage).await, |rows| !rows.is_empty()).await;
    assert_eq!(on_record, [(Some("unreadable".to_owned()), nothing())]);
    assert_eq!(alerts(&stage).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_takes_too_long_is_to_be_asked_again() {
    let stage = stage(within(Duration::from_millis(300))).await;
    let lock = lock(&stage, "contacts").await;

    let answer = stage.post(&look_up()).await;

    assert_eq!(answer.status, 503);
    lock.rollback().await.unwrap();
    until(
        async || stage.post(&look_up()).await.status,
        |status| *status == 200,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_relay_is_told_of_what_a_function_changes_and_of_nothing_else() {
    let stage = stage(Config::default()).await;
    let line = "[retell]\nagent_id = \"agent_test\"\nfrom_number = \"+442079460000\"\n";
    let tenant = stage.store.tenant(stage.clinic.tenant);
    let mut tx = tenant.begin().await.unwrap();
    tx.apply_settings(&Settings::from_toml(line).unwrap())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    // The call itself is news, once.
    for (asked, hints) in [
        (function("look_up", json!({})), 1),
        (function("look_up", json!({})), 1),
        (function("note", json!({"text": "Ring the bell"})), 2),
        (function("look_up", json!({"name": "Ada"})), 2),
    ] {
        assert_eq!(stage.post(&asked).await.status, 200, "{asked}");
        assert_eq!(stage.hints(), hints, "{asked}");
    }
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
    assert_eq!(answer.json(), nothing());
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
