//! Conversations, words that say who wants texts, passages that are read, and changes of contacts.

use domain::{
    call::Direction,
    ids::ContactId,
    phone::PhoneNumber,
    settings::Settings,
    text::{Choice, Entry, Field, Number, PassageKind},
};
use jiff::{SignedDuration, Timestamp};
use store::{Change, ChangedBy, PassageSource, TenantStore, Wake};
use uuid::Uuid;

use crate::harness::{NOW, appointment, appointment_id, at, authorize, import, stage};

const ADA: &str = "+447700900123";

fn later(minutes: i64) -> Timestamp {
    at(NOW) + SignedDuration::from_mins(minutes)
}

fn text_from(id: &str, e164: &str) -> Entry {
    let mut entry = Entry::text(id);
    entry.parties.direction = Some(Direction::Inbound);
    entry.parties.person = Some(Number::Dialable(PhoneNumber::from_e164(e164).unwrap()));
    entry
}

async fn heard(tenant: &TenantStore, entry: Entry) -> Option<ContactId> {
    let mut tx = tenant.begin().await.unwrap();
    let settings = Settings::default();
    let stored = tx.join_entry(entry, at(NOW), &settings).await.unwrap();
    tx.commit().await.unwrap();
    stored.contact
}

async fn says(tenant: &TenantStore, minutes: i64, opted_out: bool) {
    let at = later(minutes);
    let mut tx = tenant.begin().await.unwrap();
    tx.text_choice(ADA, Choice { at, opted_out }).await.unwrap();
    tx.commit().await.unwrap();
}

async fn is_opted_out(tenant: &TenantStore) -> bool {
    let mut tx = tenant.begin().await.unwrap();
    let consent = tx.text_consent(ADA).await.unwrap();
    consent.opted_out_since().is_some()
}

#[tokio::test]
async fn the_newest_word_by_text_counts_in_whatever_order_words_come() {
    let stage = stage().await;
    // STOP, START and STOP again; told in every order, and twice.
    let words = [(1, true), (2, false), (3, true)];
    for (place, order) in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ]
    .iter()
    .enumerate()
    {
        let tenant = stage.tenant(&format!("clinic-{place}")).await;
        for index in order.iter().chain(order) {
            let (minutes, opted_out) = words[*index];
            says(&tenant, minutes, opted_out).await;
        }
        assert!(is_opted_out(&tenant).await, "{order:?}");
        says(&tenant, 4, false).await;
        assert!(!is_opted_out(&tenant).await, "{order:?}");
        assert_eq!(stage.count("select count(*) from opt_outs").await, 0);
    }
}

#[tokio::test]
async fn what_was_said_elsewhere_is_not_taken_back_by_a_text() {
    let stage = stage().await;
    for (slug, text_first) in [("one", true), ("two", false)] {
        let tenant = stage.tenant(slug).await;
        if text_first {
            says(&tenant, 1, true).await;
        }
        let mut tx = tenant.begin().await.unwrap();
        tx.opt_out(ADA, "operator").await.unwrap();
        tx.commit().await.unwrap();
        if !text_first {
            says(&tenant, 1, true).await;
        }
        says(&tenant, 2, false).await;
        assert!(is_opted_out(&tenant).await, "{slug}");
    }
    let kept = "select count(*) from opt_outs where source = 'operator'";
    assert_eq!(stage.count(kept).await, 2);
}

#[tokio::test]
async fn a_new_number_makes_a_new_version_and_wakes_the_reminder_and_a_name_does_not() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    import(&tenant, &[appointment("A1")]).await;
    let contact = heard(&tenant, text_from("AC1", ADA)).await.unwrap();
    stage.drain().await;
    for (field, value, versions, woken) in [
        (Field::Name, "Ada Baker", 1, 0),
        (Field::Phone, "+447700900124", 2, 1),
        // Emptied.
        (Field::Phone, "", 3, 1),
    ] {
        let mut tx = tenant.begin().await.unwrap();
        let mut row = tx.lock_contact(contact).await.unwrap().unwrap();
        let by = ChangedBy::Person("Rose");
        let change = Change {
            field,
            value,
            by,
            cause: None,
        };
        tx.change_field(&mut row, change, at(NOW)).await.unwrap();
        tx.commit().await.unwrap();
        let version: i32 = sqlx::query_scalar("select version from appointments")
            .fetch_one(&stage.pool)
            .await
            .unwrap();
        assert_eq!(version, versions, "{field}");
        let reminder = Wake::Reminder(tenant.id(), appointment_id(&tenant, "A1").await);
        let expected = vec![reminder; woken];
        assert_eq!(stage.drain().await, expected, "{field}");
    }
    let logged =
        "select count(*) from contact_changes where changed_by = 'person Rose' and was is not null";
    assert_eq!(stage.count(logged).await, 3);
    let emptied =
        "select count(*) from contact_changes where becomes is null and was = '+447700900124'";
    assert_eq!(stage.count(emptied).await, 1);
    // What came before stays with the person.
    assert_eq!(heard(&tenant, text_from("AC1", ADA)).await, Some(contact));
    assert_eq!(heard(&tenant, text_from("AC2", ADA)).await, None);
}

#[tokio::test]
async fn a_passage_is_read_once_and_one_that_kills_its_readers_is_given_up() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    import(&tenant, &[appointment("A1")]).await;
    let contact = heard(&tenant, text_from("AC1", ADA)).await.unwrap();
    let mut tx = tenant.begin().await.unwrap();
    let settings = Settings::default();
    let entry = tx
        .join_entry(text_from("AC1", ADA), at(NOW), &settings)
        .await
        .unwrap()
        .id;
    for (words, is_news) in [([1; 32], true), ([1; 32], false), ([2; 32], true)] {
        let source = PassageSource::Entry(entry);
        let queued = tx.queue_passage(source, contact, PassageKind::Voicemail, words, at(NOW));
        assert_eq!(queued.await.unwrap(), is_news);
    }
    // The newer words take the place of those that wait.
    let mut claimed = Vec::new();
    for _ in 0..10 {
        let batch = tx
            .claim_passages(Uuid::now_v7(), 20, at(NOW))
            .await
            .unwrap();
        claimed.push(batch.len());
        tx.take_back_passages().await.unwrap();
    }
    assert_eq!(claimed, [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    tx.commit().await.unwrap();
    let given_up =
        "select count(*) from extractions where state = 'failed' and error = 'interrupted'";
    assert_eq!(stage.count(given_up).await, 1);
}

#[tokio::test]
async fn what_came_of_a_calls_words_outlives_the_call() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    import(&tenant, &[appointment("A1")]).await;
    let call = authorize(&tenant, appointment_id(&tenant, "A1").await).await;
    let contact = heard(&tenant, text_from("AC1", ADA)).await.unwrap();
    let mut tx = tenant.begin().await.unwrap();
    let source = PassageSource::Call(call);
    for (words, is_news) in [([1; 32], true), ([1; 32], false), ([2; 32], true)] {
        let queued = tx.queue_passage(source, contact, PassageKind::Transcript, words, at(NOW));
        assert_eq!(queued.await.unwrap(), is_news);
    }
    tx.commit().await.unwrap();
    let superseded = "select count(*) from extractions where state = 'superseded'";
    assert_eq!(stage.count(superseded).await, 1);

    sqlx::query("delete from calls")
        .execute(&stage.pool)
        .await
        .unwrap();

    let mut tx = tenant.begin().await.unwrap();
    let claimed = tx
        .claim_passages(Uuid::now_v7(), 20, at(NOW))
        .await
        .unwrap();
    let sources: Vec<_> = claimed.iter().map(|row| row.source).collect();
    assert_eq!(sources, [None]);
}
