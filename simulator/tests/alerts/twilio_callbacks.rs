use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac};
use simulator::{
    retell::WebhookFault,
    twilio::{Outcome, Running, Scenario},
};

use crate::{
    harness::{Inbox, PATIENCE},
    twilio::{TO, TOKEN, post, sms, twilio},
};

/// Sends one message and waits for its callbacks.
async fn told(scenario: Scenario) -> (Running, Inbox, String) {
    let inbox = Inbox::default();
    let url = inbox.clone().listen().await;
    let twilio = twilio(scenario).await;
    let with_overrides = format!("{url}#rc=3");
    let mut form = sms("Missed call").to_vec();
    form.push(("StatusCallback", &with_overrides));
    assert_eq!(post(&twilio, &form).await.0, 201);
    assert!(twilio.quiet(PATIENCE).await);
    (twilio, inbox, url)
}

fn scenario() -> Scenario {
    Scenario::default().ending(Outcome::Delivered)
}

/// The signature by Twilio's recipe for a form in which no name comes twice.
fn signature(url: &str, form: &[(String, String)]) -> String {
    let mut sorted = form.to_vec();
    sorted.sort();
    let mut text = url.to_owned();
    for (name, value) in sorted {
        text += &name;
        text += &value;
    }
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(TOKEN.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn every_state_is_told_in_a_signed_form() {
    let (twilio, inbox, url) = told(scenario()).await;
    let mut states = inbox.all("MessageStatus");
    states.sort();
    assert_eq!(states, ["delivered", "queued", "sent"]);
    assert_eq!(inbox.all("To"), [TO; 3]);
    for each in inbox.received() {
        assert_eq!(each.signature, signature(&url, &each.form));
    }
    let seen = twilio.ledger().callbacks;
    assert!(
        seen.iter()
            .all(|callback| callback.sent && callback.answer == Some(200))
    );
}

#[tokio::test]
async fn a_message_that_does_not_arrive_is_told_with_its_code() {
    let (_, inbox, _) = told(Scenario::default().ending(Outcome::Undelivered)).await;
    assert_eq!(inbox.all("ErrorCode"), ["30003"]);
    assert!(
        inbox
            .all("MessageStatus")
            .contains(&"undelivered".to_owned())
    );
}

#[tokio::test]
async fn a_badly_signed_callback_comes_with_another_signature() {
    let mut scenario = scenario();
    scenario.callbacks.bad_signature = 1.0;
    let (_, inbox, url) = told(scenario).await;
    assert_eq!(inbox.received().len(), 3);
    for each in inbox.received() {
        assert_ne!(each.signature, signature(&url, &each.form));
    }
}

#[tokio::test]
async fn callbacks_come_twice_late_or_never() {
    for (fault, expected) in [
        (WebhookFault::Duplicate, 6),
        (WebhookFault::Delay, 3),
        (WebhookFault::Reorder, 3),
        (WebhookFault::Drop, 0),
    ] {
        let mut scenario = scenario();
        scenario.callbacks.delay_seconds = [0.0, 0.05];
        let chance = match fault {
            WebhookFault::Duplicate => &mut scenario.callbacks.duplicate,
            WebhookFault::Delay => &mut scenario.callbacks.delay,
            WebhookFault::Reorder => &mut scenario.callbacks.reorder,
            _ => &mut scenario.callbacks.drop,
        };
        *chance = 1.0;
        let (twilio, inbox, _) = told(scenario).await;
        assert_eq!(inbox.received().len(), expected, "{fault:?}");
        let callbacks = twilio.ledger().callbacks;
        assert!(callbacks.iter().all(|callback| callback.fault == fault));
        assert_eq!(
            callbacks.iter().filter(|callback| callback.sent).count(),
            expected
        );
    }
}

#[tokio::test]
async fn a_callback_nobody_takes_is_noted_and_not_repeated() {
    let twilio = twilio(scenario()).await;
    let mut form = sms("a").to_vec();
    form.push(("StatusCallback", "http://127.0.0.1:1/status"));
    post(&twilio, &form).await;
    assert!(twilio.quiet(PATIENCE).await);
    let callbacks = twilio.ledger().callbacks;
    assert_eq!(callbacks.len(), 3);
    assert!(
        callbacks
            .iter()
            .all(|callback| callback.error.as_deref() == Some("refused"))
    );
}
