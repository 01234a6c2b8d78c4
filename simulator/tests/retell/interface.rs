use providers::{
    error::{PlaceError, ReadError},
    retell::{Client, Timeouts},
};
use serde_json::{Value, json};
use simulator::retell::{Account, Config, Outcome, Scenario};

use crate::harness::{KEY, PATIENCE, Stage, TO, a_call, a_call_to};

async fn post(stage: &Stage, path: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}{path}", stage.retell.base_url());
    let answer = reqwest::Client::new()
        .post(url)
        .bearer_auth(KEY)
        .json(body)
        .send()
        .await
        .unwrap();
    (
        answer.status().as_u16(),
        answer.json().await.unwrap_or_default(),
    )
}

fn found(answer: &Value) -> Vec<&str> {
    answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["to_number"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_wrong_key_is_unauthorized_everywhere() {
    let stage = Stage::new(Scenario::default()).await;
    let stranger = Client::new(
        &stage.retell.base_url(),
        "key_of_another".into(),
        Timeouts::default(),
    )
    .unwrap();
    let error = stranger.create_call(&a_call()).await.unwrap_err();
    assert!(matches!(
        error,
        PlaceError::Refused {
            status: 401,
            systemic: true,
            ..
        }
    ));
    let error = stranger.get_call("call_1").await.unwrap_err();
    assert!(matches!(
        error,
        ReadError::Refused {
            status: 401,
            systemic: true,
            ..
        }
    ));
    assert_eq!(stage.retell.totals().calls_placed, 0);
}

#[tokio::test]
async fn one_account_does_not_see_anothers_calls() {
    let stage = Stage::new(Scenario::default()).await;
    stage.retell.set_account(Account {
        key: "second".into(),
        webhook_url: None,
        agents: None,
        numbers: None,
    });
    let call = a_call();
    let placed = stage.client.create_call(&call).await.unwrap();

    let second = Client::new(
        &stage.retell.base_url(),
        "second".into(),
        Timeouts::default(),
    )
    .unwrap();
    let error = second.get_call(&placed.provider_call_id).await.unwrap_err();
    assert!(matches!(
        error,
        ReadError::Refused {
            status: 422,
            systemic: false,
            ..
        }
    ));
    assert_eq!(second.find_call(call.call_id, TO).await.unwrap(), None);
}

#[tokio::test]
async fn an_unknown_agent_or_number_is_422_and_a_bad_body_is_400() {
    let stage = Stage::new(Scenario::default()).await;
    let agents = Some(vec!["agent_7c1f".to_owned()]);
    let numbers = Some(vec!["+442079460000".to_owned()]);
    stage.retell.set_account(Account {
        key: KEY.into(),
        webhook_url: None,
        agents,
        numbers,
    });

    let good =
        json!({"from_number": "+442079460000", "to_number": TO, "override_agent_id": "agent_7c1f"});
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    let table = [
        (good.clone(), 201),
        (with("override_agent_id", "agent_other".into()), 422),
        (with("from_number", "+442079460001".into()), 422),
        (with("to_number", "07700 900123".into()), 400),
        (with("to_number", Value::Null), 400),
        (
            with("retell_llm_dynamic_variables", json!({"hours": 24})),
            400,
        ),
        (with("metadata", json!("text")), 400),
        (json!([]), 400),
    ];
    for (body, expected) in table {
        let (status, answer) = post(&stage, "/v2/create-phone-call", &body).await;
        assert_eq!(status, expected, "{body} {answer}");
        assert_eq!(answer["status"] == "error", expected != 201);
    }
}

#[tokio::test]
async fn a_call_is_found_by_our_id() {
    let stage = Stage::new(Scenario::default()).await;
    let calls = [a_call(), a_call(), a_call_to("+447700900124")];
    for call in &calls {
        stage.client.create_call(call).await.unwrap();
    }
    for call in &calls {
        let found = stage
            .client
            .find_call(call.call_id, &call.to_number)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.our_call_id(), Some(call.call_id));
    }
    assert_eq!(
        stage.client.find_call(a_call().call_id, TO).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let stage = Stage::new(
        Scenario::default()
            .always(Outcome::NoAnswer)
            .with_calls(TO, &[Outcome::Confirmed]),
    )
    .await;
    let numbers = ["+447700900101", "+447700900102", TO];
    for number in numbers {
        stage.client.create_call(&a_call_to(number)).await.unwrap();
    }
    stage.quiet().await;

    let filters = [
        (json!({}), 3),
        (
            json!({"to_number": {"type": "string", "op": "eq", "value": TO}}),
            1,
        ),
        (
            json!({"to_number": {"type": "string", "op": "sw", "value": "+4477009001"}}),
            3,
        ),
        (
            json!({"call_status": {"type": "enum", "op": "in", "value": ["not_connected"]}}),
            2,
        ),
        (
            json!({"start_timestamp": {"type": "range", "op": "bt", "value": [0, 99_999_999_999_999i64]}}),
            1,
        ),
        (
            json!({"start_timestamp": {"type": "range", "op": "bt", "value": [0, 1]}}),
            0,
        ),
        (
            json!({"metadata": [{"type": "present", "op": "np", "key": "bellhop_call_id"}]}),
            0,
        ),
        (
            json!({"metadata": [{"type": "string", "op": "eq", "key": "bellhop_attempt", "value": "1"}]}),
            3,
        ),
    ];
    for (filter, expected) in filters {
        let (status, answer) = post(
            &stage,
            "/v3/list-calls",
            &json!({"filter_criteria": filter}),
        )
        .await;
        assert_eq!((status, found(&answer).len()), (200, expected), "{filter}");
    }

    let (_, first) = post(
        &stage,
        "/v3/list-calls",
        &json!({"limit": 2, "sort_order": "ascending", "include_total": true}),
    )
    .await;
    assert_eq!(found(&first), &numbers[..2]);
    assert_eq!(
        (&first["has_more"], &first["total"]),
        (&json!(true), &json!(3))
    );
    let next =
        json!({"limit": 2, "sort_order": "ascending", "pagination_key": first["pagination_key"]});
    let (_, second) = post(&stage, "/v3/list-calls", &next).await;
    assert_eq!(
        (found(&second), &second["has_more"]),
        (vec![TO], &json!(false))
    );

    for bad in [
        json!({"limit": 0}),
        json!({"limit": 1001}),
        json!({"filter_criteria": {"nonsense": {}}}),
    ] {
        assert_eq!(post(&stage, "/v3/list-calls", &bad).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_limit_on_calls_at_once_is_answered_429() {
    let mut scenario = Scenario {
        concurrency_limit: 1,
        ..Scenario::default()
    };
    scenario.timing.ring_seconds = [500_000.0, 500_000.0];
    let stage = Stage::new(scenario).await;
    stage.client.create_call(&a_call()).await.unwrap();
    let error = stage
        .client
        .create_call(&a_call_to("+447700900124"))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        PlaceError::RateLimited { retry_after: None }
    ));
}

#[tokio::test]
async fn the_ledger_and_the_scenario_are_there_for_other_processes() {
    let stage = Stage::new(Scenario::default()).await;
    let url = |path: &str| format!("{}{path}", stage.retell.base_url());
    let http = reqwest::Client::new();

    let toml = "seed = 3\n[timing]\nspeed = 1000.0\n[outcomes]\nbusy = 1.0\n";
    let change = http
        .post(url("/sim/scenario"))
        .header("content-type", "application/toml")
        .body(toml);
    assert_eq!(change.send().await.unwrap().status(), 204);
    let wrong = http
        .post(url("/sim/scenario"))
        .body(r#"{"sed": 3}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().await.unwrap().contains("sed"));

    let account = json!({"key": "third", "webhook_url": null});
    assert_eq!(
        http.post(url("/sim/accounts"))
            .json(&account)
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    let third = Client::new(
        &stage.retell.base_url(),
        "third".into(),
        Timeouts::default(),
    )
    .unwrap();
    let call = a_call();
    third.create_call(&call).await.unwrap();
    assert!(stage.retell.quiet(PATIENCE).await);

    let ledger: simulator::retell::Ledger = http
        .get(url("/sim/ledger"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(ledger, stage.retell.ledger());
    assert_eq!(ledger.calls[0].outcome, Outcome::Busy);
    assert_eq!(
        ledger.dialed_per_call.get(&call.call_id.to_string()),
        Some(&1)
    );
    let totals: simulator::retell::Totals = http
        .get(url("/sim/totals"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(totals.quiet && totals.double_dials == 0 && totals.calls_placed == 1);
}

#[tokio::test]
async fn a_given_port_that_is_taken_is_an_error_with_the_address() {
    let stage = Stage::new(Scenario::default()).await;
    let config = Config {
        address: stage.retell.address(),
        ..Config::with_account(KEY, None, Scenario::default())
    };
    let error = simulator::retell::start(config).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&stage.retell.address().to_string())
    );
}
