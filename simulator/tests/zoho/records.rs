use domain::{
    crm::{Field, RecordId},
    ids::ContactId,
    settings::Crm,
};
use providers::zoho::{CrmError, MAX_RECORDS, NewRecord, ProblemKind, Update};
use serde_json::json;
use simulator::zoho::{INTEGRATION_USER, Scenario};

use crate::harness::{Office, ada, office, office_with};

fn id(text: &str) -> RecordId {
    text.parse().unwrap()
}

fn new(values: domain::crm::Values) -> NewRecord {
    NewRecord {
        contact: ContactId::generate(),
        values,
    }
}

#[tokio::test]
async fn a_record_is_read_with_who_changed_it_when() {
    let office = office(Scenario::default()).await;
    let fields = json!({"First_Name": "Ada", "Last_Name": "Byron", "Phone": "07700 900123",
        "Do_Not_Call": true, "Owner": {"id": "1"}, "Age": 36});
    let made = office.zoho.add("Contacts", &fields).unwrap();
    let record = office
        .client
        .record(&office.table, &id(&made))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(record.id, id(&made));
    assert_eq!(record.values.get(Field::Phone), Some("07700 900123"));
    assert_eq!(record.values.get(Field::DoNotCall), Some("true"));
    assert_eq!(record.values.get(Field::Email), None);
    assert!(record.version.modified_at.is_some());
    assert_eq!(
        record.version.modified_by.unwrap().as_str(),
        simulator::zoho::PERSON
    );
    let gone = office
        .client
        .record(&office.table, &id("4876876000000999"))
        .await;
    assert_eq!(gone, Ok(None));
}

#[tokio::test]
async fn a_contact_that_is_pushed_twice_is_one_record() {
    let office = office(Scenario::default()).await;
    let contact = new(ada());
    let write = async |record: &NewRecord| {
        let written = office
            .client
            .upsert(&office.table, std::slice::from_ref(record))
            .await;
        written.unwrap().remove(0).unwrap()
    };
    let first = write(&contact).await;
    let again = write(&contact).await;
    assert!(first.is_new && !again.is_new);
    assert_eq!(first.id, again.id);
    assert_eq!(
        again.version.modified_by.unwrap().as_str(),
        INTEGRATION_USER
    );
    // Another of the same household, with the same number and address, is another record.
    let other = write(&new(ada().with(Field::FirstName, "Annabella"))).await;
    assert!(other.is_new);
    let found = office
        .client
        .find_by_reference(&office.table, contact.contact)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id, first.id);
    assert_eq!(found[0].values, ada());
}

#[tokio::test]
async fn without_a_reference_field_the_address_tells_who_is_the_same() {
    let crm = Crm::default();
    let office = office_with(Scenario::default(), crm).await;
    for values in [ada(), ada().with(Field::FirstName, "Augusta")] {
        office
            .client
            .upsert(&office.table, &[new(values)])
            .await
            .unwrap();
    }
    let records = office.zoho.records("Contacts");
    assert_eq!(records.len(), 1);
    assert_eq!(records[0]["First_Name"], "Augusta");
    let nobody = office
        .client
        .find_by_reference(&office.table, ContactId::generate())
        .await;
    assert_eq!(nobody.unwrap(), []);
}

#[tokio::test]
async fn each_record_of_a_request_has_its_own_answer() {
    let scenario = Scenario::default()
        .refusing("First_Name", "Locked", "RECORD_LOCKED")
        .refusing("Email", "no@example.com", "INVALID_DATA");
    let scenario = Scenario {
        unique: vec!["Mobile".to_owned()],
        ..scenario
    };
    let office = office(scenario).await;
    let there = office
        .zoho
        .add("Contacts", &json!({"Last_Name": "Byron", "Mobile": "1"}))
        .unwrap();
    let records = [
        ada(),
        ada().with(Field::FirstName, "Locked"),
        ada().with(Field::Email, "no@example.com"),
        ada().with(Field::Mobile, "1"),
        domain::crm::Values::default().with(Field::Email, "nameless@example.com"),
    ];
    let answers = office
        .client
        .upsert(&office.table, &records.map(new))
        .await
        .unwrap();
    let problems: Vec<_> = answers
        .iter()
        .map(|answer| {
            answer
                .as_ref()
                .err()
                .map(|problem| (problem.kind, problem.field.as_deref()))
        })
        .collect();
    assert_eq!(
        problems,
        [
            None,
            Some((ProblemKind::Locked, Some("First_Name"))),
            Some((ProblemKind::Values, Some("Email"))),
            Some((ProblemKind::Duplicate, Some("Mobile"))),
            Some((ProblemKind::Values, Some("Last_Name"))),
        ]
    );
    let duplicate = answers[3].as_ref().unwrap_err();
    assert_eq!(duplicate.duplicate_of, Some(id(&there)));
    let printed = format!("{answers:?}");
    assert!(!printed.contains("example.com"), "{printed}");
}

#[tokio::test]
async fn a_record_is_changed_unless_somebody_was_there_first() {
    let scenario = Scenario {
        step_seconds: 1,
        ..Scenario::default()
    };
    let Office {
        zoho,
        client,
        table,
        ..
    } = office(scenario).await;
    let made = zoho
        .add(
            "Contacts",
            &json!({"Last_Name": "Byron", "Email": "a@x.example"}),
        )
        .unwrap();
    let read = client.record(&table, &id(&made)).await.unwrap().unwrap();
    zoho.edit("Contacts", &made, &json!({"First_Name": "Ada"}));
    let update = Update::new(
        id(&made),
        [(Field::Email, None), (Field::DoNotCall, Some("true"))],
    );
    let refused = client
        .update(&table, &update, read.version.modified_at)
        .await;
    assert_eq!(refused, Err(CrmError::Changed));

    let read = client.record(&table, &id(&made)).await.unwrap().unwrap();
    let written = client
        .update(&table, &update, read.version.modified_at)
        .await
        .unwrap();
    let now = client.record(&table, &id(&made)).await.unwrap().unwrap();
    assert_eq!(now.version, written.version);
    let record = zoho.record("Contacts", &made).unwrap();
    assert_eq!(record["First_Name"], "Ada");
    assert_eq!(record["Do_Not_Call"], true);
    assert_eq!(record.get("Email"), None);
}

#[tokio::test]
async fn several_records_are_changed_at_once_and_one_that_is_gone_is_told() {
    let office = office(Scenario::default()).await;
    let made = office
        .zoho
        .add("Contacts", &json!({"Last_Name": "Byron"}))
        .unwrap();
    let updates = [made.as_str(), "4876876000000999"]
        .map(|each| Update::new(id(each), [(Field::FirstName, Some("Ada"))]));
    let answers = office
        .client
        .update_many(&office.table, &updates)
        .await
        .unwrap();
    assert!(answers[0].is_ok());
    assert_eq!(answers[1].as_ref().unwrap_err().kind, ProblemKind::NotFound);
    let alone = office.client.update(&office.table, &updates[1], None).await;
    let failure = alone.unwrap_err().failure();
    assert_eq!(failure, domain::crm::Failure::Gone);
}

#[tokio::test]
async fn more_than_zoho_takes_is_not_sent() {
    let office = office(Scenario::default()).await;
    let many: Vec<NewRecord> = (0..=MAX_RECORDS).map(|_| new(ada())).collect();
    let answer = office.client.upsert(&office.table, &many).await;
    assert_eq!(answer, Err(CrmError::TooMany { most: MAX_RECORDS }));
    assert_eq!(
        office.client.upsert(&office.table, &[]).await,
        Ok(Vec::new())
    );
    assert_eq!(office.zoho.ledger().requests, []);
    let most = &many[1..];
    let answers = office.client.upsert(&office.table, most).await.unwrap();
    assert_eq!(answers.len(), MAX_RECORDS);
}
