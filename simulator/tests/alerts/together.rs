use serde_json::{Value, json};
use simulator::alerts::{Config, Ledger, Scenario, start};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    harness::{PATIENCE, client},
    twilio::{SID, TO, TOKEN},
};

#[tokio::test]
async fn all_three_run_side_by_side_and_share_a_ledger() {
    let config = Config::with_account(SID, TOKEN, Scenario::default());
    let running = start(config).await.unwrap();
    let get = async |path: &str| {
        let url = format!("{}/sim/{path}", running.base_url());
        client().get(url).send().await.unwrap()
    };
    assert_eq!(get("health").await.text().await.unwrap(), "ok");
    let addresses: Value = get("addresses").await.json().await.unwrap();

    let slack = format!(
        "{}/services/T1/B1/X1",
        addresses["slack_url"].as_str().unwrap()
    );
    client()
        .post(slack)
        .json(&json!({"text": "a"}))
        .send()
        .await
        .unwrap();
    let twilio = format!(
        "{}/2010-04-01/Accounts/{SID}/Messages.json",
        addresses["twilio_url"].as_str().unwrap()
    );
    let sms = client().post(twilio).basic_auth(SID, Some(TOKEN));
    sms.body("To=%2B447700900123&From=%2B442079460000&Body=b")
        .send()
        .await
        .unwrap();
    let mut stream = TcpStream::connect(addresses["smtp"].as_str().unwrap())
        .await
        .unwrap();
    stream
        .write_all(
            b"HELO me\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n\r\nc\r\n.\r\nQUIT\r\n",
        )
        .await
        .unwrap();
    stream.read_to_string(&mut String::new()).await.unwrap();

    assert!(running.slack.received(1, PATIENCE).await);
    assert!(running.twilio.received(1, PATIENCE).await);
    assert!(running.smtp.received(1, PATIENCE).await);
    let ledger: Ledger = get("ledger").await.json().await.unwrap();
    assert_eq!(ledger.slack.texts("T1/B1/X1"), ["a"]);
    assert_eq!(ledger.twilio.texts(TO), ["b"]);
    assert_eq!(ledger.smtp.mails_to("a@b.example")[0].body, "c\r\n");
    running.stop().await;
}

#[tokio::test]
async fn one_scenario_is_for_all_three() {
    let running = start(Config::with_account(SID, TOKEN, Scenario::default()))
        .await
        .unwrap();
    let url = format!("{}/sim/scenario", running.base_url());
    let set = async |text: &'static str| {
        let request = client()
            .post(&url)
            .header("content-type", "application/toml");
        request.body(text).send().await.unwrap().status().as_u16()
    };
    let text =
        "[slack.faults]\narchived = 1\n[smtp]\ngreylist_first = 1\n[twilio]\nrefused_code = 21408";
    assert_eq!(set(text).await, 204);
    assert_eq!(running.scenario(), Scenario::from_toml(text).unwrap());
    assert_eq!(
        set("[slack.faults]\nhang = 1\n[smtp]\ngreylist_code = 1").await,
        400
    );
    assert_eq!(running.scenario(), Scenario::from_toml(text).unwrap());

    let shown: Value = client()
        .get(&url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(shown["twilio"]["refused_code"], 21408);
    let post = client()
        .post(running.slack.hook_url("T/B/X"))
        .json(&json!({"text": "a"}));
    assert_eq!(post.send().await.unwrap().status(), 410);
}
