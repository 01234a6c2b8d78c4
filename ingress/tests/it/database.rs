//! The database goes away, comes back, hangs, or refuses.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use ingress::Config;

use crate::harness::{AMPLE, Post, ended, on_insert, stage, stage_on, start_postgres, until};

fn impatient() -> Config {
    Config {
        database_time_limit: Duration::from_millis(700),
        source_fresh: Duration::from_millis(10),
        // While it is away refusals come at once, and so does the next webhook.
        source_rate: AMPLE,
        tenant_rate: AMPLE,
        ..Config::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgres_is_away_senders_are_asked_to_come_again_and_nothing_acknowledged_is_lost() {
    let mut postgres = start_postgres(true).await;
    let stage = stage_on(&postgres, impatient()).await;
    let (acknowledged, done) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
    let count = async || acknowledged.lock().unwrap().len();
    // A steady sender, whatever happens; a refused webhook is not sent again.
    let traffic = async {
        for call in (0..).map(|number| format!("call_{number}")) {
            if done.load(Ordering::Relaxed) {
                break;
            }
            let answer = stage.post(&ended(&call)).await;
            assert!(answer.took < Duration::from_secs(5), "{answer:?}");
            match answer.status {
                204 => _ = acknowledged.lock().unwrap().insert(call),
                503 => assert_eq!(answer.header("retry-after"), Some("5")),
                other => panic!("answered {other}"),
            }
        }
    };
    let outage = async {
        until(count, |count| *count >= 20).await;
        postgres.kill();
        // The remembered source is still verified; only the commit cannot be.
        until(
            async || stage.post(&ended("away")).await,
            |answer| answer.status == 503,
        )
        .await;
        let stranger = stage
            .send(&Post::to("/hooks/never_seen_before").body(b"{}"))
            .await;
        assert_eq!(stranger.status, 503);
        let forged = stage.send(&stage.webhook("{}").body(b"forged")).await;
        assert_eq!(forged.status, 401);
        let ready = until(|| stage.get("/readyz"), |answer| answer.status == 503).await;
        assert_eq!(ready.json()["checks"]["database"]["status"], "unreachable");
        assert_eq!(stage.get("/healthz").await.status, 200);

        postgres.start_again().await.unwrap();
        let before = count().await;
        until(count, |count| *count >= before + 20).await;
        until(|| stage.get("/readyz"), |answer| answer.status == 200).await;
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(traffic, outage);
    let stored: Vec<String> = sqlx::query_scalar("select provider_call_id from events")
        .fetch_all(&stage.pool)
        .await
        .unwrap();
    let stored: BTreeSet<String> = stored.into_iter().collect();
    // More may be stored than was acknowledged: an answer can be lost, an event cannot.
    let lost: Vec<_> = acknowledged
        .into_inner()
        .unwrap()
        .difference(&stored)
        .cloned()
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quick_restart_of_postgres_costs_a_webhook_a_moment_and_no_refusal() {
    let mut postgres = start_postgres(true).await;
    // Longer than any recovery: the webhook must not meet its limit.
    let patient = Config {
        database_time_limit: Duration::from_secs(60),
        ..Config::default()
    };
    let stage = stage_on(&postgres, patient).await;
    assert_eq!(stage.post(&ended("before")).await.status, 204);

    postgres.kill();
    let meanwhile = ended("meanwhile");
    let (answer, started) = tokio::join!(stage.post(&meanwhile), postgres.start_again());

    started.unwrap();
    assert_eq!((answer.status, stage.events().await), (204, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_answer_is_not_waited_for_longer_than_the_limit() {
    let stage = stage(impatient()).await;
    assert_eq!(stage.post(&ended("quick")).await.status, 204);
    on_insert(&stage, "perform pg_sleep(20)").await;

    let answers =
        join_all((0..5).map(async |call| stage.post(&ended(&call.to_string())).await)).await;

    for answer in &answers {
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(answer.took < Duration::from_secs(3), "{answer:?}");
    }
    // Now it is known: one webhook asks the database again, the others are answered at once.
    let answers =
        join_all((0..10).map(async |call| stage.post(&ended(&call.to_string())).await)).await;
    assert!(answers.iter().all(|answer| answer.status == 503));
    let at_once = answers
        .iter()
        .filter(|answer| answer.took < impatient().database_time_limit)
        .count();
    assert_eq!(at_once, 9, "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_event_the_database_fails_on_does_not_fail_the_others_of_its_batch() {
    let stage = stage(Config::default()).await;
    on_insert(
        &stage,
        "if new.event_type = 'poison' then raise exception 'refused' using errcode = '23514'; end if;
         if new.event_type = 'odd' then raise exception 'not surely its fault'; end if",
    )
    .await;
    let posts: Vec<Post> = (0..60)
        .map(|number| match number % 20 {
            7 => stage.webhook(&format!(r#"{{"event":"poison","number":{number}}}"#)),
            11 => stage.webhook(&format!(r#"{{"event":"odd","number":{number}}}"#)),
            _ => stage.webhook(&ended(&number.to_string())),
        })
        .collect();

    let answers = join_all(posts.iter().map(|post| stage.send(post))).await;

    for (number, answer) in answers.iter().enumerate() {
        let wanted = match number % 20 {
            7 => (500, None),
            11 => (503, Some("5")),
            _ => (204, None),
        };
        let answered = (answer.status, answer.header("retry-after"));
        assert_eq!(answered, wanted, "{number}: {}", answer.body);
    }
    assert_eq!(stage.events().await, 54);
    assert_eq!(
        answers[7].body,
        r#"{"status":500,"title":"Internal Server Error"}"#
    );
}
