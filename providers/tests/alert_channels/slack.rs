use std::{sync::atomic::Ordering, time::Duration};

use providers::{
    channel::{HttpOptions, SendError},
    slack::{Client, Options, SlackMessage},
};
use serde_json::{Value, json};

use crate::http_server::{Answer, Server, Socket, hasty, nobody, patient, socket};

const PATH: &str = "/services/T0123/B4567/aBcDeFgHiJkLmNoP";

fn client(url: &str, http: HttpOptions) -> Client {
    let options = Options {
        http,
        ..Options::default()
    };
    Client::new(format!("{url}{PATH}").into(), options).unwrap()
}

fn a_message() -> SlackMessage {
    SlackMessage::text("Missed call from +44 7700 900123 <!channel>")
}

/// What a send that is answered so comes to.
async fn answered(answer: Answer) -> Result<(), SendError> {
    let server = Server::answering([answer]).await;
    let result = client(server.url(), patient()).send(&a_message()).await;
    assert_eq!(
        server.asked().len(),
        1,
        "a message is sent once, whatever the answer"
    );
    result
}

fn misconfigured(detail: &str) -> SendError {
    SendError::Misconfigured {
        detail: detail.into(),
    }
}

fn refused(detail: &str) -> SendError {
    SendError::Refused {
        permanent: true,
        detail: detail.into(),
    }
}

#[tokio::test]
async fn a_message_is_posted_to_the_webhook_as_text_that_calls_nobody() {
    let server = Server::answering([Answer::new(200, "ok")]).await;
    client(server.url(), patient())
        .send(&a_message())
        .await
        .unwrap();
    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.method.as_str(), asked.target.as_str()),
        ("POST", PATH)
    );
    assert_eq!(
        asked.headers["content-type"],
        "application/json; charset=utf-8"
    );
    assert_eq!(
        serde_json::from_str::<Value>(&asked.body).unwrap(),
        json!({
            "text": "Missed call from +44 7700 900123 &lt;!channel&gt;",
            "unfurl_links": false,
            "unfurl_media": false,
        })
    );
}

#[tokio::test]
async fn every_answer_has_its_class() {
    let table = [
        (200, "ok", Ok(())),
        (200, "ok\n", Ok(())),
        (200, "", Err(misconfigured("not_a_slack_webhook"))),
        (
            200,
            "<html>Log in</html>",
            Err(misconfigured("not_a_slack_webhook")),
        ),
        (301, "", Err(misconfigured("status_301"))),
        (307, "", Err(misconfigured("status_307"))),
        (400, "invalid_payload", Err(refused("invalid_payload"))),
        (400, "no_text", Err(refused("no_text"))),
        (
            400,
            "too_many_attachments",
            Err(refused("too_many_attachments")),
        ),
        (400, "user_not_found", Err(refused("user_not_found"))),
        (400, "something_new", Err(refused("something_new"))),
        (400, "<html>Bad</html>", Err(refused("status_400"))),
        (401, "invalid_auth", Err(misconfigured("invalid_auth"))),
        (
            403,
            "action_prohibited",
            Err(misconfigured("action_prohibited")),
        ),
        (403, "invalid_token", Err(misconfigured("invalid_token"))),
        (404, "no_service", Err(misconfigured("no_service"))),
        (
            404,
            "channel_not_found",
            Err(misconfigured("channel_not_found")),
        ),
        (405, "", Err(misconfigured("status_405"))),
        (408, "", Err(SendError::Uncertain)),
        (409, "", Err(SendError::Uncertain)),
        (
            410,
            "channel_is_archived",
            Err(misconfigured("channel_is_archived")),
        ),
        (413, "", Err(refused("status_413"))),
        (425, "", Err(SendError::Uncertain)),
        (500, "rollup_error", Err(SendError::Unavailable)),
        (502, "", Err(SendError::Unavailable)),
        (503, "", Err(SendError::Unavailable)),
        (504, "", Err(SendError::Uncertain)),
    ];
    for (status, body, expected) in table {
        let answer = Answer::new(status, body).header("location", "/elsewhere");
        assert_eq!(answered(answer).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn a_rate_limit_says_how_long_when_it_does() {
    let limited = || Answer::new(429, "rate_limited");
    let table = [
        (limited(), None),
        (limited().header("retry-after", "30"), Some(30)),
        (limited().header("retry-after", "soon"), None),
        (
            limited().header("retry-after", "Fri, 01 Jan 2021 00:00:00 GMT"),
            Some(0),
        ),
        (limited().header("retry-after", u64::MAX), Some(24 * 3600)),
    ];
    for (answer, seconds) in table {
        let retry_after = seconds.map(Duration::from_secs);
        assert_eq!(
            answered(answer).await,
            Err(SendError::RateLimited { retry_after })
        );
    }
}

#[tokio::test]
async fn a_message_that_left_and_was_not_answered_is_uncertain_and_not_repeated() {
    for (behaviour, http) in [
        (Socket::Close, patient()),
        (Socket::HalfAnswer, patient()),
        (Socket::Silence, hasty()),
    ] {
        let (url, requests) = socket(behaviour).await;
        let result = client(&url, http).send(&a_message()).await;
        assert_eq!(result, Err(SendError::Uncertain), "{behaviour:?}");
        assert_eq!(requests.load(Ordering::SeqCst), 1, "{behaviour:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    for url in [
        format!("http://{}", nobody().await),
        "http://slack.invalid".into(),
    ] {
        let result = client(&url, patient()).send(&a_message()).await;
        assert_eq!(result, Err(SendError::Unavailable), "{url}");
    }
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let result = answered(Answer::new(200, "o".repeat(1 << 20))).await;
    assert_eq!(result, Err(SendError::Uncertain));
    let result = answered(Answer::new(400, "o".repeat(1 << 20))).await;
    assert_eq!(result, Err(refused("status_400")));
}

#[tokio::test]
async fn another_status_can_be_said_to_mean_a_dead_webhook() {
    let server = Server::answering([Answer::new(418, "no_team")]).await;
    let options = Options {
        http: patient(),
        misconfigured_statuses: vec![418],
        ..Options::default()
    };
    let client = Client::new(format!("{}{PATH}", server.url()).into(), options).unwrap();
    assert_eq!(
        client.send(&a_message()).await,
        Err(misconfigured("no_team"))
    );
}

#[tokio::test]
async fn what_an_answer_says_of_the_webhook_or_a_person_is_not_repeated() {
    for said in [
        format!("no such webhook {PATH}"),
        "abcdefghijklmnop".into(),
        "+447700900123".into(),
        "no_447700900123".into(),
    ] {
        let error = answered(Answer::new(400, said)).await.unwrap_err();
        assert_eq!(error, refused("status_400"));
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("7700") && !text.contains("T0123"), "{text}");
        }
    }
    let printed = format!(
        "{:?} {:?}",
        client("http://127.0.0.1:1", patient()),
        a_message()
    );
    assert!(
        !printed.contains("7700") && !printed.contains("T0123"),
        "{printed}"
    );
}

#[test]
fn a_webhook_that_is_no_url_is_a_misconfiguration() {
    for bad in ["", "hooks.slack.com/services/x", "mailto:a@b.example"] {
        let error = Client::new(bad.to_owned().into(), Options::default()).unwrap_err();
        assert_eq!(error.class(), "misconfigured", "{bad}");
    }
}
