//! All faults at the same time.

use anyhow::Result;
use simulator::retell::{CreateFaults, Scenario, WebhookFaults};

use super::moments;
use crate::harness::{OPEN_CLINIC, World, eventually, quick, rows};

#[tokio::test]
async fn killed_processes_lost_webhooks_and_a_failing_provider_together_harm_nobody() -> Result<()>
{
    let mut scenario = Scenario { seed: 3, ..quick() };
    scenario.faults.webhook = WebhookFaults {
        duplicate: 0.2,
        reorder: 0.1,
        delay: 0.1,
        drop: 0.1,
        bad_signature: 0.1,
        delay_seconds: [0.2, 2.0],
    };
    scenario.faults.create = CreateFaults {
        rate_limited: 0.1,
        server_error: 0.05,
        server_error_after: 0.1,
        hang_after: 0.1,
        ..CreateFaults::default()
    };
    scenario.faults.read.server_error = 0.2;
    let mut world = World::without_processes(OPEN_CLINIC, scenario).await?;
    world.import(&rows(10, &[2, 3, 4])).await?;

    let killing = async {
        let mut worker = world.spawn_worker("all")?;
        let mut ingress = world.spawn_ingress().await?;
        for (place, after) in moments(23, 6, 30).into_iter().enumerate() {
            eventually("the next dial", || async {
                Ok(world.retell.totals().create_requests >= after)
            })
            .await?;
            if place % 2 == 0 {
                drop(worker);
                worker = world.spawn_worker("all")?;
            } else {
                drop(ingress);
                ingress = world.spawn_ingress().await?;
            }
        }
        anyhow::Ok((worker, ingress))
    };
    let (_processes, ()) = tokio::try_join!(killing, world.play())?;

    world.assert_sound().await?;
    world.assert_heard().await
}
