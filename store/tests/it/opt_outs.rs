//! A wish not to be called reaches every number of a person, whatever becomes of contacts and numbers (RULE-2).

mod life;

use domain::{
    crm::RecordId,
    ids::{AppointmentId, ContactId},
    text::Choice,
};
use jiff::SignedDuration;
use store::{ContactChange, CrmTask, NewAppointment, TenantStore, TenantTx, Wake};

use crate::{
    harness::{NOW, Stage, appointment, appointment_id, at, connect_crm, import, stage},
    person::erase,
};

const FIRST: &str = "+447700900123";
const SECOND: &str = "+447700900124";
const THIRD: &str = "+447700900125";

/// Ada, with her appointment and a second number.
async fn ada(stage: &Stage) -> (TenantStore, ContactId, AppointmentId) {
    let tenant = stage.tenant("clinic").await;
    import(&tenant, &[appointment("A1")]).await;
    let id = appointment_id(&tenant, "A1").await;
    let ada = owner(stage, id).await;
    change(&tenant, ada, mobile(Some(SECOND))).await;
    waits(&tenant, id).await;
    stage.drain().await;
    (tenant, ada, id)
}

async fn owner(stage: &Stage, appointment: AppointmentId) -> ContactId {
    let id = sqlx::query_scalar("select contact_id from appointments where id = $1")
        .bind(appointment.uuid())
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    ContactId::from_uuid(id)
}

/// The reminder has begun and is not over.
async fn waits(tenant: &TenantStore, appointment: AppointmentId) {
    let mut tx = tenant.begin().await.unwrap();
    tx.defer_reminder(appointment, None).await.unwrap();
    tx.commit().await.unwrap();
}

fn number(e164: Option<&str>) -> ContactChange {
    ContactChange {
        e164: Some(e164.map(str::to_owned)),
        ..ContactChange::default()
    }
}

fn mobile(e164: Option<&str>) -> ContactChange {
    ContactChange {
        mobile: Some(e164.map(str::to_owned)),
        ..ContactChange::default()
    }
}

fn of(external_id: &str, name: &str, e164: Option<&str>) -> NewAppointment {
    let mut row = appointment(external_id);
    row.contact.name = name.to_owned();
    row.contact.e164 = e164.map(str::to_owned);
    row
}

async fn change(tenant: &TenantStore, contact: ContactId, change: ContactChange) {
    let mut tx = tenant.begin().await.unwrap();
    tx.change_contact(contact, &change, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn opt_out(tenant: &TenantStore, e164: &str, source: &str) {
    let mut tx = tenant.begin().await.unwrap();
    tx.opt_out(e164, source).await.unwrap();
    tx.commit().await.unwrap();
}

async fn says(tenant: &TenantStore, e164: &str, minutes: i64, opted_out: bool) {
    let at = at(NOW) + SignedDuration::from_mins(minutes);
    let mut tx = tenant.begin().await.unwrap();
    let choice = Choice { at, opted_out };
    tx.text_choice(e164, choice).await.unwrap();
    tx.commit().await.unwrap();
}

/// Whether the gate before the dial is shut for the wish of the person.
async fn is_quiet(tenant: &TenantStore, appointment: AppointmentId) -> bool {
    let mut tx = tenant.begin().await.unwrap();
    let row = tx.lock_reminder(appointment, at(NOW)).await.unwrap();
    row.unwrap().facts.contact.opted_out
}

async fn takes_texts(tenant: &TenantStore, e164: &str) -> bool {
    let mut tx = tenant.begin().await.unwrap();
    let consent = tx.text_consent(e164).await.unwrap();
    consent.opted_out_since().is_none()
}

#[tokio::test]
async fn a_word_from_the_second_number_stops_calls_and_texts_to_the_first_at_once() {
    let stage = stage().await;
    let (tenant, _, a1) = ada(&stage).await;
    opt_out(&tenant, SECOND, "call").await;
    assert!(is_quiet(&tenant, a1).await);
    assert!(!takes_texts(&tenant, FIRST).await);
    assert_eq!(stage.drain().await, [Wake::Reminder(tenant.id(), a1)]);
}

#[tokio::test]
async fn a_person_who_says_stop_on_anothers_phone_is_stopped_on_all_numbers_and_on_that_phone() {
    let stage = stage().await;
    let (tenant, ada, a1) = ada(&stage).await;
    import(&tenant, &[of("B1", "Bob Baker", Some(THIRD))]).await;
    let b1 = appointment_id(&tenant, "B1").await;
    let mut tx = tenant.begin().await.unwrap();
    tx.wants_no_calls(Some(ada), Some(THIRD), "call")
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert!(is_quiet(&tenant, a1).await && is_quiet(&tenant, b1).await);
    let numbers: Vec<String> = sqlx::query_scalar("select e164 from opt_outs order by 1")
        .fetch_all(&stage.pool)
        .await
        .unwrap();
    assert_eq!(numbers, [FIRST, SECOND, THIRD]);
}

#[tokio::test]
async fn a_merge_joins_wishes_and_its_undo_parts_them() {
    let stage = stage().await;
    let (tenant, ada, a1) = ada(&stage).await;
    import(&tenant, &[of("A2", "A. Archer", Some(THIRD))]).await;
    let a2 = appointment_id(&tenant, "A2").await;
    let gone = owner(&stage, a2).await;
    opt_out(&tenant, THIRD, "operator").await;
    assert!(!is_quiet(&tenant, a1).await && is_quiet(&tenant, a2).await);
    stage.drain().await;

    let mut tx = tenant.begin().await.unwrap();
    let merge = tx.merge_contacts(ada, gone, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_quiet(&tenant, a1).await && is_quiet(&tenant, a2).await);
    assert!(!takes_texts(&tenant, FIRST).await);
    let a1_looks_again = Wake::Reminder(tenant.id(), a1);
    assert!(stage.drain().await.contains(&a1_looks_again));

    let mut tx = tenant.begin().await.unwrap();
    tx.undo_merge(merge.unwrap(), at(NOW))
        .await
        .unwrap()
        .unwrap();
    tx.commit().await.unwrap();
    assert!(!is_quiet(&tenant, a1).await && is_quiet(&tenant, a2).await);
}

#[tokio::test]
async fn a_source_takes_back_its_own_wish_only_and_nobodys_with_whom_a_number_is_shared() {
    let stage = stage().await;
    let (tenant, ada, a1) = ada(&stage).await;
    let wishes = async |contact, quiet| {
        let mut tx = tenant.begin().await.unwrap();
        tx.crm_wishes(contact, quiet).await.unwrap();
        tx.commit().await.unwrap();
    };
    wishes(ada, true).await;
    opt_out(&tenant, SECOND, "call").await;
    wishes(ada, false).await;
    assert!(is_quiet(&tenant, a1).await, "it was heard in a call too");

    sqlx::query("delete from opt_outs where source = 'call'")
        .execute(&stage.pool)
        .await
        .unwrap();
    assert!(!is_quiet(&tenant, a1).await);
    import(&tenant, &[of("B1", "Bob Baker", Some(FIRST))]).await;
    wishes(ada, true).await;
    wishes(ada, false).await;
    assert!(is_quiet(&tenant, appointment_id(&tenant, "B1").await).await);
    assert_eq!(stage.count("select count(*) from opt_outs").await, 1);
}

#[tokio::test]
async fn a_word_by_text_goes_with_the_person_to_another_number_and_is_taken_back_there() {
    let stage = stage().await;
    let (tenant, ada, a1) = ada(&stage).await;
    says(&tenant, FIRST, 1, true).await;
    change(&tenant, ada, number(Some(THIRD))).await;
    assert!(is_quiet(&tenant, a1).await);
    assert!(!takes_texts(&tenant, THIRD).await);
    says(&tenant, THIRD, 2, false).await;
    assert!(!is_quiet(&tenant, a1).await);
    assert!(takes_texts(&tenant, THIRD).await);
}

#[tokio::test]
async fn a_wish_waits_for_the_number_of_somebody_who_has_none() {
    let stage = stage().await;
    let (tenant, ada, a1) = ada(&stage).await;
    opt_out(&tenant, FIRST, "call").await;
    for gone in [number(None), mobile(None)] {
        change(&tenant, ada, gone).await;
    }
    change(&tenant, ada, number(Some(THIRD))).await;
    assert!(is_quiet(&tenant, a1).await);
    assert!(!takes_texts(&tenant, THIRD).await);

    // The CRM may say so before it names a number.
    let mut nobody = of("C1", "Cleo Carter", None);
    nobody.contact.email = Some("cleo@example.com".to_owned());
    import(&tenant, &[nobody]).await;
    let c1 = appointment_id(&tenant, "C1").await;
    let cleo = owner(&stage, c1).await;
    let mut tx = tenant.begin().await.unwrap();
    tx.crm_wishes(cleo, true).await.unwrap();
    tx.commit().await.unwrap();
    change(&tenant, cleo, mobile(Some("+447700900126"))).await;
    assert!(is_quiet(&tenant, c1).await);
}

#[tokio::test]
async fn the_file_of_the_next_night_undoes_nothing_that_was_changed_since() {
    let stage = stage().await;
    let (tenant, ada, a1) = ada(&stage).await;
    let told = |email: &str| {
        let mut row = appointment("A1");
        row.contact.email = Some(email.to_owned());
        row
    };
    import(&tenant, &[told("ada@example.com")]).await;
    let mut changed = number(Some(THIRD));
    changed.name = Some("Ada Baker".to_owned());
    changed.email = Some(Some("baker@example.com".to_owned()));
    change(&tenant, ada, changed).await;
    let now = async || {
        let mut tx = tenant.begin().await.unwrap();
        let row = tx.lock_contact(ada).await.unwrap().unwrap();
        (row.name, row.email.unwrap(), row.e164.unwrap())
    };
    let expected = |email: &str| ("Ada Baker".to_owned(), email.to_owned(), THIRD.to_owned());

    let again = import(&tenant, &[told("ada@example.com")]).await;
    assert_eq!(again.unchanged, 1);
    assert_eq!(now().await, expected("baker@example.com"));
    import(&tenant, &[told("new@example.com")]).await;
    assert_eq!(now().await, expected("new@example.com"), "that is news");
    assert_eq!(owner(&stage, a1).await, ada);
}

#[tokio::test]
async fn a_number_that_the_file_corrects_is_not_called_either() {
    let stage = stage().await;
    let (tenant, ada, a1) = ada(&stage).await;
    opt_out(&tenant, SECOND, "call").await;
    import(&tenant, &[of("A1", "ada archer ", Some(THIRD))]).await;
    assert_ne!(owner(&stage, a1).await, ada);
    assert!(is_quiet(&tenant, a1).await);
    // Somebody else who takes over the appointment said nothing.
    import(&tenant, &[of("A1", "Bob Baker", Some("+447700900126"))]).await;
    assert!(!is_quiet(&tenant, a1).await);
}

/// With a CRM.
async fn connected(stage: &Stage) -> (TenantStore, ContactId, AppointmentId) {
    let (tenant, ada, a1) = ada(stage).await;
    connect_crm(&tenant).await;
    let mut tx = tenant.begin().await.unwrap();
    tx.crm_contacts_changed(&[ada], at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    (tenant, ada, a1)
}

async fn contacts_to_compare(tenant: &TenantStore) -> Vec<ContactId> {
    let mut tx = tenant.begin().await.unwrap();
    let soon = at(NOW) + SignedDuration::from_hours(24 * 3650);
    let mut found = Vec::new();
    for work in tx.crm_due(soon, 100).await.unwrap() {
        if let CrmTask::Contact(contact) = work.task {
            found.push(contact);
        }
        tx.crm_done(&work).await.unwrap();
    }
    tx.commit().await.unwrap();
    found
}

async fn told_not_to_call(tx: &mut TenantTx, contact: ContactId) -> bool {
    let known = tx.lock_crm_contact(contact).await.unwrap();
    known.unwrap().told.do_not_call
}

#[tokio::test]
async fn the_crm_hears_of_a_word_from_any_number_and_is_heard_about_who_was_merged_away() {
    let stage = stage().await;
    let (tenant, ada, a1) = connected(&stage).await;
    import(&tenant, &[of("A2", "A. Archer", Some(THIRD))]).await;
    let gone = owner(&stage, appointment_id(&tenant, "A2").await).await;
    let record: RecordId = "4876876000000123".parse().unwrap();
    let mut tx = tenant.begin().await.unwrap();
    assert!(tx.crm_link(gone, &record, at(NOW)).await.unwrap());
    let merge = tx.merge_contacts(ada, gone, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    contacts_to_compare(&tenant).await;

    let mut tx = tenant.begin().await.unwrap();
    tx.crm_wishes(gone, true).await.unwrap();
    assert!(told_not_to_call(&mut tx, ada).await);
    tx.commit().await.unwrap();
    assert!(is_quiet(&tenant, a1).await);
    assert_eq!(
        contacts_to_compare(&tenant).await,
        [ada],
        "the other told so"
    );

    let mut tx = tenant.begin().await.unwrap();
    tx.undo_merge(merge.unwrap(), at(NOW))
        .await
        .unwrap()
        .unwrap();
    tx.crm_wishes(gone, false).await.unwrap();
    tx.crm_wishes(ada, false).await.unwrap();
    assert!(!told_not_to_call(&mut tx, ada).await);
    tx.opt_out(SECOND, "call").await.unwrap();
    assert!(told_not_to_call(&mut tx, ada).await);
}

#[tokio::test]
async fn nobody_is_made_at_the_crm_who_was_erased_or_merged_away() {
    let stage = stage().await;
    let (tenant, ada, _) = connected(&stage).await;
    import(&tenant, &[of("A2", "A. Archer", Some(THIRD))]).await;
    import(&tenant, &[of("B1", "Bob Baker", Some("+447700900126"))]).await;
    let gone = owner(&stage, appointment_id(&tenant, "A2").await).await;
    let bob = owner(&stage, appointment_id(&tenant, "B1").await).await;
    let mut tx = tenant.begin().await.unwrap();
    let merged = tx.merge_contacts(ada, gone, at(NOW)).await.unwrap();
    merged.unwrap();
    tx.commit().await.unwrap();
    erase(&tenant, bob).await;
    contacts_to_compare(&tenant).await;

    let mut tx = tenant.begin().await.unwrap();
    tx.crm_queue_unlinked(at(NOW)).await.unwrap();
    tx.crm_contacts_changed(&[gone, bob], at(NOW))
        .await
        .unwrap();
    assert!(tx.lock_crm_contact(bob).await.unwrap().is_none());
    tx.commit().await.unwrap();
    assert_eq!(contacts_to_compare(&tenant).await, [ada]);
}

#[tokio::test]
async fn of_somebody_erased_no_number_is_called_whichever_said_so() {
    let stage = stage().await;
    let (tenant, ada, _) = ada(&stage).await;
    opt_out(&tenant, FIRST, "call").await;
    erase(&tenant, ada).await;
    import(&tenant, &[of("A9", "Ada Archer", Some(SECOND))]).await;
    assert!(is_quiet(&tenant, appointment_id(&tenant, "A9").await).await);
}

/// Ada is erased, and comes again with the next file.
async fn erased_and_back(stage: &Stage) -> (TenantStore, AppointmentId) {
    let (tenant, ada, _) = ada(stage).await;
    erase(&tenant, ada).await;
    import(&tenant, &[of("A9", "Ada Archer", Some(FIRST))]).await;
    let a9 = appointment_id(&tenant, "A9").await;
    (tenant, a9)
}

#[tokio::test]
async fn a_word_by_text_that_comes_after_the_erasure_stops_calls_and_texts_and_names_nobody() {
    let stage = stage().await;
    let (tenant, a9) = erased_and_back(&stage).await;
    assert!(!is_quiet(&tenant, a9).await && takes_texts(&tenant, FIRST).await);
    let mut tx = tenant.begin().await.unwrap();
    tx.mark_opt_out(FIRST).await.unwrap();
    tx.mark_opt_out(FIRST).await.unwrap();
    tx.commit().await.unwrap();
    assert!(is_quiet(&tenant, a9).await && !takes_texts(&tenant, FIRST).await);
    assert_eq!(stage.count("select count(*) from opt_outs").await, 0);
    assert_eq!(stage.count("select count(*) from text_choices").await, 0);
}

#[tokio::test]
async fn a_wish_of_somebody_erased_goes_with_them_when_the_file_corrects_their_number() {
    let stage = stage().await;
    let (tenant, a9) = erased_and_back(&stage).await;
    let mut tx = tenant.begin().await.unwrap();
    tx.mark_opt_out(FIRST).await.unwrap();
    tx.commit().await.unwrap();
    // Somebody else who takes over the appointment said nothing.
    import(&tenant, &[of("A9", "Bob Baker", Some(SECOND))]).await;
    assert!(!is_quiet(&tenant, a9).await);
    import(&tenant, &[of("A9", "Ada Archer", Some(FIRST))]).await;

    import(&tenant, &[of("A9", "Ada Archer", Some(THIRD))]).await;

    assert!(is_quiet(&tenant, a9).await);
    assert!(!takes_texts(&tenant, THIRD).await);
    assert!(takes_texts(&tenant, SECOND).await);
}
