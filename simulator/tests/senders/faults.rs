use std::collections::{BTreeMap, HashSet};

use simulator::senders::{Fault, Outcome, Scenario, Tries, VapiAuth, Vendor};

use crate::harness::{Inbox, quick, sent};

fn always(fault: Fault) -> Scenario {
    quick().always(fault)
}

#[tokio::test]
async fn a_doubled_event_comes_twice_under_one_id() {
    let inbox = Inbox::default();
    let ledger = sent(&inbox, Vendor::Quo, 10, always(Fault::Duplicate)).await;
    assert_eq!(inbox.received().len(), 20);
    let ids: HashSet<String> = inbox
        .received()
        .iter()
        .map(|each| each.header("webhook-id").to_owned())
        .collect();
    assert_eq!(ids.len(), 10);
    assert!(ledger.events.iter().all(|event| event.acknowledged == 2));
    assert_eq!(ledger.totals.acknowledged, 10);
}

#[tokio::test]
async fn a_reordered_event_comes_after_the_next() {
    let inbox = Inbox::default();
    let scenario = Scenario {
        faults: [(Fault::Reorder, 0.3)].into(),
        ..quick()
    };
    let ledger = sent(&inbox, Vendor::Quo, 40, scenario).await;
    let received = inbox.received();
    assert_eq!(received.len(), 40);
    let arrived = |id: &str| {
        let mut ids = received.iter().map(|each| each.header("webhook-id"));
        ids.position(|each| each == id).unwrap()
    };
    let overtaken = |pair: &[simulator::senders::EventSeen]| {
        let reordered = (pair[0].fault, pair[1].fault) == (Fault::Reorder, Fault::None);
        let late = arrived(&pair[0].identity) > arrived(&pair[1].identity);
        assert_eq!(reordered, late, "{pair:?}");
        reordered
    };
    let in_pairs = ledger.events.windows(2);
    let plain = in_pairs.filter(|pair| pair[1].fault == Fault::None);
    assert!(plain.filter(|pair| overtaken(pair)).count() > 3);
    assert_eq!(ledger.totals.acknowledged, 40);
}

#[tokio::test]
async fn when_all_are_held_back_all_still_come() {
    let inbox = Inbox::default();
    let ledger = sent(&inbox, Vendor::Twilio, 30, always(Fault::Reorder)).await;
    assert_eq!(
        (inbox.received().len(), ledger.totals.acknowledged),
        (30, 30)
    );
}

#[tokio::test]
async fn a_delayed_event_comes_once() {
    let inbox = Inbox::default();
    let ledger = sent(&inbox, Vendor::Quo, 10, always(Fault::Delay)).await;
    assert_eq!(
        (inbox.received().len(), ledger.totals.acknowledged),
        (10, 10)
    );
}

#[tokio::test]
async fn a_dropped_event_comes_again_from_those_who_try_again() {
    let inbox = Inbox::default();
    let ledger = sent(&inbox, Vendor::Quo, 10, always(Fault::Drop)).await;
    assert_eq!(
        (inbox.received().len(), ledger.totals.acknowledged),
        (10, 10)
    );

    let inbox = Inbox::default();
    let ledger = sent(&inbox, Vendor::Twilio, 10, always(Fault::Drop)).await;
    assert_eq!((inbox.received().len(), ledger.totals.lost), (0, 10));
    assert!(
        ledger
            .events
            .iter()
            .all(|event| event.outcome == Outcome::Lost)
    );

    let inbox = Inbox::default();
    let scenario = Scenario {
        tries: Tries::UntilAcknowledged,
        ..always(Fault::Drop)
    };
    let ledger = sent(&inbox, Vendor::Twilio, 10, scenario).await;
    assert_eq!(ledger.totals.acknowledged, 10);
}

#[tokio::test]
async fn a_sender_that_hangs_up_sends_it_again() {
    let inbox = Inbox::default();
    let ledger = sent(&inbox, Vendor::Quo, 10, always(Fault::HangUp)).await;
    let totals = &ledger.totals;
    assert_eq!(
        (totals.acknowledged, totals.unanswered, totals.requests),
        (10, 10, 20)
    );
}

#[tokio::test]
async fn what_is_forged_is_refused_and_what_follows_is_believed() {
    for fault in [Fault::BadSignature, Fault::Stale, Fault::Truncated] {
        let inbox = Inbox::default();
        let ledger = sent(&inbox, Vendor::Retell, 20, always(fault)).await;
        let received = inbox.received();
        assert_eq!(
            received.iter().filter(|each| each.is_retells()).count(),
            20,
            "{fault:?}"
        );
        let totals = &ledger.totals;
        assert_eq!(totals.answers, [(204, 20), (401, 20)].into(), "{fault:?}");
        assert_eq!(
            (totals.acknowledged, totals.forgeries_acknowledged),
            (20, 0)
        );
        assert!(
            ledger
                .events
                .iter()
                .all(|event| event.spoilt_status == Some(401))
        );
        assert!(
            ledger
                .events
                .iter()
                .all(|event| (event.sent, event.refused) == (1, 0))
        );
    }
}

#[tokio::test]
async fn a_receiver_that_believes_everything_is_found_out() {
    let vapi = || Vendor::Vapi(VapiAuth::default());
    let table = [
        (Vendor::Quo, Fault::BadSignature, 5),
        (Vendor::Quo, Fault::Stale, 5),
        (Vendor::Quo, Fault::Truncated, 5),
        // A token in a header proves nothing about the body.
        (vapi(), Fault::Truncated, 0),
        (vapi(), Fault::BadSignature, 5),
        (Vendor::Quo, Fault::Garbage, 0),
        (Vendor::Quo, Fault::ContentType, 0),
    ];
    for (vendor, fault, alarms) in table {
        let inbox = Inbox::default();
        let ledger = sent(&inbox, vendor.clone(), 5, always(fault)).await;
        let totals = &ledger.totals;
        assert_eq!(
            totals.spoilt_acknowledged,
            BTreeMap::from([(fault, 5)]),
            "{vendor:?}"
        );
        assert_eq!(
            totals.forgeries_acknowledged, alarms,
            "{vendor:?} {fault:?}"
        );
    }
}

#[tokio::test]
async fn faults_fall_as_often_as_told_and_alike_for_a_seed() {
    let run = async |seed, concurrency| {
        let inbox = Inbox::default();
        let faults = [
            (Fault::Duplicate, 0.1),
            (Fault::Reorder, 0.1),
            (Fault::Delay, 0.1),
            (Fault::Drop, 0.1),
            (Fault::BadSignature, 0.1),
            (Fault::Stale, 0.1),
            (Fault::Truncated, 0.1),
            (Fault::Garbage, 0.1),
            (Fault::ContentType, 0.1),
        ];
        let scenario = Scenario {
            seed,
            concurrency,
            faults: faults.into(),
            tries: Tries::UntilAcknowledged,
            ..quick()
        };
        sent(&inbox, Vendor::Retell, 400, scenario).await
    };
    let first = run(7, 1).await;
    let faults = &first.totals.faults;
    assert_eq!(faults.values().sum::<u64>(), 400);
    assert!(
        faults.len() == 10 && faults.values().all(|count| (15..80).contains(count)),
        "{faults:?}"
    );
    assert_eq!(
        (
            first.totals.acknowledged,
            first.totals.forgeries_acknowledged
        ),
        (400, 0)
    );
    // However the requests interleave.
    assert_eq!(first.events, run(7, 8).await.events);
    assert_ne!(first.events, run(8, 1).await.events);
}

#[test]
fn a_scenario_that_makes_no_sense_is_refused() {
    for text in [
        "speed = 0",
        "concurrency = 0",
        "tries = \"sometimes\"",
        "[faults]\ndrop = 0.6\ndelay = 0.6",
        "[pauses]\nvonage = [1]",
        "[pauses]\nquo = [-1]",
    ] {
        assert!(Scenario::from_toml(text).is_err(), "{text}");
    }
    let text = "tries = { at_most = 3 }\nstart = \"2026-03-01T00:00:00Z\"\n[faults]\nhang_up = 0.5";
    assert_eq!(Scenario::from_toml(text).unwrap().tries, Tries::AtMost(3));
}
