use std::{sync::atomic::Ordering, time::Duration};

use providers::{
    channel::{HttpOptions, SendError},
    twilio::client::{Client, MessageSid, Options},
};
use serde_json::json;

use crate::http_server::{Answer, Server, Socket, hasty, nobody, patient, socket};

pub(crate) const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
pub(crate) const TOKEN: &str = "2b1e7c9f0a3d4e5f6a7b8c9d0e1f2a3b";
pub(crate) const SID: &str = "SM0123456789abcdef0123456789abcdef";
pub(crate) const TO: &str = "+447700900123";
const FROM: &str = "+442079460000";

pub(crate) fn client(url: &str, http: HttpOptions) -> Client {
    let options = Options {
        http,
        ..Options::default()
    };
    Client::new(url, ACCOUNT, TOKEN.into(), options).unwrap()
}

fn created() -> Answer {
    Answer::new(
        201,
        json!({"sid": SID, "status": "queued", "error_code": null, "to": TO}),
    )
}

fn failed(status: u16, code: u32) -> Answer {
    let message = format!("The 'To' number {TO} is not right. {TOKEN}");
    Answer::new(
        status,
        json!({"code": code, "message": message, "more_info": "https://x", "status": status}),
    )
}

async fn send(client: &Client) -> Result<MessageSid, SendError> {
    client.send_sms(FROM, TO, "al_1 Missed call", None).await
}

/// What a send that is answered so comes to.
async fn answered(answer: Answer) -> Result<MessageSid, SendError> {
    let server = Server::answering([answer]).await;
    let result = send(&client(server.url(), patient())).await;
    assert_eq!(
        server.asked().len(),
        1,
        "a text is sent once, whatever the answer"
    );
    result
}

fn misconfigured(detail: &str) -> SendError {
    SendError::Misconfigured {
        detail: detail.into(),
    }
}

fn refused(permanent: bool, detail: &str) -> SendError {
    SendError::Refused {
        permanent,
        detail: detail.into(),
    }
}

#[tokio::test]
async fn a_text_is_posted_as_a_form_with_the_accounts_key() {
    let server = Server::answering([created()]).await;
    let callback = "https://hooks.example.org/twilio/status?alert=42&x=%20";
    let sid = client(&format!("{}/proxy/", server.url()), patient())
        .send_sms(FROM, TO, "al_1 Café & 50% ☎", Some(callback))
        .await
        .unwrap();
    assert_eq!(sid.as_str(), SID);

    let asked = server.asked().remove(0);
    assert_eq!(asked.method.as_str(), "POST");
    assert_eq!(
        asked.target,
        format!("/proxy/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    );
    assert_eq!(
        asked.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        asked.headers["authorization"],
        "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjoyYjFlN2M5ZjBhM2Q0ZTVmNmE3YjhjOWQwZTFmMmEzYg=="
    );
    let form: Vec<_> = form_urlencoded::parse(asked.body.as_bytes())
        .into_owned()
        .collect();
    let expected = [
        ("To", TO),
        ("From", FROM),
        ("Body", "al_1 Café & 50% ☎"),
        ("StatusCallback", callback),
        ("ValidityPeriod", "3600"),
    ];
    assert_eq!(
        form,
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

#[tokio::test]
async fn a_messaging_service_sends_in_place_of_a_number_and_a_long_text_is_cut() {
    let server = Server::answering([created()]).await;
    let service = "MG0123456789abcdef0123456789abcdef";
    client(server.url(), patient())
        .send_sms(service, TO, &"x".repeat(2_000), None)
        .await
        .unwrap();
    let body = server.asked().remove(0).body;
    assert!(
        body.contains(&format!("&MessagingServiceSid={service}&")),
        "{body}"
    );
    assert!(!body.contains("From="), "{body}");
    assert!(
        body.contains(&format!("Body={}%E2%80%A6&", "x".repeat(1_599))),
        "{body}"
    );
}

#[tokio::test]
async fn every_refusal_has_its_class() {
    let table = [
        (failed(400, 21211), refused(true, "21211")),
        (failed(400, 21614), refused(true, "21614")),
        (failed(400, 21610), refused(true, "21610")),
        (failed(400, 21617), refused(true, "21617")),
        (failed(400, 21999), refused(true, "21999")),
        (failed(400, 30001), refused(false, "30001")),
        (failed(400, 30003), refused(false, "30003")),
        (failed(400, 30008), refused(false, "30008")),
        (failed(400, 21408), misconfigured("21408")),
        (failed(400, 21606), misconfigured("21606")),
        (failed(400, 21659), misconfigured("21659")),
        (failed(400, 21660), misconfigured("21660")),
        (failed(400, 30002), misconfigured("30002")),
        (failed(401, 20003), misconfigured("20003")),
        (failed(403, 20005), misconfigured("20005")),
        (failed(404, 20404), misconfigured("20404")),
        (Answer::new(401, "no"), misconfigured("status_401")),
        (Answer::new(302, ""), misconfigured("status_302")),
        (Answer::new(400, "<html>"), refused(true, "status_400")),
        (Answer::new(422, "{}"), refused(true, "status_422")),
        (failed(400, 447_700_900), refused(true, "status_400")),
        (
            failed(429, 20429),
            SendError::RateLimited { retry_after: None },
        ),
        (
            failed(400, 20429).header("retry-after", "7"),
            SendError::RateLimited {
                retry_after: Some(Duration::from_secs(7)),
            },
        ),
        (failed(408, 1), SendError::Uncertain),
        (failed(409, 1), SendError::Uncertain),
        (failed(425, 1), SendError::Uncertain),
        (failed(500, 20500), SendError::Uncertain),
        (Answer::new(502, ""), SendError::Uncertain),
        (failed(503, 20503), SendError::Uncertain),
        (Answer::new(504, ""), SendError::Uncertain),
    ];
    for (row, (answer, expected)) in table.into_iter().enumerate() {
        let result = answered(answer.header("location", "/elsewhere")).await;
        assert_eq!(result, Err(expected), "row {row}");
    }
}

#[tokio::test]
async fn an_acceptance_that_names_no_message_is_uncertain() {
    let long = json!({"sid": SID, "padding": "x".repeat(1 << 20)}).to_string();
    for body in [
        "",
        "OK",
        "{}",
        "[]",
        r#"{"sid":""}"#,
        r#"{"sid":"+447700900123"}"#,
        &long,
    ] {
        let result = answered(Answer::new(201, body)).await;
        assert_eq!(result, Err(SendError::Uncertain), "{:.40}", body);
    }
}

#[tokio::test]
async fn a_text_that_left_and_was_not_answered_is_uncertain_and_not_repeated() {
    for (behaviour, http) in [
        (Socket::Close, patient()),
        (Socket::HalfAnswer, patient()),
        (Socket::Silence, hasty()),
    ] {
        let (url, requests) = socket(behaviour).await;
        let result = send(&client(&url, http)).await;
        assert_eq!(result, Err(SendError::Uncertain), "{behaviour:?}");
        assert_eq!(requests.load(Ordering::SeqCst), 1, "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_was_provably_not_asked() {
    for url in [
        format!("http://{}", nobody().await),
        "http://twilio.invalid".into(),
    ] {
        assert_eq!(
            send(&client(&url, patient())).await,
            Err(SendError::Unavailable),
            "{url}"
        );
    }
}

#[tokio::test]
async fn an_error_shows_neither_number_nor_key() {
    for answer in [
        failed(400, 21211),
        failed(401, 20003),
        failed(500, 1),
        failed(429, 1),
    ] {
        let error = answered(answer).await.unwrap_err();
        for text in [error.to_string(), format!("{error:?}")] {
            let shows = [TO, "7700", TOKEN, ACCOUNT]
                .iter()
                .any(|each| text.contains(each));
            assert!(!shows, "{text}");
        }
    }
    let printed = format!("{:?}", client("http://127.0.0.1:1", patient()));
    assert!(
        !printed.contains(TOKEN) && !printed.contains(ACCOUNT),
        "{printed}"
    );
}

#[test]
fn an_account_or_address_that_is_none_is_a_misconfiguration() {
    let table = [
        ("https://api.twilio.com", "AC1", "account_sid"),
        ("https://api.twilio.com", "", "account_sid"),
        (
            "https://api.twilio.com",
            "AC0123456789abcdef0123456789abcde/",
            "account_sid",
        ),
        ("", ACCOUNT, "base_url"),
        ("api.twilio.com", ACCOUNT, "base_url"),
        ("ftp://api.twilio.com", ACCOUNT, "address_not_public"),
    ];
    for (url, account, detail) in table {
        let made = Client::new(url, account, TOKEN.into(), Options::default());
        assert_eq!(made.err(), Some(misconfigured(detail)), "{url} {account}");
    }
}
