use jiff::{SignedDuration, Timestamp};
use providers::error::ReadError;
use serde_json::{Value, json};

use crate::{
    local::{Answer, Server, Socket, socket},
    server::{KEY, a_call, hasty_client},
};

const FULL: usize = 1000;

fn since() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn created(second: usize) -> String {
    let at = since() + SignedDuration::from_secs(second as i64);
    format!("{at:.3}")
}

/// Calls of others, made at these seconds.
fn calls_at(seconds: impl Iterator<Item = usize>) -> Vec<Value> {
    seconds
        .map(|second| json!({"id": format!("c{second}"), "name": "theirs", "createdAt": created(second)}))
        .collect()
}

#[tokio::test]
async fn a_call_is_read_whatever_else_is_in_it() {
    let call = json!({
        "id": "c1", "status": "ended", "createdAt": "2026-01-01T00:00:00.000Z", "costs": [1, {}],
        "name": "cal_019a0000000070008000000000000001", "field_of_tomorrow": {"a": [1, 2]},
    });
    let server = Server::answering([Answer::new(200, &call)]).await;
    let read = server.client().get_call("c1").await.unwrap();
    assert_eq!((read.id(), read.status().as_deref()), ("c1", Some("ended")));
    assert!(read.our_call_id().is_some() && read.created_at().is_some());

    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.path.as_str(), asked.authorization),
        ("/call/c1", format!("Bearer {KEY}"))
    );
}

#[tokio::test]
async fn an_id_that_is_no_id_stays_one_segment_of_the_path() {
    let server = Server::answering([Answer::new(404, "")]).await;
    let _ = server.client().get_call("../assistant/a1?x=1").await;
    assert_eq!(server.asked()[0].path, "/call/..%2Fassistant%2Fa1%3Fx=1");
}

#[tokio::test]
async fn a_failed_read_says_what_can_be_done_about_it() {
    let read = async |answer| {
        let server = Server::answering([answer]).await;
        server.client().get_call("c1").await.unwrap_err()
    };
    for (status, expected) in [
        (400, false),
        (404, false),
        (401, true),
        (402, true),
        (403, true),
    ] {
        let error = read(Answer::new(status, "")).await;
        assert!(
            matches!(error, ReadError::Refused { status: said, systemic, .. } if said == status && systemic == expected),
            "{error:?}"
        );
    }
    for (status, body) in [(500, ""), (503, ""), (408, "")] {
        let error = read(Answer::new(status, body)).await;
        assert!(matches!(error, ReadError::Failed(_)), "{error:?}");
    }
    for body in ["hello", "{}", "[]"] {
        let error = read(Answer::new(200, body)).await;
        assert!(matches!(error, ReadError::Unreadable(_)), "{error:?}");
    }
    let limited = Answer::new(429, "").header("retry-after", "7");
    assert!(
        matches!(read(limited).await, ReadError::RateLimited { retry_after: Some(wait) } if wait.as_secs() == 7)
    );
    let (url, _) = socket(Socket::Close).await;
    assert!(matches!(
        hasty_client(&url).get_call("c1").await.unwrap_err(),
        ReadError::Failed(_)
    ));
}

#[tokio::test]
async fn a_search_takes_the_calls_since_a_time_and_finds_ours_by_its_name_or_metadata() {
    let call = a_call();
    let ours = call.call_id.to_string();
    for found in [
        json!({"id": "c2", "name": ours}),
        json!({"id": "c2", "assistantOverrides": {"metadata": {"bellhop_call_id": ours}}}),
    ] {
        let page = json!([7, {"id": "c1", "name": "theirs"}, {"name": ours}, found]);
        let server = Server::answering([Answer::new(200, page)]).await;
        let read = server
            .client()
            .find_call(call.call_id, since())
            .await
            .unwrap();
        assert_eq!(read.unwrap().id(), "c2");
        let asked = server.asked();
        assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/call"));
        let query = [
            ("limit", "1000"),
            ("createdAtGe", "2026-01-01T11:50:00.000Z"),
        ];
        assert_eq!(
            asked[0].query,
            query.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }
}

#[tokio::test]
async fn a_call_that_is_not_listed_is_not_there() {
    let server = Server::answering([Answer::new(200, "[]")]).await;
    let found = server.client().find_call(a_call().call_id, since()).await;
    assert_eq!(found.unwrap(), None);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_full_page_is_followed_in_either_order() {
    let call = a_call();
    let ours = json!({"id": "ours", "name": call.call_id.to_string(), "createdAt": created(5)});
    for (page, key, second) in [
        (calls_at((1000..1000 + FULL).rev()), "createdAtLe", 1000),
        (calls_at(1000..1000 + FULL), "createdAtGe", 1000 + FULL - 1),
    ] {
        let answers = [
            Answer::new(200, json!(page)),
            Answer::new(200, json!([ours])),
        ];
        let server = Server::answering(answers).await;
        let found = server
            .client()
            .find_call(call.call_id, since())
            .await
            .unwrap();
        assert_eq!(found.unwrap().id(), "ours");
        let asked = server.asked().remove(1);
        assert!(
            asked.query.contains(&(key.to_owned(), created(second))),
            "{:?}",
            asked.query
        );
    }
}

#[tokio::test]
async fn a_search_that_cannot_be_finished_concludes_nothing() {
    let find = async |answers: Vec<Answer>| {
        let server = Server::answering(answers).await;
        let found = server.client().find_call(a_call().call_id, since()).await;
        found.unwrap_err()
    };
    let full = |seconds: Vec<usize>| Answer::new(200, json!(calls_at(seconds.into_iter())));
    assert!(matches!(
        find(vec![Answer::new(500, "")]).await,
        ReadError::Failed(_)
    ));
    assert!(matches!(
        find(vec![Answer::new(401, "")]).await,
        ReadError::Refused { systemic: true, .. }
    ));
    assert!(matches!(
        find(vec![Answer::new(404, "")]).await,
        ReadError::Refused { systemic: true, .. }
    ));
    assert!(matches!(
        find(vec![Answer::new(200, r#"{"results":[]}"#)]).await,
        ReadError::Unreadable(_)
    ));
    // All of one moment, again and again.
    assert!(matches!(
        find(vec![full(vec![3; FULL])]).await,
        ReadError::Unreadable(_)
    ));
    let timeless = Answer::new(200, json!(vec![json!({"id": "c"}); FULL]));
    assert!(matches!(
        find(vec![timeless]).await,
        ReadError::Unreadable(_)
    ));
    let endless = (0..30)
        .map(|page| full((0..FULL).map(|nth| 1_000_000 - page * FULL - nth).collect()))
        .collect();
    assert!(matches!(
        find(endless).await,
        ReadError::TooMany { pages: 20 }
    ));
}
