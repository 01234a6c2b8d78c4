//! Wishes not to be called that others carry along meet those that people say.

use domain::{ids::ContactId, inbound::Line, settings::Settings};
use jiff::SignedDuration;
use store::{Arrived, CrmTask, CrmWork, Error, NewAppointment, TenantStore};

use super::{ADA, ROUNDS, meet, person, says_stop, takes};
use crate::harness::{NOW, Stage, appointment, at, import, stage};

const OTHER: &str = "+447700900125";

/// As a file is taken in that names other numbers for appointments.
async fn corrected(tenant: TenantStore, rows: Vec<NewAppointment>) -> Result<(), Error> {
    let mut tx = tenant.begin().await?;
    tx.upsert_appointments(at(NOW), &rows).await?;
    tx.commit().await
}

fn named(external_id: &str, name: &str, e164: &str, round: i64) -> NewAppointment {
    let mut row = appointment(external_id);
    row.contact.name = name.to_owned();
    row.contact.e164 = Some(e164.to_owned());
    row.contact.email = Some(format!("{external_id}-{round}@example.com"));
    row
}

#[tokio::test]
async fn a_file_that_corrects_a_number_meets_a_text_that_says_stop() {
    let stage = stage().await;
    let tenant = stage.tenant_with_crm("clinic").await;
    let mut tx = tenant.begin().await.unwrap();
    tx.opt_out(OTHER, "call").await.unwrap();
    tx.commit().await.unwrap();
    import(&tenant, &[named("A1", "Ada", ADA, -1)]).await;
    for round in 0..ROUNDS {
        import(&tenant, &[named("A1", "Ada", OTHER, round)]).await;
        sqlx::query("delete from opt_outs where e164 = $1")
            .bind(ADA)
            .execute(&stage.pool)
            .await
            .unwrap();
        let mut tx = tenant.begin().await.unwrap();
        let ada = tx.contacts_with_number(ADA).await.unwrap();
        tx.crm_contacts_changed(&ada, at(NOW)).await.unwrap();
        tx.commit().await.unwrap();
        let file = vec![named("A1", "Ada", ADA, round)];
        let one = corrected(tenant.clone(), file);
        let other = says_stop(tenant.clone(), round);
        meet("corrected and stopped", round, one, other).await;
    }
}

/// Ada, whom somebody without a number turned out to be. Answers with both.
async fn merged_without_number(stage: &Stage, tenant: &TenantStore) -> [ContactId; 2] {
    let mut gone = appointment("GONE");
    gone.contact.e164 = None;
    gone.contact.email = Some("ada@example.com".to_owned());
    import(tenant, &[gone]).await;
    import(tenant, &[named("A1", "Ada", ADA, 0)]).await;
    let ids = sqlx::query_scalar(
        "select id from contacts where e164 = $1 or email = $2 order by id desc",
    )
    .bind(ADA)
    .bind("ada@example.com")
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    let both: Vec<ContactId> = ids.into_iter().map(ContactId::from_uuid).collect();
    let [kept, gone] = both.try_into().unwrap();
    let mut tx = tenant.begin().await.unwrap();
    let merged = tx.merge_contacts(kept, gone, at(NOW)).await.unwrap();
    merged.unwrap();
    tx.commit().await.unwrap();
    [kept, gone]
}

async fn forget_wishes_without_number(stage: &Stage) {
    sqlx::query("update contacts set opted_out_as = '{}'")
        .execute(&stage.pool)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_file_that_corrects_a_number_meets_a_change_of_somebody_merged_who_has_none() {
    let stage = stage().await;
    let tenant = stage.tenant_with_crm("clinic").await;
    let [_, gone] = merged_without_number(&stage, &tenant).await;
    let mut tx = tenant.begin().await.unwrap();
    tx.opt_out(OTHER, "call").await.unwrap();
    tx.commit().await.unwrap();
    for round in 0..ROUNDS {
        import(&tenant, &[named("A1", "Ada", OTHER, round)]).await;
        forget_wishes_without_number(&stage).await;
        let file = vec![named("A1", "Ada", ADA, round)];
        let one = corrected(tenant.clone(), file);
        let other = takes(tenant.clone(), gone, round);
        meet("corrected and taken", round, one, other).await;
    }
}

#[tokio::test]
async fn records_of_two_who_were_merged_are_taken_from_the_crm_at_once() {
    let stage = stage().await;
    let tenant = stage.tenant_with_crm("clinic").await;
    let [kept, gone] = merged_without_number(&stage, &tenant).await;
    for round in 0..ROUNDS {
        forget_wishes_without_number(&stage).await;
        let one = takes(tenant.clone(), kept, round);
        let other = takes(tenant.clone(), gone, round);
        meet("one and the other taken", round, one, other).await;
    }
}

/// As the CRM is asked about an unknown caller, and knows them by another number.
async fn is_known(tenant: TenantStore, work: CrmWork, kept: ContactId) -> Result<(), Error> {
    let mut tx = tenant.begin().await?;
    tx.lock_contact_with_calls(kept, ADA).await?;
    tx.crm_done(&work).await?;
    tx.commit().await
}

/// As an unknown caller's first question is that not to be called.
async fn asks_for_quiet(tenant: TenantStore, id: String) -> Result<(), Error> {
    let mut tx = tenant.begin().await?;
    let caller = tx.recognise(Some(ADA), &Settings::default()).await?;
    let arrived = Arrived {
        provider: "retell",
        provider_call_id: &id,
        caller: &caller,
        line: Line::Ours,
        to_number: None,
        was_asked_about: false,
    };
    let arrival = tx.call_arrived(&arrived, at(NOW)).await?;
    tx.opt_out(ADA, "call").await?;
    tx.after_arrival(arrival, at(NOW)).await?;
    tx.commit().await
}

#[tokio::test]
async fn an_unknown_caller_who_opts_out_meets_the_answer_of_the_crm_about_them() {
    let stage = stage().await;
    let tenant = stage.tenant_with_crm("clinic").await;
    let bea = person(&stage, &tenant, "B1", OTHER).await;
    for round in 0..ROUNDS {
        asks_for_quiet(tenant.clone(), format!("first {round}"))
            .await
            .unwrap();
        let mut tx = tenant.begin().await.unwrap();
        let soon = at(NOW) + SignedDuration::from_hours(1);
        let due = tx.crm_due(soon, 100).await.unwrap();
        drop(tx);
        let number = CrmTask::Number(ADA.to_owned());
        let work = due.into_iter().find(|work| work.task == number).unwrap();
        let one = is_known(tenant.clone(), work, bea);
        let other = asks_for_quiet(tenant.clone(), format!("again {round}"));
        meet("known and asked", round, one, other).await;
    }
}
