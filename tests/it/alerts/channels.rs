//! Channels that work, fail, and are set up wrongly.

use anyhow::{Result, ensure};
use bellhop::conductor;
use domain::ids::AlertId;
use jiff::SignedDuration;
use simulator::slack;
use workflows::names;

use super::{in_slack, reachable, slack_says};
use crate::harness::{SLUG, World, eventually, go_ahead, quick};

const ALL: &str = "[alerts]\ncritical = [\"slack\", \"email\", \"sms\"]";

#[tokio::test]
async fn a_test_goes_over_every_way_and_says_what_became_of_it() -> Result<()> {
    let (world, channels) = reachable(ALL, quick()).await?;

    let said = world.operate(&["alerts", "test", "--tenant", SLUG]).await?;

    assert_eq!(said.matches("sent").count(), 3, "{said}");
    let texts = in_slack(&channels);
    assert_eq!(texts.len(), 1);
    ensure!(texts[0].contains("this is a test"), "{texts:?}");
    let mails = channels.smtp.ledger().mails;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["desk@clinic.example"]);
    ensure!(
        mails[0].body.contains("There is nothing to do"),
        "{}",
        mails[0].body
    );
    let messages = channels.twilio.ledger().messages;
    assert_eq!(messages.len(), 1);
    ensure!(
        messages[0].body.contains("this is a test"),
        "{}",
        messages[0].body
    );
    eventually("a test leaves nothing behind", || async {
        Ok(world.open_alerts().await?.is_empty())
    })
    .await
}

#[tokio::test]
async fn a_way_that_is_set_up_wrongly_is_named_and_told_by_the_others() -> Result<()> {
    let (world, channels) = reachable(ALL, quick()).await?;
    channels.slack.set_scenario(slack::Scenario::from_toml(
        "[[hook]]\nkey = \"T1/B1/X1\"\nanswers = [\"no_service\", \"no_service\", \"no_service\"]",
    )?)?;

    let tested = world.run(&["alerts", "test", "--tenant", SLUG], "").await?;

    assert_eq!(tested.code, Some(1), "{}", tested.out);
    let slack = tested.out.lines().find(|line| line.contains("slack"));
    ensure!(
        slack.is_some_and(|line| line.contains("misconfigured")),
        "{}",
        tested.out
    );
    assert_eq!(tested.out.matches("sent").count(), 2, "{}", tested.out);
    eventually("the mail says so", || async {
        let mails = channels.smtp.ledger().mails;
        Ok(mails
            .iter()
            .any(|mail| mail.body.contains("alert_channel_refused")))
    })
    .await
}

#[tokio::test]
async fn something_critical_goes_another_way_when_its_own_is_down_and_both_in_the_end() -> Result<()>
{
    let (world, channels) = reachable("[alerts]\ncritical = [\"slack\"]", quick()).await?;
    channels
        .slack
        .set_scenario(slack::Scenario::from_toml("[faults]\nserver_error = 1.0")?)?;
    let client = world.client().await?;
    let testing = world
        .run(
            &["alerts", "test", "--tenant", SLUG, "--wait-seconds", "1"],
            "",
        )
        .await?;
    assert_eq!(testing.code, Some(1), "{}", testing.out);
    ensure!(
        channels
            .slack
            .asked(1, std::time::Duration::from_secs(30))
            .await
    );
    let alert = the_alert(&world).await?;

    // Its second try fails too: that is enough for something critical.
    eventually("a text goes out instead", || async {
        let id = names::alert_id(alert);
        if let Some(now) = conductor::clock(&client, &id).await? {
            go_ahead(&client, &id, now + SignedDuration::from_secs(15)).await?;
        }
        Ok(!channels.twilio.ledger().messages.is_empty())
    })
    .await?;
    ensure!(in_slack(&channels).is_empty());

    channels.slack.set_scenario(slack::Scenario::default())?;
    eventually("Slack has it as well", || async {
        let id = names::alert_id(alert);
        if let Some(now) = conductor::clock(&client, &id).await? {
            go_ahead(&client, &id, now + SignedDuration::from_mins(5)).await?;
        }
        Ok(in_slack(&channels).len() == 1)
    })
    .await?;
    slack_says(&channels, "this is a test").await?;
    assert_eq!(
        channels.twilio.ledger().messages.len(),
        1,
        "one text is enough"
    );
    Ok(())
}

async fn the_alert(world: &World) -> Result<AlertId> {
    let id = world.sql("select id from alerts").await?;
    Ok(AlertId::from_uuid(id.parse()?))
}
