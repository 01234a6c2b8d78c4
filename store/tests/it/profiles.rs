//! What is kept of a person, and what was spoken with them, whatever number they used.

use domain::{
    call::Direction,
    country::Country,
    ids::{CallId, ContactId},
    inbound::Line,
    settings::Settings,
    text::{Entry, Number},
};
use jiff::{Timestamp, ToSpan};
use store::{Arrived, NewNote, TenantStore, VoiceCall, Who};

use crate::harness::{NOW, Stage, appointment, at, import, stage};

const HERS: &str = "+447700900123";
const OTHER: &str = "+447700900456";

/// A call from a number comes in, some minutes after noon.
async fn rings(tenant: &TenantStore, id: &str, from: &str, minutes: i64) {
    let mut tx = tenant.begin().await.unwrap();
    let caller = tx.recognise(Some(from), &Settings::default()).await;
    let arrived = Arrived {
        provider: "retell",
        provider_call_id: id,
        caller: &caller.unwrap(),
        line: Line::Ours,
        to_number: None,
        was_asked_about: false,
    };
    let now = at(NOW) + minutes.minutes();
    let arrival = tx.call_arrived(&arrived, now).await.unwrap();
    tx.after_arrival(arrival, now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn books(tenant: &TenantStore, external_id: &str, name: &str, e164: &str) -> ContactId {
    let mut row = appointment(external_id);
    row.contact.name = name.to_owned();
    row.contact.e164 = Some(e164.to_owned());
    import(tenant, &[row]).await;
    let mut tx = tenant.begin().await.unwrap();
    tx.find_contacts(name, 1).await.unwrap()[0].id
}

async fn calls(tenant: &TenantStore, who: Who<'_>) -> Vec<VoiceCall> {
    let mut tx = tenant.begin().await.unwrap();
    tx.voice_calls(who, 100).await.unwrap()
}

async fn ids(stage: &Stage, provider_ids: &[&str]) -> Vec<CallId> {
    let mut ids = Vec::new();
    for id in provider_ids {
        let found = sqlx::query_scalar("select id from calls where provider_call_id = $1");
        let found: uuid::Uuid = found.bind(id).fetch_one(&stage.pool).await.unwrap();
        ids.push(CallId::from_uuid(found));
    }
    ids
}

#[tokio::test]
async fn calls_from_before_a_number_was_somebodys_are_theirs_in_order() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    rings(&tenant, "before", HERS, 0).await;
    let ada = books(&tenant, "A1", "Ada Archer", HERS).await;
    rings(&tenant, "after", HERS, 5).await;
    rings(&tenant, "else", OTHER, 3).await;

    let hers = calls(&tenant, Who::Contact(ada)).await;

    let found: Vec<CallId> = hers.iter().map(|call| call.id).collect();
    assert_eq!(found, ids(&stage, &["before", "after"]).await);
    assert!(
        hers.iter()
            .all(|call| call.direction == Direction::Inbound && call.outcome.is_none())
    );
    let others = calls(&tenant, Who::Number(OTHER)).await;
    assert_eq!(others.len(), 1);
}

#[tokio::test]
async fn whoever_of_the_merged_is_asked_for_has_the_conversation_of_both() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    rings(&tenant, "early", OTHER, 0).await;
    let ada = books(&tenant, "A1", "Ada Archer", HERS).await;
    let twin = books(&tenant, "A2", "Augusta Archer", OTHER).await;
    rings(&tenant, "hers", HERS, 1).await;
    rings(&tenant, "twins", OTHER, 2).await;
    let mut tx = tenant.begin().await.unwrap();
    let mut text = Entry::text("T1".to_owned());
    text.at = Some(at(NOW));
    text.parties.person = Number::read(OTHER, Country::GB);
    tx.join_entry(text, at(NOW), &Settings::default())
        .await
        .unwrap();
    tx.merge_contacts(ada, twin, at(NOW))
        .await
        .unwrap()
        .unwrap();
    tx.commit().await.unwrap();
    rings(&tenant, "since", OTHER, 3).await;

    let all = ids(&stage, &["early", "hers", "twins", "since"]).await;
    for contact in [ada, twin] {
        let found = calls(&tenant, Who::Contact(contact)).await;
        assert_eq!(found.iter().map(|call| call.id).collect::<Vec<_>>(), all);
        let mut tx = tenant.begin().await.unwrap();
        assert_eq!(
            tx.conversation(Who::Contact(contact), 10)
                .await
                .unwrap()
                .len(),
            1
        );
        let on_file = tx.on_file(contact).await.unwrap().unwrap();
        assert_eq!(
            (on_file.id, on_file.numbers),
            (ada, vec![HERS.to_owned(), OTHER.to_owned()])
        );
    }
}

#[tokio::test]
async fn calls_from_a_number_of_two_people_are_neithers() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let ada = books(&tenant, "A1", "Ada Archer", HERS).await;
    let bea = books(&tenant, "A2", "Bea Baker", HERS).await;
    rings(&tenant, "one", HERS, 0).await;

    for contact in [ada, bea] {
        assert!(calls(&tenant, Who::Contact(contact)).await.is_empty());
    }
    assert_eq!(calls(&tenant, Who::Number(HERS)).await.len(), 1);
}

#[tokio::test]
async fn a_profile_has_the_past_the_notes_and_the_wishes_of_the_person_and_of_nobody_else() {
    let stage = stage().await;
    let tenant = stage.tenant("clinic").await;
    let ada = books(&tenant, "A1", "Ada Archer", HERS).await;
    let bea = books(&tenant, "A2", "Bea Baker", OTHER).await;
    rings(&tenant, "one", HERS, 0).await;
    let [call] = ids(&stage, &["one"]).await[..] else {
        panic!("one call");
    };
    let mut tx = tenant.begin().await.unwrap();
    let note = NewNote {
        contact: Some(ada),
        body: "ring the bell",
        ..NewNote::default()
    };
    tx.add_note(&note, at(NOW)).await.unwrap();
    tx.hold_call(call, "wants a refund", at(NOW)).await.unwrap();
    tx.opt_out(HERS, "person").await.unwrap();

    let notes = tx.notes_of(ada, 10).await.unwrap();
    let held: Vec<bool> = notes.iter().map(|note| note.is_held).collect();
    assert_eq!(held.len(), 2);
    assert!(held.contains(&true) && held.contains(&false));
    assert_eq!(tx.opt_outs_of(ada).await.unwrap()[0].source, "person");
    let all = tx
        .appointments_before(ada, Timestamp::MAX, 10)
        .await
        .unwrap();
    assert_eq!(all[0].external_id, "A1");
    let past = tx
        .appointments_before(ada, all[0].starts_at, 10)
        .await
        .unwrap();
    assert!(past.is_empty());
    assert!(tx.notes_of(bea, 10).await.unwrap().is_empty());
    assert!(tx.opt_outs_of(bea).await.unwrap().is_empty());
    assert!(tx.proposed_of(bea).await.unwrap().is_empty());
}
