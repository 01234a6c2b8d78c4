//! The daily report, by a schedule of the engine in the tenant's zone (OPS-2).

use anyhow::{Result, ensure};
use temporalio_client::schedules::ScheduleOverlapPolicy;
use workflows::names;

use super::{in_slack, reachable};
use crate::harness::{eventually, quick};

#[tokio::test]
async fn failed_webhooks_of_yesterday_are_reported_by_schedule() -> Result<()> {
    let (world, channels) = reachable("", quick()).await?;
    let client = world.client().await?;
    let schedule = names::report_id(world.tenant);
    eventually("the schedule is made", || async {
        Ok(client
            .get_schedule_handle(&schedule)
            .describe(Default::default())
            .await
            .is_ok())
    })
    .await?;
    let described = client
        .get_schedule_handle(&schedule)
        .describe(Default::default())
        .await?;
    let described = format!("{described:?}");
    ensure!(
        described.contains("Europe/London"),
        "not in the tenant's zone: {described}"
    );

    // What it cannot read is invalid, and belongs into the report.
    world.add_event(b"no json").await?;
    eventually("it is invalid", || async {
        Ok(world.count("events where state = 'invalid'").await? == 1)
    })
    .await?;
    world
        .sql("update events set received_at = received_at - interval '1 day'")
        .await?;

    client
        .get_schedule_handle(&schedule)
        .trigger(ScheduleOverlapPolicy::Skip, Default::default())
        .await?;

    eventually("the report is there", || async {
        Ok(!channels.smtp.ledger().mails.is_empty())
    })
    .await?;
    let mail = channels.smtp.ledger().mails.remove(0);
    let subject = mail
        .headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("subject"));
    ensure!(
        subject.is_some_and(|(_, text)| text.contains("1 webhook failed")),
        "{subject:?}"
    );
    ensure!(mail.body.contains("agent agent.hook.Stop"), "{}", mail.body);
    eventually("Slack has it too", || async {
        Ok(in_slack(&channels).len() == 1)
    })
    .await?;
    assert_eq!(
        channels.smtp.ledger().mails.len(),
        1,
        "one report, however often it is tried"
    );
    Ok(())
}
