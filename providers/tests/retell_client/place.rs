use std::{sync::atomic::Ordering, time::Duration};

use jiff::{SignedDuration, Timestamp, fmt::rfc2822};
use providers::{
    error::{ClientError, Doubt, PlaceError},
    retell::{Client, Placed, Timeouts},
};
use serde_json::json;

use crate::{
    local::{Answer, Server, Socket, socket},
    server::{KEY, TO, a_call, hasty_client, patient_client},
};

const CREATED: &str = r#"{"call_id":"call_4f8d1c2b3a","call_status":"registered"}"#;

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
            provider_call_id: "call_4f8d1c2b3a".into()
        }
    );

    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.path.as_str(), asked.authorization),
        ("/v2/create-phone-call", format!("Bearer {KEY}"))
    );
    let expected = json!({
        "from_number": "+442079460000",
        "to_number": TO,
        "override_agent_id": "agent_7c1f",
        "retell_llm_dynamic_variables": {"first_name": "Ada"},
        "metadata": {"bellhop_call_id": call.call_id.to_string(), "bellhop_attempt": "2"},
    });
    assert_eq!(asked.body, expected);
}

#[tokio::test]
async fn without_an_agent_the_numbers_own_takes_the_call() {
    let server = Server::answering([Answer::new(200, CREATED)]).await;
    let call = providers::retell::NewCall {
        agent_id: None,
        ..a_call()
    };
    server.client().create_call(&call).await.unwrap();
    assert_eq!(server.asked()[0].body.get("override_agent_id"), None);
}

#[tokio::test]
async fn a_base_address_with_a_path_keeps_it() {
    let server = Server::answering([Answer::new(201, CREATED)]).await;
    for base in ["/proxy", "/proxy/"] {
        patient_client(&format!("{}{base}", server.url()))
            .create_call(&a_call())
            .await
            .unwrap();
    }
    assert!(
        server
            .asked()
            .iter()
            .all(|asked| asked.path == "/proxy/v2/create-phone-call")
    );
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
        (405, true, other),
        (410, false, other),
        (418, false, other),
        (422, false, None),
        (301, true, other),
        (307, true, other),
    ];
    for (status, expected, wait) in table {
        let error = answered(
            Answer::new(status, r#"{"status":"error","message":"No."}"#)
                .header("location", "/elsewhere"),
        )
        .await;
        assert_eq!(error.wait(), wait, "{status}");
        match error {
            PlaceError::Refused {
                status: said,
                message,
                systemic,
            } => {
                assert_eq!(
                    (said, message.as_str(), systemic),
                    (status, "No.", expected)
                );
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_answer_that_leaves_doubt_is_uncertain() {
    for (status, seconds) in [
        (408, 600),
        (409, 600),
        (425, 600),
        (500, 300),
        (502, 300),
        (503, 300),
        (504, 300),
        (529, 300),
    ] {
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
        r#"{"call_id":""}"#,
        r#"{"call_id":7}"#,
    ] {
        let error = answered(Answer::new(201, body)).await;
        assert!(
            matches!(error, PlaceError::Uncertain(Doubt::Unreadable(_))),
            "{body}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_as_long_as_it_asks() {
    let limited = || Answer::new(429, r#"{"message":"slow down"}"#);
    let table = [
        (limited(), Duration::from_secs(300)),
        (
            limited().header("retry-after", "30"),
            Duration::from_secs(30),
        ),
        (limited().header("retry-after", "0"), Duration::ZERO),
        (
            limited().header("retry-after", "soon"),
            Duration::from_secs(300),
        ),
        (
            limited().header("retry-after", "Fri, 01 Jan 2021 00:00:00 GMT"),
            Duration::ZERO,
        ),
        (
            limited().header("retry-after", u64::MAX),
            Duration::from_secs(24 * 3600),
        ),
    ];
    for (answer, expected) in table {
        let error = answered(answer).await;
        assert!(matches!(error, PlaceError::RateLimited { .. }));
        assert_eq!(error.wait(), Some(expected));
    }
}

#[tokio::test]
async fn a_rate_limit_until_a_date_is_waited_out() {
    let until = Timestamp::now() + SignedDuration::from_secs(90);
    let date = rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&until)
        .unwrap();
    let wait = answered(Answer::new(429, "").header("retry-after", date))
        .await
        .wait()
        .unwrap();
    assert!((80..=90).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test]
async fn a_message_shows_neither_number_nor_key_and_is_kept_short() {
    let message = format!("cannot dial {TO} with {KEY}: {}", "no ".repeat(1000));
    let error = answered(Answer::new(
        400,
        json!({"status": "error", "message": message}),
    ))
    .await;
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(text.contains("cannot dial ******0123 with [key]"), "{text}");
        assert!(!text.contains("7700") && !text.contains(KEY) && text.len() < 500);
    }
}

#[tokio::test]
async fn a_dial_that_is_not_answered_in_time_is_uncertain_and_not_repeated() {
    let (url, requests) = socket(Socket::Silence).await;
    let error = hasty_client(&url).create_call(&a_call()).await.unwrap_err();
    assert!(
        matches!(error, PlaceError::Uncertain(Doubt::Timeout(_))),
        "{error:?}"
    );
    assert_eq!(error.wait(), Some(Duration::from_secs(600)));
    assert_eq!(requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_left_is_uncertain_and_not_repeated() {
    for behaviour in [Socket::Close, Socket::HalfAnswer] {
        let (url, requests) = socket(behaviour).await;
        let error = patient_client(&url)
            .create_call(&a_call())
            .await
            .unwrap_err();
        assert!(
            matches!(error, PlaceError::Uncertain(Doubt::Broken(_))),
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
    for url in [format!("http://{address}"), "http://retell.invalid".into()] {
        let error = patient_client(&url)
            .create_call(&a_call())
            .await
            .unwrap_err();
        assert!(
            matches!(error, PlaceError::Unreachable(_)),
            "{url}: {error:?}"
        );
        assert_eq!(error.wait(), Some(Duration::from_secs(300)));
    }
}

#[tokio::test]
async fn each_dial_has_a_connection_of_its_own() {
    // A kept connection that the far side closes just then would put the dial in doubt for nothing.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = patient_client(&url);
    let calls = tokio::spawn(async move {
        for _ in 0..3 {
            client.create_call(&a_call()).await.unwrap();
        }
    });
    for _ in 0..3 {
        let next = tokio::time::timeout(Duration::from_secs(20), listener.accept());
        let (mut stream, _) = next.await.unwrap().unwrap();
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            }
            let answer = format!(
                "HTTP/1.1 201 Created\r\ncontent-length: {}\r\n\r\n{CREATED}",
                CREATED.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            // Kept open, as a server does that permits another request.
            std::future::pending::<()>().await;
        });
    }
    tokio::time::timeout(Duration::from_secs(20), calls)
        .await
        .unwrap()
        .unwrap();
}

#[test]
fn a_base_address_that_is_none_is_refused() {
    for base in [
        "",
        "api.retellai.com",
        "ftp://api.retellai.com",
        "mailto:a@b.example",
        "http://",
    ] {
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
