use domain::{country::Country, crm::PageToken};
use jiff::Timestamp;
use serde_json::json;
use simulator::zoho::Scenario;

use crate::harness::{Office, number, office};

#[tokio::test]
async fn a_number_is_found_in_whatever_form_it_was_typed() {
    let office = office(Scenario::default()).await;
    for typed in [
        "+447700900123",
        "447700900123",
        "07700900123",
        "07700 900123",
        "(07700) 900-123",
    ] {
        let made = office
            .zoho
            .add("Contacts", &json!({"Last_Name": "Byron", "Mobile": typed}))
            .unwrap();
        let found = office
            .client
            .find_by_number(&office.table, &number("07700 900123"), Country::GB)
            .await
            .unwrap();
        let ids: Vec<&str> = found.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, [made.as_str()], "{typed}");
        office.zoho.remove("Contacts", &made);
    }
    // The tail of the number is there, and it is another's.
    office.zoho.add(
        "Contacts",
        &json!({"Last_Name": "Gordon", "Phone": "+33 7 700 900 123"}),
    );
    let found = office
        .client
        .find_by_number(&office.table, &number("07700 900123"), Country::GB)
        .await;
    assert_eq!(found.unwrap(), []);
}

#[tokio::test]
async fn changes_and_deletions_are_listed_page_by_page() {
    let scenario = Scenario {
        page_size: 2,
        step_seconds: 1,
        ..Scenario::default()
    };
    let Office {
        zoho,
        client,
        table,
        ..
    } = office(scenario).await;
    let names = ["Ann", "Bea", "Cleo", "Dora", "Eve"];
    let made: Vec<String> = names
        .iter()
        .map(|name| zoho.add("Contacts", &json!({"Last_Name": name})).unwrap())
        .collect();
    zoho.edit("Contacts", &made[0], &json!({"First_Name": "Last"}));

    let list = async |since: Option<Timestamp>| {
        let (mut found, mut page): (Vec<_>, Option<PageToken>) = (Vec::new(), None);
        loop {
            let part = client.changed(&table, since, page.as_ref()).await.unwrap();
            found.extend(part.items);
            page = part.next;
            if page.is_none() {
                return found;
            }
        }
    };
    let all = list(None).await;
    let ids: Vec<&str> = all.iter().map(|record| record.id.as_str()).collect();
    let expected = [&made[1], &made[2], &made[3], &made[4], &made[0]].map(String::as_str);
    assert_eq!(ids, expected, "the oldest change first");
    let since = all[3].version.modified_at;
    assert_eq!(list(since).await.len(), 2);
    let future = all[4]
        .version
        .modified_at
        .map(|at| at + jiff::SignedDuration::from_hours(1));
    assert_eq!(list(future).await, []);

    for each in &made[..3] {
        zoho.remove("Contacts", each);
    }
    let first = client.deleted(&table, None, None).await.unwrap();
    let second = client
        .deleted(&table, None, first.next.as_ref())
        .await
        .unwrap();
    let mut gone: Vec<String> = first.items.iter().map(|each| each.id.to_string()).collect();
    gone.extend(second.items.iter().map(|each| each.id.to_string()));
    gone.sort();
    assert_eq!(gone, made[..3]);
    assert_eq!(second.next, None);
}
