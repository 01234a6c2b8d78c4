//! Bad webhooks: the right status, nothing leaked, nothing stored, and an operator can see why.

use ingress::Config;

use crate::harness::{Answer, Post, SECRET, Stage, ended, exchange, logged, now_ms, stage};

/// Refused with this status and logged for this reason; nothing of our inside in the answer.
#[track_caller]
fn assert_refused(stage: &Stage, answer: &Answer, request_id: &str, status: u16, reason: &str) {
    assert_eq!(answer.status, status, "{reason}: {}", answer.body);
    let log = logged(request_id);
    assert!(
        log.contains(&format!("\"reason\":\"{reason}\"")),
        "{reason} is not in: {log}"
    );
    for inside in [
        SECRET,
        &stage.clinic.key,
        "postgres",
        "sqlx",
        "src_",
        "tnt_",
    ] {
        assert!(
            !answer.body.contains(inside),
            "{inside} leaked: {}",
            answer.body
        );
    }
    assert!(
        !log.contains(SECRET) && !log.contains(&stage.clinic.key),
        "a secret is in the log: {log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_proved_is_refused_without_saying_why() {
    let stage = stage(Config::default()).await;
    let body = ended("call_1");
    let post = || Post::to(&stage.path());
    let tampered = body.replace("call_1", "call_2");
    let other_key = "key_00000000000000000000000000000000";
    let cases = [
        ("signature_missing", post().body(body.as_bytes())),
        (
            "signature_malformed",
            post()
                .body(body.as_bytes())
                .header("X-Retell-Signature", "v=1,d=00"),
        ),
        (
            "signature_malformed",
            post()
                .body(body.as_bytes())
                .header("X-Retell-Signature", "é"),
        ),
        (
            "signature_wrong",
            post().signed(body.as_bytes(), other_key, now_ms()),
        ),
        (
            "signature_wrong",
            post()
                .signed(body.as_bytes(), SECRET, now_ms())
                .body(tampered.as_bytes()),
        ),
        (
            "signature_clock",
            post().signed(body.as_bytes(), SECRET, now_ms() - 310_000),
        ),
        (
            "signature_clock",
            post().signed(body.as_bytes(), SECRET, now_ms() + 310_000),
        ),
        // What it says is not even looked at.
        ("signature_missing", post().body(b"not json")),
    ];
    let mut bodies = Vec::new();
    for (number, (reason, post)) in cases.into_iter().enumerate() {
        let id = format!("req-unproved-{number}");
        let answer = stage.send(&post.header("X-Request-Id", &id)).await;
        assert_refused(&stage, &answer, &id, 401, reason);
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies, [r#"{"status":401,"title":"Unauthorized"}"#]);
    assert_eq!(stage.events().await, 0);
    let metrics = stage.get("/metrics").await.body;
    for reason in [
        "signature_missing",
        "signature_malformed",
        "signature_wrong",
        "signature_clock",
    ] {
        assert!(
            metrics.contains(&format!(
                "bellhop_webhooks_refused_total{{reason=\"{reason}\"}}"
            )),
            "{metrics}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_body_that_is_no_event_is_refused_by_field() {
    let stage = stage(Config::default()).await;
    let cases: [(&[u8], &str, &str); 9] = [
        (b"", "not_json", "not JSON"),
        (b"not json", "not_json", "not JSON"),
        (b"{\"event\":\"call_ended\"", "not_json", "not JSON"),
        (b"\xff\xfe{}", "not_json", "not JSON"),
        (b"[]", "field_wrong_type", "unexpected type"),
        (b"{}", "field_missing", "`event`"),
        (
            br#"{"event":"call_ended"}"#,
            "field_missing",
            "`call.call_id`",
        ),
        (
            br#"{"event":"call_analyzed","call":{"call_status":"ended"}}"#,
            "field_missing",
            "`call.call_id`",
        ),
        (
            br#"{"event":"call_ended","call":{"call_id":7}}"#,
            "field_wrong_type",
            "unexpected type",
        ),
    ];
    for (number, (body, reason, told)) in cases.into_iter().enumerate() {
        let id = format!("req-no-event-{number}");
        let post = Post::to(&stage.path())
            .signed(body, SECRET, now_ms())
            .header("X-Request-Id", &id);
        let answer = stage.send(&post).await;
        assert_refused(&stage, &answer, &id, 400, reason);
        assert!(
            answer.body.contains(told),
            "{told} is not in {}",
            answer.body
        );
    }
    assert_eq!(stage.events().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_told_the_right_one() {
    let stage = stage(Config::default()).await;
    for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let request = format!(
            "{method} {} HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n",
            stage.path()
        );
        let answer = exchange(stage.address, request.as_bytes()).await.unwrap();
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("POST")),
            "{method}"
        );
    }
    assert_eq!(stage.events().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_source_looks_like_an_unknown_page() {
    let stage = stage(Config::default()).await;
    let page = stage.send(&Post::to("/no/such/page")).await;
    let stranger = "hookffffffffffffffffffffffffffffffff";
    let long = "k".repeat(5_000);
    for (number, key) in [stranger, "x", "%00", "%ff", "..%2f..", &long]
        .into_iter()
        .enumerate()
    {
        let id = format!("req-unknown-{number}");
        let post =
            Post::to(&format!("/hooks/{key}")).signed(ended("c").as_bytes(), SECRET, now_ms());
        let answer = stage.send(&post.header("X-Request-Id", &id)).await;
        assert_refused(&stage, &answer, &id, 404, "unknown_source");
        assert_eq!(answer.body, page.body);
        assert!(!logged(&id).contains(stranger), "a whole key is in the log");
    }
    assert_eq!(stage.events().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_large_a_body_is_refused_however_it_is_sent() {
    let stage = stage(Config {
        body_limit: 4 << 20,
        ..Config::default()
    })
    .await;
    // More than the system takes in for a reader who has stopped: the sender is still sending when it is refused.
    let body = vec![b' '; 15 << 20];

    let announced = Post::to(&stage.path())
        .body(&body)
        .header("X-Request-Id", "req-large-1");
    let answer = stage.send(&announced).await;
    assert_refused(&stage, &answer, "req-large-1", 413, "too_large");

    let head = Post::to(&stage.path()).header("X-Request-Id", "req-large-2");
    let mut chunked = head.with_length("transfer-encoding: chunked");
    chunked.extend(format!("{:x}\r\n", body.len()).into_bytes());
    chunked.extend([&body[..], b"\r\n0\r\n\r\n"].concat());
    let answer = exchange(stage.address, &chunked).await.unwrap();
    assert_refused(&stage, &answer, "req-large-2", 413, "too_large");

    assert_eq!(stage.events().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_a_length_is_as_good_as_any() {
    let stage = stage(Config::default()).await;
    let body = ended("call_1");
    let mut chunked = stage
        .webhook(&body)
        .body(b"")
        .with_length("transfer-encoding: chunked");
    for byte in body.bytes() {
        chunked.extend([b"1\r\n", &[byte][..], b"\r\n"].concat());
    }
    chunked.extend(b"0\r\n\r\n");
    assert_eq!(exchange(stage.address, &chunked).await.unwrap().status, 204);
    assert_eq!(stage.events().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_key_proves_nothing_here() {
    let stage = stage(Config::default()).await;
    let other = crate::harness::clinic(&stage.store, "hill-dental").await;
    let mut tx = stage.store.tenant(other.tenant).begin().await.unwrap();
    tx.add_provider_secret(stage.store.keys(), "retell", &"key_of_hill_dental".into())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let post =
        Post::to(&stage.path()).signed(ended("c").as_bytes(), "key_of_hill_dental", now_ms());
    assert_eq!(stage.send(&post).await.status, 401);
    assert_eq!(stage.events().await, 0);
}
