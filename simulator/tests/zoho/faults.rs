use std::time::Duration;

use domain::{crm::Failure, ids::ContactId};
use providers::zoho::{Client, CrmError, NewRecord, Update};
use serde_json::json;
use simulator::zoho::{Fault, Scenario};

use crate::harness::{HASTE, Office, ada, office, options};

/// One that waits, unless no answer will come.
fn client_for(fault: Fault, patient: &Client, hasty: &Client) -> Client {
    match fault {
        Fault::Hang | Fault::HangAfter => hasty.clone(),
        _ => patient.clone(),
    }
}

fn limited(seconds: Option<u64>) -> CrmError {
    CrmError::RateLimited {
        retry_after: seconds.map(Duration::from_secs),
    }
}

#[tokio::test]
async fn each_fault_of_a_read_is_a_class_of_its_own() {
    let table = [
        (Fault::RateLimited, limited(Some(7)), Failure::RateLimited),
        (
            Fault::RateLimitedSilently,
            limited(None),
            Failure::RateLimited,
        ),
        (
            Fault::ServerError,
            CrmError::Unavailable,
            Failure::Unavailable,
        ),
        (Fault::Hang, CrmError::Unavailable, Failure::Unavailable),
        (
            Fault::Denied,
            CrmError::Denied {
                code: "NO_PERMISSION".into(),
            },
            Failure::Denied,
        ),
        (
            Fault::TokenInvalid,
            CrmError::TokenInvalid,
            Failure::Unavailable,
        ),
    ];
    let faults = table.each_ref().map(|(fault, ..)| *fault);
    let scenario = Scenario {
        retry_after_seconds: 7,
        ..Scenario::default().with_next(&faults)
    };
    let Office {
        zoho,
        client,
        token,
        table: people,
    } = office(scenario).await;
    let made = zoho
        .add("Contacts", &json!({"Last_Name": "Byron"}))
        .unwrap();
    let hasty = Client::new(&token, options(HASTE)).unwrap();
    for (fault, expected, failure) in table {
        let client = client_for(fault, &client, &hasty);
        let error = client
            .record(&people, &made.parse().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error, expected, "{fault:?}");
        assert_eq!(error.failure(), failure);
        assert!(error.is_not_done());
    }
}

#[tokio::test]
async fn a_write_without_an_answer_is_in_doubt_and_one_that_was_turned_away_is_not() {
    let table = [
        (Fault::RateLimited, limited(Some(1)), 0),
        (
            Fault::Denied,
            CrmError::Denied {
                code: "NO_PERMISSION".into(),
            },
            0,
        ),
        (Fault::ServerError, CrmError::Uncertain, 0),
        (Fault::ServerErrorAfter, CrmError::Uncertain, 1),
        (Fault::Hang, CrmError::Uncertain, 1),
        (Fault::HangAfter, CrmError::Uncertain, 2),
    ];
    let faults = table.each_ref().map(|(fault, ..)| *fault);
    let Office {
        zoho,
        client,
        token,
        table: people,
    } = office(Scenario::default().with_next(&faults)).await;
    let hasty = Client::new(&token, options(HASTE)).unwrap();
    for (fault, expected, records) in table {
        let record = NewRecord {
            contact: ContactId::generate(),
            values: ada(),
        };
        let client = client_for(fault, &client, &hasty);
        let answer = client.upsert(&people, &[record]).await;
        assert_eq!(answer, Err(expected), "{fault:?}");
        assert_eq!(zoho.records("Contacts").len(), records, "{fault:?}");
    }
    assert_eq!(
        zoho.ledger().requests.len(),
        faults.len(),
        "each was sent once"
    );
}

#[tokio::test]
async fn maintenance_ends_and_nothing_was_written_meanwhile() {
    let office = office(Scenario::default()).await;
    office
        .zoho
        .set_scenario(Scenario {
            maintenance: true,
            ..Scenario::default()
        })
        .unwrap();
    let contact = ContactId::generate();
    let record = NewRecord {
        contact,
        values: ada(),
    };
    let write = async || {
        office
            .client
            .upsert(&office.table, std::slice::from_ref(&record))
            .await
    };
    assert_eq!(write().await, Err(CrmError::Uncertain));
    let page = office.client.changed(&office.table, None, None).await;
    assert_eq!(page, Err(CrmError::Unavailable));
    office.zoho.set_scenario(Scenario::default()).unwrap();
    assert!(write().await.unwrap().remove(0).unwrap().is_new);
}

#[tokio::test]
async fn credits_that_are_spent_refuse_everything() {
    let office = office(Scenario {
        credits: 2,
        ..Scenario::default()
    })
    .await;
    for expected in [Ok(Vec::new()), Ok(Vec::new()), Err(limited(None))] {
        let found = office
            .client
            .find_by_reference(&office.table, ContactId::generate())
            .await;
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn nobody_there_is_no_doubt() {
    let Office {
        zoho,
        client,
        table,
        ..
    } = office(Scenario::default()).await;
    zoho.stop().await;
    let update = Update::new("1".parse().unwrap(), []);
    assert_eq!(
        client.update(&table, &update, None).await,
        Err(CrmError::Unavailable)
    );
}

#[tokio::test]
async fn the_same_seed_makes_the_same_faults() {
    let scenario = Scenario {
        faults: [(Fault::RateLimited, 0.3), (Fault::ServerError, 0.3)].into(),
        ..Scenario::default()
    };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let office = office(scenario.clone()).await;
        for _ in 0..20 {
            let _ = office.client.changed(&office.table, None, None).await;
        }
        let requests = office.zoho.ledger().requests;
        runs.push(requests.iter().map(|each| each.fault).collect::<Vec<_>>());
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].contains(&Fault::RateLimited) && runs[0].contains(&Fault::None));
}

#[test]
fn a_scenario_file_is_read_and_what_makes_no_sense_is_refused() {
    let toml =
        "next = [\"rate_limited\", \"hang\"]\nmaintenance = true\n[faults]\nserver_error = 0.5\n";
    let scenario = Scenario::from_toml(toml).unwrap();
    assert_eq!(scenario.next, [Fault::RateLimited, Fault::Hang]);
    for bad in [
        "page_size = 0",
        "page_size = 201",
        "[faults]\nhang = 1.5",
        "colour = 1",
        "slow_seconds = -1.0",
    ] {
        assert!(Scenario::from_toml(bad).is_err(), "{bad}");
    }
}
