//! Calls that come in, and whom they are taken to come from.

use domain::{inbound::Line, settings::Settings};
use store::{Arrived, TenantStore};

use crate::harness::{NOW, Stage, appointment, at, import, stage};

/// A tenant with a CRM, and a contact whose number is +447700900123.
async fn clinic(stage: &Stage) -> TenantStore {
    let tenant = stage.tenant_with_crm("ours").await;
    import(&tenant, &[appointment("A1")]).await;
    tenant
}

async fn calls(tenant: &TenantStore, id: &str, from: &str, line: Line) {
    let mut tx = tenant.begin().await.unwrap();
    let caller = tx.recognise(Some(from), &Settings::default()).await;
    let arrived = Arrived {
        provider: "retell",
        provider_call_id: id,
        caller: &caller.unwrap(),
        line,
        to_number: Some("+4420\0 7946 0000"),
        was_asked_about: false,
    };
    let arrival = tx.call_arrived(&arrived, at(NOW)).await.unwrap();
    tx.after_arrival(arrival, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
}

/// Those whom the CRM is asked about.
async fn asked_about(stage: &Stage) -> Vec<String> {
    sqlx::query_scalar("select key from crm_queue where kind = 'number' order by 1")
        .fetch_all(&stage.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn on_a_line_that_is_not_ours_nobody_is_taken_for_somebody() {
    let stage = stage().await;
    let tenant = clinic(&stage).await;
    for (id, line) in [
        ("c1", Line::UnknownNumber),
        ("c2", Line::UnknownAgent),
        ("c3", Line::Ours),
    ] {
        calls(&tenant, id, "+447700900123", line).await;
    }
    let taken: Vec<String> =
        sqlx::query_scalar("select provider_call_id from calls where contact_id is not null")
            .fetch_all(&stage.pool)
            .await
            .unwrap();
    assert_eq!(taken, ["c3"]);
}

#[tokio::test]
async fn somebody_is_told_of_a_line_that_is_not_ours_once_for_each_call() {
    let stage = stage().await;
    let tenant = clinic(&stage).await;
    for (id, line) in [
        ("c1", Line::UnknownNumber),
        ("c1", Line::UnknownNumber),
        ("c2", Line::UnknownAgent),
        ("c3", Line::Ours),
    ] {
        calls(&tenant, id, "+447700900123", line).await;
    }
    let told: Vec<(String, String, i64)> = sqlx::query_as(
        "select cause, about, (facts ->> 'count')::bigint from alerts order by about",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    let one = |line: &str| ("unknown_caller".to_owned(), line.to_owned(), 1);
    assert_eq!(told, [one("unknown_agent"), one("unknown_number")]);
}

#[tokio::test]
async fn the_crm_is_asked_about_an_unknown_caller_on_our_line_whatever_told_of_the_call() {
    let stage = stage().await;
    let tenant = clinic(&stage).await;
    calls(&tenant, "c1", "+447700900123", Line::Ours).await;
    calls(&tenant, "c2", "+447700900998", Line::UnknownNumber).await;
    calls(&tenant, "c3", "anonymous", Line::Ours).await;
    assert!(asked_about(&stage).await.is_empty());

    for _ in 0..2 {
        calls(&tenant, "c4", "+447700900999", Line::Ours).await;
    }

    assert_eq!(asked_about(&stage).await, ["+447700900999"]);
}
