//! What an operator switches: live, pause, settings (RULE-1, RULE-6, REM-11).

use anyhow::Result;
use simulator::retell::Outcome;

use super::{open_clinic_and, open_clinic_with};
use crate::harness::{CONFIRMED, HEADER, HOUR, OPEN_CLINIC, SLUG, World, in_days, quick, row};

#[tokio::test]
async fn a_clinic_that_is_not_live_dials_nobody_and_dials_once_it_is() -> Result<()> {
    let settings = open_clinic_with("live = true", "live = false");
    let mut world = World::start(&settings, quick().always(Outcome::Confirmed)).await?;
    world
        .import(&format!(
            "{HEADER}{}{}{}",
            row("A1", 1, 2),
            row("A2", 2, 4),
            row("A3", 3, 6)
        ))
        .await?;
    world.play_until(Some(in_days(3) + HOUR)).await?;
    assert_eq!(world.ending("A2").await?, "waiting: tenant_not_live");
    assert_eq!(world.ending("A1").await?, "refused: tenant_not_live");
    assert!(world.ledger().creates.is_empty());

    world.operate(&["tenant", "live", SLUG]).await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A2").await?, CONFIRMED);
    assert_eq!(world.ending("A3").await?, CONFIRMED);
    assert_eq!(world.ledger().calls.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_paused_clinic_dials_nobody_until_it_is_resumed() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.book("A1", 1, 3).await?;
    world.settled().await?;
    world.operate(&["tenant", "pause", SLUG]).await?;
    world.play_until(Some(in_days(2) + HOUR)).await?;
    assert_eq!(world.ending("A1").await?, "waiting: tenant_paused");
    assert!(world.ledger().creates.is_empty());

    world.operate(&["tenant", "resume", SLUG]).await?;
    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(world.ending("A1").await?, CONFIRMED);
    Ok(())
}

#[tokio::test]
async fn waiting_reminders_plan_anew_by_changed_settings() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, quick().always(Outcome::Confirmed)).await?;
    world.book("A1", 1, 5).await?;
    world.settled().await?;

    world
        .apply_settings(&open_clinic_and("[reminders]\ncall_before_hours = 48"))
        .await?;
    world.play().await?;

    world.assert_sound().await?;
    let dialed = world.dialed_at("A1").await?;
    assert!(
        dialed.len() == 1 && (in_days(3)..in_days(3) + HOUR).contains(&dialed[0]),
        "{dialed:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_clinic_whose_settings_lack_an_agent_dials_nobody() -> Result<()> {
    let settings =
        open_clinic_with("agent_id = \"agent_test\"\n", "").replace("live = true", "live = false");
    let mut world = World::start(&settings, quick()).await?;
    // The switch refuses what could not dial; whoever gets around it is stopped at the gate.
    assert!(world.operate(&["tenant", "live", SLUG]).await.is_err());
    world.sql("update tenants set live = true").await?;
    world.book("A1", 1, 3).await?;

    world.play().await?;

    world.assert_sound().await?;
    assert_eq!(
        world.ending("A1").await?,
        "refused: configuration_incomplete"
    );
    assert!(world.ledger().creates.is_empty());
    Ok(())
}
