//! What changes there is heard of here, by notifications that may be doubled, late or lost.

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use simulator::zoho::Scenario;
use workflows::names;

use super::{Office, office};
use crate::harness::{SLUG, eventually, go_ahead, go_on};

fn noisy() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.notifications.duplicate = 0.5;
    scenario.notifications.reorder = 0.3;
    scenario
}

#[tokio::test]
async fn a_change_there_arrives_here_and_no_write_comes_of_it_or_of_our_own_coming_back()
-> Result<()> {
    let mut office = office("", noisy()).await?;
    let (contact, record) = office.pair(1, 3).await?;

    for round in 0..4 {
        let email = format!("ada{round}@example.com");
        ensure!(
            office
                .zoho
                .edit("Contacts", &record, &json!({"Email": email}))
        );
    }
    office
        .in_time("the newest arrives", || async {
            Ok(office.email(contact).await? == "ada3@example.com")
        })
        .await?;
    office.settled().await?;
    assert_eq!(office.writes(), 0);

    office.has_email(contact, "ours@example.com").await?;
    office
        .in_time("our change is there", || async {
            Ok(office.there(&record, "Email") == "ours@example.com")
        })
        .await?;
    // Zoho tells of it, and perhaps twice.
    office.settled().await?;
    assert_eq!(office.writes(), 1);
    assert_eq!(office.email(contact).await?, "ours@example.com");
    let told = office.zoho.ledger().notifications.len();
    ensure!(told > 4, "{told} notifications");
    Ok(())
}

#[tokio::test]
async fn a_difference_that_nobody_can_decide_is_asked_about_and_answered() -> Result<()> {
    let mut office = office("rules = { email = \"ask\" }", Scenario::default()).await?;
    let (contact, record) = office.pair(1, 3).await?;
    office.has_email(contact, "ours@example.com").await?;
    ensure!(
        office
            .zoho
            .edit("Contacts", &record, &json!({"Email": "theirs@example.com"}))
    );
    office
        .in_time("it is asked about", || async {
            Ok(office.world.count("crm_conflicts").await? == 1)
        })
        .await?;
    office.settled().await?;
    assert_eq!(office.writes(), 0, "until then each keeps its own");
    assert_eq!(office.email(contact).await?, "ours@example.com");

    let contact_id = contact.to_string();
    let listed = ["crm", "conflicts", "list", "--tenant", SLUG];
    let said = office.world.operate(&listed).await?;
    ensure!(
        said.contains(&contact_id) && said.contains("theirs@example.com"),
        "{said}"
    );
    let theirs = [
        "crm",
        "conflicts",
        "theirs",
        "--tenant",
        SLUG,
        contact_id.as_str(),
        "email",
    ];
    office.world.operate(&theirs).await?;
    office
        .in_time("theirs is taken", || async {
            Ok(office.email(contact).await? == "theirs@example.com")
        })
        .await?;
    office.settled().await?;
    assert_eq!(office.world.count("crm_conflicts").await?, 0);
    assert_eq!(office.writes(), 0);
    Ok(())
}

#[tokio::test]
async fn a_wish_not_to_be_called_noted_there_stops_the_reminder_and_is_not_lifted_by_a_new_number()
-> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (contact, record) = office.pair(1, 3).await?;
    office.world.settled().await?;

    ensure!(
        office
            .zoho
            .edit("Contacts", &record, &json!({"Do_Not_Call": true}))
    );

    office
        .in_time("the reminder has ended", || async {
            Ok(office.world.ending("A1").await? == "refused: opted_out")
        })
        .await?;
    assert_eq!(
        office.world.count("opt_outs where source = 'crm'").await?,
        1
    );
    let elsewhere = crate::harness::number(9);
    ensure!(
        office
            .zoho
            .edit("Contacts", &record, &json!({"Phone": elsewhere}))
    );
    office
        .in_time("the new number is here", || async {
            let moved = format!(
                "contacts where id = '{}' and e164 = '{elsewhere}'",
                contact.uuid()
            );
            Ok(office.world.count(&moved).await? == 1)
        })
        .await?;
    office.settled().await?;
    let quiet = format!("opt_outs where e164 = '{elsewhere}'");
    assert_eq!(office.world.count(&quiet).await?, 1);
    assert_eq!(office.there(&record, "Do_Not_Call"), true);
    Ok(())
}

#[tokio::test]
async fn a_wish_that_comes_with_the_first_number_is_taken_with_it() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let at = crate::harness::in_days(3);
    let file = format!(
        "external_id,name,phone,email,appointment_at,status\nA1,Ada Archer,,ada@example.com,{at},\n"
    );
    office.world.import(&file).await?;
    office
        .in_time("the contact has a record", || async {
            let linked = "crm_links where record_id is not null";
            Ok(office.world.count(linked).await? == 1)
        })
        .await?;
    office.settled().await?;
    let record = office.world.sql("select record_id from crm_links").await?;
    let first = crate::harness::number(7);

    let both = json!({"Phone": first, "Do_Not_Call": true});
    ensure!(office.zoho.edit("Contacts", &record, &both));

    office
        .in_time("number and wish are here", || async {
            let quiet = format!("opt_outs where e164 = '{first}' and source = 'crm'");
            let has = format!("contacts where e164 = '{first}'");
            Ok(office.world.count(&quiet).await? == 1 && office.world.count(&has).await? == 1)
        })
        .await?;
    office.settled().await?;
    assert_eq!(office.there(&record, "Do_Not_Call"), true);
    Ok(())
}

#[tokio::test]
async fn what_no_notification_told_of_is_found_in_the_night() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (contact, record) = office.pair(1, 3).await?;
    let mut deaf = Scenario::default();
    deaf.notifications.drop = 1.0;
    office.zoho.set_scenario(deaf)?;
    ensure!(
        office
            .zoho
            .edit("Contacts", &record, &json!({"Email": "night@example.com"}))
    );
    office.settled().await?;
    assert_eq!(office.email(contact).await?, "ada@example.com");

    let id = names::crm_reconcile_id(office.tenant());
    go_on(&office.client, &id, SignedDuration::from_hours(25)).await?;
    // The other process lives through the same night.
    let sync = names::crm_id(office.tenant());
    go_on(&office.client, &sync, SignedDuration::from_hours(26)).await?;

    office
        .in_time("it is found", || async {
            Ok(office.email(contact).await? == "night@example.com")
        })
        .await?;
    assert_eq!(office.writes(), 0);
    Ok(())
}

#[tokio::test]
async fn a_comparison_by_hand_finds_who_was_deleted_there_and_keeps_ours() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (_, record) = office.pair(1, 3).await?;
    let mut deaf = Scenario::default();
    deaf.notifications.drop = 1.0;
    office.zoho.set_scenario(deaf)?;
    ensure!(office.zoho.remove("Contacts", &record));
    office
        .world
        .operate(&["crm", "reconcile", "--tenant", SLUG])
        .await?;
    office
        .in_time("the deletion is known", || async {
            let gone = "crm_links where trouble = 'gone' and record_id is null";
            Ok(office.world.count(gone).await? == 1)
        })
        .await?;
    assert_eq!(office.world.count("contacts").await?, 1, "ours stays");
    assert_eq!(
        office.zoho.records("Contacts").len(),
        0,
        "theirs stays away"
    );
    Ok(())
}

pub(super) fn long_lived() -> Scenario {
    Scenario {
        channel_seconds: 30 * 24 * 3600,
        ..Scenario::default()
    }
}

async fn expires_at(office: &Office) -> Result<Timestamp> {
    let sql = "select channel -> 'live' ->> 'expires_at' from crm_accounts";
    Ok(office.world.sql(sql).await?.parse()?)
}

#[tokio::test]
async fn the_channel_is_renewed_at_half_of_its_life_and_missed_when_it_is_not() -> Result<()> {
    let office = office("channel_hours = 24", long_lived()).await?;
    let id = names::crm_channel_id(office.tenant());
    let first = expires_at(&office).await?;
    let before = office.zoho.channels();

    go_on(&office.client, &id, SignedDuration::from_hours(13)).await?;
    eventually("it is renewed", || async {
        Ok(expires_at(&office).await? > first)
    })
    .await?;
    assert_eq!(office.zoho.channels(), before, "the same one");

    let away = Scenario {
        maintenance: true,
        ..long_lived()
    };
    office.zoho.set_scenario(away)?;
    let second = expires_at(&office).await?;
    let clock = bellhop::conductor::clock(&office.client, &id)
        .await?
        .context("the process runs")?;
    let late = SignedDuration::from_hours(19);
    go_ahead(&office.client, &id, clock + late).await?;
    eventually("somebody is told", || async {
        let told = "alerts where cause = 'channel_expiring' and open";
        go_on(&office.client, &id, SignedDuration::from_mins(15)).await?;
        Ok(office.world.count(told).await? == 1)
    })
    .await?;

    office.zoho.set_scenario(long_lived())?;
    eventually(
        "it is renewed after all, and the trouble is over",
        || async {
            go_on(&office.client, &id, SignedDuration::from_mins(15)).await?;
            let over =
                "alerts where cause = 'channel_expiring' and facts ->> 'level' <> 'standing'";
            Ok(expires_at(&office).await? > second && office.world.count(over).await? == 1)
        },
    )
    .await
}
