//! A small sync through the client: what the domain decides is carried out against the fake, with its faults.

use domain::{
    country::Country,
    crm::{Field, Link, Ours, Rules, Version, plan},
    ids::ContactId,
    settings::{Crm, Rule},
};
use jiff::Timestamp;
use providers::zoho::{Client, CrmError, NewRecord, Table, Update};
use serde_json::json;
use simulator::zoho::{Fault, INTEGRATION_USER, Running, Scenario};

use crate::harness::{Office, ada, office, settings};

/// Our side of one contact.
struct Desk {
    crm: Crm,
    ours: Ours,
    link: Link,
    id: domain::crm::RecordId,
}

impl Desk {
    /// A contact that was just made at the CRM.
    async fn open(client: &Client, table: &Table, rule: Rule) -> Desk {
        let crm = Crm { rule, ..settings() };
        let record = NewRecord {
            contact: ContactId::generate(),
            values: ada(),
        };
        let written = client
            .upsert(table, &[record])
            .await
            .unwrap()
            .remove(0)
            .unwrap();
        Desk {
            crm,
            ours: Ours {
                values: ada(),
                ..Ours::default()
            },
            link: Link::default(),
            id: written.id,
        }
    }

    fn set(&mut self, field: Field, value: &str) {
        self.ours.values.set(field, Some(value));
        self.ours.changed_at.insert(field, Timestamp::now());
    }

    /// Reads, compares, takes, writes. Whatever fails is left for the next time.
    async fn look(&mut self, client: &Client, table: &Table) -> Result<(), CrmError> {
        let rules = Rules {
            crm: &self.crm,
            country: Country::GB,
        };
        let Some(theirs) = client.record(table, &self.id).await? else {
            return Ok(());
        };
        let plan = plan(&self.ours, &theirs, &self.link, rules);
        for change in &plan.take {
            self.ours.values.set(change.field, change.value.as_deref());
        }
        self.link.took(&plan);
        if !plan.push.is_empty() {
            let update = Update::new(plan.record.clone(), plan.pushed_values());
            let written = client.update(table, &update, plan.unmodified_since).await?;
            self.link.pushed(&plan, written.version);
        }
        Ok(())
    }
}

fn writes(zoho: &Running) -> usize {
    zoho.ledger().writes_by(INTEGRATION_USER).len()
}

#[tokio::test]
async fn both_sides_come_together_and_stay_so_without_another_write() {
    let Office {
        zoho,
        client,
        table,
        ..
    } = office(Scenario::default()).await;
    let mut desk = Desk::open(&client, &table, Rule::Theirs).await;
    desk.look(&client, &table).await.unwrap();
    desk.set(Field::Phone, "+447700900124");
    zoho.edit(
        "Contacts",
        desk.id.as_str(),
        &json!({"Email": "ada@new.example", "First_Name": "Augusta"}),
    );
    for _ in 0..5 {
        desk.look(&client, &table).await.unwrap();
    }
    let record = zoho.record("Contacts", desk.id.as_str()).unwrap();
    assert_eq!(record["Phone"], "+447700900124");
    assert_eq!(desk.ours.values.get(Field::Email), Some("ada@new.example"));
    assert_eq!(desk.ours.values.get(Field::FirstName), Some("Augusta"));
    assert_eq!(writes(&zoho), 2, "one to make it, one to change it");
    let ledger = zoho.ledger();
    let last = ledger.writes.last().unwrap();
    assert_eq!(last.fields, ["Phone"], "only what differs is written");
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_repeated() {
    let Office {
        zoho,
        client,
        table,
        ..
    } = office(Scenario::default()).await;
    let mut desk = Desk::open(&client, &table, Rule::Newest).await;
    desk.look(&client, &table).await.unwrap();
    desk.set(Field::Phone, "+447700900124");
    let lost = Scenario::default().with_next(&[Fault::None, Fault::ServerErrorAfter]);
    zoho.set_scenario(lost).unwrap();
    assert_eq!(desk.look(&client, &table).await, Err(CrmError::Uncertain));
    desk.look(&client, &table).await.unwrap();
    assert_eq!(writes(&zoho), 2);
    assert_eq!(desk.ours.values.get(Field::Phone), Some("+447700900124"));
}

#[tokio::test]
async fn our_write_is_known_by_its_time_and_user_when_it_comes_back() {
    let Office {
        zoho,
        client,
        table,
        ..
    } = office(Scenario::default()).await;
    let mut desk = Desk::open(&client, &table, Rule::Newest).await;
    desk.set(Field::FirstName, "Augusta");
    desk.look(&client, &table).await.unwrap();
    let pushed: Version = desk.link.pushed.clone().unwrap().version;
    let read = client.record(&table, &desk.id).await.unwrap().unwrap();
    assert_eq!(read.version, pushed);
    assert_eq!(pushed.modified_by.unwrap().as_str(), INTEGRATION_USER);
    zoho.edit(
        "Contacts",
        desk.id.as_str(),
        &json!({"Email": "x@new.example"}),
    );
    let read = client.record(&table, &desk.id).await.unwrap().unwrap();
    assert_ne!(read.version, desk.link.pushed.clone().unwrap().version);
}

#[tokio::test]
async fn faults_put_off_and_never_lose() {
    let Office {
        zoho,
        client,
        table,
        ..
    } = office(Scenario::default()).await;
    let mut desk = Desk::open(&client, &table, Rule::Newest).await;
    desk.look(&client, &table).await.unwrap();
    desk.set(Field::Phone, "+447700900124");
    let faults = [
        (Fault::RateLimitedSilently, 0.3),
        (Fault::ServerError, 0.2),
        (Fault::ServerErrorAfter, 0.2),
    ];
    zoho.set_scenario(Scenario {
        faults: faults.into(),
        ..Scenario::default()
    })
    .unwrap();
    let mut looks = 0;
    loop {
        looks += 1;
        let settled = desk.look(&client, &table).await.is_ok();
        let record = zoho.record("Contacts", desk.id.as_str()).unwrap();
        if settled && record["Phone"] == "+447700900124" {
            break;
        }
        assert!(looks < 200, "it never came through");
    }
    assert!(writes(&zoho) <= 3, "{} writes", writes(&zoho));
}
