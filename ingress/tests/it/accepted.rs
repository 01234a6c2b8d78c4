//! What becomes of a good webhook.

use domain::ids::{CallId, TenantId};
use futures::future::join_all;
use ingress::Config;
use serde_json::json;
use uuid::Uuid;

use crate::harness::{Post, SECRET, ended, logged, now_ms, stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_durable_and_its_process_due_when_it_is_answered() {
    let stage = stage(Config::default()).await;
    let body = ended("call_1");

    let answer = stage.post(&body).await;

    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let (tenant, source, event_type, call, stored): (Uuid, Uuid, String, String, Vec<u8>) =
        sqlx::query_as(
            "select tenant_id, source_id, event_type, provider_call_id, body from events",
        )
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert_eq!(
        (tenant, source),
        (stage.clinic.tenant.uuid(), stage.clinic.source.uuid())
    );
    assert_eq!(
        (event_type.as_str(), call.as_str(), stored),
        ("call_ended", "call_1", body.into_bytes())
    );
    let due: (Uuid, String) =
        sqlx::query_as("select tenant_id, process from outbox where process <> 'tenant'")
            .fetch_one(&stage.pool)
            .await
            .unwrap();
    assert_eq!(due, (stage.clinic.tenant.uuid(), "event".to_owned()));
    assert_eq!(stage.hints(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_followed_from_header_to_log_to_row() {
    let stage = stage(Config::default()).await;
    let trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    let post = stage
        .webhook(&ended("call_1"))
        .header("X-Request-Id", "req-followed-1")
        .header("traceparent", &format!("00-{trace_id}-00f067aa0ba902b7-01"));

    let answer = stage.send(&post).await;

    assert_eq!(answer.header("x-request-id"), Some("req-followed-1"));
    let row: (String, String, String) =
        sqlx::query_as("select request_id, trace_id, span_id from events")
            .fetch_one(&stage.pool)
            .await
            .unwrap();
    assert_eq!(
        (row.0.as_str(), row.1.as_str()),
        ("req-followed-1", trace_id)
    );
    let log = logged("req-followed-1");
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(line["fields"]["status"], 204);
    let span = &line["span"];
    assert_eq!(
        (&span["trace_id"], &span["span_id"]),
        (&json!(trace_id), &json!(row.2))
    );
    assert_eq!(span["tenant"], stage.clinic.tenant.to_string());
    assert_eq!(
        (&span["source"], &span["event_type"]),
        (
            &json!(stage.clinic.source.to_string()),
            &json!("call_ended")
        )
    );
    assert!(
        line["fields"]["duration_ms"].is_number() && span["event_id"].is_string(),
        "{line}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_token_or_signature_is_stored_or_logged() {
    let stage = stage(Config::default()).await;
    let post = stage
        .webhook(&ended("call_1"))
        .header("X-Request-Id", "req-secrets-1")
        .header("Content-Type", "application/json")
        .header("User-Agent", "retell/1")
        .header("Authorization", "Bearer token_12345")
        .header("Cookie", "session=cookie_12345")
        .header("X-Api-Key", "apikey_12345");

    assert_eq!(stage.send(&post).await.status, 204);

    let (headers, row): (serde_json::Value, String) =
        sqlx::query_as("select headers, to_jsonb(events)::text from events")
            .fetch_one(&stage.pool)
            .await
            .unwrap();
    let kept: Vec<&String> = headers.as_object().unwrap().keys().collect();
    assert_eq!(
        kept,
        [
            "content-length",
            "content-type",
            "user-agent",
            "x-request-id"
        ]
    );
    let log = logged("req-secrets-1");
    for secret in ["_12345", "v=1", SECRET, &stage.clinic.key] {
        assert!(
            !row.contains(secret) && !log.contains(secret),
            "{secret} was kept: {row} {log}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_answered_as_the_first_counted_and_wakes_nobody() {
    let stage = stage(Config::default()).await;
    let first = stage.post(&ended("call_1")).await;
    // Sent again, it is signed afresh.
    let again =
        Post::to(&stage.path()).signed(ended("call_1").as_bytes(), SECRET, now_ms() - 1_000);

    let second = stage.send(&again).await;

    assert_eq!((second.status, second.body), (first.status, first.body));
    let duplicates: Vec<i32> = sqlx::query_scalar("select duplicates from events")
        .fetch_all(&stage.pool)
        .await
        .unwrap();
    assert_eq!(duplicates, [1]);
    let due: i64 = sqlx::query_scalar("select count(*) from outbox where process <> 'tenant'")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert_eq!((due, stage.hints()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_at_the_same_moment_make_one_event() {
    let stage = stage(Config::default()).await;
    let post = stage.webhook(&ended("call_1"));

    let answers = join_all((0..60).map(|_| stage.send(&post))).await;

    assert!(answers.iter().all(|answer| answer.status == 204));
    assert_eq!(stage.events().await, 1);
    assert_eq!(stage.hints(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rush_of_different_webhooks_is_stored_whole() {
    let stage = stage(Config::default()).await;
    let posts: Vec<Post> = (0..300)
        .map(|call| stage.webhook(&ended(&format!("call_{call}"))))
        .collect();

    let answers = join_all(posts.iter().map(|post| stage.send(post))).await;

    assert!(answers.iter().all(|answer| answer.status == 204));
    assert_eq!(stage.events().await, 300);
    // Many are committed together.
    assert!((1..=300).contains(&stage.hints()));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_unknown_events_and_odd_text_are_kept_as_they_came() {
    let stage = stage(Config::default()).await;
    let bodies = [
        r#"{"event":"call_ended","event_timestamp":1,"new":[1],"call":{"call_id":"c","more":{"x":null}}}"#,
        r#"{"event":"chat_ended","chat":{"chat_id":"chat_55","transcript":"hi"}}"#,
        r#"{"event":"something_new"}"#,
        r#"{"event":"odd\u0000name","call":{"call_id":"call\u0000id"}}"#,
        r#"{"event":"call_ended","call":{"call_id":"café – £5 ✅"}}"#,
    ];

    for body in bodies {
        assert_eq!(stage.post(body).await.status, 204, "{body}");
    }

    let stored: Vec<Vec<u8>> = sqlx::query_scalar("select body from events order by id")
        .fetch_all(&stage.pool)
        .await
        .unwrap();
    assert_eq!(stored, bodies.map(|body| body.as_bytes().to_vec()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_id_that_is_not_this_tenants_is_not_believed() {
    let stage = stage(Config::default()).await;
    let stranger = CallId::generate();
    let body = format!(
        r#"{{"event":"call_ended","call":{{"call_id":"c","metadata":{{"bellhop_call_id":"{stranger}"}}}}}}"#
    );

    assert_eq!(stage.post(&body).await.status, 204);

    let (tenant, call): (Uuid, Option<Uuid>) =
        sqlx::query_as("select tenant_id, call_id from events")
            .fetch_one(&stage.pool)
            .await
            .unwrap();
    assert_eq!(
        (TenantId::from_uuid(tenant), call),
        (stage.clinic.tenant, None)
    );
}
