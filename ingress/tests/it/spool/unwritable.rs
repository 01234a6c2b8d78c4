//! The database answers, and takes nothing; or it fails on single events, for a cause that may not be theirs.

use tempfile::TempDir;

use super::{aside::aside, calls, post_named, spooling, stored};
use crate::{
    harness::{ended, logged, on_insert, stage_on, start_postgres, until},
    unwritable::FAULTS,
};

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_a_read_only_database_does_not_take_are_kept() {
    let folder = TempDir::new().unwrap();
    let postgres = start_postgres(true).await;
    let stage = stage_on(&postgres, spooling(&folder)).await;
    assert_eq!(stage.post(&ended("before")).await.status, 204);
    let read_only = "set default_transaction_read_only = on";
    stage.sessions(&postgres, read_only).await;
    stage.end_sessions(&postgres).await;

    for call in ["1", "2", "3", "4", "5"] {
        let answer = post_named(&stage, call).await;
        assert_eq!(answer.status, 202, "{call}: {}", answer.body);
    }
    let ready = stage.get("/readyz").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert_eq!(ready.json()["checks"]["database"]["status"], "read_only");
    assert_eq!(ready.json()["checks"]["spool"]["status"], "ok");

    // The sessions stay as they are.
    stage
        .sessions(&postgres, "reset default_transaction_read_only")
        .await;
    stored(&stage, 6).await;
    let wanted = ["before", "1", "2", "3", "4", "5"].map(|call| (call.to_owned(), 0));
    assert_eq!(calls(&stage).await, wanted);
    until(
        async || stage.post(&ended("after")).await.status,
        |status| *status == 204,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_the_database_fails_on_are_kept_until_that_is_mended() {
    let postgres = start_postgres(true).await;
    for (fault, mend) in FAULTS {
        let folder = TempDir::new().unwrap();
        let config = spooling(&folder);
        let mut stage = stage_on(&postgres, config.clone()).await;
        stage.bound_by_grants(&postgres).await;
        let post = async |call: &str| stage.post(&ended(call)).await.status;
        until(|| post("before"), |status| *status == 204).await;
        stage.as_owner(&postgres, fault).await;
        for call in ["1", "2", "3"] {
            assert_eq!(post(call).await, 202, "{fault}");
        }

        stage.as_owner(&postgres, mend).await;

        assert_eq!(post("after").await, 204, "{mend}");
        stored(&stage, 5).await;
        let mut stored = calls(&stage).await;
        stored.retain(|(call, _)| call != "before");
        let wanted = ["1", "2", "3", "after"].map(|call| (call.to_owned(), 0));
        assert_eq!(stored, wanted, "{fault}");
        stage.stop().await;
        assert_eq!(aside(&stage, &config), [], "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_alone_is_not_taken_is_set_aside() {
    let folder = TempDir::new().unwrap();
    let config = spooling(&folder);
    let postgres = start_postgres(false).await;
    let mut stage = stage_on(&postgres, config.clone()).await;
    let odd = "if new.event_type = 'odd' then raise exception 'not surely its fault'; end if";
    on_insert(&stage, odd).await;
    for number in 0..3 {
        let answer = stage
            .post(&format!(r#"{{"event":"odd","number":{number}}}"#))
            .await;
        assert_eq!(answer.status, 202, "{}", answer.body);
    }

    // The others go past the spool: it never holds one that is taken.
    let mut sent = 0;
    let set_aside = async |number: i64| {
        assert_eq!(stage.post(&ended(&number.to_string())).await.status, 204);
        let log = logged(&stage.clinic.tenant.to_string());
        log.matches("was set aside").count()
    };
    until(
        || {
            sent += 1;
            set_aside(sent)
        },
        |count| *count == 3,
    )
    .await;

    assert_eq!(stage.events().await, sent);
    stage.stop().await;
    let set_aside = aside(&stage, &config);
    assert_eq!(set_aside.len(), 3);
    for each in &set_aside {
        assert!(each.reason.contains("P0001"), "{each:?}");
    }
}
