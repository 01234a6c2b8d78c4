use std::time::Duration;

use domain::call::CallOutcome;
use jiff::Timestamp;
use providers::error::{Doubt, PlaceError, ReadError};
use simulator::vapi::{CallScript, CreateFault, Delivery, Outcome, Scenario, WebhookFault};

use crate::harness::{Stage, TO, a_call, a_call_to};

/// A stage on which the first request to dial meets the fault.
async fn with_create_fault(fault: CreateFault) -> Stage {
    let scenario = Scenario::default().always(Outcome::Confirmed);
    Stage::new(scenario.with_creates(TO, &[fault])).await
}

/// A stage on which the end of the confirmed call meets the fault.
async fn with_end_fault(fault: WebhookFault) -> Stage {
    let mut script = CallScript::from(Outcome::Confirmed);
    script.messages.insert("ended".into(), fault);
    let mut scenario = Scenario::default().with_calls(TO, [script]);
    scenario.faults.webhook.delay_seconds = [0.2, 0.2];
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
        assert_eq!(error.wait(), None);
        assert_eq!(stage.vapi.totals().calls_placed, 0);
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
        for shows_overrides in [true, false] {
            let scenario = Scenario {
                shows_overrides,
                ..Scenario::default().always(Outcome::Confirmed)
            };
            let stage = Stage::new(scenario.with_creates(TO, &[fault])).await;
            let (call, since) = (a_call(), Timestamp::now());
            let client = stage.impatient_client();
            let error = client.create_call(&call).await.unwrap_err();
            assert!(
                matches!(error, PlaceError::Uncertain(_)),
                "{fault:?}: {error:?}"
            );
            let found = stage.client.find_call(call.call_id, since).await.unwrap();
            assert_eq!(found.is_some(), rang, "{fault:?}");

            stage.quiet().await;
            let ledger = stage.vapi.ledger();
            assert_eq!(
                (ledger.totals.calls_placed, ledger.creates.len()),
                (usize::from(rang), 1),
                "{fault:?}"
            );
            let expected = rang.then_some(CallOutcome::Confirmed);
            assert_eq!(stage.view().outcome, expected, "{fault:?}");
        }
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
    let stage = Stage::new(Scenario::default()).await;
    let call = a_call();
    stage.client.create_call(&call).await.unwrap();
    assert_eq!(stage.vapi.totals().double_dials, 0);
    stage.client.create_call(&call).await.unwrap();
    assert_eq!(stage.vapi.totals().double_dials, 1);
}

#[tokio::test]
async fn a_limit_on_calls_at_once_is_waited_out() {
    let mut scenario = Scenario {
        concurrency_limit: 1,
        ..Scenario::default()
    };
    scenario.timing.ring_seconds = [500_000.0, 500_000.0];
    let stage = Stage::new(scenario).await;
    stage.client.create_call(&a_call()).await.unwrap();
    let second = a_call_to("+447700900124");
    let error = stage.client.create_call(&second).await.unwrap_err();
    assert!(matches!(
        error,
        PlaceError::RateLimited { retry_after: None }
    ));
}

#[tokio::test]
async fn a_doubled_message_comes_twice() {
    let stage = with_end_fault(WebhookFault::Duplicate).await;
    let ends = stage
        .inbox
        .names()
        .iter()
        .filter(|name| *name == "ended")
        .count();
    assert_eq!(ends, 2);
    assert_eq!(stage.view().outcome, Some(CallOutcome::Confirmed));
}

#[tokio::test]
async fn a_reordered_or_delayed_message_comes_after_its_successor() {
    for fault in [WebhookFault::Reorder, WebhookFault::Delay] {
        let stage = with_end_fault(fault).await;
        assert!(stage.inbox.arrived("ended") > stage.inbox.arrived("end-of-call-report"));
        assert_eq!(stage.view().outcome, Some(CallOutcome::Confirmed));
    }
}

#[tokio::test]
async fn a_dropped_message_never_comes_and_the_report_says_as_much() {
    let stage = with_end_fault(WebhookFault::Drop).await;
    assert_eq!(stage.inbox.arrived("ended"), None);
    assert_eq!(stage.vapi.totals().webhooks_dropped, 1);
    assert_eq!(stage.view().outcome, Some(CallOutcome::Confirmed));
}

#[tokio::test]
async fn a_badly_signed_message_is_sent_once_and_never_believed() {
    let stage = with_end_fault(WebhookFault::BadSignature).await;
    let forged = stage
        .inbox
        .received()
        .iter()
        .filter(|each| !each.verified)
        .count();
    assert_eq!(forged, 1);
    let totals = stage.vapi.totals();
    assert_eq!(
        (totals.webhooks_gave_up, totals.bad_signatures_accepted),
        (1, 0)
    );
}

#[tokio::test]
async fn a_refused_message_is_lost_without_a_backoff_plan_and_sent_again_with_one() {
    for (retries, lost) in [(0, 2), (3, 0)] {
        let mut scenario = Scenario::default().always(Outcome::NoAnswer);
        scenario.messages.retries = retries;
        let stage = Stage::new(scenario).await;
        stage.inbox.answer_with(&[500, 503]);
        stage.client.create_call(&a_call()).await.unwrap();
        stage.quiet().await;
        let webhooks = stage.vapi.ledger().webhooks;
        let given_up = webhooks
            .iter()
            .filter(|each| each.delivery == Delivery::GaveUp)
            .count();
        assert_eq!(given_up, lost);
    }
}

#[tokio::test]
async fn a_report_that_is_sent_again_is_another_body_with_the_same_key() {
    let mut scenario = Scenario::default().always(Outcome::Confirmed);
    scenario.messages.retries = 3;
    let stage = Stage::new(scenario).await;
    stage.inbox.answer_with(&[200, 200, 200, 500]);
    stage.client.create_call(&a_call()).await.unwrap();
    stage.quiet().await;
    let received = stage.inbox.received();
    let reports: Vec<_> = received
        .iter()
        .filter(|each| each.name() == "end-of-call-report")
        .collect();
    assert_eq!(reports.len(), 2);
    assert_ne!(reports[0].body, reports[1].body);
    let key = |nth: usize| {
        providers::vapi::webhook::outline(&reports[nth].body)
            .unwrap()
            .dedupe_key
    };
    assert_eq!(key(0), key(1));
}

#[tokio::test]
async fn a_stuck_call_is_on_the_line_for_ever_and_sends_no_more() {
    let mut scenario = Scenario::default().always(Outcome::Confirmed);
    scenario.faults.call.stuck = 1.0;
    scenario.faults.webhook.reorder = 1.0;
    let stage = Stage::new(scenario).await;
    let placed = stage.client.create_call(&a_call()).await.unwrap();
    stage.quiet().await;
    let mut names = stage.inbox.names();
    names.sort();
    assert_eq!(names, ["in-progress", "ringing"]);
    let read = stage
        .client
        .get_call(&placed.provider_call_id)
        .await
        .unwrap();
    assert_eq!(read.status().as_deref(), Some("in-progress"));
    let totals = stage.vapi.totals();
    assert_eq!((totals.calls_stuck, totals.calls_in_progress), (1, 0));
}

#[tokio::test]
async fn a_call_without_an_analysis_has_no_clear_answer() {
    let mut scenario = Scenario::default().always(Outcome::Confirmed);
    scenario.faults.call.no_analysis = 1.0;
    let stage = Stage::new(scenario).await;
    stage.client.create_call(&a_call()).await.unwrap();
    stage.quiet().await;
    assert_eq!(stage.view().outcome, Some(CallOutcome::NoClearAnswer));
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
    let (call, since) = (a_call(), Timestamp::now());
    stage.client.create_call(&call).await.unwrap();
    let found = stage.client.find_call(call.call_id, since).await.unwrap();
    assert_eq!(found, None);
    scenario.faults.read.list_lag_seconds = 0.0;
    stage.vapi.set_scenario(scenario).unwrap();
    let found = stage.client.find_call(call.call_id, since).await.unwrap();
    assert!(found.is_some());
}

#[tokio::test]
async fn whatever_happens_to_messages_each_due_one_is_accounted_for() {
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
        let call = a_call_to(&format!("+447700900{number:03}"));
        stage.client.create_call(&call).await.unwrap();
    }
    stage.quiet().await;
    let ledger = stage.vapi.ledger();
    let totals = &ledger.totals;
    let settled = totals.webhooks_acknowledged + totals.webhooks_dropped + totals.webhooks_gave_up;
    assert_eq!((settled, totals.calls_placed), (ledger.webhooks.len(), 100));
    assert_eq!(totals.bad_signatures_accepted, 0);
    let believed = stage
        .inbox
        .received()
        .iter()
        .filter(|each| each.verified)
        .count();
    assert_eq!(believed, totals.webhooks_acknowledged);
}
