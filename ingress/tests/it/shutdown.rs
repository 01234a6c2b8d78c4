//! An orderly stop.

use std::time::Duration;

use ingress::Config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{
    ended, exchange, read_answer, stage, stage_with, start_postgres, unfinished, until,
};

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
    let end = tokio::time::timeout(Duration::from_secs(10), &mut stage.running).await;
    end.expect("it ends").unwrap().unwrap();
    assert_eq!(stage.events().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_never_finishes_does_not_hold_up_the_stop() {
    let mut stage = stage(Config {
        shutdown_limit: Duration::from_millis(200),
        ..Config::default()
    })
    .await;
    let (mut stream, _last) = unfinished(&stage, "never").await;

    stage.stop.take().unwrap().send(()).unwrap();

    let end = tokio::time::timeout(Duration::from_secs(10), &mut stage.running).await;
    end.expect("it ends").unwrap().unwrap();
    let cut =
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new())).await;
    assert!(cut.is_ok(), "the connection outlives the server");
}

#[tokio::test(flavor = "multi_thread")]
async fn ingress_ends_rather_than_live_on_without_the_part_that_commits() {
    let postgres = start_postgres(false).await;
    let mut stage = stage_with(&postgres, Config::default(), || {
        panic!("the listener is broken")
    })
    .await;

    // Whether its answer still leaves is a race; it is stored either way.
    let webhook = stage.webhook(&ended("c")).bytes();
    let _ = exchange(stage.address, &webhook).await;

    let end = tokio::time::timeout(Duration::from_secs(10), &mut stage.running).await;
    assert!(matches!(
        end.expect("it ends").unwrap(),
        Err(ingress::Error::Lane(Some(_)))
    ));
    assert_eq!(stage.events().await, 1);
}
