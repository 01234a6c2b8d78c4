//! Calling hours on the real engine: the plan shown is the plan executed (REM-3, RULE-7).

use anyhow::{Context, Result};
use jiff::{Timestamp, civil::Weekday, tz::TimeZone};
use simulator::retell::Outcome;

use crate::harness::{CONFIRMED, HEADER, HOUR, World, next, number, quick};

/// Open from 8 to 20 on weekdays, in UTC; the rest as every clinic has it.
const WEEKDAYS: &str = r#"
[tenant]
name = "Test Clinic"
live = true
timezone = "UTC"

[hours]
holidays = "none"

[retell]
agent_id = "agent_test"
from_number = "+442079460000"
"#;

/// When the call to an appointment at this time (in this zone) is dialed.
async fn dialed(settings: &str, at: Timestamp, zone: &str) -> Result<Timestamp> {
    let mut world = World::start(settings, quick().always(Outcome::Confirmed)).await?;
    let header = HEADER.replace(",status", ",timezone");
    world
        .import(&format!(
            "{header}A1,Ada Archer,{},{at},{zone}\n",
            number(1)
        ))
        .await?;
    world.play().await?;
    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    let dialed = world.dialed_at("A1").await?;
    assert_eq!(dialed.len(), 1);
    dialed.first().copied().context("one call")
}

#[track_caller]
fn assert_soon_after(dialed: Timestamp, planned: Timestamp) {
    assert!(
        (planned..planned + HOUR / 30).contains(&dialed),
        "dialed {dialed}, planned {planned}"
    );
}

#[tokio::test]
async fn a_call_due_at_the_weekend_is_made_on_monday_morning() -> Result<()> {
    let monday = next(Weekday::Monday, 4, 11);
    assert_soon_after(
        dialed(WEEKDAYS, monday, "UTC").await?,
        next(Weekday::Monday, 4, 8),
    );
    Ok(())
}

#[tokio::test]
async fn a_call_that_monday_morning_is_too_late_for_is_made_on_friday_evening() -> Result<()> {
    // Monday at 8 would leave an hour, and two are wanted.
    let monday = next(Weekday::Monday, 5, 9);
    assert_soon_after(
        dialed(WEEKDAYS, monday, "UTC").await?,
        monday - HOUR * (24 * 3 - 10),
    );
    Ok(())
}

#[tokio::test]
async fn a_call_due_on_a_holiday_is_made_on_the_next_open_day() -> Result<()> {
    let wednesday = next(Weekday::Wednesday, 4, 15);
    let tuesday = (wednesday - HOUR * 24).to_zoned(TimeZone::UTC).date();
    let settings = WEEKDAYS.replace("\"none\"", &format!("[\"{tuesday}\"]"));
    assert_soon_after(
        dialed(&settings, wednesday, "UTC").await?,
        wednesday - HOUR * 7,
    );
    Ok(())
}

#[tokio::test]
async fn the_hours_are_those_of_the_place_of_the_appointment() -> Result<()> {
    // 02:00 UTC is 11:00 in Tokyo, where the clocks never change; a London clinic sleeps then.
    let settings = WEEKDAYS.replace("timezone = \"UTC\"", "timezone = \"Europe/London\"");
    let thursday = next(Weekday::Thursday, 4, 2);
    assert_soon_after(
        dialed(&settings, thursday, "Asia/Tokyo").await?,
        thursday - HOUR * 24,
    );
    Ok(())
}
