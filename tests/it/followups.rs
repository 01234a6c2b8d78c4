//! Calls that nobody answered wait for somebody (MEM-9), and the phone line is checked (OPS-1).

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use simulator::{
    openphone::{self, CallStory, Shape, Spoken},
    retell::{CallScript, NumberScript, Outcome},
    senders::Vendor,
};
use temporalio_client::{Client, schedules::ScheduleOverlapPolicy};
use workflows::names;

use crate::{
    harness::{HEADER, OPEN_CLINIC, SLUG, World, eventually, go_ahead, number, quick, row},
    inbound::{call_is_over, caller, variable},
    replay::replay_completed,
};

const KEY: &str = "op_key_1234567890";
const MAIN: &str = "+442079460010";
const MONITOR: &str = "+442079460011";

/// What `bellhop followups list` tells.
pub(crate) async fn list(world: &World) -> Result<Vec<Value>> {
    let printed = world
        .operate(&["followups", "list", "--tenant", SLUG, "--json"])
        .await?;
    Ok(serde_json::from_str(&printed)?)
}

/// Whether people are told that something stands, and that it does no more.
async fn alert(world: &World, cause: &str, stands: bool) -> Result<()> {
    let not = if stands { "" } else { "not " };
    let rows = format!("alerts where cause = '{cause}' and facts ->> 'clear_since' is {not}null");
    eventually(&format!("{cause} stands: {stands}"), || async {
        Ok(world.count(&rows).await? == 1)
    })
    .await
}

#[tokio::test]
async fn a_voicemail_waits_for_somebody_is_told_when_it_waits_too_long_and_ends() -> Result<()> {
    let scenario = quick().with_calls(&number(1), &[Outcome::Voicemail, Outcome::NoAnswer]);
    let settings = format!("{OPEN_CLINIC}\n[followups]\nowner = \"front desk\"\n");
    let world = World::start(&settings, scenario).await?;
    let client = world.client().await?;
    world.retell.ring(&caller(&number(1))).await;
    call_is_over(&world).await?;

    let waiting = list(&world).await?;

    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(waiting[0]["owner"], "front desk");
    assert_eq!(waiting[0]["kind"], "voicemail");
    assert_eq!(waiting[0]["state"], "open");
    assert_eq!(waiting[0]["number"], number(1));
    assert_eq!(
        world
            .count("alerts where cause = 'follow_up_overdue'")
            .await?,
        0
    );

    // The hour in which a message is to be answered passes.
    let later = Timestamp::now() + SignedDuration::from_mins(62);
    go_ahead(&client, &names::watch_id(world.tenant), later).await?;
    alert(&world, "follow_up_overdue", true).await?;
    let id = waiting[0]["id"].as_str().context("an id")?;
    world
        .operate(&["followups", "done", id, "--tenant", SLUG])
        .await?;

    ensure!(list(&world).await?.is_empty());
    alert(&world, "follow_up_overdue", false).await
}

#[tokio::test]
async fn an_agent_knows_of_the_message_that_the_caller_left() -> Result<()> {
    let settings = OPEN_CLINIC.replace("live = true", "live = true\nhealth_mode = false");
    let scenario = quick().with_calls(&number(1), &[Outcome::Voicemail, Outcome::NoAnswer]);
    let mut world = World::start_unhurried(&settings, scenario).await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;
    world.retell.ring(&caller(&number(1))).await;
    call_is_over(&world).await?;
    let words = "a colleague is to call them back";

    let again = world.retell.ring(&caller(&number(1))).await;

    let told = variable(&again, "memory_summary");
    ensure!(told.contains(words), "{told}");
    let waiting = list(&world).await?;
    let id = waiting[0]["id"].as_str().context("an id")?;
    world
        .operate(&["followups", "done", id, "--tenant", SLUG])
        .await?;
    let answered = world.retell.ring(&caller(&number(1))).await;
    let told = variable(&answered, "memory_summary");
    ensure!(told.contains("Archer") && !told.contains(words), "{told}");
    Ok(())
}

#[tokio::test]
async fn whoever_was_spoken_with_or_hung_up_at_once_is_told_apart() -> Result<()> {
    // A withheld number has no script of its own.
    let mut scenario = quick()
        .always(Outcome::NoAnswer)
        .with_calls(&number(2), &[Outcome::Confirmed])
        .with_calls(&number(4), &[Outcome::NoClearAnswer]);
    scenario.timing.talk_seconds = [40.0; 2];
    let mut hung_up = CallScript::from(Outcome::NoClearAnswer);
    hung_up.talk_seconds = Some(3.0);
    scenario.numbers.push(NumberScript {
        to: number(3),
        calls: vec![hung_up],
        creates: Vec::new(),
    });
    let world = World::start(OPEN_CLINIC, scenario).await?;
    for of in [1, 2, 3, 4] {
        world.retell.ring(&caller(&number(of))).await;
    }
    world.retell.ring(&caller("anonymous")).await;
    eventually("all calls are over", || async {
        let over = "calls where direction = 'inbound' and outcome is not null";
        Ok(world.count(over).await? == 5)
    })
    .await?;
    let waiting = list(&world).await?;
    let mut numbers: Vec<&Value> = waiting.iter().map(|entry| &entry["number"]).collect();
    numbers.sort_by_key(|number| number.to_string());
    let hung_up = "calls where outcome = 'no_clear_answer' and duration_ms < 10000";
    assert_eq!(world.count(hung_up).await?, 1);
    // Nobody answered the first, the third hung up, and nobody answered the withheld one.
    assert_eq!(
        numbers,
        [&json!(number(1)), &json!(number(3)), &Value::Null]
    );
    ensure!(
        waiting
            .iter()
            .all(|entry| entry["kind"] == "call" && entry["owner"] == "reception"),
        "{waiting:?}"
    );
    Ok(())
}

/// A clinic with lines at OpenPhone, whose events come to it.
async fn with_lines(
    settings: &str,
    scenario: openphone::Scenario,
) -> Result<(World, openphone::Running)> {
    let settings = format!("{OPEN_CLINIC}\n[texts]\nnumbers = [\"{MAIN}\"]\n{settings}");
    let mut world = World::without_processes(&settings, quick()).await?;
    let source = world
        .add_source(SLUG, Vendor::from_code("quo").context("quo")?)
        .await?;
    let secret = "whsec_dGVzdC1zZWNyZXQtb2YtdGhpcnR5LXR3by1ieXRlcyE=";
    let config = openphone::Config::with_lines(KEY, &[MAIN, MONITOR], scenario);
    let lines = openphone::start(config.telling(&source.url, Shape::Quo, secret)).await?;
    world.extra.extend([
        ("BELLHOP_OPENPHONE_BASE_URL".to_owned(), lines.base_url()),
        ("BELLHOP_TEXTS_ALLOW_PRIVATE".to_owned(), "yes".to_owned()),
    ]);
    world
        .operate_with(
            &["tenant", "add-secret", SLUG, "--channel", "openphone_api"],
            KEY,
        )
        .await?;
    world.start_worker("all")?;
    world.start_ingress().await?;
    Ok((world, lines))
}

fn fast() -> openphone::Scenario {
    openphone::Scenario::default().at_speed(1000.0)
}

#[tokio::test]
async fn a_missed_call_on_a_line_waits_until_somebody_talks_with_them() -> Result<()> {
    let (world, lines) = with_lines("", fast()).await?;
    lines
        .call_from(&number(1), MAIN, CallStory::missed())
        .context("it rings")?;
    eventually("a missed call waits", || async {
        Ok(list(&world).await?.len() == 1)
    })
    .await?;
    lines
        .call_from(&number(1), MAIN, CallStory::voicemail("please call me"))
        .context("it rings")?;
    eventually("both are one follow-up, and the message counts", || async {
        let waiting = list(&world).await?;
        let [only] = waiting.as_slice() else {
            return Ok(false);
        };
        Ok(only["kind"] == "voicemail" && only["calls"] == 2 && only["line"] == MAIN)
    })
    .await?;

    let talk = CallStory {
        talk: vec![Spoken {
            ours: true,
            words: "Hello again".to_owned(),
        }],
        ..CallStory::default()
    };
    lines
        .call_from(&number(1), MAIN, talk)
        .context("it rings")?;

    eventually("nobody waits any more", || async {
        Ok(list(&world).await?.is_empty())
    })
    .await
}

const CHECKED: &str = "
[line_check]
enabled = true
monitor_number = \"+442079460011\"
main_number = \"+442079460010\"
within_seconds = 10
";

async fn check_now(world: &World, client: &Client) -> Result<()> {
    let schedule = client.get_schedule_handle(names::line_check_id(world.tenant));
    eventually("the schedule is made", || async {
        Ok(schedule.describe(Default::default()).await.is_ok())
    })
    .await?;
    schedule
        .trigger(ScheduleOverlapPolicy::AllowAll, Default::default())
        .await?;
    Ok(())
}

/// In seconds: how often the schedule starts a check, by the settings' default.
async fn checked_every(world: &World, client: &Client) -> Result<Vec<Option<i64>>> {
    let schedule = client.get_schedule_handle(names::line_check_id(world.tenant));
    let described = schedule.describe(Default::default()).await?;
    let schedule = described.raw().schedule.as_ref();
    let spec = schedule.and_then(|schedule| schedule.spec.as_ref());
    let turns = spec.iter().flat_map(|spec| &spec.interval);
    Ok(turns
        .map(|turn| turn.interval.map(|interval| interval.seconds))
        .collect())
}

/// How the newest check stands; empty while it is judged.
async fn verdict(world: &World) -> Result<String> {
    world
        .sql("select concat_ws(' by ', verdict, heard_by) from line_checks order by planned_at desc limit 1")
        .await
}

#[tokio::test]
async fn a_line_that_does_not_receive_is_told_and_one_that_receives_ends_it() -> Result<()> {
    let (world, lines) = with_lines(CHECKED, fast()).await?;
    let client = world.client().await?;
    check_now(&world, &client).await?;
    assert_eq!(checked_every(&world, &client).await?, [Some(6 * 3600)]);
    eventually("the text came in by webhook", || async {
        Ok(verdict(&world).await? == "arrived by webhook")
    })
    .await?;
    assert_eq!(lines.ledger().sends.len(), 1);
    let doctor = world.run(&["doctor"], "").await?.out;
    ensure!(
        doctor.contains("phone line: the test text arrived in time"),
        "{doctor}"
    );
    assert_eq!(
        world
            .count("alerts where cause = 'line_check_failed'")
            .await?,
        0
    );

    lines.set_scenario(fast().ending(openphone::Outcome::Lost))?;
    check_now(&world, &client).await?;
    alert(&world, "line_check_failed", true).await?;
    assert_eq!(lines.ledger().sends.len(), 2, "one text for each check");

    lines.set_scenario(fast())?;
    check_now(&world, &client).await?;
    alert(&world, "line_check_failed", false).await?;

    replay_completed(&client, "checked.line", "line-health-check").await
}

#[tokio::test]
async fn a_text_whose_webhook_is_lost_is_asked_for_and_somebody_is_told() -> Result<()> {
    let (mut world, lines) = with_lines(CHECKED, fast()).await?;
    let client = world.client().await?;
    // The line works; only our own door is shut.
    world.kill_ingress();
    check_now(&world, &client).await?;
    eventually("the provider says that it has the text", || async {
        Ok(verdict(&world).await? == "not_heard by asking")
    })
    .await?;
    assert_eq!(lines.ledger().sends.len(), 1);
    alert(&world, "line_check_failed", true).await?;

    // The next one, once the door is open again, ends it.
    world.start_ingress().await?;
    check_now(&world, &client).await?;
    alert(&world, "line_check_failed", false).await
}
