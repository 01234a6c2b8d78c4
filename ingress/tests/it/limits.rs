//! Too much, too fast, too slow.

use std::{num::NonZeroUsize, time::Duration};

use ingress::{Config, Rate};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Post, SECRET, clinic, ended, now_ms, read_answer, stage, unfinished, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_sends_too_fast_is_told_to_wait_and_others_are_not() {
    let source_rate = Rate {
        per_second: 1,
        burst: 3,
    };
    let stage = stage(Config {
        source_rate,
        ..Config::default()
    })
    .await;
    let other = clinic(&stage.store, "hill-dental").await;

    for call in 0..3 {
        assert_eq!(stage.post(&ended(&call.to_string())).await.status, 204);
    }
    let answer = stage.post(&ended("one too many")).await;

    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (429, Some("1"))
    );
    let post =
        Post::to(&format!("/hooks/{}", other.key)).signed(ended("c").as_bytes(), SECRET, now_ms());
    assert_eq!(stage.send(&post).await.status, 204);
    assert_eq!(stage.events().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_of_one_tenant_share_what_the_tenant_may_send() {
    let tenant_rate = Rate {
        per_second: 1,
        burst: 2,
    };
    let stage = stage(Config {
        tenant_rate,
        ..Config::default()
    })
    .await;
    stage.add_source("retell", "second_source").await;
    let second =
        Post::to("/hooks/second_source").signed(ended("second").as_bytes(), SECRET, now_ms());

    assert_eq!(stage.post(&ended("first")).await.status, 204);
    assert_eq!(stage.send(&second).await.status, 204);
    assert_eq!(stage.send(&second).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_most_in_flight_webhooks_are_asked_to_come_again() {
    let stage = stage(Config {
        max_in_flight: NonZeroUsize::MIN,
        ..Config::default()
    })
    .await;
    let (mut stream, last) = unfinished(&stage, "slow").await;

    let busy = stage.post(&ended("busy")).await;
    assert_eq!((busy.status, busy.header("retry-after")), (503, Some("1")));
    stream.write_all(&[last]).await.unwrap();

    assert_eq!(read_answer(&mut stream).await.unwrap().status, 204);
    assert_eq!(stage.post(&ended("next")).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_never_ends_is_given_up() {
    let stage = stage(Config {
        body_time_limit: Duration::from_millis(100),
        ..Config::default()
    })
    .await;
    let (mut stream, _) = unfinished(&stage, "stuck").await;
    assert_eq!(read_answer(&mut stream).await.unwrap().status, 408);
    assert_eq!(stage.events().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_never_end_are_given_up() {
    let stage = stage(Config {
        header_time_limit: Duration::from_millis(100),
        ..Config::default()
    })
    .await;
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    stream
        .write_all(b"POST /hooks/x HTTP/1.1\r\nhost:")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let closed = stream.read_to_end(&mut answer);
    assert!(
        tokio::time::timeout(Duration::from_secs(10), closed)
            .await
            .is_ok(),
        "the connection stays open"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_hangs_up_leaves_nothing_behind() {
    let stage = stage(Config {
        max_in_flight: NonZeroUsize::MIN,
        ..Config::default()
    })
    .await;
    let (stream, _) = unfinished(&stage, "gone").await;
    drop(stream);
    until(
        || async { stage.post(&ended("next")).await.status },
        |status| *status == 204,
    )
    .await;
    assert_eq!(stage.events().await, 1);
}
