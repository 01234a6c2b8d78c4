use domain::call::{CallOutcome, CallState, CallView};
use providers::vapi::{observe_call, webhook};
use simulator::vapi::{Analysis, ArtifactPlace, Outcome, Scenario};

use crate::harness::{FIELD, Stage, TO, a_call, a_call_to};

#[tokio::test]
async fn each_outcome_is_understood_from_its_messages_and_from_a_read_alike() {
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
        (Outcome::Declined, CallState::Busy, CallOutcome::Busy),
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
        let read = CallView::join(&[observe_call(&read, FIELD)]);
        assert_eq!(
            (read.state, read.outcome, read.action, read.duration_ms),
            (view.state, view.outcome, view.action, view.duration_ms),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn what_was_recorded_is_understood_in_each_of_its_places_and_forms() {
    for analysis in [Analysis::StructuredData, Analysis::StructuredOutputs] {
        for artifact in [
            ArtifactPlace::Artifact,
            ArtifactPlace::Message,
            ArtifactPlace::Call,
        ] {
            let scenario = Scenario {
                analysis,
                artifact,
                ..Scenario::default().always(Outcome::Cancelled)
            };
            let stage = Stage::new(scenario).await;
            stage.client.create_call(&a_call()).await.unwrap();
            stage.quiet().await;
            let view = stage.view();
            assert_eq!(
                view.outcome,
                Some(CallOutcome::Cancelled),
                "{analysis:?} {artifact:?}"
            );
            assert!(view.summary.is_some());
        }
    }
}

#[tokio::test]
async fn an_answered_call_tells_of_its_life_in_order_and_carries_our_id() {
    for shows_overrides in [true, false] {
        let scenario = Scenario {
            shows_overrides,
            ..Scenario::default().always(Outcome::Confirmed)
        };
        let stage = Stage::new(scenario).await;
        let call = a_call();
        stage.client.create_call(&call).await.unwrap();
        stage.quiet().await;

        let webhooks = stage.vapi.ledger().webhooks;
        let due: Vec<&str> = webhooks.iter().map(|each| each.event.as_str()).collect();
        assert_eq!(
            due,
            ["ringing", "in-progress", "ended", "end-of-call-report"]
        );
        assert_eq!(stage.inbox.received().len(), 4);
        for received in stage.inbox.received() {
            assert!(received.verified);
            let outline = webhook::outline(&received.body).unwrap();
            assert_eq!(outline.call_id, Some(call.call_id));
        }
    }
}

#[tokio::test]
async fn a_number_plays_its_script_call_by_call_and_then_its_last_for_ever() {
    let script = [Outcome::NoAnswer, Outcome::Busy, Outcome::Confirmed];
    let scenario = Scenario::default().with_calls(TO, script.map(Into::into));
    let stage = Stage::new(scenario).await;
    for _ in 0..4 {
        stage.client.create_call(&a_call()).await.unwrap();
        stage.quiet().await;
    }
    let calls = stage.vapi.ledger().calls;
    let played: Vec<Outcome> = calls.iter().map(|call| call.outcome).collect();
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
        let scenario = Scenario {
            seed,
            ..Scenario::default()
        };
        let stage = Stage::new(scenario).await;
        for number in 0..30 {
            let call = a_call_to(&format!("+4477009001{number:02}"));
            stage.client.create_call(&call).await.unwrap();
        }
        let calls = stage.vapi.ledger().calls;
        runs.push(calls.iter().map(|call| call.outcome).collect::<Vec<_>>());
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}
