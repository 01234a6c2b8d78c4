//! HOOK-3, HOOK-4: an event is kept once, wakes what it belongs to, and believes no foreign name.

use std::collections::{HashMap, HashSet};

use domain::{
    event::{Priority, RetryScope},
    ids::{CallId, EventId, TenantId},
};
use futures::future::join_all;
use serde_json::json;
use store::{Appended, Claim, Error, NewEvent, TenantStore, Wake};

use crate::harness::{
    NOW, Stage, appointment, appointment_id, at, authorize, import, place, stage,
};

pub(crate) fn event(tenant: TenantId, key: &str) -> NewEvent {
    NewEvent {
        id: EventId::generate(),
        tenant,
        source: None,
        provider: "retell",
        event_type: "call_ended".to_owned(),
        dedupe_key: key.to_owned(),
        call: None,
        provider_call_id: None,
        priority: Priority::Standard,
        arrived_at: None,
        headers: json!({"content-type": "application/json"}),
        body: key.as_bytes().to_vec(),
        request_id: None,
        trace_id: None,
        span_id: None,
    }
}

async fn append(stage: &Stage, events: &[NewEvent]) -> Vec<Appended> {
    stage.store.append_events(events).await.unwrap()
}

/// A call of the tenant that the provider knows under `provider_call_id`.
async fn call(tenant: &TenantStore, provider_call_id: &str) -> CallId {
    import(tenant, &[appointment(provider_call_id)]).await;
    let appointment = appointment_id(tenant, provider_call_id).await;
    let call = authorize(tenant, appointment).await;
    place(tenant, call, provider_call_id).await;
    call
}

async fn duplicates(stage: &Stage, event: EventId) -> i32 {
    sqlx::query_scalar("select duplicates from events where id = $1")
        .bind(event.uuid())
        .fetch_one(&stage.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_duplicate_is_answered_with_the_first_and_counted() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await.id();
    let first = event(tenant, "one");
    let answers = append(
        &stage,
        &[
            first.clone(),
            event(tenant, "one"),
            event(tenant, "two"),
            event(tenant, "one"),
        ],
    )
    .await;
    let seen: Vec<_> = answers.iter().map(|answer| answer.duplicate).collect();
    assert_eq!(seen, [false, true, false, true]);
    assert!(
        answers
            .iter()
            .all(|answer| answer.duplicate != answer.wake.is_some())
    );
    assert_eq!([answers[0].id, answers[1].id, answers[3].id], [first.id; 3]);
    assert_eq!(duplicates(&stage, first.id).await, 2);

    let again = append(&stage, &[event(tenant, "one"), event(tenant, "one")]).await;
    let duplicate = Appended {
        id: first.id,
        duplicate: true,
        wake: None,
    };
    assert_eq!(again, [duplicate, duplicate]);
    assert_eq!(duplicates(&stage, first.id).await, 4);
    assert_eq!(
        stage.drain().await.len(),
        2,
        "an outbox row for each fresh event and no other"
    );
}

#[tokio::test]
async fn the_same_request_retried_by_ourselves_is_a_duplicate() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await.id();
    let first = event(tenant, "one");
    let events = std::slice::from_ref(&first);
    assert!(!append(&stage, events).await[0].duplicate);
    assert!(append(&stage, events).await[0].duplicate);
    assert_eq!(stage.store.outbox_length().await.unwrap(), 1);
}

#[tokio::test]
async fn the_same_key_of_another_tenant_or_provider_is_another_event() {
    let stage = stage().await;
    let (ours, theirs) = (
        stage.tenant("ours").await.id(),
        stage.tenant("theirs").await.id(),
    );
    let elsewhere = NewEvent {
        provider: "vapi",
        ..event(ours, "one")
    };
    let answers = append(
        &stage,
        &[event(ours, "one"), event(theirs, "one"), elsewhere],
    )
    .await;
    assert!(answers.iter().all(|answer| !answer.duplicate));
}

#[tokio::test]
async fn an_event_wakes_the_call_it_names_by_our_id_or_the_providers() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let call = call(&tenant, "call_1").await;
    stage.drain().await;
    let by_ours = NewEvent {
        call: Some(call),
        ..event(tenant.id(), "ours")
    };
    let by_theirs = NewEvent {
        provider_call_id: Some("call_1".to_owned()),
        ..event(tenant.id(), "theirs")
    };
    let unknown = NewEvent {
        provider_call_id: Some("call_2".to_owned()),
        ..event(tenant.id(), "unknown")
    };
    let stray = Wake::Event(tenant.id(), unknown.id);
    let answers = append(&stage, &[by_ours, by_theirs, unknown]).await;
    let wakes: Vec<_> = answers.iter().map(|answer| answer.wake.unwrap()).collect();
    let woken = Wake::Call(tenant.id(), call);
    assert_eq!(wakes, [woken, woken, stray]);
    let mut stored = stage.drain().await;
    stored.sort_unstable_by_key(|wake| matches!(wake, Wake::Event(..)));
    assert_eq!(stored, [woken, woken, stray]);
    let mut tx = tenant.begin().await.unwrap();
    assert_eq!(tx.unread_events(call).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_neighbours_call_is_never_woken() {
    let stage = stage().await;
    let (ours, theirs) = (stage.tenant("ours").await, stage.tenant("theirs").await);
    let their_call = call(&theirs, "call_1").await;
    stage.drain().await;
    let named = NewEvent {
        call: Some(their_call),
        ..event(ours.id(), "by our id")
    };
    let known = NewEvent {
        provider_call_id: Some("call_1".to_owned()),
        ..event(ours.id(), "by theirs")
    };
    let both = NewEvent {
        call: Some(their_call),
        ..known.clone()
    };
    let both = NewEvent {
        id: EventId::generate(),
        dedupe_key: "by both".to_owned(),
        ..both
    };
    let events = [named, known, both];
    append(&stage, &events).await;
    let wakes: HashSet<_> = stage.drain().await.into_iter().collect();
    let strays = events
        .iter()
        .map(|event| Wake::Event(ours.id(), event.id))
        .collect();
    assert_eq!(wakes, strays);
    let mut tx = theirs.begin().await.unwrap();
    assert!(!tx.call_heard_of(their_call).await.unwrap());
    let linked = stage
        .count("select count(*) from events where call_id is not null")
        .await;
    assert_eq!(linked, 0);
}

#[tokio::test]
async fn a_stray_event_is_adopted_once_its_call_is_known() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let early = NewEvent {
        provider_call_id: Some("call_1".to_owned()),
        ..event(tenant.id(), "early")
    };
    append(&stage, std::slice::from_ref(&early)).await;
    let mut tx = tenant.begin().await.unwrap();
    assert!(!tx.adopt_event(early.id, "call_1").await.unwrap());
    drop(tx);
    let call = call(&tenant, "call_1").await;
    stage.drain().await;
    let mut tx = tenant.begin().await.unwrap();
    let claim = tx.claim_event(early.id, at(NOW)).await.unwrap();
    assert!(matches!(claim, Claim::Try(_)));
    assert!(tx.adopt_event(early.id, "call_1").await.unwrap());
    assert_eq!(tx.unread_events(call).await.unwrap().len(), 1);
    let claim = tx.claim_event(early.id, at(NOW)).await.unwrap();
    assert!(matches!(claim, Claim::Settled(_)), "it is the call's now");
    tx.commit().await.unwrap();
    assert_eq!(stage.drain().await, [Wake::Call(tenant.id(), call)]);
}

/// Numbers that look random and are the same in every run.
fn scrambled(seed: usize) -> impl FnMut(usize) -> usize {
    let mut state = (seed as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    move |below| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    }
}

#[tokio::test]
async fn of_many_deliveries_at_once_exactly_one_is_fresh_and_none_deadlocks() {
    const KEYS: usize = 120;
    const TASKS: usize = 24;
    let stage = stage().await;
    let tenants = [
        stage.tenant("ours").await.id(),
        stage.tenant("theirs").await.id(),
    ];
    let batches = (0..TASKS).map(|task| {
        let mut random = scrambled(task + 1);
        let mut events: Vec<_> = (0..KEYS)
            .flat_map(|key| tenants.map(|tenant| event(tenant, &format!("key {key}"))))
            .filter(|_| random(3) > 0)
            .collect();
        for place in (1..events.len()).rev() {
            events.swap(place, random(place + 1));
        }
        events
    });
    let batches: Vec<Vec<NewEvent>> = batches.collect();
    let answers = join_all(batches.iter().map(|batch| append(&stage, batch))).await;

    let mut fresh: HashMap<(TenantId, &str), Vec<EventId>> = HashMap::new();
    let mut answered: HashMap<(TenantId, &str), HashSet<EventId>> = HashMap::new();
    for (event, answer) in batches.iter().flatten().zip(answers.iter().flatten()) {
        let key = (event.tenant, event.dedupe_key.as_str());
        answered.entry(key).or_default().insert(answer.id);
        if !answer.duplicate {
            assert_eq!(answer.id, event.id);
            fresh.entry(key).or_default().push(answer.id);
        }
    }
    assert_eq!(answered.len(), 2 * KEYS);
    assert_eq!(fresh.len(), 2 * KEYS);
    assert!(fresh.values().all(|ids| ids.len() == 1));
    assert!(
        answered.values().all(|ids| ids.len() == 1),
        "all are told of the same event"
    );
    let deliveries = i64::try_from(batches.iter().map(Vec::len).sum::<usize>()).unwrap();
    let counted = stage
        .count("select count(*) + sum(duplicates)::bigint from events")
        .await;
    assert_eq!(counted, deliveries);
    let woken: HashSet<_> = stage.drain().await.into_iter().collect();
    assert_eq!(woken.len(), 2 * KEYS);
}

#[tokio::test]
async fn no_events_are_no_work() {
    let stage = stage().await;
    assert_eq!(append(&stage, &[]).await, []);
}

#[tokio::test]
async fn a_retry_of_the_state_alone_does_not_end_the_tries_that_come_by_themselves() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let waiting = event(tenant.id(), "waiting");
    let fetched = NewEvent {
        event_type: store::FETCHED.to_owned(),
        ..event(tenant.id(), "fetched")
    };
    append(&stage, &[waiting.clone(), fetched.clone()]).await;
    let mut tx = stage.as_tenant(tenant.id()).await;
    sqlx::query(
        "update events set state = 'failed', next_try_at = now() where event_type <> 'fetched'",
    )
    .execute(&mut *tx)
    .await
    .unwrap();
    sqlx::query("update events set state = 'succeeded' where event_type = 'fetched'")
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let mut tx = tenant.begin().await.unwrap();
    let state_only = tx.retry_event(waiting.id, RetryScope::StateOnly).await;
    assert!(matches!(state_only, Err(Error::TriedByItself)));
    for scope in RetryScope::ALL {
        let of_fetched = tx.retry_event(fetched.id, *scope).await;
        assert!(matches!(of_fetched, Err(Error::NoWebhook)), "{scope}");
    }
    let whole = tx
        .retry_event(waiting.id, RetryScope::StateAndEffects)
        .await;
    assert!(whole.is_ok());
}
