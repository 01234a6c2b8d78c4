//! OPS-3: nothing is forgotten when things grow old.

use domain::{
    alert::{FailureClass, SendFailure},
    followup::{FollowUpStep, MissedKind},
    linecheck::Code,
    settings::{DataClass, Settings},
};
use jiff::{SignedDuration, Timestamp};
use store::{Error, MissedCall, TABLES, TenantTx};

use crate::{
    harness::{NOW, at, stage},
    isolation::tenant_tables,
    person::{ADA, BEA, counts, fill},
};

/// A row of each table of follow-ups, checks and erasures.
pub(crate) async fn rows(tx: &mut TenantTx) -> Result<(), Error> {
    let missed = MissedCall {
        provider: "openphone",
        provider_call_id: "AC1",
        who: "+447700900777",
        call: None,
        kind: MissedKind::Call,
        at: at(NOW),
        line: None,
        wanted_at: None,
    };
    tx.call_missed(&missed).await?;
    let who = missed.who;
    tx.follow_up_facts(who, Some(who), None, at(NOW)).await?;
    tx.write_follow_up(who, &FollowUpStep::Done, at(NOW))
        .await?;
    tx.lock_line_check(at(NOW)).await?;
    tx.line_check_leaves(at(NOW), at(NOW)).await?;
    let failure = SendFailure {
        class: FailureClass::Uncertain,
        may_pass: true,
        at: at(NOW),
        not_before: None,
    };
    tx.line_check_failed(at(NOW), &failure).await?;
    Ok(())
}

#[tokio::test]
async fn every_table_of_tenants_has_a_line_in_the_list_of_what_is_kept() {
    let stage = stage().await;
    let mut listed: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    listed.sort_unstable();
    assert_eq!(
        listed,
        tenant_tables(&stage).await,
        "add a line to store/src/retention/tables.rs"
    );
}

/// Children stand before the tables they refer to, so that one pass deletes both.
#[tokio::test]
async fn what_refers_to_a_table_stands_before_it_in_the_list() {
    let stage = stage().await;
    let references: Vec<(String, String)> = sqlx::query_as(
        "select conrelid::regclass::text, confrelid::regclass::text from pg_constraint
         where contype = 'f' and confrelid <> 'tenants'::regclass and conrelid <> confrelid",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    let place = |name: &str| TABLES.iter().position(|table| table.name == name).unwrap();
    for (child, parent) in references {
        assert!(place(&child) < place(&parent), "{child} before {parent}");
    }
}

#[tokio::test]
async fn what_was_kept_long_enough_goes_in_batches_and_what_is_needed_stays() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    fill(&stage, &tenant, &ADA).await;
    let beside = stage.tenant("beside").await;
    fill(&stage, &beside, &BEA).await;
    // More than one batch, and one that is not settled.
    sqlx::query(
        "insert into events (tenant_id, id, provider, event_type, dedupe_key, body, state, received_at)
         select $1, gen_random_uuid(), 'agent', 'e', 'old ' || n, '', case when n = 1 then 'failed' else 'succeeded' end,
                now() - interval '1 year'
         from generate_series(1, 1201) n",
    )
    .bind(tenant.id().uuid())
    .execute(&stage.pool)
    .await
    .unwrap();
    let neighbours = counts(&stage, beside.id()).await;
    let now = Timestamp::now();

    let first = tenant.sweep(now).await.unwrap();
    assert!(first.more && first.deleted >= 500, "{first:?}");
    while tenant.sweep(now).await.unwrap().more {}

    assert_eq!(
        stage
            .count("select count(*) from events where dedupe_key like 'old %'")
            .await,
        1
    );
    assert_eq!(stage.count("select count(*) from contacts").await, 2);
    // Ten years on: an open reminder keeps its appointment and its contact, whatever their age.
    let later = now + SignedDuration::from_hours(24 * 3650);
    sqlx::query("insert into reminders (tenant_id, appointment_id, state) select tenant_id, id, 'waiting' from appointments where tenant_id = $1")
        .bind(tenant.id().uuid())
        .execute(&stage.pool)
        .await
        .unwrap();
    while tenant.sweep(later).await.unwrap().deleted > 0 {}
    let open = counts(&stage, tenant.id()).await;
    for (table, rows) in [
        ("appointments", 1),
        ("contacts", 1),
        ("reminders", 1),
        ("calls", 1),
        ("notes", 0),
    ] {
        assert_eq!(open[table], rows, "{table}");
    }
    // And when it has ended everything goes, but for what is never deleted by age.
    sqlx::query("update reminders set state = 'finished'")
        .execute(&stage.pool)
        .await
        .unwrap();
    sqlx::query("update events set state = 'succeeded'")
        .execute(&stage.pool)
        .await
        .unwrap();
    while tenant.sweep(later).await.unwrap().deleted > 0 {}
    let left = counts(&stage, tenant.id()).await;
    for table in TABLES.iter().filter(|table| table.class != DataClass::Kept) {
        let rows = left[table.name];
        // A message that was never sent waits, whatever its age.
        assert_eq!(
            rows,
            i64::from(table.name == "alert_deliveries"),
            "{}",
            table.name
        );
    }
    assert_eq!(left["opt_outs"], 1);
    assert_eq!(counts(&stage, beside.id()).await, neighbours);
}

#[tokio::test]
async fn what_is_kept_for_ever_is_not_deleted() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    fill(&stage, &tenant, &ADA).await;
    let mut settings = Settings::default();
    settings.retention.events_days = 0;
    settings.retention.notes_days = 30;
    let mut tx = tenant.begin().await.unwrap();
    tx.apply_settings(&settings).await.unwrap();
    tx.commit().await.unwrap();

    let later = Timestamp::now() + SignedDuration::from_hours(24 * 36500);
    while tenant.sweep(later).await.unwrap().deleted > 0 {}

    assert!(stage.count("select count(*) from events").await > 0);
    assert_eq!(stage.count("select count(*) from notes").await, 0);
}

#[tokio::test]
async fn a_call_goes_in_its_time_though_what_was_read_of_it_stays() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    fill(&stage, &tenant, &ADA).await;
    let mut settings = Settings::default();
    settings.retention.conversations_days = 0;
    settings.retention.calls_days = 30;
    let mut tx = tenant.begin().await.unwrap();
    tx.apply_settings(&settings).await.unwrap();
    tx.commit().await.unwrap();
    let of_calls = "select count(*) from extractions where call_id is not null";
    assert_eq!(stage.count(of_calls).await, 1);
    let all = stage.count("select count(*) from extractions").await;

    let later = Timestamp::now() + SignedDuration::from_hours(24 * 3650);
    while tenant.sweep(later).await.unwrap().deleted > 0 {}

    assert_eq!(stage.count("select count(*) from calls").await, 0);
    assert_eq!(stage.count(of_calls).await, 0);
    assert_eq!(stage.count("select count(*) from extractions").await, all);
}

#[tokio::test]
async fn the_first_to_say_that_a_check_arrived_counts() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let mut tx = tenant.begin().await.unwrap();
    tx.lock_line_check(at(NOW)).await.unwrap();
    let code = Code::of(tenant.id(), at(NOW));
    let minutes = |count| at(NOW) + SignedDuration::from_mins(count);
    tx.line_check_arrived(&code, minutes(1), "webhook")
        .await
        .unwrap();
    tx.line_check_arrived(&code, minutes(2), "asking")
        .await
        .unwrap();
    let row = tx.lock_line_check(at(NOW)).await.unwrap();
    assert_eq!(row.facts.arrived_at, Some(minutes(1)));
}
