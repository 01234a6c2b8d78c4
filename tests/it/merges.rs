//! Two contacts that are one person: known by both, and taken apart again.

use anyhow::{Context, Result};
use simulator::retell::Outcome;

use crate::{
    harness::{HEADER, OPEN_CLINIC, SLUG, World, eventually, number, quick, row},
    inbound::{caller, variable},
};

impl World {
    async fn who_calls(&self) -> Result<(String, String)> {
        let rang = self.retell.ring(&caller(&number(1))).await;
        let told = |name| variable(&rang, name).to_owned();
        Ok((told("caller"), told("appointment_count")))
    }

    /// The first column of the line that `contacts find` prints of a name.
    async fn contact(&self, name: &str) -> Result<String> {
        let found = self
            .operate(&["contacts", "find", "--tenant", SLUG, name])
            .await?;
        let id = found.split_whitespace().next();
        Ok(id.context("nobody is found")?.to_owned())
    }
}

#[tokio::test]
async fn who_is_stored_twice_is_known_once_merged_and_not_after_the_undo() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::NoClearAnswer)).await?;
    let twice = row("A2", 1, 4).replace("Ada Archer", "Augusta Archer");
    world
        .import(&format!("{HEADER}{}{twice}", row("A1", 1, 3)))
        .await?;
    world.settled().await?;
    let shared = ("shared".to_owned(), String::new());
    assert_eq!(world.who_calls().await?, shared);
    let (kept, gone) = (world.contact("Ada").await?, world.contact("Augusta").await?);

    let done = world
        .operate(&["contacts", "merge", "--tenant", SLUG, &kept, &gone])
        .await?;
    let known = ("known".to_owned(), "2".to_owned());
    assert_eq!(world.who_calls().await?, known);

    let (merge, _) = done.split_once(':').context("the merge is named")?;
    world
        .operate(&["contacts", "undo", "--tenant", SLUG, merge])
        .await?;
    assert_eq!(world.who_calls().await?, shared);
    Ok(())
}

#[tokio::test]
async fn a_reminder_that_a_mistaken_merge_ended_is_back_after_the_undo() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick()).await?;
    let other = row("A2", 2, 4).replace("Ada Archer", "Augusta Archer");
    world
        .import(&format!("{HEADER}{}{other}", row("A1", 1, 3)))
        .await?;
    world.settled().await?;
    world
        .operate(&["opt-out", "--tenant", SLUG, &number(2)])
        .await?;
    let refused = "reminders where state = 'finished' and ending = 'refused'";
    eventually("the other's reminder has ended", || async {
        Ok(world.count(refused).await? == 1)
    })
    .await?;
    let (kept, gone) = (world.contact("Ada").await?, world.contact("Augusta").await?);

    let done = world
        .operate(&["contacts", "merge", "--tenant", SLUG, &kept, &gone])
        .await?;
    eventually("both have ended", || async {
        Ok(world.count(refused).await? == 2)
    })
    .await?;
    let (merge, _) = done.split_once(':').context("the merge is named")?;
    world
        .operate(&["contacts", "undo", "--tenant", SLUG, merge])
        .await?;

    let waits = "reminders r join appointments a on a.id = r.appointment_id
                 where r.state = 'waiting' and r.next_at is not null and a.external_id = 'A1'";
    eventually("Ada's reminder waits again", || async {
        Ok(world.count(waits).await? == 1)
    })
    .await?;
    world.settled().await?;
    // Who does not want to be called is not.
    assert_eq!(world.count(refused).await?, 1);
    Ok(())
}
