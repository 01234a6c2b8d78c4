//! OPS-3: what an erasure leaves: nothing of the person, all of others, and the wish not to be called.

use std::collections::BTreeMap;

use domain::ids::EventId;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::{Erase, KeyRing, PoolOptions, Store, TABLES};

use crate::{
    harness::{NOW, appointment, appointment_id, at, import, stage},
    person::{ADA, BEA, counts, erase, fill, find, places_of, with_ada},
};

#[tokio::test]
async fn no_column_of_any_table_tells_of_an_erased_person_and_all_tell_of_the_other() {
    let (stage, tenant, ada) = with_ada().await;
    fill(&stage, &tenant, &BEA).await;
    let mut before = BTreeMap::new();
    for word in BEA.words() {
        before.insert(word, places_of(&stage, word).await);
    }
    for word in ADA.words() {
        assert!(
            !places_of(&stage, word).await.is_empty(),
            "{word} is nowhere"
        );
    }
    // The test itself fills every table that an erasure has anything to do in.
    let filled = places_of(&stage, ADA.e164.trim_start_matches('+')).await;
    for table in TABLES.iter().filter(|table| table.erase != Erase::Nothing) {
        let holds = |place: &String| place.starts_with(&format!("{}.", table.name));
        let is_found_by_id = matches!(
            table.name,
            "appointments" | "event_attempts" | "extractions"
        );
        assert!(is_found_by_id || filled.iter().any(holds), "{}", table.name);
    }
    let calls_before = counts(&stage, tenant.id()).await;

    let erased = erase(&tenant, ada).await;

    for word in ADA.words() {
        assert_eq!(
            places_of(&stage, word).await,
            [""; 0],
            "{word} after {erased:?}"
        );
    }
    for word in BEA.words() {
        assert_eq!(places_of(&stage, word).await, before[word], "{word}");
    }
    // That there was a call, and how it went, stays.
    let after = counts(&stage, tenant.id()).await;
    for table in [
        "calls",
        "events",
        "appointments",
        "decisions",
        "context_log",
    ] {
        assert_eq!(after[table], calls_before[table], "{table}");
    }
    let kept = stage
        .count("select count(*) from calls where erased_at is not null and outcome = 'confirmed'");
    assert_eq!(kept.await, 1);
    let record = stage.count("select count(*) from erasures where rows ->> 'calls' = '1'");
    assert_eq!(record.await, 1);
    // An appointment to come is none any more, and its reminder looks again.
    let ended = stage.count("select count(*) from appointments where status = 'deleted'");
    assert_eq!(ended.await, 1);
}

#[tokio::test]
async fn what_only_looks_like_the_persons_number_stays() {
    let (stage, tenant, ada) = with_ada().await;
    for (nth, told) in [
        (1, "+4477009001234"),
        (2, "x447700900123"),
        (3, "not.ada@archer.example"),
    ] {
        sqlx::query(
            "insert into call_functions (tenant_id, id, provider, invocation, provider_call_id, name, arguments, act, answer,
                                         took_ms, asked_at)
             values ($1, gen_random_uuid(), 'retell', $2::text, $2::text, 'note', jsonb_build_object('text', $3::text), '{}', '',
                     1, now())",
        )
        .bind(tenant.id().uuid())
        .bind(nth.to_string())
        .bind(told)
        .execute(&stage.pool)
        .await
        .unwrap();
    }

    erase(&tenant, ada).await;

    let left = "select count(*) from call_functions where arguments <> '{}'";
    assert_eq!(stage.count(left).await, 3);
}

#[tokio::test]
async fn an_erased_person_who_did_not_want_to_be_called_is_not_called() {
    let (stage, tenant, ada) = with_ada().await;
    erase(&tenant, ada).await;
    assert_eq!(stage.count("select count(*) from opt_outs").await, 0);

    // The same person comes again with a file, and somebody else beside them.
    let mut again = appointment("NEW-1");
    again.contact.e164 = Some(ADA.e164.to_owned());
    let mut other = appointment("NEW-2");
    other.contact.name = "Cy Cooper".to_owned();
    other.contact.e164 = Some("+447700900789".to_owned());
    import(&tenant, &[again, other]).await;

    for (external_id, opted_out) in [("NEW-1", true), ("NEW-2", false)] {
        let id = appointment_id(&tenant, external_id).await;
        let mut tx = tenant.begin().await.unwrap();
        let row = tx.lock_reminder(id, at(NOW)).await.unwrap().unwrap();
        assert_eq!(row.facts.contact.opted_out, opted_out, "{external_id}");
    }
    // The mark itself is no number in another form.
    let digits = ADA.e164.trim_start_matches('+');
    let places = places_of(&stage, digits).await;
    assert!(
        !places
            .iter()
            .any(|place| place.starts_with("opt_out_marks")),
        "{places:?}"
    );
}

#[tokio::test]
async fn the_key_of_the_marks_outlives_the_rotation_of_keys() {
    let stage = stage().await;
    let old = KeyRing::generate();
    let new = KeyRing::generate().expose_secret().replace("k1:", "k2:");
    let both = format!("{new},{}", old.expose_secret()).into();
    let new = SecretString::from(new);
    let id = stage.tenant("clinic").await.id();
    let with = |keys: &SecretString| {
        let keys = KeyRing::parse(keys).unwrap();
        let store = Store::new(&stage.url, keys, PoolOptions::default()).unwrap();
        store.tenant(id)
    };
    let tenant = with(&old);
    let ada = fill(&stage, &tenant, &ADA).await;
    erase(&tenant, ada).await;
    // As the runbook says of all other keys.
    sqlx::query("update provider_secrets set retired_at = now()")
        .execute(&stage.pool)
        .await
        .unwrap();
    let mut again = appointment("NEW-1");
    again.contact.e164 = Some(ADA.e164.to_owned());
    import(&tenant, &[again]).await;

    for keys in [&both, &new] {
        let tenant = with(keys);
        let id = appointment_id(&tenant, "NEW-1").await;
        let mut tx = tenant.begin().await.unwrap();
        let row = tx.lock_reminder(id, at(NOW)).await.unwrap().unwrap();
        assert!(row.facts.contact.opted_out);
        tx.commit().await.unwrap();
    }
    // Without any key nobody can say who is not to be called: nobody is.
    let tenant = with(&KeyRing::generate());
    let id = appointment_id(&tenant, "NEW-1").await;
    let mut tx = tenant.begin().await.unwrap();
    assert!(tx.lock_reminder(id, at(NOW)).await.is_err());
}

#[tokio::test]
async fn who_shares_a_number_keeps_what_is_theirs() {
    let (stage, tenant, ada) = with_ada().await;
    let mut housemate = appointment("HOME-1");
    housemate.contact.name = "Bob Archer-Bell".to_owned();
    housemate.contact.e164 = Some(ADA.e164.to_owned());
    import(&tenant, &[housemate]).await;

    erase(&tenant, ada).await;

    let kept = stage
        .count("select count(*) from contacts where name = 'Bob Archer-Bell' and e164 is not null");
    assert_eq!(kept.await, 1);
    assert_eq!(stage.count("select count(*) from opt_outs").await, 1);
    assert_eq!(
        stage
            .count("select count(*) from contacts where name = 'Ada Archer'")
            .await,
        0
    );
    assert_eq!(
        stage
            .count("select count(*) from calls where summary is not null")
            .await,
        0
    );
}

#[tokio::test]
async fn what_is_heard_late_of_an_erased_call_is_emptied() {
    let (stage, tenant, ada) = with_ada().await;
    let person = find(&tenant, ada).await;
    tenant
        .erase(&person, Timestamp::now(), |_| {})
        .await
        .unwrap();
    sqlx::query(
        "insert into events (tenant_id, id, provider, event_type, dedupe_key, call_id, body, state)
         select tenant_id, $1, 'retell', 'call_analyzed', 'late', id, 'marigold', 'received' from calls",
    )
    .bind(EventId::generate().uuid())
    .execute(&stage.pool)
    .await
    .unwrap();

    let mut tx = tenant.begin().await.unwrap();
    assert!(tx.erase_late_events(Timestamp::now()).await.unwrap() > 0);
    tx.commit().await.unwrap();

    assert_eq!(places_of(&stage, "marigold").await, [""; 0]);
}
