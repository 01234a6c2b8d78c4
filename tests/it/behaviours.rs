//! What the business sees: who is called, when, and what comes of it.

use anyhow::Result;
use domain::reminder::Ending;
use simulator::retell::Outcome;

use crate::harness::{HEADER, OPEN_CLINIC, World, number, quick, row};

#[tokio::test]
async fn a_person_who_confirms_is_called_once() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(
        world.ended(Ending::Confirmed).await?,
        1,
        "{:?}",
        world.why("A1").await?
    );
    assert_eq!(world.ledger().calls.len(), 1);
    Ok(())
}

#[tokio::test]
async fn somebody_who_does_not_answer_is_called_again_two_and_then_eight_hours_later() -> Result<()>
{
    let outcomes = [Outcome::NoAnswer, Outcome::NoAnswer, Outcome::Confirmed];
    let mut world = World::start(OPEN_CLINIC, quick().with_calls(&number(1), &outcomes)).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(
        world.ended(Ending::Confirmed).await?,
        1,
        "{:?}",
        world.why("A1").await?
    );
    assert_eq!(world.ledger().calls.len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_cancelled_appointment_is_not_called() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick()).await?;
    let file = format!("{HEADER}{}", row("A1", 1, 3));
    world.import(&file).await?;
    world.settled().await?;

    world.import(&file.replace(",\n", ",cancelled\n")).await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(
        world.ended(Ending::NotNeeded).await?,
        1,
        "{:?}",
        world.why("A1").await?
    );
    assert!(world.ledger().creates.is_empty());
    Ok(())
}
