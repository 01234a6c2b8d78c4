use serde_json::{Value, json};
use simulator::slack::{Config, Fault, Running, Scenario, start};

use crate::harness::{IMPATIENCE, PATIENCE, client};

const HOOK: &str = "T1/B1/X1";

async fn slack(scenario: Scenario) -> Running {
    start(Config::with_scenario(scenario)).await.unwrap()
}

/// Posts a message and answers status, body and `Retry-After`.
async fn post(slack: &Running, message: &Value) -> (u16, String, Option<String>) {
    let url = slack.hook_url(HOOK);
    let answer = client().post(url).json(message).send().await.unwrap();
    let retry_after = answer.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().unwrap().to_owned());
    (
        answer.status().as_u16(),
        answer.text().await.unwrap(),
        retry_after,
    )
}

fn hello() -> Value {
    json!({"text": "Hello"})
}

#[tokio::test]
async fn a_message_is_answered_ok_and_stands_in_the_channel() {
    let slack = slack(Scenario::default()).await;
    let blocks = json!([{"type": "header", "text": {"type": "plain_text", "text": "Missed call"}}]);
    let message = json!({"text": "Missed call", "blocks": blocks});
    assert_eq!(post(&slack, &message).await, (200, "ok".into(), None));
    assert!(slack.received(1, PATIENCE).await);
    let ledger = slack.ledger();
    assert_eq!(ledger.texts(HOOK), ["Missed call"]);
    let post = &ledger.posts[0];
    assert_eq!((post.hook.as_str(), post.status), (HOOK, Some(200)));
    assert_eq!(post.blocks, Some(blocks));
    assert!(!slack.received(2, IMPATIENCE).await);
}

#[tokio::test]
async fn each_fault_has_slacks_answer() {
    let table = [
        (Fault::RateLimited, 429, "rate_limited", false),
        (Fault::RateLimitedSilently, 429, "rate_limited", false),
        (Fault::ServerError, 500, "rollup_error", false),
        (Fault::ServerErrorAfter, 500, "rollup_error", true),
        (Fault::InvalidPayload, 400, "invalid_payload", false),
        (Fault::Forbidden, 403, "action_prohibited", false),
        (Fault::NoService, 404, "no_service", false),
        (Fault::Archived, 410, "channel_is_archived", false),
    ];
    for (fault, status, word, accepted) in table {
        let slack = slack(Scenario::default().with_answers(HOOK, &[fault])).await;
        let retry_after = (fault == Fault::RateLimited).then(|| "1".to_owned());
        let expected = (status, word.to_owned(), retry_after);
        assert_eq!(post(&slack, &hello()).await, expected, "{fault:?}");
        assert_eq!(slack.ledger().posts[0].accepted, accepted, "{fault:?}");
        assert_eq!(post(&slack, &hello()).await.0, 200, "{fault:?}");
    }
}

#[tokio::test]
async fn a_request_that_hangs_may_have_been_taken() {
    for (fault, texts) in [(Fault::Hang, 0), (Fault::HangAfter, 1)] {
        let slack = slack(Scenario::default().with_answers(HOOK, &[fault])).await;
        let request = client().post(slack.hook_url(HOOK)).json(&hello());
        let error = request.timeout(IMPATIENCE).send().await.unwrap_err();
        assert!(error.is_timeout(), "{fault:?}");
        assert!(slack.asked(1, PATIENCE).await);
        let ledger = slack.ledger();
        assert_eq!(
            (ledger.texts(HOOK).len(), ledger.posts[0].status),
            (texts, None)
        );
    }
}

#[tokio::test]
async fn blocks_can_be_refused_while_the_text_is_taken() {
    let slack = slack(Scenario::default().always(Fault::InvalidBlocks)).await;
    let with_blocks = json!({"text": "Hello", "blocks": [{"type": "divider"}]});
    assert_eq!(post(&slack, &with_blocks).await.1, "invalid_blocks");
    assert_eq!(post(&slack, &hello()).await.1, "ok");
}

#[tokio::test]
async fn what_slack_would_not_take_is_refused() {
    let slack = slack(Scenario::default()).await;
    let section = |text: &str| json!({"type": "section", "text": {"type": "mrkdwn", "text": text}});
    let header =
        |text: &str| json!({"type": "header", "text": {"type": "plain_text", "text": text}});
    let button = json!({"type": "button", "text": {"type": "plain_text", "text": "x".repeat(76)}});
    let table = [
        (json!({}), "no_text"),
        (json!({"text": ""}), "no_text"),
        (json!({"text": 5}), "invalid_payload"),
        (json!("Hello"), "invalid_payload"),
        (json!({"text": "a", "blocks": {}}), "invalid_blocks"),
        (json!({"text": "a", "blocks": ["b"]}), "invalid_blocks"),
        (json!({"blocks": [section(&"é".repeat(3000))]}), "ok"),
        (
            json!({"blocks": [section(&"é".repeat(3001))]}),
            "invalid_blocks",
        ),
        (json!({"blocks": [section("")]}), "invalid_blocks"),
        (json!({"blocks": [{"type": "section"}]}), "invalid_blocks"),
        (json!({"blocks": [header(&"é".repeat(150))]}), "ok"),
        (
            json!({"blocks": [header(&"é".repeat(151))]}),
            "invalid_blocks",
        ),
        (json!({"blocks": vec![section("a"); 50]}), "ok"),
        (json!({"blocks": vec![section("a"); 51]}), "invalid_blocks"),
        (
            json!({"blocks": [{"type": "actions", "elements": [button]}]}),
            "invalid_blocks",
        ),
        (
            json!({"blocks": [{"type": "context", "elements": []}]}),
            "invalid_blocks",
        ),
        (json!({"blocks": [{"type": "brand_new"}]}), "ok"),
        (json!({"attachments": [{"text": "a"}]}), "ok"),
    ];
    for (message, word) in table {
        assert_eq!(post(&slack, &message).await.1, word, "{message}");
    }
}

#[tokio::test]
async fn a_long_text_is_cut_and_a_form_is_read() {
    let slack = slack(Scenario::default()).await;
    post(&slack, &json!({"text": "é".repeat(40_001)})).await;
    assert_eq!(slack.ledger().texts(HOOK)[0].chars().count(), 40_000);
    let answer = client()
        .post(slack.hook_url(HOOK))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("payload=%7B%22text%22%3A%22by+form%22%7D");
    assert_eq!(answer.send().await.unwrap().status(), 200);
    assert_eq!(slack.ledger().texts(HOOK)[1], "by form");
}

#[tokio::test]
async fn garbage_does_no_harm() {
    let slack = slack(Scenario::default()).await;
    let bodies = [
        vec![0xff, 0xfe],
        Vec::new(),
        b"[".repeat(100_000),
        b"{\"text\":".to_vec(),
    ];
    for body in bodies {
        let request = client().post(slack.hook_url(HOOK)).body(body);
        assert_eq!(request.send().await.unwrap().status(), 400);
    }
    assert_eq!(post(&slack, &hello()).await.0, 200);
}

#[tokio::test]
async fn a_hook_that_is_not_there_is_not_found() {
    let config = Config {
        hooks: Some(vec![HOOK.into()]),
        ..Config::with_scenario(Scenario::default())
    };
    let slack = start(config).await.unwrap();
    assert_eq!(post(&slack, &hello()).await.0, 200);
    for hook in ["T1/B1/X2", "nothing"] {
        let request = client().post(slack.hook_url(hook)).json(&hello());
        assert_eq!(request.send().await.unwrap().status(), 404);
    }
    assert_eq!(slack.ledger().accepted().count(), 1);
}

#[tokio::test]
async fn chance_falls_alike_for_a_seed() {
    let run = async |seed| {
        let mut scenario = Scenario {
            seed,
            ..Scenario::default()
        };
        scenario.faults = [(Fault::ServerError, 0.3), (Fault::RateLimited, 0.3)].into();
        let slack = slack(scenario).await;
        for _ in 0..30 {
            post(&slack, &hello()).await;
        }
        let faults: Vec<Fault> = slack.ledger().posts.iter().map(|post| post.fault).collect();
        faults
    };
    let first = run(7).await;
    assert_eq!(first, run(7).await);
    assert_ne!(first, run(8).await);
    assert!(first.contains(&Fault::None) && first.contains(&Fault::ServerError));
}

#[tokio::test]
async fn the_scenario_can_be_replaced_while_it_runs() {
    let slack = slack(Scenario::default()).await;
    let mut scenario = Scenario::default().always(Fault::Archived);
    scenario.statuses = [("channel_is_archived".to_owned(), 404)].into();
    slack.set_scenario(scenario).unwrap();
    assert_eq!(post(&slack, &hello()).await.0, 404);

    let url = format!("{}/sim/scenario", slack.base_url());
    let set = async |kind: &str, body: &'static str| {
        let request = client().post(&url).header("content-type", kind).body(body);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(
        set("application/toml", "[faults]\nno_service = 1").await,
        204
    );
    assert_eq!(post(&slack, &hello()).await.1, "no_service");
    assert_eq!(
        set("application/json", r#"{"faults":{"no_service":2}}"#).await,
        400
    );
    assert_eq!(
        set("application/json", r#"{"faults":{"on_fire":1}}"#).await,
        400
    );
    assert_eq!(post(&slack, &hello()).await.1, "no_service");
}

#[tokio::test]
async fn a_scenario_that_makes_no_sense_is_refused() {
    for text in [
        "[faults]\nhang = 0.6\nserver_error = 0.6",
        "[statuses]\nok = 99",
        "[[hook]]\nkey = \"T/B/X\"",
        "seeed = 1",
    ] {
        assert!(Scenario::from_toml(text).is_err(), "{text}");
    }
}
