//! Two contacts that are one person, and are taken apart again.

use domain::{
    ids::{ContactId, ExtractionId, MergeId},
    inbound::Caller,
    settings::Settings,
    text::Field,
};
use store::{NewAppointment, NewNote, NotMerged, TenantStore, TenantTx, Wake};

use crate::harness::{NOW, Stage, appointment, appointment_id, at, authorize, import, stage};

const OTHER_NUMBER: &str = "+447700900456";

fn of(external_id: &str, name: &str, e164: &str) -> NewAppointment {
    let mut row = appointment(external_id);
    row.contact.name = name.to_owned();
    row.contact.e164 = Some(e164.to_owned());
    row
}

/// Ada Archer with A1, and A. Archer of another number with A2, a note and a call.
async fn two(stage: &Stage) -> (TenantStore, ContactId, ContactId) {
    let tenant = stage.tenant("clinic").await;
    import(&tenant, &[appointment("A1")]).await;
    import(&tenant, &[of("A2", "A. Archer", OTHER_NUMBER)]).await;
    let a2 = appointment_id(&tenant, "A2").await;
    authorize(&tenant, a2).await;
    let (ada, other) = (of_name(&tenant, "Ada").await, of_name(&tenant, "A. ").await);
    let mut tx = tenant.begin().await.unwrap();
    let note = NewNote {
        contact: Some(other),
        body: "ring the bell",
        ..NewNote::default()
    };
    tx.add_note(&note, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    stage.drain().await;
    (tenant, ada, other)
}

async fn of_name(tenant: &TenantStore, name: &str) -> ContactId {
    let mut tx = tenant.begin().await.unwrap();
    tx.find_contacts(name, 1).await.unwrap()[0].id
}

async fn merge(
    tenant: &TenantStore,
    kept: ContactId,
    gone: ContactId,
) -> Result<MergeId, NotMerged> {
    let mut tx = tenant.begin().await.unwrap();
    let merged = tx.merge_contacts(kept, gone, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    merged
}

async fn undo(tenant: &TenantStore, merge: MergeId) -> Result<(), NotMerged> {
    let mut tx = tenant.begin().await.unwrap();
    let undone = tx.undo_merge(merge, at(NOW)).await.unwrap();
    tx.commit().await.unwrap();
    undone
}

/// Whose each row with a contact is, table by table.
async fn owners(stage: &Stage) -> Vec<(String, String)> {
    sqlx::query_as(
        "select 'appointment ' || external_id, contact_id::text from appointments
         union all select 'call', contact_id::text from calls
         union all select 'note', contact_id::text from notes
         union all select 'merged ' || id, merged_into::text from contacts where merged_into is not null
         order by 1, 2",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap()
}

async fn who_calls(tenant: &TenantStore, from: &str) -> (Caller, Option<ContactId>) {
    let mut tx = tenant.begin().await.unwrap();
    let found = tx
        .recognise(Some(from), &Settings::default())
        .await
        .unwrap();
    (found.caller, found.person.map(|person| person.id))
}

#[tokio::test]
async fn everything_of_one_becomes_the_others_and_is_given_back() {
    let stage = stage().await;
    let (tenant, ada, other) = two(&stage).await;
    let before = owners(&stage).await;

    let done = merge(&tenant, ada, other).await.unwrap();

    let hers = ada.uuid().to_string();
    let after = owners(&stage).await;
    assert_eq!(after.len(), before.len() + 1);
    assert!(after.iter().all(|(_, owner)| *owner == hers), "{after:?}");
    for number in ["+447700900123", OTHER_NUMBER] {
        assert_eq!(who_calls(&tenant, number).await, (Caller::Known, Some(ada)));
    }
    // What came since stays where it is.
    import(&tenant, &[of("A3", "A. Archer", OTHER_NUMBER)]).await;
    assert_eq!(undo(&tenant, done).await, Ok(()));
    let mut back = owners(&stage).await;
    back.retain(|(row, _)| row != "appointment A3");
    assert_eq!(back, before);
    assert_eq!(
        who_calls(&tenant, OTHER_NUMBER).await,
        (Caller::Known, Some(other))
    );
    assert_eq!(undo(&tenant, done).await, Err(NotMerged::NoMerge));
}

#[tokio::test]
async fn a_reminder_whose_number_changes_plans_anew() {
    let stage = stage().await;
    let (tenant, ada, other) = two(&stage).await;
    let (a1, a2) = (
        appointment_id(&tenant, "A1").await,
        appointment_id(&tenant, "A2").await,
    );
    let version = async |appointment| {
        let mut tx = tenant.begin().await.unwrap();
        tx.appointment_version(appointment).await.unwrap()
    };
    let before = (version(a1).await, version(a2).await.unwrap());

    let done = merge(&tenant, ada, other).await.unwrap();
    assert_eq!(stage.drain().await, [Wake::Reminder(tenant.id(), a2)]);
    assert_eq!(
        (version(a1).await, version(a2).await),
        (before.0, Some(before.1 + 1))
    );
    let mut tx = tenant.begin().await.unwrap();
    let dialed = tx.dial_target(a2, at(NOW)).await.unwrap();
    assert_eq!(dialed.e164.as_deref(), Some("+447700900123"));
    drop(tx);

    undo(&tenant, done).await.unwrap();
    assert_eq!(stage.drain().await, [Wake::Reminder(tenant.id(), a2)]);
    assert_eq!(version(a2).await, Some(before.1 + 2));
}

#[tokio::test]
async fn a_file_that_names_who_is_gone_means_the_other() {
    let stage = stage().await;
    let (tenant, ada, other) = two(&stage).await;
    merge(&tenant, ada, other).await.unwrap();
    let again = import(&tenant, &[of("A2", "A. Archer", OTHER_NUMBER)]).await;
    assert_eq!(again.unchanged, 1);
    let hers = ada.uuid().to_string();
    assert!(owners(&stage).await.iter().all(|(_, owner)| *owner == hers));
}

#[tokio::test]
async fn merges_are_undone_in_turn_and_none_begins_with_who_is_gone() {
    let stage = stage().await;
    let (tenant, ada, other) = two(&stage).await;
    import(&tenant, &[of("A3", "Mrs Archer", "+447700900789")]).await;
    let third = of_name(&tenant, "Mrs").await;
    let before = owners(&stage).await;

    assert_eq!(merge(&tenant, ada, ada).await, Err(NotMerged::Same));
    let nobody = ContactId::generate();
    assert_eq!(merge(&tenant, ada, nobody).await, Err(NotMerged::NoContact));
    let first = merge(&tenant, ada, other).await.unwrap();
    for (kept, gone) in [(other, third), (third, other)] {
        assert_eq!(
            merge(&tenant, kept, gone).await,
            Err(NotMerged::MergedBefore)
        );
    }
    let second = merge(&tenant, third, ada).await.unwrap();
    let all = third.uuid().to_string();
    assert!(owners(&stage).await.iter().all(|(_, owner)| *owner == all));
    assert_eq!(
        who_calls(&tenant, OTHER_NUMBER).await,
        (Caller::Known, Some(third))
    );

    assert_eq!(undo(&tenant, first).await, Err(NotMerged::LaterMerge));
    undo(&tenant, second).await.unwrap();
    undo(&tenant, first).await.unwrap();
    assert_eq!(owners(&stage).await, before);
    let mut tx = tenant.begin().await.unwrap();
    let listed = tx.merges(10).await.unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|merge| merge.undone_at.is_some()));
}

#[tokio::test]
async fn no_table_that_names_a_contact_is_left_out_of_a_merge() {
    let stage = stage().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'contact_id' and not a.attisdropped
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap();
    // Whoever adds one adds it to `merge_contacts` and `undo_merge` too.
    // What ties a contact to a CRM's record stays with it.
    let moved: Vec<_> = tables
        .iter()
        .filter(|table| !table.starts_with("crm_"))
        .collect();
    assert_eq!(
        moved,
        [
            "appointments",
            "approvals",
            "calls",
            "contact_changes",
            "context_log",
            "conversation_entries",
            "extractions",
            "follow_ups",
            "notes",
            "outbound_texts"
        ]
    );
}

#[tokio::test]
async fn a_question_that_a_merge_takes_along_is_locked_with_whom_it_is_of_then() {
    let stage = stage().await;
    let (tenant, ada, other) = two(&stage).await;
    let extraction = ExtractionId::generate();
    sqlx::query(
        "insert into extractions (tenant_id, id, call_id, contact_id, kind, fingerprint, queued_at, state)
         select tenant_id, $1, id, contact_id, 'transcript', '\\x01', now(), 'read' from calls where contact_id = $2",
    )
    .bind(extraction.uuid())
    .bind(other.uuid())
    .execute(&stage.pool)
    .await
    .unwrap();
    let mut tx = tenant.begin().await.unwrap();
    let asked = (Field::Preferences, "", "no texts");
    tx.ask_approval(other, extraction, asked, at(NOW))
        .await
        .unwrap();
    let question = tx.approvals(true, 1).await.unwrap()[0].id;
    tx.commit().await.unwrap();

    let of = async |change: TenantTx| {
        let mut answering = tenant.begin().await.unwrap();
        let lock = answering.lock_approval(question);
        let commit_when_it_waits = async {
            let waiting = "select count(*) from pg_stat_activity
                           where datname = current_database() and wait_event_type = 'Lock'";
            while stage.count(waiting).await == 0 {
                tokio::task::yield_now().await;
            }
            change.commit().await.unwrap();
        };
        let (locked, ()) = tokio::join!(lock, commit_when_it_waits);
        let (entry, contact) = locked.unwrap().unwrap();
        assert_eq!(entry.contact, contact.id);
        contact.id
    };
    let mut merging = tenant.begin().await.unwrap();
    let merged = merging.merge_contacts(ada, other, at(NOW)).await.unwrap();
    assert_eq!(of(merging).await, ada);
    let mut undoing = tenant.begin().await.unwrap();
    let undone = undoing.undo_merge(merged.unwrap(), at(NOW)).await.unwrap();
    assert_eq!(undone, Ok(()));
    assert_eq!(of(undoing).await, other);
}

/// What waits for the CRM of each contact, by kind.
async fn waits_for_crm(stage: &Stage) -> Vec<(String, String, bool)> {
    sqlx::query_as(
        "select kind, contact_id::text, due_at is not null from crm_queue where kind in ('note', 'call', 'entry') order by 1, 2",
    )
    .fetch_all(&stage.pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn what_waits_for_the_crm_and_to_be_read_goes_with_a_merge_and_comes_back() {
    let stage = stage().await;
    let (tenant, ada, other) = two(&stage).await;
    for sql in [
        "insert into crm_queue (tenant_id, kind, key, contact_id, changed_first, changed_last)
         select tenant_id, 'note', id::text, contact_id, now(), now() from notes",
        "insert into crm_queue (tenant_id, kind, key, contact_id, changed_first, changed_last)
         select tenant_id, 'call', id::text, contact_id, now(), now() from calls",
        "insert into conversation_entries (tenant_id, id, kind, provider_id, at, entry)
         select tenant_id, id, 'text', id, now(), '{}' from contacts",
        "insert into crm_queue (tenant_id, kind, key, contact_id, changed_first, changed_last)
         select tenant_id, 'entry', id::text, id, now(), now() from contacts where name = 'A. Archer'",
        // The same words of both, and others of the one who goes.
        "insert into extractions (tenant_id, id, entry_id, contact_id, kind, fingerprint, queued_at)
         select tenant_id, id, id, id, 'text', '\\x00', now() from contacts",
        "insert into extractions (tenant_id, id, entry_id, contact_id, kind, fingerprint, queued_at)
         select tenant_id, gen_random_uuid(), id, id, 'text', '\\x01', now() from contacts where name = 'A. Archer'",
    ] {
        sqlx::query(sql).execute(&stage.pool).await.unwrap();
    }
    let before = waits_for_crm(&stage).await;
    assert_eq!(before.len(), 3);

    let done = merge(&tenant, ada, other).await.unwrap();

    let hers = ada.uuid().to_string();
    let kinds = ["call", "entry", "note"];
    assert_eq!(
        waits_for_crm(&stage).await,
        kinds.map(|kind| (kind.to_owned(), hers.clone(), true))
    );
    let waiting = "select count(*) from extractions x join contacts c on c.id = x.contact_id
                   where x.state = 'waiting' and c.merged_into is null";
    let lost = "select count(*) from extractions x join contacts c on c.id = x.contact_id
                where x.state = 'waiting' and c.merged_into is not null";
    assert_eq!(stage.count(waiting).await, 2);
    assert_eq!(
        stage.count(lost).await,
        0,
        "nobody's words are read for who is gone"
    );

    undo(&tenant, done).await.unwrap();
    let owners = |rows: Vec<(String, String, bool)>| -> Vec<_> {
        rows.into_iter().map(|(kind, of, _)| (kind, of)).collect()
    };
    assert_eq!(owners(waits_for_crm(&stage).await), owners(before));
    assert_eq!(stage.count(waiting).await, 3);
}

#[tokio::test]
async fn contacts_that_were_merged_count_as_one_person() {
    let stage = stage().await;
    let (tenant, ada, other) = two(&stage).await;
    sqlx::query("update contacts set mobile = $1 where id = $2")
        .bind(OTHER_NUMBER)
        .bind(ada.uuid())
        .execute(&stage.pool)
        .await
        .unwrap();
    let numbers = [OTHER_NUMBER.to_owned()];
    for (people, merged) in [(2, false), (1, true)] {
        if merged {
            merge(&tenant, ada, other).await.unwrap();
        }
        let mut tx = tenant.begin().await.unwrap();
        assert_eq!(tx.people_with(OTHER_NUMBER).await.unwrap(), people);
        let unlinked = tx.crm_unlinked_with(&numbers).await.unwrap();
        assert_eq!(unlinked.len(), usize::try_from(people).unwrap());
        assert_eq!(tx.kept_contact(other).await.unwrap() == Some(ada), merged);
    }
}
