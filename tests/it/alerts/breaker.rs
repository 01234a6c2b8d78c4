//! A provider that keeps failing is left alone for a while (OPS-4).

use anyhow::{Result, ensure};
use simulator::retell::{Outcome, Scenario};

use super::{reachable, slack_says};
use crate::harness::{CONFIRMED, eventually, quick, rows};

#[tokio::test]
async fn a_failing_provider_is_left_alone_told_of_and_used_again() -> Result<()> {
    let failing = Scenario::from_toml("[faults.create]\nserver_error = 1.0")?.at_speed(200.0);
    let (mut world, channels) = reachable("[alerts]\nerror = [\"slack\"]", failing).await?;
    world.import(&rows(12, &[3])).await?;
    world
        .play_until_seen("the circuit is open", || async {
            Ok(world
                .count("breakers where facts ->> 'state' = 'open'")
                .await?
                == 1)
        })
        .await?;
    slack_says(&channels, "left alone for a while").await?;
    let doctor = world.run(&["doctor"], "").await?;
    ensure!(
        doctor.out.contains("provider retell: left alone"),
        "{}",
        doctor.out
    );
    world
        .play_until_seen("a call is put off for it", || async {
            Ok(world
                .count("decisions where reason = 'circuit_open'")
                .await?
                > 0)
        })
        .await?;

    world
        .retell
        .set_scenario(quick().always(Outcome::Confirmed))?;
    world.play().await?;

    world.assert_sound().await?;
    for of in 1..=12 {
        assert_eq!(
            world.ending(&format!("A{of}")).await?,
            CONFIRMED,
            "A{of}: {:#?}",
            world.why(&format!("A{of}")).await?
        );
    }
    eventually("the circuit is closed", || async {
        Ok(world
            .count("breakers where facts ->> 'state' = 'closed'")
            .await?
            == 1)
    })
    .await
}
