//! Who is who on both sides, and what is written there.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::zoho::Scenario;
use store::{ContactChange, NewNote};
use workflows::names;

use super::{connected, grant, office};
use crate::{
    harness::{go_on, number},
    inbound::caller,
    replay,
};

#[tokio::test]
async fn a_contact_is_found_by_number_or_made_and_only_what_differs_is_written() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (known, record) = office.pair(1, 3).await?;
    assert_eq!(office.zoho.records("Contacts").len(), 1, "it was found");
    assert_eq!(office.writes(), 0, "there was nothing to write");

    let new = office.contact(2, 3).await?;
    office
        .in_time("the other is made there", || async {
            Ok(office.zoho.records("Contacts").len() == 2)
        })
        .await?;
    office.has_email(known, "ada@new.example").await?;
    office
        .in_time("the change is there", || async {
            Ok(office.there(&record, "Email") == "ada@new.example")
        })
        .await?;
    office.settled().await?;

    let made = office.zoho.records("Contacts");
    let made = made.iter().find(|each| each["Phone"] == number(2));
    ensure!(
        made.is_some_and(|made| made["Bellhop_Id"] == new.to_string()),
        "{made:?}"
    );
    let ledger = office.zoho.ledger();
    let last = ledger.writes.last().map(|write| write.fields.clone());
    assert_eq!(last, Some(vec!["Email".to_owned()]));
    assert_eq!(office.writes(), 2);
    office.assert_discreet()
}

#[tokio::test]
async fn an_address_is_kept_in_step_both_ways() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (contact, record) = office.pair(1, 3).await?;
    let address = format!(
        "select coalesce(address, '') from contacts where id = '{}'",
        contact.uuid()
    );
    let change = ContactChange {
        address: Some(Some("12 Quay Street, Plymouth".to_owned())),
        ..ContactChange::default()
    };
    let mut tx = office.world.store.tenant(office.tenant()).begin().await?;
    tx.change_contact(contact, &change, Timestamp::now())
        .await?;
    tx.commit().await?;
    office
        .in_time("the address is there", || async {
            Ok(office.there(&record, "Mailing_Street") == "12 Quay Street, Plymouth")
        })
        .await?;
    office.settled().await?;

    let moved = json!({"Mailing_Street": "3 Mill Lane, Leeds"});
    ensure!(office.zoho.edit("Contacts", &record, &moved));
    office
        .in_time("the new address is here", || async {
            Ok(office.world.sql(&address).await? == "3 Mill Lane, Leeds")
        })
        .await?;
    office.settled().await?;
    assert_eq!(office.writes(), 1);
    Ok(())
}

#[tokio::test]
async fn a_note_and_a_finished_call_are_written_once() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (contact, record) = office.pair(1, 3).await?;
    let mut tx = office.world.store.tenant(office.tenant()).begin().await?;
    let note = NewNote {
        contact: Some(contact),
        body: "Please ring the bell twice",
        ..NewNote::default()
    };
    tx.add_note(&note, Timestamp::now()).await?;
    tx.commit().await?;

    office.world.retell.ring(&caller(&number(1))).await;

    office
        .in_time("both are there", || async {
            Ok(office.zoho.records("Notes").len() == 1 && office.zoho.records("Calls").len() == 1)
        })
        .await?;
    office.settled().await?;
    let notes = office.zoho.records("Notes");
    assert_eq!(notes.len(), 1);
    assert_eq!(notes[0]["Parent_Id"]["id"], record);
    ensure!(
        notes[0]["Note_Content"]
            .as_str()
            .is_some_and(|text| text.contains("ring the bell")),
        "{notes:?}"
    );
    let calls = office.zoho.records("Calls");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["Who_Id"]["id"], record);
    assert_eq!(calls[0]["Call_Type"], "Inbound");
    Ok(())
}

#[tokio::test]
async fn an_unknown_caller_whom_the_crm_knows_is_a_contact_from_then_on() -> Result<()> {
    let office = office("", Scenario::default()).await?;
    let record = office.person(7, &json!({"Phone": null, "Mobile": "07700 900007"}))?;
    office.settled().await?;
    assert_eq!(office.world.count("contacts").await?, 0);

    office.world.retell.ring(&caller(&number(7))).await;

    office
        .in_time("the call is written to the record", || async {
            let calls = office.zoho.records("Calls");
            Ok(calls.len() == 1 && calls[0]["Who_Id"]["id"] == record)
        })
        .await?;
    let imported = format!(
        "contacts c join crm_links l on l.contact_id = c.id
         join calls k on k.contact_id = c.id where l.record_id = '{record}' and c.name = 'Ada Archer'"
    );
    assert_eq!(office.world.count(&imported).await?, 1);
    assert_eq!(office.zoho.records("Contacts").len(), 1);
    office.assert_discreet()
}

#[tokio::test]
async fn everybody_at_the_crm_is_a_contact_where_the_settings_say_so() -> Result<()> {
    let zoho = grant(Scenario::default()).await?;
    let add = |fields: Value| {
        zoho.add("Contacts", &fields)
            .context("Zoho took the record")
    };
    let ada = json!({"First_Name": "Ada", "Last_Name": "Archer", "Phone": "07700 900001", "Email": "ada@example.com"});
    add(ada.clone())?;
    // The same person once more, somebody of the same household, one by mobile, and one who is not to be called.
    add(ada)?;
    add(json!({"First_Name": "Bo", "Last_Name": "Archer", "Phone": number(1)}))?;
    add(json!({"Last_Name": "Cole", "Mobile": number(3), "Description": "Prefers afternoons"}))?;
    add(json!({"Last_Name": "Dunn", "Phone": number(4), "Do_Not_Call": true}))?;
    add(json!({"Last_Name": "Nobody", "Email": "no-number@example.com"}))?;
    // Names that are divided elsewhere than before the last word, and a wish that stands at a second record alone.
    add(json!({"Last_Name": "Acme Dental Ltd", "Phone": number(5)}))?;
    let vincent = json!({"First_Name": "Vincent", "Last_Name": "van Gogh", "Phone": number(6)});
    add(vincent.clone())?;
    let second = add(vincent)?;

    let office = connected("import = \"all\"", zoho).await?;

    office.settled().await?;
    let people = "select string_agg(concat_ws(' ', name, right(e164, 1), email, remarks), ', ' order by name) from contacts";
    assert_eq!(
        office.world.sql(people).await?,
        "Acme Dental Ltd 5, Ada Archer 1 ada@example.com, Bo Archer 1, Cole 3 Prefers afternoons, Dunn 4, Vincent van Gogh 6"
    );
    assert_eq!(office.world.count("opt_outs").await?, 1);
    assert_eq!(office.world.count("crm_conflicts").await?, 0);
    assert_eq!(office.writes(), 0);
    let requests = office.zoho.ledger().requests;
    let single = |path: &str| path.contains("/Contacts/") && !path.ends_with("/deleted");
    let read_singly = requests.iter().filter(|request| single(&request.path));
    assert_eq!(read_singly.count(), 0, "the list told everything");

    office.person(7, &json!({"First_Name": "Eve", "Email": null}))?;
    office
        .in_time("who is added there is known here", || async {
            Ok(office
                .world
                .count("contacts where name = 'Eve Archer'")
                .await?
                == 1)
        })
        .await?;
    office.settled().await?;
    assert_eq!(office.world.count("contacts").await?, 7);
    assert_eq!(office.writes(), 0);

    ensure!(
        office
            .zoho
            .edit("Contacts", &second, &json!({"Do_Not_Call": true}))
    );
    office
        .in_time("the wish at either record holds", || async {
            let his = format!("opt_outs where e164 = '{}'", number(6));
            Ok(office.world.count(&his).await? == 1)
        })
        .await?;
    office.assert_discreet()
}

#[tokio::test]
async fn whoever_wants_everybody_later_gets_everybody_and_the_households_of_contacts() -> Result<()>
{
    let mut office = office("", Scenario::default()).await?;
    for (name, of) in [("Bo", 1), ("Ada", 1), ("Cy", 2)] {
        let fields = json!({"First_Name": name, "Last_Name": "Archer", "Phone": number(of)});
        office
            .zoho
            .add("Contacts", &fields)
            .context("Zoho took it")?;
    }
    office.settled().await?;
    assert_eq!(office.world.count("contacts").await?, 0);
    // Ada is a contact, and of the two with her number Bo's record is the older one.
    office.contact(1, 3).await?;

    office.has_settings("import = \"all\"").await?;

    office
        .in_time("everybody is a contact", || async {
            Ok(office.world.count("contacts").await? == 3)
        })
        .await?;
    office.settled().await?;
    let linked = "crm_links l join contacts c on c.id = l.contact_id where l.record_id is not null";
    assert_eq!(office.world.count(linked).await?, 3);
    assert_eq!(office.zoho.records("Contacts").len(), 3);
    Ok(())
}

#[tokio::test]
async fn with_several_records_of_one_number_nobody_is_guessed() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    for first in ["Bea", "Ben"] {
        office.person(1, &json!({"First_Name": first}))?;
    }
    let record = office.person(2, &json!({"Email": "ada@example.com"}))?;
    let contact = office.contact(1, 3).await?;
    office
        .in_time("it waits for a person", || async {
            Ok(office
                .world
                .count("crm_links where trouble = 'several'")
                .await?
                == 1)
        })
        .await?;
    office.settled().await?;
    assert_eq!(office.zoho.records("Contacts").len(), 3, "nothing was made");
    let status = ["crm", "status", "--tenant", crate::harness::SLUG];
    let said = office.world.operate(&status).await?;
    ensure!(said.contains("bellhop crm link"), "{said}");

    let contact_id = contact.to_string();
    let link = [
        "crm",
        "link",
        "--tenant",
        crate::harness::SLUG,
        contact_id.as_str(),
        record.as_str(),
    ];
    office.world.operate(&link).await?;

    office
        .in_time("the person's choice holds", || async {
            Ok(office.email(contact).await? == "ada@example.com")
        })
        .await
}

#[tokio::test]
async fn who_was_made_anew_before_the_old_record_was_deleted_is_found_and_nobody_else() -> Result<()>
{
    let mut office = office("", Scenario::default()).await?;
    for (of, name, becomes) in [(1, "Ada", "linked"), (2, "Bea", "gone")] {
        let (contact, old) = office.pair(of, 3).await?;
        let fields = json!({"First_Name": name, "Email": "ada@example.com"});
        let new = office.person(of, &fields)?;
        office.settled().await?;

        ensure!(office.zoho.remove("Contacts", &old));

        office
            .in_time("the deletion is heard of", || async {
                let old = format!("crm_links where record_id = '{old}'");
                Ok(office.world.count(&old).await? == 0)
            })
            .await?;
        office.settled().await?;
        let stands = format!(
            "select case record_id when '{new}' then 'linked' else trouble end from crm_links
             where contact_id = '{}'",
            contact.uuid()
        );
        assert_eq!(office.world.sql(&stands).await?, becomes, "{name}");

        // A change of the other record is no reason to take it either.
        let remark = json!({"Description": "Likes mornings"});
        ensure!(office.zoho.edit("Contacts", &new, &remark));
        office.settled().await?;
        assert_eq!(office.world.sql(&stands).await?, becomes, "{name}");
    }
    assert_eq!(office.zoho.records("Contacts").len(), 2);
    assert_eq!(office.writes(), 0);
    Ok(())
}

#[tokio::test]
async fn fresh_histories_of_the_crm_replay_and_name_nobody() -> Result<()> {
    let mut office = office("", super::heard::long_lived()).await?;
    office.pair(1, 3).await?;
    let tenant = office.tenant();
    let ids = [
        ("in-step.crm", names::crm_id(tenant)),
        ("renewed.crm-channel", names::crm_channel_id(tenant)),
        ("compared.crm-reconcile", names::crm_reconcile_id(tenant)),
    ];
    let channel = names::crm_channel_id(tenant);
    go_on(&office.client, &channel, SignedDuration::from_hours(13)).await?;
    let mut histories = BTreeMap::new();
    for (name, id) in ids {
        let history = replay::fetch(&office.client, &id).await?;
        histories.insert(name.to_owned(), history);
    }
    replay::replay_and_record(histories).await
}
