//! OPS-3: whom an erasure reaches: who was merged, who had other numbers, who changed meanwhile, and what comes late.

use domain::{
    call::Direction,
    ids::{ContactId, EventId},
    phone::PhoneNumber,
    settings::Settings,
    text::{Entry, Number, Text, What, Words},
};
use jiff::SignedDuration;
use sqlx::AssertSqlSafe;
use store::{ContactChange, Error, TenantStore};
use uuid::Uuid;

use crate::{
    harness::{NOW, Stage, appointment, appointment_id, at, authorize, import, stage},
    person::{ADA, BEA, erase, fill, find, places_of, with_ada},
};

const OTHER: &str = "+447700900777";

/// Somebody else, who turns out to be the same.
async fn another(stage: &Stage, tenant: &TenantStore) -> ContactId {
    let mut booked = appointment("OTHER-1");
    booked.contact.name = "Adelaide Bowman".to_owned();
    booked.contact.e164 = Some(OTHER.to_owned());
    import(tenant, &[booked]).await;
    let id = sqlx::query_scalar("select id from contacts where e164 = $1")
        .bind(OTHER)
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    ContactId::from_uuid(id)
}

async fn merge(tenant: &TenantStore, kept: ContactId, gone: ContactId) {
    let mut tx = tenant.begin().await.unwrap();
    let merged = tx.merge_contacts(kept, gone, at(NOW)).await.unwrap();
    merged.unwrap();
    tx.commit().await.unwrap();
}

async fn is_nowhere(stage: &Stage, words: &[&str]) {
    for word in words {
        assert_eq!(places_of(stage, word).await, [""; 0], "{word}");
    }
}

/// A webhook that names something.
async fn webhook(stage: &Stage, tenant: &TenantStore, kind: &str, call: Option<&str>, body: &str) {
    sqlx::query(
        "insert into events (tenant_id, id, provider, event_type, dedupe_key, provider_call_id, body, state)
         values ($1, $2, 'quo', $3, gen_random_uuid(), $4, convert_to($5, 'UTF8'), 'succeeded')",
    )
    .bind(tenant.id().uuid())
    .bind(Uuid::now_v7())
    .bind(kind)
    .bind(call)
    .bind(body)
    .execute(&stage.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn whichever_of_merged_contacts_is_named_the_whole_person_is_erased() {
    let (stage, tenant, ada) = with_ada().await;
    let gone = another(&stage, &tenant).await;
    merge(&tenant, ada, gone).await;
    let mut tx = tenant.begin().await.unwrap();
    assert_eq!(tx.contacts_with_number(OTHER).await.unwrap(), [ada]);
    drop(tx);

    let person = find(&tenant, gone).await;
    assert_eq!(person.merged_into(), Some(ada));
    tenant.erase(&person, at(NOW), |_| {}).await.unwrap();

    is_nowhere(&stage, &ADA.words()).await;
    is_nowhere(&stage, &["Adelaide", "447700900777"]).await;
}

#[tokio::test]
async fn what_names_a_number_or_address_that_the_person_had_before_is_erased() {
    let (stage, tenant, ada) = with_ada().await;
    let bea = fill(&stage, &tenant, &BEA).await;
    let used = [
        "insert into contact_changes (tenant_id, id, contact_id, field, was, becomes, changed_by, changed_at)
         values ($1, gen_random_uuid(), $2, 'phone', '+447700900771', '+447700900772', 'a file', now())",
        "insert into contact_changes (tenant_id, id, contact_id, field, was, becomes, changed_by, changed_at)
         values ($1, gen_random_uuid(), $2, 'email', 'young@ada.example', 'ada@archer.example', 'a file', now())",
        "insert into conversation_entries (tenant_id, id, kind, provider_id, e164, contact_id, at, entry)
         values ($1, gen_random_uuid(), 'text', 'AC-then', '+447700900773', $2, now(), '{}')",
        "insert into outbound_texts (tenant_id, id, purpose, e164, contact_id, body, asked_by, state, created_at)
         values ($1, gen_random_uuid(), 'person', '+447700900774', $2, 'hello', 'somebody', 'sent', now())",
        // A number that the other one had too.
        "insert into contact_changes (tenant_id, id, contact_id, field, was, becomes, changed_by, changed_at)
         values ($1, gen_random_uuid(), $2, 'phone', '+447700900775', '+447700900772', 'a file', now())",
    ];
    for sql in used {
        for (contact, of_both) in [(ada, true), (bea, sql.contains("0775"))] {
            if of_both {
                sqlx::query(AssertSqlSafe(sql))
                    .bind(tenant.id().uuid())
                    .bind(contact.uuid())
                    .execute(&stage.pool)
                    .await
                    .unwrap();
            }
        }
    }
    sqlx::query("update contact_changes set becomes = '+447700900456' where was = '+447700900775' and contact_id = $1")
        .bind(bea.uuid())
        .execute(&stage.pool)
        .await
        .unwrap();
    let hers = [
        "447700900771",
        "447700900772",
        "447700900773",
        "447700900774",
    ];
    for named in hers.iter().chain(&["447700900775", "young@ada.example"]) {
        webhook(
            &stage,
            &tenant,
            "message.received",
            None,
            &format!("from +{named}"),
        )
        .await;
    }

    erase(&tenant, ada).await;

    is_nowhere(&stage, &hers).await;
    is_nowhere(&stage, &["young@ada.example"]).await;
    // Nobody can say whose that webhook is.
    assert!(!places_of(&stage, "447700900775").await.is_empty());
}

#[tokio::test]
async fn somebody_who_changed_since_the_operator_was_asked_is_erased_as_they_are() {
    let (stage, tenant, ada) = with_ada().await;
    let asked_about = find(&tenant, ada).await;

    let gone = another(&stage, &tenant).await;
    merge(&tenant, ada, gone).await;
    let change = ContactChange {
        e164: Some(Some("+447700900778".to_owned())),
        email: Some(Some("new@archer.example".to_owned())),
        ..ContactChange::default()
    };
    let mut tx = tenant.begin().await.unwrap();
    tx.change_contact(ada, &change, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    for named in ["447700900778", "447700900777"] {
        webhook(
            &stage,
            &tenant,
            "message.received",
            None,
            &format!("from +{named}"),
        )
        .await;
    }
    tenant.erase(&asked_about, at(NOW), |_| {}).await.unwrap();

    is_nowhere(&stage, &["Ada Archer", "Adelaide", "new@archer.example"]).await;
    is_nowhere(&stage, &["447700900123", "447700900777", "447700900778"]).await;
}

#[tokio::test]
async fn a_call_that_began_since_the_operator_was_asked_stops_the_erasure() {
    let (stage, tenant, ada) = with_ada().await;
    let asked_about = find(&tenant, ada).await;
    let mut again = appointment("ARCHER-2");
    again.contact.name = ADA.name.to_owned();
    import(&tenant, &[again]).await;
    authorize(&tenant, appointment_id(&tenant, "ARCHER-2").await).await;
    let before = bodies(&stage).await;

    let refused = tenant.erase(&asked_about, at(NOW), |_| {}).await;

    assert!(matches!(refused, Err(Error::StillTalking)), "{refused:?}");
    assert!(!places_of(&stage, ADA.name).await.is_empty());
    // The call under way still needs what was heard.
    assert_eq!(bodies(&stage).await, before);
    assert!(before.iter().any(|body| !body.is_empty()));
}

async fn bodies(stage: &Stage) -> Vec<Vec<u8>> {
    sqlx::query_scalar("select body from events order by id")
        .fetch_all(&stage.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn an_emptied_webhook_stays_empty_whoever_read_it_before() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    webhook(&stage, &tenant, "call.completed", None, "marigold").await;
    webhook(&stage, &tenant, "call.completed", None, "tulip").await;
    let ids: Vec<Uuid> = sqlx::query_scalar("select id from events order by id")
        .fetch_all(&stage.pool)
        .await
        .unwrap();
    let mut tx = tenant.begin().await.unwrap();
    tx.erase_event(EventId::from_uuid(ids[0]), at(NOW))
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let mut tx = tenant.begin().await.unwrap();
    for id in ids {
        let id = EventId::from_uuid(id);
        tx.replace_body(id, b"without its transcript")
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();

    let left = [b"".to_vec(), b"without its transcript".to_vec()];
    assert_eq!(bodies(&stage).await, left);
}

/// A text, or a part of a call, as a webhook tells of it.
fn heard(kind: fn(String) -> Entry, id: &str, e164: Option<&str>, minutes: i64) -> Entry {
    let mut entry = kind(id.to_owned());
    entry.parties.direction = Some(Direction::Inbound);
    let number = e164.and_then(|e164| PhoneNumber::from_e164(e164).ok());
    entry.parties.person = number.map(Number::Dialable);
    entry.at = Some(at(NOW) + SignedDuration::from_mins(minutes));
    entry
}

fn text(id: String) -> Entry {
    let mut entry = Entry::text(id);
    entry.what = What::Text(Text {
        body: Some(Words("marigold".to_owned())),
        ..Text::default()
    });
    entry
}

fn call(id: String) -> Entry {
    Entry::call(id)
}

async fn is_of_erased(tenant: &TenantStore, entry: &Entry) -> bool {
    let mut tx = tenant.begin().await.unwrap();
    tx.before_erasures().await.unwrap();
    let is_late = tx.is_of_erased(entry, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    is_late
}

#[tokio::test]
async fn what_comes_late_of_an_erased_person_is_known_and_what_is_new_is_not_theirs() {
    let (stage, tenant, ada) = with_ada().await;
    let known = heard(text, "AC-known", Some(ADA.e164), -60);
    let mut tx = tenant.begin().await.unwrap();
    assert!(!tx.is_of_erased(&known, at(NOW)).await.unwrap());
    tx.join_entry(known, at(NOW), &Settings::default())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    erase(&tenant, ada).await;

    for (entry, is_late) in [
        // What becomes of a text that was heard of before.
        (heard(text, "AC-known", None, 5), true),
        // A call that nothing was heard of; what is told of it without its number, then.
        (heard(call, "AC-new", Some(ADA.e164), -5), true),
        (heard(call, "AC-new", None, 5), true),
        // They write again; and somebody else does.
        (heard(text, "AC-again", Some(ADA.e164), 5), false),
        (heard(text, "AC-else", Some(BEA.e164), -5), false),
        (heard(call, "AC-nobody", None, -5), false),
    ] {
        assert_eq!(is_of_erased(&tenant, &entry).await, is_late, "{entry:?}");
    }
    // A mark names nobody, in whatever form.
    is_nowhere(&stage, &["447700900123", "AC-known"]).await;
}

#[tokio::test]
async fn what_was_heard_of_a_call_before_anybody_could_tell_whose_it_is_is_erased_with_it() {
    let (stage, tenant, ada) = with_ada().await;
    erase(&tenant, ada).await;
    // Its summary comes first, and names no number.
    let summary = heard(call, "AC-late", None, -5);
    webhook(
        &stage,
        &tenant,
        "call.summary.completed",
        Some("AC-late"),
        "marigold",
    )
    .await;
    let mut tx = tenant.begin().await.unwrap();
    tx.join_entry(summary, at(NOW), &Settings::default())
        .await
        .unwrap();
    tx.follow_up_facts("AC-late", None, None, at(NOW))
        .await
        .unwrap();
    tx.commit().await.unwrap();

    assert!(is_of_erased(&tenant, &heard(call, "AC-late", Some(ADA.e164), -5)).await);
    let mut tx = tenant.begin().await.unwrap();
    tx.erase_late(EventId::generate(), "AC-late", at(NOW))
        .await
        .unwrap();
    tx.commit().await.unwrap();

    is_nowhere(&stage, &["marigold"]).await;
    let entries = "select count(*) from conversation_entries";
    assert_eq!(stage.count(entries).await, 0);
    assert_eq!(stage.count("select count(*) from follow_ups").await, 0);
}

#[tokio::test]
async fn a_text_that_was_erased_while_it_left_is_not_heard_of_again() {
    let (stage, tenant, ada) = with_ada().await;
    let texts: Vec<Uuid> =
        sqlx::query_scalar("update outbound_texts set state = 'sending' returning id")
            .fetch_all(&stage.pool)
            .await
            .unwrap();
    erase(&tenant, ada).await;

    let mut tx = tenant.begin().await.unwrap();
    for text in texts {
        let id = domain::ids::TextId::from_uuid(text);
        assert!(!tx.text_sent(id, "AC-sent", at(NOW)).await.unwrap());
    }
    tx.text_was_erased("AC-sent", at(NOW)).await.unwrap();
    tx.commit().await.unwrap();

    assert!(is_of_erased(&tenant, &heard(text, "AC-sent", Some(ADA.e164), 1)).await);
}
