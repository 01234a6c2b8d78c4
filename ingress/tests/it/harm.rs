//! Senders that mean harm, or are broken: each is turned away, and a good webhook is taken as before.

use std::io;

use domain::ids::TenantId;
use ingress::Config;
use providers::source::SourceKind;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::harness::{Post, SECRET, Stage, ended, exchange, now_ms, stage};

async fn assert_unharmed(stage: &Stage, call: &str) {
    let before = stage.events().await;
    assert_eq!(stage.post(&ended(call)).await.status, 204);
    assert_eq!(stage.events().await, before + 1);
    assert_eq!(stage.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_senders_that_never_finish_do_not_keep_a_webhook_out() {
    let stage = stage(Config::default()).await;
    let mut slow = Vec::new();
    for of in 0..300 {
        let mut stream = TcpStream::connect(stage.address).await.unwrap();
        let begun = match of % 3 {
            0 => "POST /hooks/x HTTP/1.1\r\nhost:".to_owned(),
            1 => "POST".to_owned(),
            _ => format!(
                "POST {} HTTP/1.1\r\nhost: b\r\ncontent-length: 100\r\n\r\n{{",
                stage.path()
            ),
        };
        stream.write_all(begun.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    assert_unharmed(&stage, "amid_the_slow").await;
    drop(slow);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_fifty_megabytes_are_turned_away() {
    let stage = stage(Config::default()).await;
    let body = vec![b'['; 50 << 20];
    for _ in 0..3 {
        match exchange(stage.address, &Post::to(&stage.path()).body(&body).bytes()).await {
            Ok(answer) => assert_eq!(answer.status, 413),
            // It hangs up on somebody who does not stop.
            Err(error) => assert_ne!(error.kind(), io::ErrorKind::TimedOut),
        }
    }
    assert_eq!(stage.events().await, 0);
    assert_unharmed(&stage, "after_the_large").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_headers_is_turned_away() {
    let stage = stage(Config::default()).await;
    let mut many = Post::to(&stage.path());
    for of in 0..5_000 {
        many = many.header(&format!("x-flood-{of}"), "x");
    }
    let long = Post::to(&stage.path()).header("x-flood", &"x".repeat(4 << 20));
    for flood in [many, long] {
        match exchange(stage.address, &flood.bytes()).await {
            Ok(answer) => assert!((400..500).contains(&answer.status), "{}", answer.status),
            // It may hang up on somebody who goes on sending.
            Err(error) => assert_ne!(error.kind(), io::ErrorKind::TimedOut),
        }
    }
    assert_eq!(stage.events().await, 0);
    assert_unharmed(&stage, "after_the_flood").await;
}

/// Signed, as by a sender who is broken or whose key was stolen. What is not read at the door is kept and read
/// later, where it does no harm either.
#[tokio::test(flavor = "multi_thread")]
async fn broken_bodies_of_every_source_harm_nobody() {
    let stage = stage(Config::default()).await;
    let deep = ["[", "{\"a\":"].map(|open| open.repeat(400_000).into_bytes());
    let bodies = deep.into_iter().chain([
        b"\xff\xfe\xfd not utf-8".to_vec(),
        b"{\"event\":\"\xc3\x28\"}".to_vec(),
        vec![0; 1_000],
        b"9".repeat(1_000_000),
        b"\"\\ud800\"".to_vec(),
        b"a=".repeat(100_000),
    ]);
    let addresses = every_source(&stage, stage.clinic.tenant).await;
    for body in bodies {
        let retell = stage
            .send(&Post::to(&stage.path()).signed(&body, SECRET, now_ms()))
            .await;
        assert!(
            matches!(retell.status, 204 | 400..=499),
            "retell: {}",
            retell.status
        );
        for (kind, path) in &addresses {
            let post = Post::to(path)
                .body(&body)
                .header("authorization", "Bearer token-of-the-test");
            let answer = stage.send(&post).await;
            assert!(
                matches!(answer.status, 204 | 400..=499),
                "{kind:?}: {}",
                answer.status
            );
        }
    }
    assert_unharmed(&stage, "after_the_broken").await;
}

/// An address of each other source.
async fn every_source(stage: &Stage, tenant: TenantId) -> Vec<(SourceKind, String)> {
    let mut addresses = Vec::new();
    let mut tx = stage.store.tenant(tenant).begin().await.unwrap();
    for kind in SourceKind::ALL {
        let key = format!("address_of_{}", kind.code());
        let options = match kind {
            SourceKind::Twilio => {
                serde_json::json!({ "public_base_url": "https://bellhop.example" })
            }
            _ => serde_json::json!({}),
        };
        tx.add_source_with(kind.code(), &key, None, &options)
            .await
            .unwrap();
        let secret = "token-of-the-test".into();
        if kind != SourceKind::Retell {
            tx.add_provider_secret(stage.store.keys(), kind.code(), &secret)
                .await
                .unwrap();
        }
        addresses.push((kind, format!("/hooks/{key}")));
    }
    tx.commit().await.unwrap();
    addresses
}
