use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

use providers::{
    error::{ClientError, Doubt, PlaceError},
    vapi::{Client, NewCall, Placed, Timeouts},
};
use serde_json::json;

use crate::{
    local::{Answer, Server, Socket, socket},
    server::{KEY, TO, a_call, hasty_client, patient_client},
};

const CREATED: &str =
    r#"{"id":"7b0f2c1e","status":"queued","subscriptionLimits":{"concurrencyBlocked":false}}"#;

/// What a request to dial that is answered so comes to.
async fn answered(answer: Answer) -> PlaceError {
    let server = Server::answering([answer]).await;
    let error = server.client().create_call(&a_call()).await.unwrap_err();
    assert_eq!(
        server.asked().len(),
        1,
        "a request to dial is sent once, whatever the answer"
    );
    error
}

#[tokio::test]
async fn a_placed_call_has_its_id_and_carries_ours() {
    let server = Server::answering([Answer::new(201, CREATED)]).await;
    let call = a_call();
    let placed = server.client().create_call(&call).await.unwrap();
    assert_eq!(
        placed,
        Placed {
            provider_call_id: "7b0f2c1e".into()
        }
    );

    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.path.as_str(), asked.authorization),
        ("/call", format!("Bearer {KEY}"))
    );
    let expected = json!({
        "assistantId": "2f6c0a1e",
        "phoneNumberId": "9e8d7c6b",
        "customer": {"number": TO},
        "name": call.call_id.to_string(),
        "assistantOverrides": {
            "variableValues": {"first_name": "Ada"},
            "metadata": {"bellhop_call_id": call.call_id.to_string(), "bellhop_attempt": "2"},
        },
    });
    assert_eq!(asked.body, expected);
}

#[tokio::test]
async fn variables_that_are_not_there_are_not_sent() {
    let server = Server::answering([Answer::new(200, CREATED)]).await;
    let call = NewCall {
        variables: BTreeMap::new(),
        ..a_call()
    };
    server.client().create_call(&call).await.unwrap();
    let overrides = &server.asked()[0].body["assistantOverrides"];
    assert_eq!(overrides.get("variableValues"), None);
}

#[tokio::test]
async fn a_refusal_says_whether_it_would_meet_every_call_and_how_long_to_wait() {
    let other = Some(Duration::from_secs(600));
    let table = [
        (400, false, None),
        (401, true, None),
        (402, true, None),
        (403, true, None),
        (404, true, other),
        (410, false, other),
        (422, false, None),
        (307, true, other),
    ];
    for (status, expected, wait) in table {
        let body =
            json!({"message": ["No.", "Never."], "error": "Bad Request", "statusCode": status});
        let error = answered(Answer::new(status, body).header("location", "/elsewhere")).await;
        assert_eq!(error.wait(), wait, "{status}");
        match error {
            PlaceError::Refused {
                status: said,
                message,
                systemic,
            } => {
                assert_eq!(
                    (said, message.as_str(), systemic),
                    (status, "No.; Never.", expected)
                );
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn too_many_calls_at_once_is_waited_out_whatever_its_status() {
    for answer in [
        Answer::new(400, r#"{"error":"Over Concurrency Limit"}"#),
        Answer::new(
            400,
            r#"{"message":"Over Concurrency Limit. 10 calls are active","statusCode":400}"#,
        ),
        Answer::new(429, ""),
    ] {
        let error = answered(answer).await;
        assert!(
            matches!(error, PlaceError::RateLimited { retry_after: None }),
            "{error:?}"
        );
    }
    let limited = Answer::new(429, "").header("retry-after", "30");
    assert_eq!(
        answered(limited).await.wait(),
        Some(Duration::from_secs(30))
    );
}

#[tokio::test]
async fn an_answer_that_leaves_doubt_is_uncertain() {
    for (status, seconds) in [(408, 600), (409, 600), (500, 300), (503, 300), (522, 300)] {
        let error = answered(Answer::new(status, "<html>oops</html>")).await;
        assert_eq!(error.wait(), Some(Duration::from_secs(seconds)), "{status}");
        assert!(
            matches!(error, PlaceError::Uncertain(Doubt::Status { status: said, .. }) if said == status),
            "{status}: {error:?}"
        );
    }
}

#[tokio::test]
async fn an_acceptance_that_names_no_call_is_uncertain() {
    for body in [
        "",
        "OK",
        "{}",
        "[]",
        r#"{"id":""}"#,
        r#"{"results":[],"errors":[]}"#,
    ] {
        let error = answered(Answer::new(201, body)).await;
        assert!(
            matches!(error, PlaceError::Uncertain(Doubt::Unreadable(_))),
            "{body}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_message_shows_neither_number_nor_key() {
    let message = format!("cannot dial {TO} with {KEY}");
    let error = answered(Answer::new(400, json!({"message": [message]}))).await;
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(text.contains("cannot dial ******0123 with [key]"), "{text}");
    }
}

#[tokio::test]
async fn a_dial_without_an_answer_is_uncertain_and_not_repeated() {
    for behaviour in [Socket::Silence, Socket::Close, Socket::HalfAnswer] {
        let (url, requests) = socket(behaviour).await;
        let error = hasty_client(&url).create_call(&a_call()).await.unwrap_err();
        assert!(
            matches!(
                error,
                PlaceError::Uncertain(Doubt::Timeout(_) | Doubt::Broken(_))
            ),
            "{error:?}"
        );
        assert_eq!(requests.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_provably_not_asked() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = patient_client(&format!("http://{address}"));
    let error = client.create_call(&a_call()).await.unwrap_err();
    assert!(matches!(error, PlaceError::Unreachable(_)), "{error:?}");
}

#[test]
fn a_base_address_that_is_none_is_refused() {
    for base in ["", "api.vapi.ai", "ftp://api.vapi.ai", "http://"] {
        let client = Client::new(base, KEY.into(), Timeouts::default());
        assert!(matches!(client, Err(ClientError::BaseUrl)), "{base}");
    }
}

#[test]
fn what_is_printed_of_a_call_and_a_client_holds_nothing_personal() {
    let printed = format!("{:?} {:?}", a_call(), patient_client("http://127.0.0.1:1"));
    assert!(
        !printed.contains("7700") && !printed.contains("Ada") && !printed.contains(KEY),
        "{printed}"
    );
}
