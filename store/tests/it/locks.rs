//! Rows are locked in one order: whoever meets whom, nobody ends in a deadlock.

mod wishes;

use std::future::Future;

use domain::{
    ids::{CallId, ContactId},
    phone::PhoneNumber,
    settings::Settings,
    text::{Choice, Entry, Number},
};
use jiff::SignedDuration;
use store::{ContactChange, Error, TABLES, TenantStore};

use crate::harness::{
    NOW, Stage, appointment, appointment_id, at, authorize, import, place, stage,
};

const ROUNDS: i64 = 40;
const ADA: &str = "+447700900123";

/// Both at once, neither of which may fail.
async fn meet<A, B>(what: &str, round: i64, one: A, other: B)
where
    A: Future<Output = Result<(), Error>>,
    B: Future<Output = Result<(), Error>>,
{
    let (one, other) = tokio::join!(one, other);
    for (side, ended) in [("one", one), ("the other", other)] {
        assert!(ended.is_ok(), "{what}, round {round}, {side}: {ended:?}");
    }
}

async fn person(stage: &Stage, tenant: &TenantStore, external_id: &str, e164: &str) -> ContactId {
    let mut booked = appointment(external_id);
    booked.contact.name = format!("Ada {external_id}");
    booked.contact.e164 = Some(e164.to_owned());
    import(tenant, &[booked]).await;
    let id = sqlx::query_scalar(
        "select id from contacts where tenant_id = $1 and e164 = $2 order by id desc limit 1",
    )
    .bind(tenant.id().uuid())
    .bind(e164)
    .fetch_one(&stage.pool)
    .await
    .unwrap();
    ContactId::from_uuid(id)
}

/// What a comparison with the CRM takes from a record that says: do not call.
async fn takes(tenant: TenantStore, contact: ContactId, round: i64) -> Result<(), Error> {
    let mut tx = tenant.begin().await?;
    tx.lock_crm_contact(contact).await?;
    let change = ContactChange {
        email: Some(Some(format!("ada{round}@example.com"))),
        ..ContactChange::default()
    };
    tx.change_contact_from_crm(contact, &change, at(NOW))
        .await?;
    tx.crm_wishes(contact, true).await?;
    tx.commit().await
}

async fn says_stop(tenant: TenantStore, round: i64) -> Result<(), Error> {
    let choice = Choice {
        at: at(NOW) + SignedDuration::from_mins(round),
        opted_out: true,
    };
    let mut tx = tenant.begin().await?;
    tx.text_choice(ADA, choice).await?;
    tx.commit().await
}

#[tokio::test]
async fn a_record_that_is_taken_from_the_crm_meets_a_text_that_says_stop() {
    let stage = stage().await;
    let tenant = stage.tenant_with_crm("clinic").await;
    let ada = person(&stage, &tenant, "A1", ADA).await;
    for round in 0..ROUNDS {
        sqlx::query("delete from opt_outs")
            .execute(&stage.pool)
            .await
            .unwrap();
        let one = takes(tenant.clone(), ada, round);
        meet(
            "taken and stopped",
            round,
            one,
            says_stop(tenant.clone(), round),
        )
        .await;
        // Each source has a wish of its own.
        assert_eq!(stage.count("select count(*) from opt_outs").await, 2);
    }
}

/// As a call's process takes what was heard: its appointment, the call, the wish.
async fn ends(tenant: TenantStore, call: CallId, e164: String) -> Result<(), Error> {
    let mut tx = tenant.begin().await?;
    tx.lock_call(call).await?;
    tx.opt_out(&e164, "call").await?;
    tx.answer_not_applied(call).await?;
    tx.commit().await
}

async fn erased(tenant: TenantStore, contact: ContactId) -> Result<(), Error> {
    let mut tx = tenant.begin().await?;
    let person = tx.person(Some(contact), None).await?;
    drop(tx);
    tenant.erase(&person, at(NOW), |_| {}).await?;
    Ok(())
}

#[tokio::test]
async fn an_erasure_meets_the_end_of_a_call() {
    let stage = stage().await;
    let tenant = stage.tenant_with_crm("clinic").await;
    for round in 0..ROUNDS {
        let e164 = format!("+4477009{:05}", 100 + round);
        let external_id = format!("A{round}");
        let ada = person(&stage, &tenant, &external_id, &e164).await;
        let call = authorize(&tenant, appointment_id(&tenant, &external_id).await).await;
        place(&tenant, call, &format!("call_{round}")).await;
        sqlx::query("update calls set outcome = 'confirmed', e164 = $1 where id = $2")
            .bind(&e164)
            .bind(call.uuid())
            .execute(&stage.pool)
            .await
            .unwrap();
        let one = erased(tenant.clone(), ada);
        meet(
            "erased and ended",
            round,
            one,
            ends(tenant.clone(), call, e164),
        )
        .await;
    }
}

/// As a reminder is authorized: its appointment, the tenant.
async fn authorized(tenant: TenantStore) -> Result<(), Error> {
    let mut tx = tenant.begin().await?;
    // An erased appointment has another id.
    let Some(id) = tx.appointment_by_external_id("A1").await? else {
        return Ok(());
    };
    tx.lock_reminder(id, at(NOW)).await?;
    tx.lock_gates(id, ADA, at(NOW), at(NOW)).await?;
    tx.commit().await
}

#[tokio::test]
async fn the_first_mark_of_a_wish_meets_an_authorization() {
    let stage = stage().await;
    for round in 0..ROUNDS {
        let tenant = stage.tenant(&format!("clinic-{round}")).await;
        let ada = person(&stage, &tenant, "A1", ADA).await;
        let mut tx = tenant.begin().await.unwrap();
        tx.opt_out(ADA, "call").await.unwrap();
        tx.commit().await.unwrap();
        let one = erased(tenant.clone(), ada);
        meet(
            "marked and authorized",
            round,
            one,
            authorized(tenant.clone()),
        )
        .await;
    }
}

/// As an event of a line is heard: the conversation, then what is to be done.
async fn hears(tenant: TenantStore, id: String, e164: String) -> Result<(), Error> {
    let mut heard = Entry::call(&id);
    heard.parties.person = PhoneNumber::from_e164(&e164).ok().map(Number::Dialable);
    let mut tx = tenant.begin().await?;
    tx.before_erasures().await?;
    tx.join_entry(heard, at(NOW), &Settings::default()).await?;
    tx.follow_up_facts(&e164, Some(&e164), None, at(NOW))
        .await?;
    tx.commit().await
}

async fn merged(tenant: TenantStore, kept: ContactId, gone: ContactId) -> Result<(), Error> {
    let mut tx = tenant.begin().await?;
    let merge = tx.merge_contacts(kept, gone, at(NOW)).await?.unwrap();
    tx.commit().await?;
    let mut tx = tenant.begin().await?;
    tx.undo_merge(merge, at(NOW)).await?.unwrap();
    tx.commit().await
}

#[tokio::test]
async fn a_merge_and_an_erasure_meet_what_is_heard_of_the_person() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let kept = person(&stage, &tenant, "A1", ADA).await;
    for round in 0..ROUNDS {
        let e164 = format!("+4477009{:05}", 100 + round);
        let gone = person(&stage, &tenant, &format!("B{round}"), &e164).await;
        let id = format!("AC{round}");
        hears(tenant.clone(), id.clone(), e164.clone())
            .await
            .unwrap();
        let again = || hears(tenant.clone(), id.clone(), e164.clone());
        let one = merged(tenant.clone(), kept, gone);
        meet("merged and heard", round, one, again()).await;
        let one = erased(tenant.clone(), gone);
        meet("erased and heard", round, one, again()).await;
    }
}

/// Whoever adds a table of which something is erased says where in the order it stands.
#[tokio::test]
async fn every_table_of_which_something_is_erased_has_its_place_in_the_order() {
    let placed = store::locked_tables();
    for table in TABLES
        .iter()
        .filter(|each| each.erase != store::Erase::Nothing)
    {
        let places = placed.iter().filter(|name| **name == table.name).count();
        assert_eq!(
            places, 1,
            "{}: add a line to store/src/locks.rs",
            table.name
        );
    }
}
