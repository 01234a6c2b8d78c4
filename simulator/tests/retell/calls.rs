use domain::call::{CallOutcome, CallState};
use providers::retell::observe_call;
use simulator::retell::{Outcome, Scenario};

use crate::harness::{Stage, TO, a_call, a_call_to};

#[tokio::test]
async fn each_outcome_is_understood_from_its_webhooks_and_from_a_read_alike() {
    let table = [
        (
            Outcome::Confirmed,
            CallState::Completed,
            CallOutcome::Confirmed,
        ),
        (
            Outcome::Cancelled,
            CallState::Completed,
            CallOutcome::Cancelled,
        ),
        (
            Outcome::Rescheduled,
            CallState::Completed,
            CallOutcome::Rescheduled,
        ),
        (
            Outcome::NoClearAnswer,
            CallState::Completed,
            CallOutcome::NoClearAnswer,
        ),
        (
            Outcome::NoAnswer,
            CallState::NoAnswer,
            CallOutcome::NoAnswer,
        ),
        (
            Outcome::Declined,
            CallState::NoAnswer,
            CallOutcome::NoAnswer,
        ),
        (Outcome::Busy, CallState::Busy, CallOutcome::Busy),
        (
            Outcome::Voicemail,
            CallState::Voicemail,
            CallOutcome::Voicemail,
        ),
        (Outcome::Failed, CallState::Failed, CallOutcome::Failed),
        (Outcome::Dropped, CallState::Failed, CallOutcome::Failed),
        (
            Outcome::InvalidNumber,
            CallState::Failed,
            CallOutcome::InvalidNumber,
        ),
        (
            Outcome::DoNotCall,
            CallState::Completed,
            CallOutcome::DoNotCall,
        ),
        (
            Outcome::CancelledAndDoNotCall,
            CallState::Completed,
            CallOutcome::DoNotCall,
        ),
        (
            Outcome::NoPayment,
            CallState::Failed,
            CallOutcome::SystemicFailure,
        ),
        (
            Outcome::StrangeReason,
            CallState::Failed,
            CallOutcome::Failed,
        ),
    ];
    for (outcome, state, expected) in table {
        let stage = Stage::new(Scenario::default().always(outcome)).await;
        let placed = stage.client.create_call(&a_call()).await.unwrap();
        stage.quiet().await;

        let view = stage.view();
        assert_eq!(
            (view.state, view.outcome),
            (state, Some(expected)),
            "{outcome:?}"
        );
        let read = stage
            .client
            .get_call(&placed.provider_call_id)
            .await
            .unwrap();
        let read = domain::call::CallView::join(&[observe_call(&read, "appointment_action")]);
        assert_eq!(
            (read.state, read.outcome, read.action),
            (view.state, view.outcome, view.action),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_answered_call_sends_three_signed_events_in_order() {
    let stage = Stage::new(Scenario::default().always(Outcome::Confirmed)).await;
    let call = a_call();
    stage.client.create_call(&call).await.unwrap();
    stage.quiet().await;

    let due: Vec<String> = stage
        .retell
        .ledger()
        .webhooks
        .into_iter()
        .map(|webhook| webhook.event)
        .collect();
    assert_eq!(due, ["call_started", "call_ended", "call_analyzed"]);
    assert_eq!(stage.inbox.received().len(), 3);
    assert!(stage.inbox.received().iter().all(|each| each.signed));
    for received in stage.inbox.received() {
        let outline = providers::retell::webhook::outline(&received.body).unwrap();
        assert_eq!(outline.call_id, Some(call.call_id));
    }
}

#[tokio::test]
async fn a_call_that_nobody_answers_never_says_that_it_started() {
    let stage = Stage::new(Scenario::default().always(Outcome::NoAnswer)).await;
    stage.client.create_call(&a_call()).await.unwrap();
    stage.quiet().await;
    assert_eq!(
        (
            stage.inbox.arrived("call_started"),
            stage.inbox.received().len()
        ),
        (None, 2)
    );
}

#[tokio::test]
async fn a_number_plays_its_script_call_by_call_and_then_its_last_for_ever() {
    let scenario =
        Scenario::default().with_calls(TO, &[Outcome::NoAnswer, Outcome::Busy, Outcome::Confirmed]);
    let stage = Stage::new(scenario).await;
    for _ in 0..4 {
        stage.client.create_call(&a_call()).await.unwrap();
        stage.quiet().await;
    }
    let played: Vec<Outcome> = stage
        .retell
        .ledger()
        .calls
        .iter()
        .map(|call| call.outcome)
        .collect();
    assert_eq!(
        played,
        [
            Outcome::NoAnswer,
            Outcome::Busy,
            Outcome::Confirmed,
            Outcome::Confirmed
        ]
    );
}

#[tokio::test]
async fn the_same_seed_makes_the_same_run_and_another_makes_another() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let stage = Stage::new(Scenario {
            seed,
            ..Scenario::default()
        })
        .await;
        let mut played = Vec::new();
        for number in 0..30 {
            stage
                .client
                .create_call(&a_call_to(&format!("+4477009001{number:02}")))
                .await
                .unwrap();
        }
        played.extend(stage.retell.ledger().calls.iter().map(|call| call.outcome));
        runs.push(played);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn a_stopped_call_ends_and_says_so() {
    let mut scenario = Scenario::default().always(Outcome::Confirmed);
    scenario.timing.talk_seconds = [500_000.0, 500_000.0];
    let stage = Stage::new(scenario).await;
    let placed = stage.client.create_call(&a_call()).await.unwrap();
    let url = format!(
        "{}/v2/stop-call/{}",
        stage.retell.base_url(),
        placed.provider_call_id
    );

    let stop = reqwest::Client::new()
        .post(&url)
        .bearer_auth(crate::harness::KEY);
    assert_eq!(
        stop.try_clone().unwrap().send().await.unwrap().status(),
        204
    );
    stage.quiet().await;

    let ledger = stage.retell.ledger();
    assert_eq!(
        ledger.calls[0].disconnection_reason.as_deref(),
        Some("manual_stopped")
    );
    assert_eq!(stop.send().await.unwrap().status(), 400);
}
