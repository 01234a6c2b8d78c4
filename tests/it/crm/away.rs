//! Zoho that is away, slow to answer, or needs a new token.

use anyhow::{Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use simulator::{
    retell::Outcome,
    zoho::{Config, Fault, Scenario, start},
};
use store::NewNote;
use workflows::names;

use super::{connected, office};
use crate::{
    harness::{HEADER, eventually, go_on, number, quick, row},
    inbound::caller,
};

#[tokio::test]
async fn after_a_week_without_zoho_everything_arrives_once() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (known, record) = office.pair(1, 3).await?;
    office.zoho.set_scenario(Scenario {
        maintenance: true,
        ..Scenario::default()
    })?;
    office.has_email(known, "monday@example.com").await?;
    let mut tx = office.world.store.tenant(office.tenant()).begin().await?;
    for body in ["first note", "second note"] {
        let note = NewNote {
            contact: Some(known),
            body,
            ..NewNote::default()
        };
        tx.add_note(&note, Timestamp::now()).await?;
    }
    tx.commit().await?;
    for of in 2..=6 {
        office.contact(of, 3).await?;
    }
    office
        .world
        .retell
        .set_scenario(quick().always(Outcome::NoClearAnswer))?;
    office.world.retell.ring(&caller(&number(1))).await;
    eventually("a call is over and known whole", || async {
        let known = "calls where outcome is not null and summary is not null";
        Ok(office.world.count(known).await? == 1)
    })
    .await?;
    let id = names::crm_id(office.tenant());
    for day in 0..7 {
        go_on(&office.client, &id, SignedDuration::from_hours(24)).await?;
        if day == 3 {
            office.has_email(known, "thursday@example.com").await?;
        }
    }
    assert_eq!(office.writes(), 0, "nothing could be written");

    office.zoho.set_scenario(Scenario::default())?;

    office
        .in_time("all of it is there", || async {
            go_on(&office.client, &id, SignedDuration::from_mins(15)).await?;
            Ok(office.there(&record, "Email") == "thursday@example.com"
                && office.zoho.records("Contacts").len() == 6
                && office.zoho.records("Notes").len() == 2
                && office.zoho.records("Calls").len() == 1)
        })
        .await?;
    office.settled().await?;
    let records = office.zoho.records("Contacts");
    for of in 1..=6 {
        let with = records.iter().filter(|each| each["Phone"] == number(of));
        assert_eq!(with.count(), 1, "number {of}");
    }
    let calls = office.zoho.records("Calls");
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["Who_Id"]["id"], record);
    // One change, five that are new, two notes, a call: the queue keeps no history.
    assert_eq!(office.writes(), 9);
    assert_eq!(office.world.count("crm_queue").await?, 0);
    office.assert_discreet()
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_not_made_twice() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (contact, _) = office.pair(1, 3).await?;
    let mut tx = office.world.store.tenant(office.tenant()).begin().await?;
    let note = NewNote {
        contact: Some(contact),
        body: "only once",
        ..NewNote::default()
    };
    tx.add_note(&note, Timestamp::now()).await?;
    office
        .zoho
        .set_scenario(Scenario::default().with_next(&[Fault::ServerErrorAfter]))?;
    tx.commit().await?;

    office.settled().await?;
    assert_eq!(office.zoho.records("Notes").len(), 1);
    let tries = office.zoho.ledger();
    let posts = tries
        .requests
        .iter()
        .filter(|request| request.method == "POST" && request.path.ends_with("Notes"));
    assert_eq!(posts.count(), 1, "it was looked for, and found");
    Ok(())
}

#[tokio::test]
async fn what_zoho_turns_away_for_haste_arrives_later_and_once() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (contact, record) = office.pair(1, 3).await?;
    let hasty = [Fault::RateLimitedSilently, Fault::RateLimited];
    let faults = hasty.repeat(3);
    office
        .zoho
        .set_scenario(Scenario::default().with_next(&faults))?;

    office.has_email(contact, "later@example.com").await?;

    office
        .in_time("it is there", || async {
            Ok(office.there(&record, "Email") == "later@example.com")
        })
        .await?;
    let requests = office.zoho.ledger().requests;
    let turned_away = requests
        .iter()
        .filter(|request| request.status == Some(429));
    assert_eq!(turned_away.count(), faults.len());
    assert_eq!(office.writes(), 1);
    Ok(())
}

#[tokio::test]
async fn a_days_requests_are_spent_and_the_rest_waits_for_the_next_day() -> Result<()> {
    let people = 12;
    let mut office = office("requests_per_day = 20", Scenario::default()).await?;
    let asked = || office.zoho.ledger().requests.len();
    office.world.import(&file(people)).await?;
    eventually("the day's requests are spent", || async {
        let spent = "crm_accounts where (budget ->> 'day_spent')::int >= 19";
        Ok(office.world.count(spent).await? == 1)
    })
    .await?;
    ensure!(asked() <= 20, "{} requests", asked());
    let there = office.zoho.records("Contacts").len();
    ensure!(there < people as usize, "all were written in one day");

    let id = names::crm_id(office.tenant());
    eventually("all of them are there on later days", || async {
        go_on(&office.client, &id, SignedDuration::from_hours(24)).await?;
        Ok(office.zoho.records("Contacts").len() == people as usize)
    })
    .await?;

    assert_eq!(office.writes(), people as usize, "each was made once");
    Ok(())
}

/// A file with so many people, each with an appointment in three days.
fn file(people: u32) -> String {
    let rows = (1..=people).map(|of| row(&format!("A{of}"), of, 3));
    HEADER.to_owned() + &rows.collect::<String>()
}

#[tokio::test]
async fn two_workers_that_need_a_token_at_once_refresh_it_once() -> Result<()> {
    let slow = start(Config::with_grant(
        "1000.CLIENT",
        "client-secret-of-the-test",
        "1000.refresh-of-the-test",
        Scenario::default(),
    ))
    .await?;
    let mut office = connected("", slow).await?;
    // All three processes needed one at the same time.
    assert_eq!(office.zoho.ledger().tokens.len(), 1);
    let _second = office.world.spawn_worker("all")?;
    office.world.sql(
        "update crm_accounts set token = jsonb_set(token, '{rejected}', 'true'), compare_now = true",
    )
    .await?;
    for of in 1..=4 {
        office.person(of, &json!({}))?;
        office.contact(of, 3).await?;
    }
    let compare = ["crm", "reconcile", "--tenant", crate::harness::SLUG];
    office.world.operate(&compare).await?;
    // Without any jump: a process whose clock is ahead of the others' finds a token old, and a refresh lost.
    eventually("all are in step", || async {
        let linked = "crm_links where record_id is not null";
        Ok(office.world.count(linked).await? == 4)
    })
    .await?;
    let tokens = office.zoho.ledger().tokens;
    ensure!(
        tokens.len() == 2 && tokens.iter().all(|token| token.granted),
        "{tokens:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_token_that_zoho_takes_back_is_told_and_mended_by_new_secrets() -> Result<()> {
    let mut office = office("", Scenario::default()).await?;
    let (contact, record) = office.pair(1, 3).await?;
    office.zoho.set_scenario(
        Scenario::default()
            .with_next(&[Fault::TokenInvalid])
            .with_next_tokens(&[simulator::zoho::TokenFault::Revoked]),
    )?;
    office.has_email(contact, "later@example.com").await?;
    office
        .in_time("somebody is told", || async {
            let told = "alerts where cause = 'crm_refused' and open";
            Ok(office.world.count(told).await? == 1)
        })
        .await?;

    let mend = [
        "tenant",
        "add-secret",
        crate::harness::SLUG,
        "--crm",
        "zoho_refresh_token",
    ];
    office
        .world
        .operate_with(&mend, "1000.refresh-of-the-test")
        .await?;

    office
        .in_time("it goes on where it stopped", || async {
            Ok(office.there(&record, "Email") == "later@example.com")
        })
        .await
}
