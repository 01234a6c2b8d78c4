use jiff::{Timestamp, fmt::rfc2822};
use providers::error::ReadError;
use serde_json::{Value, json};

use crate::{
    http_server::{Answer, Server, Socket, patient, socket},
    twilio::{ACCOUNT, SID, TO, TOKEN, client},
};

const TEXT: &str = "al_1 Missed call";

fn since() -> Timestamp {
    "2027-03-26T09:00:00Z".parse().unwrap()
}

fn message(body: &str, created: &str) -> Value {
    let created: Timestamp = created.parse().unwrap();
    let created = rfc2822::DateTimePrinter::new()
        .timestamp_to_string(&created)
        .unwrap();
    json!({"sid": SID, "body": body, "direction": "outbound-api", "date_created": created,
           "date_sent": null, "status": "queued", "to": TO})
}

fn page(messages: impl IntoIterator<Item = Value>, next: Option<&str>) -> Answer {
    let messages: Vec<Value> = messages.into_iter().collect();
    Answer::new(200, json!({"messages": messages, "next_page_uri": next}))
}

/// What a search in these pages finds, and how many of them it read.
async fn found(pages: Vec<Answer>) -> (Result<bool, ReadError>, usize) {
    let server = Server::answering(pages).await;
    let result = client(server.url(), patient())
        .find(TO, since(), TEXT)
        .await;
    (result.map(|sid| sid.is_some()), server.asked().len())
}

#[tokio::test]
async fn the_list_is_asked_for_the_number() {
    let server = Server::answering([page([message(TEXT, "2027-03-26T09:00:05Z")], None)]).await;
    let sid = client(server.url(), patient())
        .find(TO, since(), TEXT)
        .await;
    assert_eq!(sid.unwrap().unwrap().as_str(), SID);
    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.method.as_str(), asked.target.as_str()),
        (
            "GET",
            format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=%2B447700900123&PageSize=100")
                .as_str()
        )
    );
    assert!(
        asked.headers["authorization"]
            .to_str()
            .unwrap()
            .starts_with("Basic ")
    );
}

#[tokio::test]
async fn a_message_is_ours_when_its_text_is_and_it_is_new_enough() {
    let undated = json!({"sid": SID, "body": TEXT});
    let inbound = json!({"sid": SID, "body": TEXT, "direction": "inbound"});
    let table = [
        (message(TEXT, "2027-03-26T09:00:05Z"), true),
        // A clock a little behind.
        (message(TEXT, "2027-03-26T08:59:30Z"), true),
        (message(TEXT, "2027-03-26T08:50:00Z"), false),
        (
            message(
                "Sent from your Twilio trial account - al_1 Missed call",
                "2027-03-26T09:00:05Z",
            ),
            true,
        ),
        (message("al_1 Missed call ", "2027-03-26T09:00:05Z"), true),
        (message("al_2 Missed call", "2027-03-26T09:00:05Z"), false),
        (message("", "2027-03-26T09:00:05Z"), false),
        (undated, true),
        (inbound, false),
    ];
    for (row, (message, expected)) in table.into_iter().enumerate() {
        let (result, _) = found(vec![page([message], None)]).await;
        assert_eq!(result.unwrap(), expected, "row {row}");
    }
}

#[tokio::test]
async fn a_search_goes_on_page_by_page_until_the_list_is_too_old() {
    let other = || message("another", "2027-03-26T09:10:00Z");
    let old = || message(TEXT, "2027-03-25T09:00:00Z");
    let next = Some("/2010-04-01/Accounts/x/Messages.json?Page=1");
    let table = [
        (
            vec![
                page([other()], next),
                page([message(TEXT, "2027-03-26T09:00:05Z")], None),
            ],
            true,
            2,
        ),
        (
            vec![
                page([other()], next),
                page([old()], next),
                page([other()], None),
            ],
            false,
            2,
        ),
        (vec![page([], next)], false, 1),
        (vec![page([other()], None)], false, 1),
    ];
    for (row, (pages, expected, read)) in table.into_iter().enumerate() {
        let (result, asked) = found(pages).await;
        assert_eq!((result.unwrap(), asked), (expected, read), "row {row}");
    }
}

#[tokio::test]
async fn a_list_without_end_proves_nothing() {
    let endless = page([message("another", "2027-03-26T09:10:00Z")], Some("/again"));
    let (result, asked) = found(vec![endless]).await;
    assert!(
        matches!(result, Err(ReadError::TooMany { pages: 10 })),
        "{result:?}"
    );
    assert_eq!(asked, 10);
}

#[tokio::test]
async fn the_key_is_not_taken_to_a_next_page_that_is_elsewhere() {
    let elsewhere = Server::answering([page([], None)]).await;
    for next in [
        elsewhere.url(),
        "//elsewhere.example/x",
        "https://elsewhere.example/",
    ] {
        let first = page([message("another", "2027-03-26T09:10:00Z")], Some(next));
        let (result, _) = found(vec![first]).await;
        assert!(
            matches!(result, Err(ReadError::Unreadable(_))),
            "{next}: {result:?}"
        );
    }
    assert!(elsewhere.asked().is_empty());
}

#[tokio::test]
async fn a_failure_to_search_is_told_from_finding_nothing() {
    let said = json!({"code": 20003, "message": format!("{TOKEN} {TO}")}).to_string();
    let table = [
        (
            Answer::new(401, said.clone()),
            "refused with status 401: 20003",
        ),
        (
            Answer::new(400, said.clone()),
            "refused with status 400: 20003",
        ),
        (Answer::new(302, ""), "refused with status 302: no code"),
        (Answer::new(429, said.clone()), "asked to slow down"),
        (Answer::new(500, said), "failed: status 500"),
        (
            Answer::new(200, "{}"),
            "answered something unreadable: not a list of messages",
        ),
        (
            page([json!({"sid": "x", "body": TEXT})], None),
            "answered something unreadable: a message without a name",
        ),
    ];
    for (answer, expected) in table {
        let (result, _) = found(vec![answer]).await;
        assert_eq!(result.unwrap_err().to_string(), expected);
    }
    for behaviour in [Socket::Close, Socket::HalfAnswer] {
        let (url, _) = socket(behaviour).await;
        let result = client(&url, patient()).find(TO, since(), TEXT).await;
        assert!(matches!(result, Err(ReadError::Failed(_))), "{behaviour:?}");
    }
}
