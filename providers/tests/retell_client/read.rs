use providers::error::ReadError;
use serde_json::{Value, json};

use crate::{
    local::{Answer, Server, Socket, socket},
    server::{KEY, TO, a_call, hasty_client},
};

fn a_page(ids: &[&str], next: Option<&str>) -> Answer {
    let items: Vec<Value> = ids
        .iter()
        .map(|id| json!({"call_id": "call_1", "metadata": {"bellhop_call_id": id}}))
        .collect();
    let mut page = json!({"items": items, "has_more": next.is_some()});
    if let Some(next) = next {
        page["pagination_key"] = next.into();
    }
    Answer::new(200, page)
}

#[tokio::test]
async fn a_call_is_read_whatever_else_is_in_it() {
    let call = json!({
        "call_id": "call_1", "call_status": "ended", "disconnection_reason": "user_hangup",
        "start_timestamp": 1_767_225_540_000.0, "end_timestamp": "1767225600000", "duration_ms": [1],
        "metadata": {"bellhop_call_id": "cal_019a0000000070008000000000000001"},
        "call_analysis": {"in_voicemail": "false", "custom_analysis_data": {"appointment_action": "confirmed"}},
        "field_of_tomorrow": {"a": [1, 2]},
    });
    let server = Server::answering([Answer::new(200, &call)]).await;
    let read = server.client().get_call("call_1").await.unwrap();
    assert_eq!(read.start_timestamp, Some(1_767_225_540_000));
    assert_eq!(read.end_timestamp, Some(1_767_225_600_000));
    assert_eq!(read.duration_ms, None);
    assert_eq!(
        read.call_analysis.clone().unwrap().in_voicemail,
        Some(false)
    );
    assert!(read.our_call_id().is_some());

    let asked = server.asked().remove(0);
    assert_eq!(
        (asked.path.as_str(), asked.authorization),
        ("/v2/get-call/call_1", format!("Bearer {KEY}"))
    );
}

#[tokio::test]
async fn an_id_that_is_no_id_stays_one_segment_of_the_path() {
    let server = Server::answering([Answer::new(422, "")]).await;
    let _ = server.client().get_call("../stop-call/call_1?x=1").await;
    let asked = server.asked().remove(0);
    assert_eq!(asked.path, "/v2/get-call/..%2Fstop-call%2Fcall_1%3Fx=1");
    assert!(asked.query.is_empty());
}

#[tokio::test]
async fn a_failed_read_says_what_can_be_done_about_it() {
    let read = async |answer| {
        Server::answering([answer])
            .await
            .client()
            .get_call("call_1")
            .await
            .unwrap_err()
    };
    assert!(matches!(
        read(Answer::new(422, "")).await,
        ReadError::Refused {
            status: 422,
            systemic: false,
            ..
        }
    ));
    assert!(matches!(
        read(Answer::new(401, "")).await,
        ReadError::Refused {
            status: 401,
            systemic: true,
            ..
        }
    ));
    assert!(matches!(
        read(Answer::new(402, "")).await,
        ReadError::Refused {
            status: 402,
            systemic: true,
            ..
        }
    ));
    assert!(matches!(
        read(Answer::new(500, "")).await,
        ReadError::Failed(_)
    ));
    assert!(matches!(
        read(Answer::new(503, "")).await,
        ReadError::Failed(_)
    ));
    assert!(matches!(
        read(Answer::new(200, "hello")).await,
        ReadError::Unreadable(_)
    ));
    assert!(matches!(
        read(Answer::new(200, "{}")).await,
        ReadError::Unreadable(_)
    ));
    let limited = Answer::new(429, "").header("retry-after", "7");
    assert!(
        matches!(read(limited).await, ReadError::RateLimited { retry_after: Some(wait) } if wait.as_secs() == 7)
    );

    let (url, _) = socket(Socket::Silence).await;
    assert!(matches!(
        hasty_client(&url).get_call("call_1").await.unwrap_err(),
        ReadError::Failed(_)
    ));
}

#[tokio::test]
async fn a_search_asks_by_our_id_first() {
    let call = a_call();
    let ours = call.call_id.to_string();
    let server = Server::answering([a_page(&["cal_other", &ours], None)]).await;
    assert!(
        server
            .client()
            .find_call(call.call_id, TO)
            .await
            .unwrap()
            .is_some()
    );
    let asked = server.asked();
    assert_eq!((asked.len(), asked[0].path.as_str()), (1, "/v3/list-calls"));
    let filter = &asked[0].body["filter_criteria"]["metadata"][0];
    assert_eq!(
        *filter,
        json!({"key": "bellhop_call_id", "type": "string", "op": "eq", "value": ours})
    );
}

#[tokio::test]
async fn a_search_whose_filter_fails_goes_through_all_calls_to_the_number() {
    let call = a_call();
    let ours = call.call_id.to_string();
    for first in [
        Answer::new(400, ""),
        Answer::new(422, ""),
        a_page(&[], None),
        a_page(&["cal_other"], None),
    ] {
        let answers = [
            first,
            a_page(&["cal_other"], Some("p2")),
            a_page(&["cal_other", &ours], None),
        ];
        let server = Server::answering(answers).await;
        assert!(
            server
                .client()
                .find_call(call.call_id, TO)
                .await
                .unwrap()
                .is_some()
        );
        let asked = server.asked();
        assert_eq!(
            asked[1].body["filter_criteria"],
            json!({"to_number": {"type": "string", "op": "eq", "value": TO}})
        );
        assert_eq!(
            (
                &asked[1].body["pagination_key"],
                &asked[2].body["pagination_key"]
            ),
            (&Value::Null, &json!("p2"))
        );
    }
}

#[tokio::test]
async fn a_call_that_neither_search_lists_is_not_there() {
    let server = Server::answering([a_page(&[], None)]).await;
    assert_eq!(
        server
            .client()
            .find_call(a_call().call_id, TO)
            .await
            .unwrap(),
        None
    );
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_search_that_cannot_be_finished_concludes_nothing() {
    let find = async |answers: Vec<Answer>| {
        Server::answering(answers)
            .await
            .client()
            .find_call(a_call().call_id, TO)
            .await
            .unwrap_err()
    };
    assert!(matches!(
        find(vec![Answer::new(500, "")]).await,
        ReadError::Failed(_)
    ));
    assert!(matches!(
        find(vec![Answer::new(401, "")]).await,
        ReadError::Refused { systemic: true, .. }
    ));
    assert!(matches!(
        find(vec![a_page(&[], None), Answer::new(500, "")]).await,
        ReadError::Failed(_)
    ));
    assert!(matches!(
        find(vec![Answer::new(200, json!({"has_more": false}))]).await,
        ReadError::Unreadable(_)
    ));
    let more_without_key = Answer::new(200, json!({"items": [], "has_more": true}));
    assert!(matches!(
        find(vec![more_without_key]).await,
        ReadError::Unreadable(_)
    ));
    let endless: Vec<Answer> = (0..100)
        .map(|page| a_page(&[], Some(&format!("p{page}"))))
        .collect();
    assert!(matches!(
        find(endless).await,
        ReadError::TooMany { pages: 20 }
    ));
}

#[tokio::test]
async fn a_list_that_turns_in_a_circle_concludes_nothing() {
    let server = Server::answering([a_page(&[], Some("same"))]).await;
    let found = server.client().find_call(a_call().call_id, TO).await;
    assert!(
        matches!(
            found,
            Err(ReadError::TooMany { .. } | ReadError::Unreadable(_))
        ),
        "{found:?}"
    );
}
