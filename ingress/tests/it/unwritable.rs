//! The database answers, and takes nothing; there is no spool.

use std::time::Duration;

use ingress::Config;

use crate::harness::{ended, stage_on, start_postgres, until};

fn impatient() -> Config {
    Config {
        database_time_limit: Duration::from_millis(700),
        ..Config::default()
    }
}

/// What makes the database fail on every event, and what mends it.
pub(crate) const FAULTS: [(&str, &str); 3] = [
    (
        "revoke insert on events from plain",
        "grant insert on events to plain",
    ),
    (
        "alter table outbox rename to outbox_away",
        "alter table outbox_away rename to outbox",
    ),
    (
        "alter table events rename column priority to urgency",
        "alter table events rename column urgency to priority",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_database_is_away() {
    let postgres = start_postgres(false).await;
    let stage = stage_on(&postgres, impatient()).await;
    assert_eq!(stage.post(&ended("before")).await.status, 204);
    let read_only = "set default_transaction_read_only = on";
    stage.sessions(&postgres, read_only).await;
    stage.end_sessions(&postgres).await;

    for call in ["first", "second"] {
        let answer = stage.post(&ended(call)).await;
        let answered = (answer.status, answer.header("retry-after"));
        assert_eq!(answered, (503, Some("5")), "{call}: {}", answer.body);
    }
    let ready = until(|| stage.get("/readyz"), |answer| answer.status == 503).await;
    assert_eq!(ready.json()["checks"]["database"]["status"], "read_only");

    // Sessions that are open go on as they began: they are not used for ever.
    stage
        .sessions(&postgres, "reset default_transaction_read_only")
        .await;
    for call in ["first", "second", "third"] {
        let post = async || stage.post(&ended(call)).await.status;
        until(post, |status| *status == 204).await;
    }
    until(|| stage.get("/readyz"), |answer| answer.status == 200).await;
    assert_eq!(stage.events().await, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_fails_on_everything_senders_are_asked_to_come_again() {
    let postgres = start_postgres(false).await;
    let stage = stage_on(&postgres, impatient()).await;
    stage.bound_by_grants(&postgres).await;
    let status = async |call: &str| stage.post(&ended(call)).await.status;
    until(|| status("before"), |status| *status == 204).await;
    for (number, (fault, mend)) in FAULTS.into_iter().enumerate() {
        stage.as_owner(&postgres, fault).await;
        let call = format!("call_{number}");

        let answer = stage.post(&ended(&call)).await;
        let answered = (answer.status, answer.header("retry-after"));
        assert_eq!(answered, (503, Some("5")), "{fault}: {}", answer.body);

        stage.as_owner(&postgres, mend).await;
        assert_eq!(status(&call).await, 204, "{mend}");
    }
    assert_eq!(stage.events().await, 4);
}
