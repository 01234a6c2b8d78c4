use simulator::senders::{
    AgentAuth, Config, HeaderFamily, Outcome, Scenario, Source, Tries, VapiAuth, Vendor, start,
};

use crate::harness::{Inbox, KEY, PATIENCE, quick, sending, sent};

#[tokio::test]
async fn each_vendor_tries_as_often_as_it_does_in_life() {
    let table = [
        (Vendor::Retell, 4),
        (Vendor::Vapi(VapiAuth::default()), 1),
        (Vendor::OpenPhone, 15),
        (Vendor::Quo, 8),
        (Vendor::Standard(HeaderFamily::Webhook), 10),
        (Vendor::Twilio, 1),
        (
            Vendor::Zoho {
                channel_id: "1".into(),
            },
            1,
        ),
        (Vendor::Agent(AgentAuth::Bearer), 8),
    ];
    for (vendor, tries) in table {
        let inbox = Inbox::default();
        inbox.answer_with(&[503; 20]);
        let ledger = sent(&inbox, vendor.clone(), 1, quick()).await;
        let event = &ledger.events[0];
        assert_eq!((event.sent, event.failed), (tries, tries), "{vendor:?}");
        assert_eq!(event.outcome, Outcome::GaveUp);
        assert_eq!(event.last_status, Some(503));
        assert_eq!((ledger.totals.gave_up, ledger.totals.pending), (1, 0));
    }
}

#[tokio::test]
async fn a_redelivery_ends_with_the_first_2xx_under_the_same_id() {
    let inbox = Inbox::default();
    inbox.answer_with(&[500, 404, 302, 200]);
    let ledger = sent(&inbox, Vendor::Quo, 1, quick()).await;
    let event = &ledger.events[0];
    assert_eq!(
        (event.sent, event.failed, event.refused, event.acknowledged),
        (4, 1, 2, 1)
    );
    assert_eq!(event.outcome, Outcome::Acknowledged);
    let received = inbox.received();
    assert!(
        received
            .iter()
            .all(|each| each.header("webhook-id") == event.identity)
    );
    assert!(received.iter().all(|each| each.body == received[0].body));
}

#[tokio::test]
async fn the_scenario_can_say_how_often() {
    let inbox = Inbox::default();
    inbox.answer_with(&[500; 100]);
    let three = Scenario {
        tries: Tries::AtMost(3),
        ..quick()
    };
    let ledger = sent(&inbox, Vendor::Twilio, 1, three).await;
    assert_eq!(
        (ledger.events[0].sent, ledger.events[0].outcome),
        (3, Outcome::GaveUp)
    );

    let inbox = Inbox::default();
    inbox.answer_with(&[500; 40]);
    let endless = Scenario {
        tries: Tries::UntilAcknowledged,
        ..quick()
    };
    let ledger = sent(&inbox, Vendor::Quo, 1, endless).await;
    assert_eq!(
        (ledger.events[0].sent, ledger.events[0].outcome),
        (41, Outcome::Acknowledged)
    );
}

#[tokio::test]
async fn the_scenario_can_replace_a_vendors_pauses() {
    let inbox = Inbox::default();
    inbox.answer_with(&[500; 100]);
    let scenario = Scenario {
        pauses: [("vapi".to_owned(), vec![1.0, 2.0])].into(),
        ..quick()
    };
    let ledger = sent(&inbox, Vendor::Vapi(VapiAuth::default()), 1, scenario).await;
    assert_eq!(ledger.events[0].sent, 3);
}

#[tokio::test]
async fn gone_ends_it_for_those_who_heed_that() {
    for (vendor, tries) in [
        (Vendor::Standard(HeaderFamily::Webhook), 1),
        (Vendor::Retell, 4),
    ] {
        let inbox = Inbox::default();
        inbox.answer_with(&[410; 20]);
        let ledger = sent(&inbox, vendor, 1, quick()).await;
        assert_eq!(
            (ledger.events[0].sent, ledger.events[0].outcome),
            (tries, Outcome::GaveUp)
        );
    }
}

#[tokio::test]
async fn an_event_nobody_hears_is_given_up_as_unanswered() {
    let config = Config {
        sources: vec![Source::new(Vendor::Retell, "http://127.0.0.1:1/", KEY)],
        events: 5,
        scenario: quick(),
    };
    let running = start(config).unwrap();
    assert!(running.finished(PATIENCE).await);
    let totals = running.totals();
    assert_eq!(
        (totals.gave_up, totals.unanswered, totals.requests),
        (5, 20, 20)
    );
    assert!(
        running
            .events()
            .all(|event| event.unanswered == 4 && event.last_status.is_none())
    );
}

#[tokio::test]
async fn one_that_waits_to_be_sent_again_holds_up_nobody() {
    let inbox = Inbox::default();
    inbox.answer_with(&[500]);
    let in_lifes_time = Scenario {
        tries: Tries::UntilAcknowledged,
        pauses: [("quo".to_owned(), vec![3600.0])].into(),
        ..Scenario::default()
    };
    let running = sending(&inbox, Vendor::Quo, 20, in_lifes_time).await;
    let others = async {
        while running.totals().acknowledged < 19 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, others).await.unwrap();
    assert_eq!(running.totals().pending, 1);
    assert_eq!(running.events().next().unwrap().outcome, Outcome::Pending);
}

#[tokio::test]
async fn many_at_once_lose_nothing() {
    let inbox = Inbox::default();
    inbox.answer_with(&[503; 50]);
    let scenario = Scenario {
        concurrency: 16,
        tries: Tries::UntilAcknowledged,
        ..quick()
    };
    let ledger = sent(&inbox, Vendor::OpenPhone, 300, scenario).await;
    let totals = &ledger.totals;
    assert_eq!((totals.acknowledged, totals.requests), (300, 350));
    assert_eq!(totals.answers, [(204, 300), (503, 50)].into());
}
