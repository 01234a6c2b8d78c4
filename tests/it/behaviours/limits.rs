//! Limits per clinic and per person (RULE-1, RULE-3, CALL-9), by what was really dialed.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use simulator::retell::Outcome;

use super::{open_clinic_and, open_clinic_with};
use crate::harness::{CONFIRMED, HEADER, HOUR, OPEN_CLINIC, World, quick, row, rows};

/// When every dial of these appointments was authorized, in order. The limits count from there; the request
/// leaves as soon as a worker has room, on a busy machine some seconds later.
async fn dials(world: &World, appointments: &str) -> Result<Vec<Timestamp>> {
    let answer = world
        .sql(&format!(
            "select to_char(c.authorized_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
             from calls c join appointments a on a.id = c.appointment_id
             where a.external_id like '{appointments}' and c.dialing_at is not null order by c.authorized_at"
        ))
        .await?;
    answer.lines().map(|line| Ok(line.parse()?)).collect()
}

/// The most dials that fell in any `length`.
fn most_within(dials: &[Timestamp], length: SignedDuration) -> usize {
    let following = |first: Timestamp| {
        let within = first..first + length;
        dials.iter().filter(|at| within.contains(at)).count()
    };
    dials.iter().copied().map(following).max().unwrap_or(0)
}

#[tokio::test]
async fn a_rush_is_spread_to_25_calls_in_15_minutes() -> Result<()> {
    let settings = open_clinic_with("per_15_minutes = 10000", "per_15_minutes = 25");
    let mut world = World::start(&settings, quick().always(Outcome::Confirmed)).await?;
    world.import(&rows(60, &[3])).await?;

    world.play().await?;

    world.assert_sound().await?;
    world.assert_heard().await?;
    let dials = dials(&world, "%").await?;
    assert_eq!(dials.len(), 60);
    assert!(
        most_within(&dials, SignedDuration::from_mins(15)) <= 25,
        "{dials:?}"
    );
    assert!(
        dials[59] - HOUR < dials[0],
        "60 calls took longer than they had to: {dials:?}"
    );
    Ok(())
}

#[tokio::test]
async fn no_more_than_five_people_are_on_the_line_at_once() -> Result<()> {
    let settings = open_clinic_with("concurrent = 100", "concurrent = 5");
    let mut world = World::start(
        &settings,
        quick().always(Outcome::Confirmed).at_speed(120.0),
    )
    .await?;
    world.import(&rows(12, &[3])).await?;

    world.play().await?;

    world.assert_sound().await?;
    world.assert_heard().await?;
    let most = world.ledger().totals.most_at_once;
    assert!((2..=5).contains(&most), "{most} at once");
    Ok(())
}

#[tokio::test]
async fn the_people_of_one_household_are_called_an_hour_apart() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    let mut file = HEADER.to_owned();
    for household in 1..=8 {
        file += &row(&format!("A{household}"), household, 3);
        file += &row(&format!("B{household}"), household, 3).replace("Ada", "Bob");
    }
    world.import(&file).await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ledger().totals.same_number_overlaps, 0);
    for household in 1..=8 {
        let dials = dials(&world, &format!("_{household}")).await?;
        assert_eq!(dials.len(), 2, "{dials:?}");
        assert_eq!(most_within(&dials, HOUR), 1, "{dials:?}");
    }
    Ok(())
}

#[tokio::test]
async fn nobody_is_called_more_often_in_a_day_than_the_cap_says() -> Result<()> {
    let settings = open_clinic_with(
        "concurrent = 100",
        "concurrent = 100\nper_contact_per_day = 2",
    );
    let settings = format!(
        "{settings}\n[reminders]\ncall_before_hours = 72\n[retries]\nmax_retries = 4\nstrategy = \"backoff\"\n"
    );
    let mut world = World::start(&settings, quick().always(Outcome::NoAnswer)).await?;
    world.book("A1", 1, 5).await?;

    world.play().await?;

    world.assert_sound().await?;
    let dialed = dials(&world, "A1").await?;
    assert_eq!(dialed.len(), 5, "{:#?}", world.why("A1").await?);
    assert_eq!(most_within(&dialed, HOUR * 24), 2, "{dialed:?}");
    Ok(())
}

#[tokio::test]
async fn no_more_calls_are_made_in_a_day_than_the_limit_says() -> Result<()> {
    let settings = open_clinic_with("per_day = 10000", "per_day = 3");
    let settings = format!("{settings}\n[reminders]\ncall_before_hours = 96\n");
    let mut world = World::start(&settings, quick().always(Outcome::Confirmed)).await?;
    world.import(&rows(8, &[6])).await?;

    world.play().await?;

    world.assert_sound().await?;
    world.assert_heard().await?;
    let dials = dials(&world, "%").await?;
    assert_eq!(dials.len(), 8);
    assert_eq!(most_within(&dials, HOUR * 24), 3, "{dials:?}");
    Ok(())
}

#[tokio::test]
async fn without_a_required_consent_nobody_is_called() -> Result<()> {
    let settings = open_clinic_and("[consent]\nrequired = true");
    let mut world = World::start(&settings, quick().always(Outcome::Confirmed)).await?;
    let header = HEADER.replace(",status", ",consent_at");
    world
        .import(&format!(
            "{header}{}{}",
            row("A1", 1, 3),
            row("A2", 2, 3).replace(",\n", ",2026-01-05T09:00:00Z\n")
        ))
        .await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, "refused: consent_missing");
    assert_eq!(world.ending("A2").await?, CONFIRMED);
    Ok(())
}
