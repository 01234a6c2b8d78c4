//! The reminder follows its appointment (REM-5, REM-6).

use anyhow::Result;
use jiff::{Timestamp, Unit};
use simulator::retell::Outcome;

use super::open_clinic_and;
use crate::harness::{
    CONFIRMED, HEADER, HOUR, OPEN_CLINIC, SLUG, World, in_days, number, quick, row,
};

#[tokio::test]
async fn a_cancelled_appointment_is_not_called() -> Result<()> {
    settled_by_the_business("cancelled", "not_needed: appointment_cancelled").await
}

#[tokio::test]
async fn an_appointment_that_the_business_confirmed_is_not_called() -> Result<()> {
    settled_by_the_business("confirmed", "not_needed: appointment_confirmed").await
}

async fn settled_by_the_business(status: &str, ending: &str) -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick()).await?;
    let file = format!("{HEADER}{}", row("A1", 1, 3));
    world.import(&file).await?;
    world.settled().await?;

    world
        .import(&file.replace(",\n", &format!(",{status}\n")))
        .await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, ending);
    assert!(world.ledger().creates.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_moved_appointment_is_called_for_its_new_time_only() -> Result<()> {
    for (from, to) in [(3, 6), (6, 3)] {
        let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
        world.book("A1", 1, from).await?;
        world.settled().await?;

        world.book("A1", 1, to).await?;
        world.play().await?;

        world.assert_sound().await?;
        assert_eq!(world.ending("A1").await?, CONFIRMED);
        let dialed = world.dialed_at("A1").await?;
        let due = in_days(to - 1);
        assert!(
            dialed.len() == 1 && (due..due + HOUR).contains(&dialed[0]),
            "from {from} to {to}: {dialed:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_call_authorized_for_a_time_that_has_changed_is_not_placed() -> Result<()> {
    let mut world =
        World::without_processes(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.start_ingress().await?;
    world.start_worker("core")?;
    world.book("A1", 1, 3).await?;
    world
        .play_until_seen("a call is authorized", || async {
            Ok(world.count("calls where dial_state = 'authorized'").await? == 1)
        })
        .await?;

    world.book("A1", 1, 6).await?;
    world.kill_worker();
    world.start_worker("all")?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    let dialed = world.dialed_at("A1").await?;
    assert!(
        dialed.len() == 1 && (in_days(5)..in_days(5) + HOUR).contains(&dialed[0]),
        "{dialed:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_changed_number_is_the_one_that_is_called() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.book("A1", 1, 3).await?;
    world.settled().await?;

    world.book("A1", 2, 3).await?;
    world.play().await?;

    world.assert_sound().await?;
    let called: Vec<_> = world
        .ledger()
        .calls
        .into_iter()
        .map(|call| call.to_number)
        .collect();
    assert_eq!(called, [number(2)]);
    Ok(())
}

#[tokio::test]
async fn an_operators_opt_out_stops_every_reminder_of_the_number() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world
        .import(&format!(
            "{HEADER}{}{}{}",
            row("A1", 1, 3),
            row("A2", 1, 5),
            row("B1", 2, 3)
        ))
        .await?;
    world.settled().await?;

    world
        .operate(&["opt-out", "--tenant", SLUG, &number(1)])
        .await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, "refused: opted_out");
    assert_eq!(world.ending("A2").await?, "refused: opted_out");
    let called: Vec<_> = world
        .ledger()
        .calls
        .into_iter()
        .map(|call| call.to_number)
        .collect();
    assert_eq!(called, [number(2)]);
    Ok(())
}

/// An appointment so many hours from now.
fn in_hours(hours: i64) -> Result<Timestamp> {
    Ok((Timestamp::now() + HOUR * i32::try_from(hours)?).round(Unit::Minute)?)
}

#[tokio::test]
async fn a_late_booking_is_called_at_once_and_never_too_close() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    let late = |id: &str, of, hours| {
        anyhow::Ok(format!(
            "{id},Ada Archer,{},{},\n",
            number(of),
            in_hours(hours)?
        ))
    };
    let began = Timestamp::now();
    world
        .import(&format!(
            "{HEADER}{}{}",
            late("A1", 1, 12)?,
            late("A2", 2, 1)?
        ))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    let dialed = world.dialed_at("A1").await?;
    assert!(
        dialed.len() == 1 && (began..began + HOUR).contains(&dialed[0]),
        "{dialed:?}"
    );
    // The second is within an hour of its appointment at once, or so near that its minute decides.
    for dialed in world.dialed_at("A2").await? {
        assert!(dialed <= in_hours(1)? - HOUR);
    }
    Ok(())
}

#[tokio::test]
async fn a_late_booking_is_skipped_by_those_who_want_that() -> Result<()> {
    let settings = open_clinic_and("[reminders]\nlate_booking = \"skip\"");
    let mut world = World::start(&settings, quick().always(Outcome::Confirmed)).await?;
    world
        .import(&format!(
            "{HEADER}A1,Ada Archer,{},{},\n{}",
            number(1),
            in_hours(12)?,
            row("A2", 2, 3)
        ))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, "refused: late_booking");
    assert_eq!(world.dialed_at("A2").await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_appointment_without_a_number_waits_for_one() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    let nameless = |id: &str| row(id, 1, 3).replace(&number(1), "");
    world
        .import(&format!("{HEADER}{}{}", nameless("A1"), nameless("A2")))
        .await?;
    world.settled().await?;

    world.book("A1", 1, 3).await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    assert_eq!(world.ending("A2").await?, "refused: number_missing");
    assert_eq!(world.ledger().calls.len(), 1);
    Ok(())
}
