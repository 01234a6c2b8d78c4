use jiff::Timestamp;
use providers::{
    error::{PlaceError, ReadError},
    vapi::{Client, Timeouts},
};
use serde_json::{Value, json};
use simulator::{
    senders::{Hash, VapiAuth, VapiHmac},
    vapi::{Account, Config, Ledger, MessageServer, Outcome, Scenario, Totals},
};

use crate::harness::{KEY, PATIENCE, SECRET, Stage, TO, a_call, a_call_to};

fn account(key: &str) -> Account {
    Account {
        key: key.into(),
        server: None,
        assistants: None,
        phone_numbers: None,
    }
}

async fn ask(stage: &Stage, path: &str) -> (u16, Value) {
    let url = format!("{}{path}", stage.vapi.base_url());
    let answer = reqwest::Client::new()
        .get(url)
        .bearer_auth(KEY)
        .send()
        .await
        .unwrap();
    (
        answer.status().as_u16(),
        answer.json().await.unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_wrong_key_is_unauthorized_everywhere() {
    let stage = Stage::new(Scenario::default()).await;
    let url = stage.vapi.base_url();
    let stranger = Client::new(&url, "key_of_another".into(), Timeouts::default()).unwrap();
    let error = stranger.create_call(&a_call()).await.unwrap_err();
    assert!(matches!(
        error,
        PlaceError::Refused {
            status: 401,
            systemic: true,
            ..
        }
    ));
    let error = stranger.get_call("c1").await.unwrap_err();
    assert!(matches!(
        error,
        ReadError::Refused {
            status: 401,
            systemic: true,
            ..
        }
    ));
    let error = stranger
        .find_call(a_call().call_id, Timestamp::now())
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        ReadError::Refused {
            status: 401,
            systemic: true,
            ..
        }
    ));
    assert_eq!(stage.vapi.totals().calls_placed, 0);
}

#[tokio::test]
async fn one_account_does_not_see_anothers_calls() {
    let stage = Stage::new(Scenario::default()).await;
    stage.vapi.set_account(account("second"));
    let (call, since) = (a_call(), Timestamp::now());
    let placed = stage.client.create_call(&call).await.unwrap();
    let second = Client::new(&stage.vapi.base_url(), "second".into(), Timeouts::default()).unwrap();
    let error = second.get_call(&placed.provider_call_id).await.unwrap_err();
    assert!(matches!(
        error,
        ReadError::Refused {
            status: 404,
            systemic: false,
            ..
        }
    ));
    assert_eq!(second.find_call(call.call_id, since).await.unwrap(), None);
}

#[tokio::test]
async fn a_call_is_found_by_our_id() {
    let stage = Stage::new(Scenario::default()).await;
    let since = Timestamp::now();
    let calls = [a_call(), a_call(), a_call_to("+447700900124")];
    for call in &calls {
        stage.client.create_call(call).await.unwrap();
    }
    for call in &calls {
        let found = stage.client.find_call(call.call_id, since).await.unwrap();
        assert_eq!(found.unwrap().our_call_id(), Some(call.call_id));
    }
    let other = stage
        .client
        .find_call(a_call().call_id, since)
        .await
        .unwrap();
    assert_eq!(other, None);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_a_list() {
    let stage = Stage::new(Scenario::default()).await;
    stage.vapi.set_account(Account {
        assistants: Some(vec!["a1".into()]),
        phone_numbers: Some(vec!["n1".into()]),
        ..account(KEY)
    });
    let good = json!({"assistantId": "a1", "phoneNumberId": "n1", "customer": {"number": TO}, "name": "x".repeat(40)});
    let with = |key: &str, value: Value| {
        let mut body = good.clone();
        body[key] = value;
        body
    };
    let table = [
        (good.clone(), 201),
        (with("assistantId", "a2".into()), 400),
        (with("squadId", "s1".into()), 400),
        (with("phoneNumberId", "n2".into()), 400),
        (with("customer", json!({"number": "07700 900123"})), 400),
        (with("name", "x".repeat(41).into()), 400),
        (with("assistantOverrides", json!([])), 400),
        (json!([]), 400),
    ];
    for (body, expected) in table {
        let url = format!("{}/call", stage.vapi.base_url());
        let request = reqwest::Client::new()
            .post(url)
            .bearer_auth(KEY)
            .json(&body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), expected, "{body}");
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["message"].is_array(), expected == 400, "{answer}");
    }
}

#[tokio::test]
async fn lists_are_bounded_by_time_and_number_with_the_latest_first() {
    let stage = Stage::new(Scenario::default().always(Outcome::NoAnswer)).await;
    for number in ["+447700900101", "+447700900102", TO] {
        stage.client.create_call(&a_call_to(number)).await.unwrap();
    }
    stage.quiet().await;
    let number = |call: &Value| call["customer"]["number"].as_str().unwrap().to_owned();
    let (_, all) = ask(&stage, "/call").await;
    let all = all.as_array().unwrap();
    let found: Vec<String> = all.iter().map(number).collect();
    assert_eq!(found, [TO, "+447700900102", "+447700900101"]);
    let last = all[0]["id"].as_str().unwrap();
    for (query, expected) in [
        ("limit=2", 2),
        ("createdAtGe=2026-01-01T00:00:00.000Z", 3),
        ("createdAtLt=2026-01-01T00:00:00.000Z", 0),
        ("updatedAtGt=2026-01-01T00:00:00Z&limit=1", 1),
        ("assistantId=assistant_of_the_desk", 3),
        ("phoneNumberId=other", 0),
        (&format!("id={last}"), 1),
    ] {
        let (status, found) = ask(&stage, &format!("/call?{query}")).await;
        assert_eq!(
            (status, found.as_array().unwrap().len()),
            (200, expected),
            "{query}"
        );
    }
    for bad in ["limit=0", "limit=1001", "createdAtGe=yesterday"] {
        assert_eq!(ask(&stage, &format!("/call?{bad}")).await.0, 400, "{bad}");
    }
}

#[tokio::test]
async fn messages_are_proved_as_the_account_is_set_up() {
    let plain = VapiAuth::Header {
        name: "X-Vapi-Secret".into(),
        bearer: false,
    };
    let sha512 = VapiHmac {
        algorithm: Hash::Sha512,
        milliseconds: true,
        ..VapiHmac::default()
    };
    for (auth, options) in [
        (
            plain,
            json!({"vapi": {"bearer": {"header_name": "x-vapi-secret", "bearer_prefix_enabled": false}}}),
        ),
        (
            VapiAuth::Hmac(VapiHmac::default()),
            json!({"vapi": {"hmac": {}}}),
        ),
        (
            VapiAuth::Hmac(sha512),
            json!({"vapi": {"hmac": {"algorithm": "sha512"}}}),
        ),
    ] {
        let stage = Stage::new(Scenario::default().always(Outcome::Confirmed)).await;
        stage.inbox.expect_proof(options);
        let url = stage.inbox.clone().listen().await;
        let server = MessageServer {
            url,
            secret: SECRET.into(),
            auth,
        };
        stage.vapi.set_account(Account {
            server: Some(server),
            ..account(KEY)
        });
        stage.client.create_call(&a_call()).await.unwrap();
        stage.quiet().await;
        let received = stage.inbox.received();
        assert!(received.len() == 4 && received.iter().all(|each| each.verified));
    }
}

#[tokio::test]
async fn the_ledger_and_the_scenario_are_there_for_other_processes() {
    let stage = Stage::new(Scenario::default()).await;
    let url = |path: &str| format!("{}{path}", stage.vapi.base_url());
    let http = reqwest::Client::new();

    let toml = r#"
        seed = 3
        analysis = "structured_outputs"
        [timing]
        speed = 1000.0
        [[number]]
        number = "+447700900123"
        calls = [{ outcome = "busy", messages = { ended = "drop" }, tools = [{ name = "note", arguments = { text = "x" } }] }]
    "#;
    let change = http
        .post(url("/sim/scenario"))
        .header("content-type", "application/toml")
        .body(toml);
    assert_eq!(change.send().await.unwrap().status(), 204);
    for wrong in [
        r#"{"sed": 3}"#,
        r#"{"question_seconds": 0}"#,
        r#"{"number": [{"number": "+447700900123", "calls": [{"outcome": "busy", "messages": {"over": "drop"}}]}]}"#,
    ] {
        let answer = http
            .post(url("/sim/scenario"))
            .body(wrong)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 400, "{wrong}");
    }
    let account = json!({"key": "third", "server_url": null});
    let answer = http
        .post(url("/sim/accounts"))
        .json(&account)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    let third = Client::new(&stage.vapi.base_url(), "third".into(), Timeouts::default()).unwrap();
    let call = a_call();
    third.create_call(&call).await.unwrap();
    assert!(stage.vapi.quiet(PATIENCE).await);

    let ledger = http.get(url("/sim/ledger")).send().await.unwrap();
    let ledger: Ledger = ledger.json().await.unwrap();
    assert_eq!(ledger, stage.vapi.ledger());
    assert_eq!(ledger.calls[0].outcome, Outcome::Busy);
    assert_eq!(
        ledger.dialed_per_call.get(&call.call_id.to_string()),
        Some(&1)
    );
    let totals = http.get(url("/sim/totals")).send().await.unwrap();
    let totals: Totals = totals.json().await.unwrap();
    assert!(totals.quiet && totals.double_dials == 0 && totals.calls_placed == 1);
}

#[tokio::test]
async fn a_given_port_that_is_taken_is_an_error_with_the_address() {
    let stage = Stage::new(Scenario::default()).await;
    let config = Config {
        address: stage.vapi.address(),
        ..Config::with_account(KEY, None, Scenario::default())
    };
    let error = simulator::vapi::start(config).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&stage.vapi.address().to_string())
    );
}
