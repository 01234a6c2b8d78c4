use domain::crm::ChannelId;
use jiff::{SignedDuration, Timestamp};
use providers::zoho::{Change, ChangeKind, ChannelRequest, Client, CrmError, Update, webhook};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use simulator::{
    retell::{WebhookFault, WebhookFaults},
    zoho::{INTEGRATION_USER, PERSON, Scenario},
};

use crate::harness::{Inbox, Office, PATIENCE, office, options, refresh};

const TOKEN: &str = "9f3c1a7e5d2b48c6";

fn request(number: &str, url: &str, hours: i64) -> ChannelRequest {
    ChannelRequest {
        id: channel(number),
        module: "Contacts".to_owned(),
        token: TOKEN.into(),
        notify_url: url.to_owned(),
        until: Timestamp::now() + SignedDuration::from_hours(hours),
    }
}

fn channel(number: &str) -> ChannelId {
    number.parse().unwrap()
}

fn life(expires_at: Timestamp) -> i64 {
    let left = expires_at.duration_since(Timestamp::now());
    (left.as_secs_f64() / 3600.0).round() as i64
}

/// An office that hears of changes.
async fn listening(scenario: Scenario) -> (Office, Inbox) {
    let (office, inbox) = (office(scenario).await, Inbox::default());
    let url = inbox.listen().await;
    office
        .client
        .enable_channel(&request("1000000068001", &url, 24))
        .await
        .unwrap();
    (office, inbox)
}

#[tokio::test]
async fn the_end_of_a_channel_is_the_one_that_was_granted() {
    let Office { zoho, client, .. } = office(Scenario::default()).await;
    let url = "http://127.0.0.1:1/x";
    let granted = client.enable_channel(&request("7", url, 12)).await.unwrap();
    assert_eq!((granted.id, life(granted.expires_at)), (channel("7"), 12));
    // Beyond what is permitted it is an hour.
    let granted = client.renew_channel(&request("7", url, 48)).await.unwrap();
    assert_eq!(life(granted.expires_at), 1);
    let granted = client.renew_channel(&request("7", url, 24)).await.unwrap();
    assert_eq!(life(granted.expires_at), 24);
    assert_eq!(zoho.channels(), ["7"]);
}

#[tokio::test]
async fn a_channel_that_is_not_there_cannot_be_renewed_and_is_easily_ended() {
    let Office { zoho, client, .. } = office(Scenario::default()).await;
    let request = request("7", "http://127.0.0.1:1/x", 12);
    let renewed = client.renew_channel(&request).await.unwrap_err();
    assert!(matches!(renewed, CrmError::Refused(problem)
        if problem.kind == providers::zoho::ProblemKind::NotFound));
    assert_eq!(client.disable_channel(&request.id).await, Ok(()));
    client.enable_channel(&request).await.unwrap();
    assert_eq!(client.disable_channel(&request.id).await, Ok(()));
    assert!(zoho.channels().is_empty());
}

#[tokio::test]
async fn as_its_clock_goes_on_tokens_and_channels_run_out_and_nothing_is_told() {
    let Office {
        zoho,
        client,
        token,
        ..
    } = office(Scenario::default()).await;
    let request = request("7", "http://127.0.0.1:1/x", 24);
    client.enable_channel(&request).await.unwrap();

    zoho.set_scenario(Scenario {
        clock_ahead_seconds: 25 * 3600,
        ..Scenario::default()
    })
    .unwrap();

    let id = zoho
        .add("Contacts", &json!({"Last_Name": "Byron"}))
        .unwrap();
    assert_eq!(zoho.ledger().notifications, []);
    let made = zoho.record("Contacts", &id).unwrap();
    let made: Timestamp = made["Created_Time"].as_str().unwrap().parse().unwrap();
    assert_eq!(life(made), 25);
    let renewed = client.renew_channel(&request).await;
    assert_eq!(renewed, Err(CrmError::TokenInvalid));
    let fresh = refresh(&zoho).await;
    assert_ne!(
        fresh.secret.expose_secret(),
        token.secret.expose_secret(),
        "another token"
    );
    let client = Client::new(&fresh, options(PATIENCE)).unwrap();
    let renewed = client.renew_channel(&request).await.unwrap_err();
    assert!(matches!(renewed, CrmError::Refused(problem)
        if problem.kind == providers::zoho::ProblemKind::NotFound));
}

#[tokio::test]
async fn a_token_that_zoho_would_not_take_is_not_sent() {
    let Office { zoho, client, .. } = office(Scenario::default()).await;
    for token in ["", &"t".repeat(51)] {
        let request = ChannelRequest {
            token: token.into(),
            ..request("7", "http://127.0.0.1:1/x", 12)
        };
        let answer = client.enable_channel(&request).await;
        assert!(matches!(answer, Err(CrmError::Misconfigured { .. })));
    }
    assert_eq!(zoho.ledger().requests, []);
}

#[tokio::test]
async fn a_change_is_told_with_the_token_and_our_own_too() {
    let (
        Office {
            zoho,
            client,
            table,
            ..
        },
        inbox,
    ) = listening(Scenario::default()).await;
    let made = zoho
        .add("Contacts", &json!({"Last_Name": "Byron"}))
        .unwrap();
    zoho.edit("Contacts", &made, &json!({"Phone": "07700 900123"}));
    let update = Update::new(
        made.parse().unwrap(),
        [(domain::crm::Field::FirstName, Some("Ada"))],
    );
    client.update(&table, &update, None).await.unwrap();
    zoho.remove("Contacts", &made);
    // Of other modules nothing is told.
    zoho.add("Leads", &json!({"Last_Name": "Gordon"}));
    assert!(zoho.quiet(PATIENCE).await);

    let mut kinds = Vec::new();
    for body in inbox.received() {
        let outline = webhook::outline(&body).unwrap();
        assert!(outline.event_type.starts_with("Contacts."));
        let change = Change::read(&body).unwrap();
        assert_eq!(change.channel, channel("1000000068001"));
        assert_eq!(change.records, [made.parse().unwrap()]);
        kinds.push(change.kind);
        let text = String::from_utf8(body).unwrap();
        assert!(text.contains(TOKEN));
        assert!(!text.contains("7700"), "no values: {text}");
    }
    // They are sent at once, each by itself, so that any may come first.
    kinds.sort_by_key(|kind| *kind as u8);
    let expected = [
        ChangeKind::Inserted,
        ChangeKind::Updated,
        ChangeKind::Updated,
        ChangeKind::Deleted,
    ];
    assert_eq!(kinds, expected);
    let ledger = zoho.ledger();
    assert_eq!(ledger.writes_by(INTEGRATION_USER).len(), 1);
    assert_eq!(ledger.writes_by(PERSON).len(), 4);
}

#[tokio::test]
async fn notifications_are_lost_and_doubled_and_come_with_a_wrong_token_as_told() {
    let with = |change: fn(&mut WebhookFaults)| {
        let mut scenario = Scenario::default();
        change(&mut scenario.notifications);
        scenario
    };
    let table = [
        (with(|faults| faults.drop = 1.0), 0, WebhookFault::Drop),
        (
            with(|faults| faults.duplicate = 1.0),
            2,
            WebhookFault::Duplicate,
        ),
        (
            with(|faults| faults.bad_signature = 1.0),
            1,
            WebhookFault::BadSignature,
        ),
    ];
    for (scenario, expected, fault) in table {
        let (Office { zoho, .. }, inbox) = listening(scenario).await;
        zoho.add("Contacts", &json!({"Last_Name": "Byron"}));
        assert!(zoho.quiet(PATIENCE).await);
        let received = inbox.received();
        assert_eq!(received.len(), expected, "{fault:?}");
        assert!(
            zoho.ledger()
                .notifications
                .iter()
                .all(|each| each.fault == fault)
        );
        let is_ours = |body: &Vec<u8>| String::from_utf8_lossy(body).contains(TOKEN);
        let is_forged = fault == WebhookFault::BadSignature;
        assert!(received.iter().all(|body| is_ours(body) != is_forged));
    }
}

#[tokio::test]
async fn a_channel_that_ended_tells_nothing() {
    let scenario = Scenario {
        channel_seconds: 0,
        ..Scenario::default()
    };
    let (Office { zoho, .. }, inbox) = listening(scenario).await;
    zoho.add("Contacts", &json!({"Last_Name": "Byron"}));
    assert!(zoho.quiet(PATIENCE).await);
    assert!(inbox.received().is_empty());
    assert_eq!(zoho.ledger().notifications, []);
}

#[test]
fn a_channels_token_is_not_printed() {
    let request = request("7", "https://hooks.example.org/x", 1);
    let _: &SecretString = &request.token;
    assert!(!format!("{request:?}").contains(TOKEN));
}
