//! What counts as a change for the CRM, and what one changes here.

use domain::{
    call::CallOutcome,
    crm::{Failure, Field, Pair, Question, RecordId, Why},
    ids::{CallId, ContactId},
    inbound::Line,
    settings::Settings,
};
use jiff::SignedDuration;
use store::{Arrived, ContactChange, CrmTask, CrmTrouble, CrmWork, TenantStore};

use crate::harness::{NOW, Stage, appointment, at, import, stage};

/// A tenant with a CRM, and a contact who is queued for it.
async fn connected(stage: &Stage) -> (TenantStore, ContactId) {
    let tenant = stage.tenant_with_crm("ours").await;
    import(&tenant, &[appointment("A1")]).await;
    let id = sqlx::query_scalar("select id from contacts")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    (tenant, ContactId::from_uuid(id))
}

async fn due(tenant: &TenantStore) -> Vec<CrmWork> {
    let mut tx = tenant.begin().await.unwrap();
    let soon = at(NOW) + SignedDuration::from_hours(1);
    tx.crm_due(soon, 100).await.unwrap()
}

async fn done(tenant: &TenantStore) {
    let mut tx = tenant.begin().await.unwrap();
    let soon = at(NOW) + SignedDuration::from_hours(1);
    for work in tx.crm_due(soon, 100).await.unwrap() {
        tx.crm_done(&work).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn email(text: &str) -> ContactChange {
    ContactChange {
        email: Some(Some(text.to_owned())),
        ..ContactChange::default()
    }
}

#[tokio::test]
async fn without_a_crm_nothing_is_noted_for_one() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    import(&tenant, &[appointment("A1")]).await;
    assert_eq!(stage.count("select count(*) from crm_queue").await, 0);
    assert_eq!(stage.count("select count(*) from crm_links").await, 0);
}

#[tokio::test]
async fn only_a_contact_that_differs_from_what_was_seen_is_to_be_compared() {
    let stage = stage().await;
    let (tenant, contact) = connected(&stage).await;
    let [work] = &due(&tenant).await[..] else {
        panic!("one contact is queued");
    };
    assert!(work.task == CrmTask::Contact(contact));
    done(&tenant).await;

    // The same file again.
    import(&tenant, &[appointment("A1")]).await;
    assert!(due(&tenant).await.is_empty());

    let mut tx = tenant.begin().await.unwrap();
    tx.change_contact_from_crm(contact, &email("theirs@example.com"), at(NOW))
        .await
        .unwrap();
    tx.crm_contacts_changed(&[contact], at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    assert!(
        due(&tenant).await.is_empty(),
        "what the CRM told is no news to it"
    );

    let mut tx = tenant.begin().await.unwrap();
    tx.change_contact(contact, &email("ours@example.com"), at(NOW))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due(&tenant).await.len(), 1);
    let mut tx = tenant.begin().await.unwrap();
    let known = tx.lock_crm_contact(contact).await.unwrap().unwrap();
    assert_eq!(known.changed_at.get("email"), Some(&at(NOW)));
    assert_eq!(known.changed_at.get("name"), None);
}

#[tokio::test]
async fn what_changes_while_it_is_compared_is_compared_again() {
    let stage = stage().await;
    let (tenant, contact) = connected(&stage).await;
    let work = due(&tenant).await.remove(0);
    let mut tx = tenant.begin().await.unwrap();
    tx.change_contact(contact, &email("ours@example.com"), at(NOW))
        .await
        .unwrap();
    tx.crm_done(&work).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(due(&tenant).await.len(), 1);
    done(&tenant).await;
    assert!(due(&tenant).await.is_empty());
}

#[tokio::test]
async fn of_a_call_the_record_that_was_written_is_known_and_whether_there_is_news() {
    let stage = stage().await;
    let (tenant, contact) = connected(&stage).await;
    done(&tenant).await;
    let call = a_call(&stage, &tenant).await;
    assert!(
        due(&tenant).await.is_empty(),
        "it is not over, and nothing is told of it"
    );
    let mut tx = tenant.begin().await.unwrap();
    tx.finish_call(call, CallOutcome::Confirmed, at(NOW), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let [work] = &due(&tenant).await[..] else {
        panic!("the call is to be written");
    };
    assert!(work.task == CrmTask::Call(call));
    let record: RecordId = "4876876000000123".parse().unwrap();
    let mut tx = tenant.begin().await.unwrap();
    tx.crm_written(&work.task, &record).await.unwrap();
    tx.crm_done(work).await.unwrap();
    tx.commit().await.unwrap();

    for (summary, is_told) in [("Will come.", true), ("Will come.", false)] {
        let mut tx = tenant.begin().await.unwrap();
        let mut row = tx.lock_call(call).await.unwrap().unwrap();
        row.facts.view.summary = Some(summary.to_owned());
        assert_eq!(tx.call_seen(&row, at(NOW)).await.unwrap(), is_told);
        tx.crm_call_finished(call, at(NOW)).await.unwrap();
        tx.commit().await.unwrap();
        done(&tenant).await;
    }
    let mut tx = tenant.begin().await.unwrap();
    let told = tx.call_for_crm(call).await.unwrap().unwrap();
    assert_eq!(told.contact, Some(contact));
    assert_eq!(told.summary.as_deref(), Some("Will come."));
    assert!(told.record == Some(record));
}

/// A call that comes in from the contact.
async fn a_call(stage: &Stage, tenant: &TenantStore) -> CallId {
    let mut tx = tenant.begin().await.unwrap();
    let from = Some("+447700900123");
    let caller = tx.recognise(from, &Settings::default()).await.unwrap();
    let arrived = Arrived {
        provider: "retell",
        provider_call_id: "call_1",
        caller: &caller,
        line: Line::Ours,
        to_number: None,
        was_asked_about: false,
    };
    let arrival = tx.call_arrived(&arrived, at(NOW)).await.unwrap();
    tx.after_arrival(arrival, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    let id = sqlx::query_scalar("select id from calls")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    CallId::from_uuid(id)
}

#[tokio::test]
async fn a_new_number_plans_the_reminder_anew_and_stays_uncalled_if_the_old_one_was() {
    let stage = stage().await;
    let (tenant, contact) = connected(&stage).await;
    let mut tx = tenant.begin().await.unwrap();
    tx.opt_out("+447700900123", "call").await.unwrap();
    tx.change_contact(
        contact,
        &ContactChange {
            e164: Some(Some("+447700900124".to_owned())),
            ..ContactChange::default()
        },
        at(NOW),
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    let quiet = "select count(*) from opt_outs where e164 = '+447700900124' and source = 'call'";
    assert_eq!(stage.count(quiet).await, 1);
    let anew = "select count(*) from appointments where version = 2";
    assert_eq!(stage.count(anew).await, 1);
}

#[tokio::test]
async fn a_record_is_one_contacts_only_and_what_waited_for_it_goes_on() {
    let stage = stage().await;
    let (tenant, contact) = connected(&stage).await;
    let mut other = appointment("A2");
    other.contact.e164 = Some("+447700900125".to_owned());
    import(&tenant, &[other]).await;
    let id: uuid::Uuid = sqlx::query_scalar("select id from contacts where e164 = '+447700900125'")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    let second = ContactId::from_uuid(id);
    let record: RecordId = "4876876000000123".parse().unwrap();
    let mut tx = tenant.begin().await.unwrap();
    assert!(tx.crm_link(contact, &record, at(NOW)).await.unwrap());
    assert!(
        tx.crm_link(contact, &record, at(NOW)).await.unwrap(),
        "again"
    );
    assert!(!tx.crm_link(second, &record, at(NOW)).await.unwrap());
    assert_eq!(tx.crm_contact_of(&record).await.unwrap(), Some(contact));
    let question = Question {
        field: Field::Email,
        about: Pair::default(),
        why: Why::BothChanged,
    };
    tx.crm_ask(contact, &[question], at(NOW)).await.unwrap();
    assert_eq!(tx.crm_conflicts(10).await.unwrap().len(), 1);
    tx.crm_unlink(contact, CrmTrouble::Gone).await.unwrap();
    assert!(tx.crm_conflicts(10).await.unwrap().is_empty());
    assert_eq!(tx.crm_unlinked(10).await.unwrap().len(), 1);
    assert!(tx.crm_link(second, &record, at(NOW)).await.unwrap());
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn who_has_a_record_again_is_compared_at_once() {
    let stage = stage().await;
    let (tenant, contact) = connected(&stage).await;
    let work = due(&tenant).await.remove(0);
    let later = at(NOW) + SignedDuration::from_hours(2);
    let record: RecordId = "4876876000000123".parse().unwrap();
    for (failure, is_due) in [(None, true), (Some(Failure::Unavailable), false)] {
        let mut tx = tenant.begin().await.unwrap();
        if let Some(failure) = failure {
            tx.crm_failed(&work, failure, at(NOW)).await.unwrap();
        }
        tx.crm_put_off(&work, Some(later)).await.unwrap();
        assert!(tx.crm_link(contact, &record, at(NOW)).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(due(&tenant).await.len(), usize::from(is_due), "{failure:?}");
    }
}
