//! A week in which Zoho's interfaces are away, and people go on working on both sides.

mod office;

use anyhow::{Result, ensure};
use jiff::SignedDuration;
use serde_json::json;
use store::ContactChange;

use super::Office;
use crate::harness::{eventually, number};
use office::{Week, writes};

const DAY: i64 = 24;
const HOUR: i64 = 1;

/// Who has a record when the week begins, by number: what becomes of each is in the test.
const CHANGED_THERE: u32 = 1;
const OURS_IS_NEWER: u32 = 2;
const THEIRS_IS_NEWER: u32 = 3;
const CONFLICT: u32 = 4;
const QUIET_THERE: u32 = 5;
const QUIET_HERE: u32 = 6;
const DELETED: u32 = 7;
const MADE_ANEW: u32 = 8;
const LAST: u32 = MADE_ANEW;
/// Who comes during the week: known at Zoho too, or here alone.
const KNOWN_TO_BOTH: u32 = 9;
const NEW_HERE: u32 = 10;

fn named(name: &str) -> ContactChange {
    ContactChange {
        name: Some(name.to_owned()),
        ..ContactChange::default()
    }
}

#[tokio::test]
async fn what_both_sides_did_in_a_week_without_the_interfaces_comes_together_once() -> Result<()> {
    let mut week = Week::begin().await?;
    let before = week.office.zoho.channels();
    let told = week.office.zoho.ledger().notifications.len();

    for day in 1..=7 {
        week.live_until(day * DAY, DAY, true).await?;
        match day {
            2 => on_tuesday(&mut week).await?,
            4 => on_thursday(&mut week).await?,
            _ => {}
        }
    }

    assert_eq!(week.office.writes(), 0, "nothing could be written");
    let notifications = week.office.zoho.ledger().notifications;
    assert_eq!(notifications.len(), told, "the channel had run out");
    assert_eq!(week.channel_alerts(true).await?, 1, "somebody is told");

    // Zoho's clock goes ahead of ours, so that it grants what we ask for.
    week.live_until(7 * DAY + 2 * HOUR, HOUR, false).await?;
    let old = before.first().cloned().unwrap_or_default();
    eventually("what was missed is compared", || async {
        week.go_on(SignedDuration::from_mins(5)).await?;
        week.is_caught_up(&old).await
    })
    .await?;
    week.office.settled().await?;

    let after = week.office.zoho.channels();
    ensure!(after.len() == 1 && after != before, "{after:?}");
    assert_eq!(week.channel_alerts(false).await?, 1, "the trouble is over");
    assert_came_together(&week).await?;
    let written = writes(&week.office);

    // Nothing comes back, neither by the new channel nor in the next night.
    week.live_until(7 * DAY + 16 * HOUR, 13 * HOUR, false)
        .await?;
    week.live_until(8 * DAY + 4 * HOUR, 12 * HOUR, false)
        .await?;
    week.office.settled().await?;
    assert_eq!(writes(&week.office), written);
    assert_came_together(&week).await?;
    assert_discreet(&week.office)
}

async fn on_tuesday(week: &mut Week) -> Result<()> {
    week.edited(CHANGED_THERE, &json!({"Email": "ada@new.example"}))?;
    week.edited(OURS_IS_NEWER, &json!({"First_Name": "Beatrix"}))?;
    week.changed(THEIRS_IS_NEWER, named("Cordelia Archer"), 2)
        .await?;
    let theirs = json!({"Email": "theirs@example.com", "Mobile": number(41), "Description": "Likes mornings"});
    week.edited(CONFLICT, &theirs)?;
    week.edited(QUIET_THERE, &json!({"Do_Not_Call": true}))?;
    let store = &week.office.world.store;
    let mut tx = store.tenant(week.office.tenant()).begin().await?;
    tx.opt_out(&number(QUIET_HERE), "operator").await?;
    tx.commit().await?;
    // Who comes anew here.
    for of in [KNOWN_TO_BOTH, NEW_HERE] {
        let contact = week.office.contact(of, 3).await?;
        week.contacts.insert(of, contact);
    }
    Ok(())
}

async fn on_thursday(week: &mut Week) -> Result<()> {
    week.changed(OURS_IS_NEWER, named("Delphine Archer"), 4)
        .await?;
    week.edited(THEIRS_IS_NEWER, &json!({"First_Name": "Eleanor"}))?;
    let ours = ContactChange {
        email: Some(Some("ours@example.com".to_owned())),
        mobile: Some(Some(number(42))),
        remarks: Some(Some("Rings twice".to_owned())),
        ..ContactChange::default()
    };
    week.changed(CONFLICT, ours, 4).await?;
    // One is deleted while it changes here, one and another is made in its place.
    week.changed(DELETED, named("Florence Archer"), 4).await?;
    for of in [MADE_ANEW, KNOWN_TO_BOTH] {
        let made = week.office.person(of, &json!({}))?;
        let deleted = week.records.insert(of, made);
        ensure!(deleted.is_none_or(|old| week.office.zoho.remove("Contacts", &old)));
    }
    ensure!(week.office.zoho.remove("Contacts", &week.records[&DELETED]));
    Ok(())
}

async fn assert_came_together(week: &Week) -> Result<()> {
    // One side changed: the other has it. Both did: the rule of the field decides.
    assert_eq!(week.here(CHANGED_THERE, "email").await?, "ada@new.example");
    assert_eq!(week.there(OURS_IS_NEWER, "First_Name"), "Delphine");
    assert_eq!(week.here(OURS_IS_NEWER, "name").await?, "Delphine Archer");
    assert_eq!(week.there(THEIRS_IS_NEWER, "First_Name"), "Eleanor");
    assert_eq!(week.here(THEIRS_IS_NEWER, "name").await?, "Eleanor Archer");
    assert_eq!(week.here(CONFLICT, "mobile").await?, number(41));
    assert_eq!(week.there(CONFLICT, "Mobile"), number(41));
    assert_eq!(week.here(CONFLICT, "remarks").await?, "Rings twice");
    assert_eq!(week.there(CONFLICT, "Description"), "Rings twice");
    assert_eq!(week.here(CONFLICT, "email").await?, "ours@example.com");
    assert_eq!(week.there(CONFLICT, "Email"), "theirs@example.com");
    let world = &week.office.world;
    let asked = world
        .sql("select contact_id::text || field from crm_conflicts")
        .await?;
    assert_eq!(asked, format!("{}email", week.contacts[&CONFLICT].uuid()));

    // A wish not to be called holds on both sides, wherever it was noted.
    assert_eq!(world.ending("A5").await?, "refused: opted_out");
    assert_eq!(world.ending("A6").await?, "refused: opted_out");
    let quiet = world
        .sql("select string_agg(e164, ' ' order by e164) from opt_outs")
        .await?;
    assert_eq!(
        quiet,
        format!("{} {}", number(QUIET_THERE), number(QUIET_HERE))
    );
    assert_eq!(week.there(QUIET_THERE, "Do_Not_Call"), true);
    assert_eq!(week.there(QUIET_HERE, "Do_Not_Call"), true);

    // Who was deleted there stays here and away there; who was made anew is the same person.
    assert_eq!(week.link(DELETED).await?, "gone");
    assert_eq!(week.here(DELETED, "name").await?, "Florence Archer");
    for of in [MADE_ANEW, KNOWN_TO_BOTH] {
        assert_eq!(week.link(of).await?, week.records[&of], "number {of}");
    }
    let there = week.office.zoho.records("Contacts");
    for of in 1..=NEW_HERE {
        let with = there.iter().filter(|record| record["Phone"] == number(of));
        assert_eq!(with.count(), usize::from(of != DELETED), "number {of}");
    }
    assert_eq!(world.count("contacts").await?, i64::from(NEW_HERE));
    assert_eq!(world.count("crm_queue").await?, 0);

    // One write for each that had to be told, of what differed alone.
    let written = writes(&week.office);
    let made = week.link(NEW_HERE).await?;
    let mut expected = [
        (OURS_IS_NEWER, "First_Name"),
        (CONFLICT, "Description"),
        (QUIET_HERE, "Do_Not_Call"),
        // The one that was made anew had none.
        (MADE_ANEW, "Email"),
    ]
    .map(|(of, field)| (week.records[&of].clone(), vec![field.to_owned()]))
    .to_vec();
    expected.sort();
    let (inserted, mut updated): (Vec<_>, Vec<_>) =
        written.into_iter().partition(|(id, _)| *id == made);
    updated.sort();
    assert_eq!(inserted.len(), 1);
    assert_eq!(updated, expected);
    Ok(())
}

fn assert_discreet(office: &Office) -> Result<()> {
    office.assert_discreet()?;
    let logs = office.world.logs()?;
    for private in [
        "Beatrix",
        "Cordelia",
        "Delphine",
        "Eleanor",
        "Florence",
        "new.example",
        "mornings",
        "Rings",
    ] {
        ensure!(!logs.contains(private), "a log tells {private:?}");
    }
    Ok(())
}
