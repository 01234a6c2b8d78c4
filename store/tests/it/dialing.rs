//! What the dial gates read, and how a call is kept to one.

use domain::{
    Reason,
    call::CallOutcome,
    event::Priority,
    follow::DialState,
    gates::{CLOCKS_APART, GateFacts},
    ids::{AppointmentId, CallId},
    reminder::Deferral,
    settings::VoiceProvider,
};
use jiff::{SignedDuration, Timestamp};
use store::{Placed, TenantStore, Wake};
use uuid::Uuid;

use crate::harness::{
    NOW, Stage, appointment, appointment_id, at, authorize, import, place, stage,
};

const NUMBER: &str = "+447700900123";

fn seconds(after: i64) -> Timestamp {
    at(NOW) + SignedDuration::from_secs(after)
}

async fn appointments(tenant: &TenantStore, count: usize) -> Vec<AppointmentId> {
    let names: Vec<_> = (0..count).map(|number| format!("A{number}")).collect();
    let rows: Vec<_> = names.iter().map(|name| appointment(name)).collect();
    import(tenant, &rows).await;
    let mut ids = Vec::new();
    for name in &names {
        ids.push(appointment_id(tenant, name).await);
    }
    ids
}

async fn gates(tenant: &TenantStore, appointment: AppointmentId) -> GateFacts {
    let mut tx = tenant.begin().await.unwrap();
    let latest = seconds(3600);
    let (_, facts) = tx
        .lock_gates(appointment, NUMBER, at(NOW), latest)
        .await
        .unwrap();
    facts
}

async fn dial(
    tenant: &TenantStore,
    appointment: AppointmentId,
    number: &str,
    when: Timestamp,
) -> CallId {
    let call = authorized(tenant, appointment, number, when).await;
    claim(tenant, call, when).await;
    call
}

async fn authorized(
    tenant: &TenantStore,
    appointment: AppointmentId,
    number: &str,
    when: Timestamp,
) -> CallId {
    let mut tx = tenant.begin().await.unwrap();
    let call = tx
        .authorize_call(appointment, 1, 1, number, VoiceProvider::Retell, when)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    call
}

async fn claim(tenant: &TenantStore, call: CallId, when: Timestamp) {
    let mut tx = tenant.begin().await.unwrap();
    tx.claim_dial(call, Uuid::nil(), when).await.unwrap();
    tx.commit().await.unwrap();
}

async fn defer(tenant: &TenantStore, appointment: AppointmentId, reason: Reason, until: Timestamp) {
    let mut tx = tenant.begin().await.unwrap();
    let deferral = Deferral { reason, until };
    tx.defer_reminder(appointment, Some(deferral))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn finish(tenant: &TenantStore, call: CallId, outcome: CallOutcome) {
    let mut tx = tenant.begin().await.unwrap();
    tx.finish_call(call, outcome, at(NOW), None).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_gates_count_dials_of_their_window_and_of_clocks_that_are_ahead() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let ids = appointments(&tenant, 6).await;
    let ahead = CLOCKS_APART.as_secs();
    let week = 7 * 24 * 3600;
    for (id, when) in ids.iter().zip([-week, -24 * 3600, -10, ahead, ahead + 1]) {
        dial(&tenant, *id, NUMBER, seconds(when)).await;
    }
    let facts = gates(&tenant, ids[5]).await;
    assert_eq!(facts.tenant_dials, [seconds(ahead), seconds(-10)]);
    assert_eq!(
        facts.number_dials,
        [seconds(ahead), seconds(-10), seconds(-24 * 3600)]
    );
    assert_eq!(facts.number_last_dialed, Some(seconds(ahead)));
    assert_eq!(facts.open_calls, 5);
}

#[tokio::test]
async fn a_dial_counts_from_when_it_was_made_and_one_that_may_be_made_any_moment_as_made_now() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let ids = appointments(&tenant, 3).await;
    let call = authorized(&tenant, ids[0], NUMBER, seconds(-7200)).await;
    claim(&tenant, call, seconds(-60)).await;
    let facts = gates(&tenant, ids[2]).await;
    assert_eq!(facts.tenant_dials, [seconds(-60)]);
    assert_eq!(facts.number_last_dialed, Some(seconds(-60)));

    authorized(&tenant, ids[1], NUMBER, seconds(-3600)).await;
    let facts = gates(&tenant, ids[2]).await;
    assert_eq!(facts.number_last_dialed, Some(seconds(0)));
    assert_eq!(facts.number_dials, [seconds(0), seconds(-60)]);
}

#[tokio::test]
async fn a_call_that_ended_without_a_dial_counts_from_its_end() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let ids = appointments(&tenant, 2).await;
    let call = authorized(&tenant, ids[0], NUMBER, seconds(-7200)).await;
    finish(&tenant, call, CallOutcome::Failed).await;
    let mut tx = tenant.begin().await.unwrap();
    let later = seconds(3600);
    let (_, facts) = tx.lock_gates(ids[1], NUMBER, later, later).await.unwrap();
    assert_eq!(facts.number_last_dialed, Some(seconds(0)));
    assert_eq!(facts.open_calls, 0);
}

#[tokio::test]
async fn calls_that_were_never_placed_and_other_tenants_calls_do_not_count() {
    let stage = stage().await;
    let (ours, theirs) = (stage.tenant("ours").await, stage.tenant("theirs").await);
    let ids = appointments(&ours, 3).await;
    let never = dial(&ours, ids[0], NUMBER, seconds(-5)).await;
    finish(&ours, never, CallOutcome::NotPlaced).await;
    let over = dial(&ours, ids[1], "+447700900456", seconds(-5)).await;
    finish(&ours, over, CallOutcome::NoAnswer).await;
    let foreign = appointments(&theirs, 1).await;
    dial(&theirs, foreign[0], NUMBER, seconds(-5)).await;
    let facts = gates(&ours, ids[2]).await;
    assert_eq!(facts.tenant_dials, [seconds(-5)]);
    assert!(facts.number_dials.is_empty());
    assert_eq!(facts.open_calls, 0);
}

#[tokio::test]
async fn two_reminders_of_one_tenant_are_never_judged_at_the_same_time() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let ids = appointments(&tenant, 20).await;
    let judged = ids.iter().map(|id| async {
        let mut tx = tenant.begin().await.unwrap();
        let (_, facts) = tx
            .lock_gates(*id, NUMBER, at(NOW), seconds(3600))
            .await
            .unwrap();
        if facts.open_calls >= 5 {
            return false;
        }
        tx.authorize_call(*id, 1, 1, NUMBER, VoiceProvider::Retell, at(NOW))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        true
    });
    let permitted = futures::future::join_all(judged).await;
    assert_eq!(permitted.iter().filter(|permitted| **permitted).count(), 5);
}

#[tokio::test]
async fn a_reminder_that_asks_again_keeps_its_turn() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let ids = appointments(&tenant, 5).await;
    let reason = Reason::Limit15Minutes;
    for (id, turn) in ids.iter().zip([10, 20, 30]) {
        defer(&tenant, *id, reason, seconds(turn)).await;
    }
    defer(&tenant, ids[3], Reason::ProviderPace, seconds(5)).await;
    let waiting = async |id| gates(&tenant, id).await.waiting;
    assert_eq!(
        waiting(ids[4]).await.limit_15_minutes,
        3,
        "whoever is new comes last"
    );
    assert_eq!(waiting(ids[4]).await.pace, 1);
    assert_eq!(waiting(ids[1]).await.limit_15_minutes, 1);
    // The first found its place taken: it is put off anew, and still comes before the second.
    defer(&tenant, ids[0], reason, seconds(25)).await;
    assert_eq!(waiting(ids[0]).await.limit_15_minutes, 0);
    assert_eq!(waiting(ids[1]).await.limit_15_minutes, 1);
    // Put off for another reason, it stands where that puts it.
    defer(&tenant, ids[0], Reason::ProviderPace, seconds(40)).await;
    assert_eq!(waiting(ids[1]).await.limit_15_minutes, 0);
    assert_eq!(waiting(ids[3]).await.pace, 0);
    assert_eq!(waiting(ids[0]).await.pace, 1);
}

#[tokio::test]
async fn a_line_that_comes_free_goes_to_the_first_that_waits_for_one() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let ids = appointments(&tenant, 4).await;
    let calls = [
        dial(&tenant, ids[0], NUMBER, at(NOW)).await,
        dial(&tenant, ids[1], NUMBER, at(NOW)).await,
    ];
    defer(&tenant, ids[2], Reason::LimitConcurrent, seconds(60)).await;
    defer(&tenant, ids[3], Reason::LimitConcurrent, seconds(50)).await;
    // Its turn stays the first although it asked once more and waits longer now.
    defer(&tenant, ids[3], Reason::LimitConcurrent, seconds(110)).await;
    stage.drain().await;
    let woken = |id: AppointmentId| Wake::Reminder(tenant.id(), id);
    finish(&tenant, calls[0], CallOutcome::NoAnswer).await;
    assert_eq!(stage.drain().await, [woken(ids[3])]);
    let mut tx = tenant.begin().await.unwrap();
    let reminder = tx.lock_reminder(ids[3], at(NOW)).await.unwrap().unwrap();
    assert!(reminder.facts.deferral.is_none(), "it may ask at once");
    drop(tx);
    finish(&tenant, calls[1], CallOutcome::NoAnswer).await;
    assert_eq!(stage.drain().await, [woken(ids[2])]);
    // Somebody was quicker: it still comes before the other.
    defer(&tenant, ids[3], Reason::LimitConcurrent, seconds(170)).await;
    defer(&tenant, ids[2], Reason::LimitConcurrent, seconds(160)).await;
    assert_eq!(gates(&tenant, ids[3]).await.waiting.concurrent, 0);
    assert_eq!(gates(&tenant, ids[2]).await.waiting.concurrent, 1);
}

#[tokio::test]
async fn an_attempt_has_one_call_until_that_was_never_placed() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let id = appointments(&tenant, 1).await[0];
    let call = authorize(&tenant, id).await;
    let mut tx = tenant.begin().await.unwrap();
    let again = tx
        .authorize_call(id, 1, 1, NUMBER, VoiceProvider::Retell, at(NOW))
        .await;
    assert!(again.is_err());
    drop(tx);
    finish(&tenant, call, CallOutcome::NotPlaced).await;
    authorize(&tenant, id).await;
}

#[tokio::test]
async fn a_call_knows_whether_the_provider_spoke_of_it() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let id = appointments(&tenant, 1).await[0];
    let call = authorize(&tenant, id).await;
    let facts = async || {
        let mut tx = tenant.begin().await.unwrap();
        tx.lock_call(call).await.unwrap().unwrap().facts
    };
    let before = facts().await;
    assert!(!before.heard);
    assert_eq!((before.dial, before.requests), (DialState::Authorized, 0));
    unreadable_event(&stage, &tenant, call).await;
    assert!(facts().await.heard);
}

async fn unreadable_event(stage: &Stage, tenant: &TenantStore, call: CallId) {
    let event = store::NewEvent {
        id: domain::ids::EventId::generate(),
        tenant: tenant.id(),
        source: None,
        provider: "retell",
        event_type: "something new".to_owned(),
        dedupe_key: "one".to_owned(),
        call: Some(call),
        provider_call_id: None,
        priority: Priority::Standard,
        arrived_at: None,
        headers: serde_json::json!({}),
        body: b"?".to_vec(),
        request_id: None,
        trace_id: None,
        span_id: None,
    };
    stage.store.append_events(&[event]).await.unwrap();
}

#[tokio::test]
async fn placing_forgets_searches_and_pauses_and_keeps_the_first_time() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let id = appointments(&tenant, 1).await[0];
    let call = authorize(&tenant, id).await;
    let mut tx = tenant.begin().await.unwrap();
    tx.claim_dial(call, Uuid::nil(), seconds(1)).await.unwrap();
    tx.call_checked(call, seconds(2)).await.unwrap();
    tx.call_pauses(call, seconds(32)).await.unwrap();
    let facts = tx.lock_call(call).await.unwrap().unwrap().facts;
    assert_eq!(
        (facts.dial, facts.requests, facts.checks),
        (DialState::Dialing, 1, 1)
    );
    assert_eq!(
        (facts.dialing_at, facts.not_before),
        (Some(seconds(1)), Some(seconds(32)))
    );
    for (name, when) in [("call_1", 3), ("call_1", 9)] {
        let placed = Placed {
            provider_call_id: name.to_owned(),
            at: seconds(when),
        };
        tx.call_placed(call, &placed).await.unwrap();
    }
    let facts = tx.lock_call(call).await.unwrap().unwrap().facts;
    assert_eq!(
        (facts.dial, facts.placed_at),
        (DialState::Placed, Some(seconds(3)))
    );
    assert_eq!(
        (facts.checks, facts.checked_at, facts.not_before),
        (0, None, None)
    );
}

#[tokio::test]
async fn somebody_who_opts_out_is_woken_for_wherever_they_are_expected() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let ids = appointments(&tenant, 2).await;
    for id in &ids {
        defer(&tenant, *id, Reason::LimitDay, seconds(60)).await;
    }
    stage.drain().await;
    let mut tx = tenant.begin().await.unwrap();
    tx.opt_out(NUMBER, "call").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(stage.drain().await.len(), 2);
    let mut tx = tenant.begin().await.unwrap();
    let reminder = tx.lock_reminder(ids[0], at(NOW)).await.unwrap().unwrap();
    assert!(reminder.facts.contact.opted_out);
}

#[tokio::test]
async fn a_number_on_the_platforms_list_is_opted_out_for_everybody() {
    let stage = stage().await;
    let tenant = stage.tenant("ours").await;
    let id = appointments(&tenant, 1).await[0];
    sqlx::query("insert into platform_opt_outs (e164, source) values ($1, 'regulator')")
        .bind(NUMBER)
        .execute(&stage.pool)
        .await
        .unwrap();
    let mut tx = tenant.begin().await.unwrap();
    let reminder = tx.lock_reminder(id, at(NOW)).await.unwrap().unwrap();
    assert!(reminder.facts.contact.opted_out);
    drop(tx);
    place(&tenant, authorize(&tenant, id).await, "call_1").await;
}
