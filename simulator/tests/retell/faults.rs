use std::{collections::BTreeSet, time::Duration};

use domain::call::CallOutcome;
use providers::error::{Doubt, PlaceError, ReadError};
use simulator::retell::{
    CallScript, CreateFault, Delivery, NumberScript, Outcome, Scenario, Totals, WebhookFault,
};

use crate::harness::{Stage, TO, a_call, a_call_to};

/// A stage on which the first request to dial meets the fault.
async fn with_create_fault(fault: CreateFault) -> Stage {
    let mut scenario = Scenario::default().always(Outcome::Confirmed);
    scenario.numbers.push(NumberScript {
        to: TO.into(),
        calls: Vec::new(),
        creates: vec![fault],
    });
    Stage::new(scenario).await
}

/// A stage on which the confirmed call's end meets the fault.
async fn with_end_fault(fault: WebhookFault) -> Stage {
    let script = CallScript {
        call_ended: Some(fault),
        ..Outcome::Confirmed.into()
    };
    let mut scenario = Scenario::default();
    scenario.faults.webhook.delay_seconds = [0.2, 0.2];
    scenario.numbers.push(NumberScript {
        to: TO.into(),
        calls: vec![script],
        creates: Vec::new(),
    });
    let stage = Stage::new(scenario).await;
    stage.client.create_call(&a_call()).await.unwrap();
    stage.quiet().await;
    stage
}

#[tokio::test]
async fn a_refused_request_places_no_call_and_the_next_is_accepted() {
    let table = [
        (CreateFault::BadRequest, 400, false),
        (CreateFault::Unauthorized, 401, true),
        (CreateFault::PaymentRequired, 402, true),
        (CreateFault::Refused, 422, false),
    ];
    for (fault, expected, alert) in table {
        let stage = with_create_fault(fault).await;
        let error = stage.client.create_call(&a_call()).await.unwrap_err();
        assert!(
            matches!(error, PlaceError::Refused { status, systemic, .. } if status == expected && systemic == alert),
            "{error:?}"
        );
        assert_eq!(stage.retell.totals().calls_placed, 0);
        stage.client.create_call(&a_call()).await.unwrap();
    }
}

#[tokio::test]
async fn a_rate_limit_comes_with_a_hint_and_without() {
    let stage = with_create_fault(CreateFault::RateLimited).await;
    let error = stage.client.create_call(&a_call()).await.unwrap_err();
    assert_eq!(error.wait(), Some(Duration::from_secs(2)));

    let stage = with_create_fault(CreateFault::RateLimitedSilently).await;
    let error = stage.client.create_call(&a_call()).await.unwrap_err();
    assert!(matches!(
        error,
        PlaceError::RateLimited { retry_after: None }
    ));
    assert_eq!(error.wait(), Some(Duration::from_secs(300)));
}

#[tokio::test]
async fn a_dial_in_doubt_is_found_in_the_list_exactly_when_the_phone_rang() {
    let table = [
        (CreateFault::ServerError, false),
        (CreateFault::ServerErrorAfter, true),
        (CreateFault::Hang, false),
        (CreateFault::HangAfter, true),
    ];
    for (fault, rang) in table {
        let stage = with_create_fault(fault).await;
        let call = a_call();
        let error = stage
            .impatient_client()
            .create_call(&call)
            .await
            .unwrap_err();
        assert!(
            matches!(error, PlaceError::Uncertain(_)),
            "{fault:?}: {error:?}"
        );
        let found = stage.client.find_call(call.call_id, TO).await.unwrap();
        assert_eq!(found.is_some(), rang, "{fault:?}");

        stage.quiet().await;
        let ledger = stage.retell.ledger();
        assert_eq!(
            (ledger.totals.calls_placed, ledger.creates.len()),
            (usize::from(rang), 1),
            "{fault:?}"
        );
        assert_eq!(
            stage.view().outcome,
            rang.then_some(CallOutcome::Confirmed),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn an_unanswered_request_is_in_doubt_because_of_its_timeout() {
    let stage = with_create_fault(CreateFault::HangAfter).await;
    let error = stage
        .impatient_client()
        .create_call(&a_call())
        .await
        .unwrap_err();
    assert!(matches!(error, PlaceError::Uncertain(Doubt::Timeout(_))));
}

#[tokio::test]
async fn a_second_call_for_one_of_our_ids_is_counted_as_a_double_dial() {
    let mut scenario = Scenario::default();
    scenario.timing.ring_seconds = [500_000.0, 500_000.0];
    let stage = Stage::new(scenario).await;
    let call = a_call();
    stage.client.create_call(&call).await.unwrap();
    assert_eq!(stage.retell.totals().double_dials, 0);
    stage.client.create_call(&call).await.unwrap();
    let totals = stage.retell.totals();
    assert_eq!((totals.double_dials, totals.same_number_overlaps), (1, 1));
}

#[tokio::test]
async fn a_doubled_event_comes_twice_with_one_key() {
    let stage = with_end_fault(WebhookFault::Duplicate).await;
    let ends: Vec<_> = stage
        .inbox
        .received()
        .into_iter()
        .filter(|each| each.event() == "call_ended")
        .collect();
    assert_eq!(ends.len(), 2);
    assert!(stage.view().outcome == Some(CallOutcome::Confirmed));
}

#[tokio::test]
async fn a_reordered_event_comes_after_its_successor() {
    let stage = with_end_fault(WebhookFault::Reorder).await;
    assert!(stage.inbox.arrived("call_ended") > stage.inbox.arrived("call_analyzed"));
    assert_eq!(stage.view().outcome, Some(CallOutcome::Confirmed));
}

#[tokio::test]
async fn a_delayed_event_does_not_hold_up_the_next() {
    let stage = with_end_fault(WebhookFault::Delay).await;
    assert!(stage.inbox.arrived("call_ended") > stage.inbox.arrived("call_analyzed"));
}

#[tokio::test]
async fn a_dropped_event_never_comes() {
    let stage = with_end_fault(WebhookFault::Drop).await;
    assert_eq!(
        (
            stage.inbox.arrived("call_ended"),
            stage.inbox.events().len()
        ),
        (None, 2)
    );
    assert_eq!(stage.retell.totals().webhooks_dropped, 1);
}

#[tokio::test]
async fn a_badly_signed_event_is_tried_to_the_end_and_never_believed() {
    let stage = with_end_fault(WebhookFault::BadSignature).await;
    let forged = stage
        .inbox
        .received()
        .iter()
        .filter(|each| !each.signed)
        .count();
    assert_eq!(forged, 4);
    let totals = stage.retell.totals();
    assert_eq!(
        (totals.webhooks_gave_up, totals.bad_signatures_accepted),
        (1, 0)
    );
}

#[tokio::test]
async fn a_refused_webhook_is_sent_again_until_it_is_accepted() {
    let stage = Stage::new(Scenario::default().always(Outcome::NoAnswer)).await;
    stage.inbox.answer_with(&[500, 503, 429]);
    stage.client.create_call(&a_call()).await.unwrap();
    stage.quiet().await;
    let ledger = stage.retell.ledger();
    assert!(
        ledger
            .webhooks
            .iter()
            .all(|webhook| webhook.delivery == Delivery::Acknowledged)
    );
    let tries: usize = ledger
        .webhooks
        .iter()
        .map(|webhook| webhook.tries.len())
        .sum();
    assert_eq!(tries, 5);
}

#[tokio::test]
async fn a_stuck_call_is_ongoing_for_ever_and_sends_no_more() {
    let mut scenario = Scenario::default().always(Outcome::Confirmed);
    scenario.faults.call.stuck = 1.0;
    let stage = Stage::new(scenario).await;
    let placed = stage.client.create_call(&a_call()).await.unwrap();
    stage.quiet().await;
    assert_eq!(stage.inbox.events(), ["call_started"]);
    let read = stage
        .client
        .get_call(&placed.provider_call_id)
        .await
        .unwrap();
    assert_eq!(read.call_status.as_deref(), Some("ongoing"));
    let Totals {
        calls_stuck,
        calls_in_progress,
        ..
    } = stage.retell.totals();
    assert_eq!((calls_stuck, calls_in_progress), (1, 0));
}

#[tokio::test]
async fn a_webhook_that_waits_for_the_next_does_not_wait_for_that_of_a_stuck_call() {
    let mut scenario = Scenario::default().always(Outcome::Confirmed);
    scenario.faults.call.stuck = 1.0;
    scenario.faults.webhook.reorder = 1.0;
    let stage = Stage::new(scenario).await;
    stage.client.create_call(&a_call()).await.unwrap();
    stage.quiet().await;
    assert_eq!(stage.inbox.events(), ["call_started"]);
}

#[tokio::test]
async fn a_call_without_analysis_leaves_the_outcome_open() {
    let mut scenario = Scenario::default().always(Outcome::Confirmed);
    scenario.faults.call.no_analysis = 1.0;
    let stage = Stage::new(scenario).await;
    stage.client.create_call(&a_call()).await.unwrap();
    stage.quiet().await;
    let view = stage.view();
    assert!(view.awaiting_analysis());
    assert_eq!(view.outcome_without_analysis(), CallOutcome::NoClearAnswer);
}

#[tokio::test]
async fn reads_fail_as_often_as_they_are_told_to() {
    let mut scenario = Scenario::default();
    scenario.faults.read.server_error = 0.5;
    let stage = Stage::new(scenario).await;
    let placed = stage.client.create_call(&a_call()).await.unwrap();
    let mut failed = 0;
    for _ in 0..100 {
        match stage.client.get_call(&placed.provider_call_id).await {
            Ok(_) => {}
            Err(ReadError::Failed(_)) => failed += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!((25..75).contains(&failed), "{failed}");
}

#[tokio::test]
async fn a_call_is_listed_late_when_told_so() {
    let mut scenario = Scenario::default();
    scenario.faults.read.list_lag_seconds = 3600.0;
    let stage = Stage::new(scenario.clone()).await;
    let call = a_call();
    stage.client.create_call(&call).await.unwrap();
    assert_eq!(
        stage.client.find_call(call.call_id, TO).await.unwrap(),
        None
    );
    scenario.faults.read.list_lag_seconds = 0.0;
    stage.retell.set_scenario(scenario).unwrap();
    assert!(
        stage
            .client
            .find_call(call.call_id, TO)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn whatever_happens_to_webhooks_each_due_one_is_accounted_for() {
    let mut scenario = Scenario::default();
    let faults = &mut scenario.faults.webhook;
    (
        faults.duplicate,
        faults.reorder,
        faults.delay,
        faults.drop,
        faults.bad_signature,
    ) = (0.1, 0.1, 0.1, 0.3, 0.1);
    faults.delay_seconds = [0.0, 0.1];
    let stage = Stage::new(scenario).await;
    for number in 0..100 {
        stage
            .client
            .create_call(&a_call_to(&format!("+447700900{number:03}")))
            .await
            .unwrap();
    }
    stage.quiet().await;
    let ledger = stage.retell.ledger();
    let totals = &ledger.totals;
    let settled = totals.webhooks_acknowledged + totals.webhooks_dropped + totals.webhooks_gave_up;
    assert_eq!((settled, totals.calls_placed), (ledger.webhooks.len(), 100));
    assert_eq!(totals.bad_signatures_accepted, 0);

    let believed: BTreeSet<String> = stage
        .inbox
        .received()
        .iter()
        .filter(|each| each.signed)
        .map(|each| providers::retell::webhook::outline(&each.body).unwrap())
        .map(|outline| format!("{} {}", outline.provider_call_id.unwrap(), outline.event))
        .collect();
    let acknowledged: BTreeSet<String> = ledger
        .webhooks
        .iter()
        .filter(|webhook| webhook.delivery == Delivery::Acknowledged)
        .map(|webhook| format!("{} {}", webhook.provider_call_id, webhook.event))
        .collect();
    assert_eq!(believed, acknowledged);
}
