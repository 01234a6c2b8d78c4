use domain::{
    crm::{Failure, RecordId},
    ids::CallId,
};
use providers::zoho::{CallKind, Client, CrmError, Mark, NewCall, NewNote};
use serde_json::json;
use simulator::zoho::{Fault, Scenario};

use crate::harness::{HASTE, Office, office, options};

fn note(person: &RecordId, mark: &str) -> NewNote {
    NewNote {
        person: person.clone(),
        title: "Call summary".to_owned(),
        text: "Asked for a room on Tuesday.".to_owned(),
        mark: Mark::new(mark).unwrap(),
    }
}

fn call(person: &RecordId, id: CallId) -> NewCall {
    NewCall {
        person: person.clone(),
        subject: "Reminder".to_owned(),
        kind: CallKind::Outbound,
        started_at: "2027-01-10T09:00:00Z".parse().unwrap(),
        seconds: 75,
        text: "Confirmed.".to_owned(),
        mark: id.into(),
    }
}

async fn with_person(scenario: Scenario) -> (Office, RecordId) {
    let office = office(scenario).await;
    let made = office
        .zoho
        .add("Contacts", &json!({"Last_Name": "Byron"}))
        .unwrap();
    (office, made.parse().unwrap())
}

#[tokio::test]
async fn a_note_carries_its_mark_and_is_found_by_it() {
    let (office, person) = with_person(Scenario::default()).await;
    let Office { zoho, client, .. } = office;
    let find = async |mark: &str| {
        let mark = Mark::new(mark).unwrap();
        client.find_note("Contacts", &person, &mark).await.unwrap()
    };
    assert_eq!(find("note_1").await, None);
    let made = client
        .add_note("Contacts", &note(&person, "note_1"))
        .await
        .unwrap();
    assert_eq!(find("note_1").await, Some(made));
    assert_eq!(find("note_11").await, None);
    let notes = zoho.records("Notes");
    assert_eq!(
        notes[0]["Note_Content"],
        "Asked for a room on Tuesday. [ref note_1]"
    );
    assert_eq!(notes[0]["Parent_Id"]["id"], person.as_str());
}

#[tokio::test]
async fn a_long_note_is_cut_and_keeps_its_mark() {
    let (office, person) = with_person(Scenario::default()).await;
    let long = NewNote {
        text: "ä".repeat(40_000),
        title: "t".repeat(200),
        ..note(&person, "note_1")
    };
    office.client.add_note("Contacts", &long).await.unwrap();
    let notes = office.zoho.records("Notes");
    let text = notes[0]["Note_Content"].as_str().unwrap();
    assert_eq!(text.chars().count(), 32_000);
    assert!(text.ends_with("… [ref note_1]"));
    assert_eq!(
        notes[0]["Note_Title"].as_str().unwrap().chars().count(),
        120
    );
}

#[tokio::test]
async fn a_call_is_recorded_once_and_found_by_its_mark() {
    let (office, person) = with_person(Scenario::default()).await;
    let call = call(&person, CallId::generate());
    assert_eq!(office.client.find_call(&call).await, Ok(None));
    let made = office.client.add_call(&call).await.unwrap();
    assert_eq!(office.client.find_call(&call).await, Ok(Some(made)));
    let calls = office.zoho.records("Calls");
    assert_eq!(calls[0]["Call_Duration"], "01:15");
    assert_eq!(calls[0]["Call_Type"], "Outbound");
    assert_eq!(calls[0]["Outgoing_Call_Status"], "Completed");
    assert_eq!(calls[0]["Call_Start_Time"], "2027-01-10T09:00:00+00:00");
    assert_eq!(calls[0]["Who_Id"]["id"], person.as_str());
}

#[tokio::test]
async fn a_call_that_is_there_is_changed_and_stays_the_persons() {
    let (office, person) = with_person(Scenario::default()).await;
    let call = call(&person, CallId::generate());
    let made = office.client.add_call(&call).await.unwrap();
    let known_later = NewCall {
        person: "4876876000000999".parse().unwrap(),
        text: "Confirmed. Comes by train.".to_owned(),
        seconds: 80,
        started_at: "2027-01-11T09:00:00Z".parse().unwrap(),
        ..call
    };
    office
        .client
        .change_call(&made, &known_later)
        .await
        .unwrap();

    let calls = office.zoho.records("Calls");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["Call_Duration"], "01:20");
    let text = calls[0]["Description"].as_str().unwrap();
    assert!(
        text.starts_with("Confirmed. Comes by train. [ref "),
        "{text}"
    );
    assert_eq!(calls[0]["Who_Id"]["id"], person.as_str());
    assert_eq!(calls[0]["Call_Start_Time"], "2027-01-10T09:00:00+00:00");

    assert!(office.zoho.remove("Calls", made.as_str()));
    let gone = office.client.change_call(&made, &known_later).await;
    assert_eq!(gone.map_err(|error| error.failure()), Err(Failure::Gone));
}

#[tokio::test]
async fn a_note_whose_answer_was_lost_is_there_and_is_found() {
    let (office, person) = with_person(Scenario::default()).await;
    let Office {
        zoho,
        token,
        client,
        ..
    } = office;
    let hasty = Client::new(&token, options(HASTE)).unwrap();
    for (mark, fault) in [
        ("note_1", Fault::ServerErrorAfter),
        ("note_2", Fault::HangAfter),
    ] {
        zoho.set_scenario(Scenario::default().with_next(&[fault]))
            .unwrap();
        let note = note(&person, mark);
        let answer = hasty.add_note("Contacts", &note).await;
        assert_eq!(answer, Err(CrmError::Uncertain), "{fault:?}");
        let found = client.find_note("Contacts", &person, &note.mark).await;
        assert!(found.unwrap().is_some(), "{fault:?}");
    }
    assert_eq!(zoho.records("Notes").len(), 2);
}

#[test]
fn what_is_no_id_is_no_mark() {
    for bad in ["", "a b", "a]b", "é", &"a".repeat(65)] {
        assert_eq!(Mark::new(bad), None, "{bad}");
    }
}
