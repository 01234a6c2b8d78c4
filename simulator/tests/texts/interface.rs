use std::time::Duration;

use jiff::Timestamp;
use providers::source::{self, SourceKind, SourceOptions};
use simulator::openphone::{Config, Shape, start};

use crate::harness::{
    Inbox, KEY, LINE, MONITOR, NEW_SECRET, OLD_SECRET, PATIENCE, PERSON, Received, client, fast,
    quiet_workspace, workspace,
};

const TOLERANCE: Duration = Duration::from_secs(300);

#[tokio::test]
async fn webhooks_are_signed_as_their_system_signs() {
    for (shape, kind, secret) in [
        (Shape::V3, SourceKind::OpenPhone, OLD_SECRET),
        (Shape::V4, SourceKind::OpenPhone, OLD_SECRET),
        (Shape::Quo, SourceKind::Quo, NEW_SECRET),
    ] {
        for spoilt in [false, true] {
            let inbox = Inbox::default();
            let mut scenario = fast();
            scenario.webhooks.bad_signature = if spoilt { 1.0 } else { 0.0 };
            let workspace = workspace(scenario, &inbox, shape).await;
            workspace.text_from(PERSON, LINE, "Hello").unwrap();
            assert!(workspace.quiet(PATIENCE).await);
            let received = inbox.received().remove(0);
            assert_eq!(is_believed(kind, &received, secret), !spoilt, "{shape:?}");
        }
    }
}

fn is_believed(kind: SourceKind, received: &Received, secret: &str) -> bool {
    let request = source::Request {
        headers: &received.headers,
        path_and_query: "/hook",
        body: &received.body,
        now_ms: Timestamp::now().as_millisecond(),
    };
    let options = SourceOptions::default();
    source::verify(kind, &options, &request, &[secret.into()], TOLERANCE).is_ok()
}

#[tokio::test]
async fn a_webhook_that_is_refused_comes_again() {
    let inbox = Inbox::refusing(3);
    let workspace = workspace(fast(), &inbox, Shape::Quo).await;
    workspace.text_from(PERSON, LINE, "Hello").unwrap();
    assert!(workspace.quiet(PATIENCE).await);
    let answers: Vec<Option<u16>> = workspace
        .ledger()
        .webhooks
        .iter()
        .map(|it| it.answer)
        .collect();
    assert_eq!(answers, [Some(503), Some(503), Some(503), Some(204)]);
    assert_eq!(inbox.entries().len(), 1);
}

#[tokio::test]
async fn people_write_and_call_over_http_too() {
    let workspace = quiet_workspace(fast()).await;
    let client = plain_client();
    for (path, body) in [
        (
            "sim/text",
            serde_json::json!({"from": PERSON, "to": LINE, "text": "Hello"}),
        ),
        (
            "sim/call",
            serde_json::json!({"from": PERSON, "to": LINE, "story": {"answered": false}}),
        ),
    ] {
        let url = format!("{}/{path}", workspace.base_url());
        let answer = client.post(&url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let nowhere = serde_json::json!({"from": PERSON, "to": "+449", "text": "x"});
        let answer = client.post(&url).json(&nowhere).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    assert!(workspace.quiet(PATIENCE).await);
    let ledger = workspace.ledger();
    assert_eq!((ledger.messages.len(), ledger.calls.len()), (1, 1));
    assert_eq!(ledger.calls[0].status, "missed");
}

#[tokio::test]
async fn a_list_needs_its_line_its_person_and_its_size() {
    let workspace = quiet_workspace(fast()).await;
    let client = plain_client();
    for (query, status) in [
        (
            "phoneNumberId=PN1&participants=%2B447700900123&maxResults=10",
            200,
        ),
        ("phoneNumberId=PN1&participants=%2B447700900123", 400),
        (
            "phoneNumberId=PN1&participants=%2B447700900123&maxResults=101",
            400,
        ),
        ("phoneNumberId=PN1&maxResults=10", 400),
        ("participants=%2B447700900123&maxResults=10", 400),
        (
            "phoneNumberId=PN1&participants=%2B4&maxResults=10&createdAfter=monday",
            400,
        ),
    ] {
        let url = format!("{}/v1/messages?{query}", workspace.base_url());
        let answer = client
            .get(&url)
            .header("authorization", KEY)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), status, "{query}");
        let with_bearer = client
            .get(&url)
            .header("authorization", format!("Bearer {KEY}"));
        assert_eq!(with_bearer.send().await.unwrap().status(), 401);
    }
}

#[tokio::test]
async fn the_lines_are_told_with_their_ids() {
    let workspace = quiet_workspace(fast()).await;
    let lines = client(&workspace).lines().await.unwrap();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| (line.id.as_str(), line.number.e164()))
        .collect();
    assert_eq!(lines, [("PN1", LINE), ("PN2", MONITOR)]);
}

#[tokio::test]
async fn a_scenario_that_makes_no_sense_is_refused() {
    let mut scenario = fast();
    scenario.webhooks.drop = 2.0;
    assert!(
        start(Config::with_lines(KEY, &[LINE], scenario))
            .await
            .is_err()
    );
}

fn plain_client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy();
    builder.tls_certs_only([]).build().unwrap()
}
