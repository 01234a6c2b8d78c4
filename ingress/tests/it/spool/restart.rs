//! An ingress with a spool ends, and another begins.

use std::{fs, path::Path};

use ingress::{Config, spool::SpoolError};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use super::{calls, outage, spooling, stored};
use crate::harness::{
    Stage, bind, ended, read_answer, stage_on, start_postgres, unfinished, until,
};

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
    match bind(config.clone(), &stage.store, || {}).await {
        Err(ingress::Error::Spool { folder, source }) => {
            assert_eq!(Some(folder), config.spool_dir);
            source
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it starts"),
    }
}
