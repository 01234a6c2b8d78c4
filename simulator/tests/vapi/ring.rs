use std::{collections::BTreeMap, time::Duration};

use domain::{
    call::{CallOutcome, CallState},
    ids::ContextId,
    settings::Settings,
};
use providers::vapi::{CONTEXT_ID_KEY, arrival, question};
use serde_json::{Value, json};
use simulator::vapi::{
    CallScript, Caller, Outcome, Rang, Scenario, Taken, ToolShape, ToolUse, WebhookFault,
};

use crate::harness::{KEY, OURS, Stage, TO};

const ASSISTANT: &str = "assistant_of_the_desk";

fn caller() -> Caller {
    Caller::new(KEY, TO, OURS)
}

/// A stage on which callers are answered with an assistant that knows of the context.
async fn answering(scenario: Scenario, context: ContextId) -> Stage {
    let stage = Stage::new(scenario).await;
    let variables = BTreeMap::from([("greeting".to_owned(), "Welcome back!".to_owned())]);
    let answer = question::context_answer(ASSISTANT, &variables, context);
    stage.inbox.answer_callers_with(200, answer);
    stage
}

async fn ring(stage: &Stage, caller: &Caller) -> Rang {
    let rang = stage.vapi.ring(caller).await.unwrap();
    stage.quiet().await;
    rang
}

#[tokio::test]
async fn a_caller_is_answered_with_an_assistant_that_was_told_something() {
    let context = ContextId::generate();
    let scenario = Scenario::default().always(Outcome::Rescheduled);
    let stage = answering(scenario, context).await;
    let rang = ring(&stage, &caller()).await;
    let told = context.to_string();
    let overrides = json!({"variableValues": {"greeting": "Welcome back!", CONTEXT_ID_KEY: told},
        "metadata": {CONTEXT_ID_KEY: told}});
    let id = Some(ASSISTANT.to_owned());
    assert_eq!(rang.taken, Taken::Assistant { id, overrides });
    assert_eq!(
        stage.inbox.names(),
        [
            "assistant-request",
            "in-progress",
            "ended",
            "end-of-call-report"
        ]
    );
    assert_eq!(stage.view().outcome, Some(CallOutcome::Rescheduled));
    for (nth, received) in stage.inbox.received().iter().enumerate() {
        let arrived = arrival(&received.body).unwrap();
        assert_eq!(arrived.provider_call_id, rang.provider_call_id);
        assert_eq!(arrived.from_number.as_deref(), Some(TO));
        assert_eq!(arrived.to_number.as_deref(), Some(OURS));
        // The question comes before the answer.
        assert_eq!(arrived.context, (nth > 0).then_some(context));
    }
}

#[tokio::test]
async fn without_an_echo_the_call_is_still_the_one_of_the_question() {
    let scenario = Scenario {
        shows_overrides: false,
        ..Scenario::default().always(Outcome::Confirmed)
    };
    let context = ContextId::generate();
    let stage = answering(scenario, context).await;
    let rang = ring(&stage, &caller()).await;
    let asked = stage.vapi.ledger().questions;
    assert_eq!(asked[0].provider_call_id, rang.provider_call_id);
    for received in stage.inbox.received() {
        let arrived = arrival(&received.body).unwrap();
        assert_eq!(arrived.provider_call_id, rang.provider_call_id);
        // The report has the variables among what was recorded.
        let is_last = received.name() == "end-of-call-report";
        assert_eq!(arrived.context, is_last.then_some(context));
    }
}

#[tokio::test]
async fn every_safe_answer_is_understood() {
    for (toml, taken, reason) in [
        (
            "[vapi]\nassistant_id = \"a1\"",
            Taken::Assistant {
                id: Some("a1".into()),
                overrides: Value::Null,
            },
            "assistant-ended-call",
        ),
        (
            "[vapi]\nfallback = \"forward\"\nforward_to = \"+442079460999\"",
            Taken::Forwarded {
                to: "+442079460999".into(),
            },
            "assistant-request-returned-forwarding-phone-number",
        ),
        (
            "[vapi]\nfallback = \"apologise\"\napology = \"Not now.\"",
            Taken::Refused {
                words: "Not now.".into(),
            },
            "assistant-request-returned-error",
        ),
    ] {
        let stage = Stage::new(Scenario::default().always(Outcome::Confirmed)).await;
        let settings = Settings::from_toml(toml).unwrap();
        let answer = question::safe_answer(settings.vapi.fallback());
        stage.inbox.answer_callers_with(200, answer);
        assert_eq!(ring(&stage, &caller()).await.taken, taken);
        let call = stage.vapi.ledger().calls.remove(0);
        assert_eq!(call.disconnection_reason.as_deref(), Some(reason));
    }
}

#[tokio::test]
async fn an_answer_that_is_late_or_of_no_use_is_our_own_fault_and_says_so() {
    let fine = br#"{"assistantId":"a1"}"#.to_vec();
    for (status, answer, slow, reason) in [
        (
            200,
            fine.clone(),
            Duration::from_secs(30),
            "assistant-request-failed",
        ),
        (500, fine, Duration::ZERO, "assistant-request-failed"),
        (
            200,
            b"{}".to_vec(),
            Duration::ZERO,
            "assistant-request-returned-no-assistant",
        ),
        (
            200,
            b"oops".to_vec(),
            Duration::ZERO,
            "assistant-request-returned-no-assistant",
        ),
    ] {
        let mut scenario = Scenario::default().always(Outcome::Confirmed);
        assert_eq!(scenario.question_seconds, 7.5);
        scenario.question_seconds = 0.5;
        let stage = Stage::new(scenario).await;
        stage.inbox.answer_callers_with(status, answer);
        stage.inbox.answer_callers_after(slow);
        let rang = ring(&stage, &caller()).await;
        let failed = reason.to_owned();
        assert_eq!(rang.taken, Taken::Failed { reason: failed });
        let view = stage.view();
        assert_eq!(
            (view.state, view.outcome),
            (CallState::Failed, Some(CallOutcome::Failed))
        );
        assert_eq!(view.disconnection_reason.as_deref(), Some(reason));
    }
}

#[tokio::test]
async fn a_number_with_an_assistant_of_its_own_asks_nobody() {
    let stage = Stage::new(Scenario::default().always(Outcome::NoAnswer)).await;
    let rang = ring(&stage, &caller().withheld().to_assistant(ASSISTANT)).await;
    assert_eq!(
        (rang.status, stage.inbox.arrived("assistant-request")),
        (None, None)
    );
    assert_eq!(stage.view().state, CallState::NoAnswer);
    let arrived = arrival(&stage.inbox.received()[0].body).unwrap();
    assert_eq!(arrived.from_number, None);
    assert_eq!(arrived.assistant_id.as_deref(), Some(ASSISTANT));
}

#[tokio::test]
async fn tool_calls_are_asked_in_every_shape_and_their_answers_reach_the_model() {
    let scenario = Scenario::default().always(Outcome::Confirmed);
    let stage = answering(scenario, ContextId::generate()).await;
    let arguments = json!({"date": "2026-01-06"});
    let tools =
        ToolShape::ALL.map(|shape| ToolUse::new("check_room", arguments.clone()).in_shape(shape));
    ring(&stage, &caller().with_tools(tools)).await;
    let seen = stage.vapi.ledger().tools;
    assert_eq!(seen.len(), ToolShape::ALL.len());
    for tool in seen {
        assert_eq!((tool.status, &tool.problem), (Some(200), &None), "{tool:?}");
        let told: Value = serde_json::from_str(&tool.result.unwrap()).unwrap();
        assert_eq!(told, json!({"asked": "check_room", "with": arguments}));
    }
}

#[tokio::test]
async fn a_tool_call_may_come_twice_badly_signed_or_never() {
    let mut script = CallScript::from(Outcome::Confirmed);
    let tool = |fault| ToolUse::new("check_room", json!({})).with_fault(fault);
    script.tools = vec![
        tool(WebhookFault::Duplicate),
        tool(WebhookFault::BadSignature),
        tool(WebhookFault::Drop),
    ];
    let scenario = Scenario::default().with_calls(TO, [script]);
    let stage = answering(scenario, ContextId::generate()).await;
    ring(&stage, &caller()).await;
    let seen = stage.vapi.ledger().tools;
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].tool_call_id, seen[1].tool_call_id);
    assert!(seen[0].result.is_some() && seen[0].result == seen[1].result);
    assert_eq!((seen[2].status, &seen[2].result), (Some(401), &None));
    assert!(seen[2].problem.is_some());
}

#[tokio::test]
async fn nobody_calls_an_account_that_there_is_not() {
    let stage = Stage::new(Scenario::default()).await;
    assert_eq!(
        stage
            .vapi
            .ring(&Caller::new("key_of_another", TO, OURS))
            .await,
        None
    );
}

#[tokio::test]
async fn another_process_can_let_somebody_call() {
    let stage = answering(Scenario::default(), ContextId::generate()).await;
    let url = format!("{}/sim/ring", stage.vapi.base_url());
    let http = reqwest::Client::new();
    let body = json!({"key": KEY, "from_number": TO, "to_number": OURS, "phone_number_id": "n1",
        "tools": [{"name": "note", "shape": "function_call"}]});
    let rang = http.post(&url).json(&body).send().await.unwrap();
    let rang: Rang = rang.json().await.unwrap();
    assert!(matches!(rang.taken, Taken::Assistant { .. }));
    stage.quiet().await;
    assert_eq!(stage.vapi.totals().calls_taken, 1);
    for (body, status) in [
        (json!({}), 400),
        (
            json!({"key": "other", "from_number": null,
        "to_number": OURS, "phone_number_id": "n1"}),
            404,
        ),
    ] {
        let answer = http.post(&url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), status, "{body}");
    }
}
