//! An orderly stop.

use std::time::Duration;

use ingress::Config;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::harness::{read_answer, stage, unfinished, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_under_way_is_finished_and_no_new_one_begins() {
    let mut stage = stage(Config::default()).await;
    let (mut stream, last) = unfinished(&stage, "under way").await;

    stage.stop.take().unwrap().send(()).unwrap();
    // Once the door is closed.
    until(
        async || TcpStream::connect(stage.address).await.is_err(),
        |closed| *closed,
    )
    .await;
    stream.write_all(&[last]).await.unwrap();

    assert_eq!(read_answer(&mut stream).await.unwrap().status, 204);
    let ended = tokio::time::timeout(Duration::from_secs(10), &mut stage.running).await;
    ended.expect("it ends").unwrap().unwrap();
    assert_eq!(stage.events().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_never_finishes_does_not_hold_up_the_stop() {
    let mut stage = stage(Config {
        shutdown_limit: Duration::from_millis(200),
        ..Config::default()
    })
    .await;
    let (_stream, _last) = unfinished(&stage, "never").await;

    stage.stop.take().unwrap().send(()).unwrap();

    let ended = tokio::time::timeout(Duration::from_secs(10), &mut stage.running).await;
    ended.expect("it ends").unwrap().unwrap();
}
