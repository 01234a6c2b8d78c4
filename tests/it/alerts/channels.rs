//! Channels that work, fail, and are set up wrongly.

use anyhow::{Result, ensure};
use domain::ids::AlertId;
use jiff::SignedDuration;
use simulator::{slack, smtp, twilio};
use workflows::names;

use super::{in_slack, reachable, reachable_at, slack_says};
use crate::harness::{SLUG, World, eventually, go_on, quick};

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
    begin_test(&world).await?;
    ensure!(
        channels
            .slack
            .asked(1, std::time::Duration::from_secs(30))
            .await
    );
    let id = names::alert_id(the_alert(&world).await?);

    // Its second try fails too: that is enough for something critical.
    eventually("a text goes out instead", || async {
        go_on(&client, &id, SignedDuration::from_secs(15)).await?;
        Ok(!channels.twilio.ledger().messages.is_empty())
    })
    .await?;
    ensure!(in_slack(&channels).is_empty());

    channels.slack.set_scenario(slack::Scenario::default())?;
    eventually("Slack has it as well", || async {
        go_on(&client, &id, SignedDuration::from_mins(5)).await?;
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

#[tokio::test]
async fn with_two_ways_down_the_third_is_used_and_each_for_one_message() -> Result<()> {
    let (world, channels) = reachable("[alerts]\ncritical = [\"slack\"]", quick()).await?;
    channels
        .slack
        .set_scenario(slack::Scenario::from_toml("[faults]\nserver_error = 1.0")?)?;
    channels
        .twilio
        .set_scenario(twilio::Scenario::from_toml("[faults]\nserver_error = 1.0")?)?;
    let client = world.client().await?;
    begin_test(&world).await?;
    let id = names::alert_id(the_alert(&world).await?);

    eventually("a mail goes out in the end", || async {
        go_on(&client, &id, SignedDuration::from_secs(15)).await?;
        Ok(channels.smtp.ledger().mails.len() == 1)
    })
    .await?;
    channels.slack.set_scenario(slack::Scenario::default())?;
    channels.twilio.set_scenario(twilio::Scenario::default())?;
    eventually("everything is sent", || async {
        go_on(&client, &id, SignedDuration::from_mins(5)).await?;
        Ok(world
            .count("alert_deliveries where state <> 'sent'")
            .await?
            == 0)
    })
    .await?;

    assert_eq!(world.count("alert_deliveries").await?, 3);
    assert_eq!(in_slack(&channels).len(), 1);
    assert_eq!(channels.twilio.ledger().messages.len(), 1);
    assert_eq!(channels.smtp.ledger().mails.len(), 1);
    Ok(())
}

#[tokio::test]
async fn several_addresses_that_fail_have_one_stand_in() -> Result<()> {
    let mails = [
        "desk@clinic.example",
        "owner@clinic.example",
        "night@clinic.example",
    ];
    let (world, channels) =
        reachable_at("[alerts]\ncritical = [\"email\"]", &mails, quick()).await?;
    channels
        .smtp
        .set_scenario(smtp::Scenario::from_toml("[connection]\nbusy = 1.0")?)?;
    let client = world.client().await?;
    begin_test(&world).await?;
    let id = names::alert_id(the_alert(&world).await?);

    eventually("Slack has it instead", || async {
        go_on(&client, &id, SignedDuration::from_secs(15)).await?;
        Ok(!in_slack(&channels).is_empty())
    })
    .await?;

    assert_eq!(world.count("alert_deliveries").await?, 4);
    assert_eq!(in_slack(&channels).len(), 1);
    assert_eq!(channels.twilio.ledger().messages.len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_told_by_the_others() -> Result<()> {
    let (world, channels) = reachable(ALL, quick()).await?;
    world
        .sql("update provider_secrets set key_id = 'lost' where provider = 'slack'")
        .await?;

    let tested = world.run(&["alerts", "test", "--tenant", SLUG], "").await?;

    assert_eq!(tested.code, Some(1), "{}", tested.out);
    let slack = tested.out.lines().find(|line| line.contains("slack"));
    ensure!(
        slack.is_some_and(|line| line.contains("misconfigured")),
        "{}",
        tested.out
    );
    eventually("the mail says so", || async {
        let mails = channels.smtp.ledger().mails;
        Ok(mails
            .iter()
            .any(|mail| mail.body.contains("alert_channel_refused")))
    })
    .await
}

/// Raises the test's alert, whose messages do not arrive yet.
async fn begin_test(world: &World) -> Result<()> {
    let arguments = ["alerts", "test", "--tenant", SLUG, "--wait-seconds", "1"];
    let testing = world.run(&arguments, "").await?;
    ensure!(testing.code == Some(1), "{}", testing.out);
    Ok(())
}

async fn the_alert(world: &World) -> Result<AlertId> {
    let id = world.sql("select id from alerts").await?;
    Ok(AlertId::from_uuid(id.parse()?))
}
