//! The tenants' calendars: what is taken there is neither offered nor booked, what is not known is not free, and nobody
//! waits for one (MEM-8).

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use simulator::calendar::{Config, Door, Fault, Running, Scenario, start};
use workflows::names;

use crate::{
    desk::{asked, half_past, is_done, long_talks, rung},
    harness::{HEADER, OPEN_CLINIC, SLUG, World, eventually, go_on, number, row},
    inbound::{caller, variable},
    replay,
};

/// The shape of the process's history that is kept.
pub(crate) const HISTORY: &str = "read.calendars";

const DESK: &str = "desk@clinic.example";
const ROOM: &str = "room";
const CHECKUP: &str = "clinic/checkup";
const PATIENCE: Duration = Duration::from_secs(60);

const BOOKS: &str = "[booking]\nenabled = true\n";
const GOOGLE: &str =
    "[calendar.calendars.front-desk]\nkind = \"google\"\nid = \"desk@clinic.example\"\n";
const CAL_COM: &str =
    "[calendar.calendars.checkups]\nkind = \"cal_com\"\nid = \"clinic/checkup\"\n";
const FEED: &str = "[calendar.calendars.room-1]\nkind = \"ical\"\n";

/// A clinic that books, with these calendars and an appointment of Ada Archer in three days. No secret is stored yet.
async fn clinic(calendars: &str, scenario: Scenario) -> Result<(World, Running)> {
    let fakes = start(Config::with_calendars(&[DESK, ROOM, CHECKUP], scenario)).await?;
    let settings = format!("{OPEN_CLINIC}\n{BOOKS}{calendars}");
    let mut world = World::without_processes(&settings, long_talks()).await?;
    let variables = [
        ("BELLHOP_GOOGLE_BASE_URL", fakes.base_url()),
        ("BELLHOP_GOOGLE_TOKEN_URL", fakes.token_url()),
        ("BELLHOP_CAL_COM_BASE_URL", fakes.base_url()),
        ("BELLHOP_CALENDARS_ALLOW_PRIVATE", "yes".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    world.extra.extend(variables);
    world.unhurried();
    world.start_worker("all")?;
    world.start_ingress().await?;
    world
        .import(&format!("{HEADER}{}", row("A1", 1, 3)))
        .await?;
    world.settled().await?;
    Ok((world, fakes))
}

impl World {
    async fn share(&self, calendar: &str, secret: &str) -> Result<()> {
        let stored = ["tenant", "add-secret", SLUG, "--calendar", calendar];
        self.operate_with(&stored, secret).await?;
        Ok(())
    }

    async fn calendars(&self) -> Result<String> {
        self.operate(&["calendars", "--tenant", SLUG]).await
    }

    async fn are_read(&self, calendars: i64) -> Result<()> {
        eventually("the calendars are read", || async {
            Ok(self.count("calendars where read_at is not null").await? == calendars)
        })
        .await
    }

    /// What the agent is told of free times before it picks up.
    async fn free_times_told(&self) -> Result<Value> {
        let rang = self.retell.ring(&caller(&number(1))).await;
        let told: Value = serde_json::from_str(variable(&rang, "memory_json"))
            .with_context(|| format!("{rang:?}"))?;
        Ok(told["free_times"].clone())
    }
}

/// When the first of them starts.
fn first(times: &Value) -> Result<Timestamp> {
    let first = times[0]["starts_at"].as_str();
    let first = first.with_context(|| format!("no free time: {times}"))?;
    Ok(first.parse()?)
}

#[tokio::test]
async fn what_is_taken_in_a_calendar_is_neither_offered_nor_booked() -> Result<()> {
    let (world, fakes) = clinic(&format!("{GOOGLE}{FEED}{CAL_COM}"), Scenario::default()).await?;
    let ((in_google, nine), (in_feed, eleven)) = (half_past(9, 4)?, half_past(11, 4)?);
    let (in_cal_com, noon) = half_past(12, 4)?;
    let (free, half_past_ten) = half_past(10, 4)?;
    let half_hour = SignedDuration::from_mins(30);
    fakes.add_busy(DESK, Timestamp::now() - half_hour, nine + half_hour);
    fakes.add_busy(ROOM, eleven, eleven + half_hour);
    world
        .share("front-desk", fakes.service_account().expose_secret())
        .await?;
    world
        .share("room-1", fakes.feed_url(ROOM).expose_secret())
        .await?;
    world.are_read(3).await?;
    // Cal.com tells of a public event type without a key, so it was read before there was anything to see.
    fakes.add_busy(CHECKUP, noon, noon + half_hour);
    let read = "select read_at from calendars where name = 'checkups'";
    let before = world.sql(read).await?;
    world.share("checkups", "cal_simulator").await?;
    eventually("Cal.com is read again", || async {
        Ok(world.sql(read).await? != before)
    })
    .await?;

    assert_eq!(first(&world.free_times_told().await?)?, nine + half_hour);
    let call = rung(&world, 1).await?;
    for taken in [&in_google, &in_feed, &in_cal_com] {
        let answer = asked(&world, &call, "book", json!({"datetime": taken})).await?;
        let told = answer.told().context("an answer")?;
        ensure!(!is_done(&answer), "{told}");
        assert_eq!(told["reason"], "busy", "{told}");
    }
    let offered = asked(&world, &call, "free_slots", json!({})).await?;
    let offered = offered.told().context("an answer")?["free_times"].clone();
    assert_eq!(first(&offered)?, nine + half_hour);
    let starts = offered.to_string();
    ensure!(!starts.contains("T11:30"), "{starts}");
    let booked = asked(&world, &call, "book", json!({"datetime": free})).await?;
    ensure!(is_done(&booked), "{booked:?}");
    let at = format!(
        "appointments where external_id like 'apt_%' and extract(epoch from starts_at) = {}",
        half_past_ten.as_second()
    );
    assert_eq!(world.count(&at).await?, 1);

    // What no history tells: whose calendars they are, and what is in them.
    let client = world.client().await?;
    let history = replay::fetch(&client, &names::calendars_id(world.tenant)).await?;
    let text = replay::readable(&history)?;
    ensure!(!text.contains("front-desk") && !text.contains("clinic.example"));
    replay::replay_and_record(BTreeMap::from([(HISTORY.to_owned(), history)])).await
}

#[tokio::test]
async fn a_calendar_that_was_never_read_makes_times_unknown_until_it_is() -> Result<()> {
    let (world, fakes) = clinic(GOOGLE, Scenario::default()).await?;
    let call = rung(&world, 1).await?;
    let (words, _) = half_past(9, 4)?;
    eventually("it was tried", || async {
        Ok(world.count("calendars where next_at is not null").await? == 1)
    })
    .await?;
    assert_eq!(world.count("alerts").await?, 0, "it is just being set up");
    let process = names::calendars_id(world.tenant);
    let half_an_hour = SignedDuration::from_mins(31);
    go_on(&world.client().await?, &process, half_an_hour).await?;
    eventually("people hear of it", || async {
        Ok(world
            .count("alerts where cause = 'calendar_unread' and facts ->> 'level' = 'standing'")
            .await?
            == 1)
    })
    .await?;

    assert_eq!(world.free_times_told().await?, json!("unknown"));
    for (name, args) in [
        ("book", json!({"datetime": words})),
        ("free_slots", json!({})),
    ] {
        let answer = asked(&world, &call, name, args).await?;
        let told = answer.told().context("an answer")?;
        assert_eq!(told["reason"], "calendar_unknown", "{told}");
    }
    assert_eq!(
        world
            .count("appointments where external_id like 'apt_%'")
            .await?,
        0
    );
    let listed = world.calendars().await?;
    ensure!(
        listed.contains("front-desk  google  not read yet, unknown now"),
        "{listed}"
    );
    ensure!(listed.contains("refused (no_secret)"), "{listed}");

    // A secret is heard of at once, though nobody would have tried again for an hour.
    world
        .share("front-desk", fakes.authorized_user().expose_secret())
        .await?;
    world.are_read(1).await?;
    let booked = asked(&world, &call, "book", json!({"datetime": words})).await?;
    ensure!(is_done(&booked), "{booked:?}");
    eventually("people hear that it is over", || async {
        Ok(world
            .count("alerts where cause = 'calendar_unread' and facts ->> 'level' = 'clear'")
            .await?
            == 1)
    })
    .await?;
    let shown = world.operate(&["tenant", "show", SLUG]).await?;
    ensure!(
        shown.contains("# calendar front-desk  google  read "),
        "{shown}"
    );
    Ok(())
}

#[tokio::test]
async fn a_calendar_that_hangs_delays_no_answer_and_is_read_when_it_answers_again() -> Result<()> {
    let (world, fakes) = clinic(FEED, Scenario::default()).await?;
    world
        .share("room-1", fakes.feed_url(ROOM).expose_secret())
        .await?;
    world.are_read(1).await?;
    let call = rung(&world, 1).await?;
    let (words, nine) = half_past(9, 4)?;
    fakes.add_busy(ROOM, nine, nine + SignedDuration::from_mins(30));
    fakes.set_scenario(Scenario::default().always(Fault::Hang))?;
    let before = fakes.ledger().at(Door::Feed).count();
    world
        .sql("update calendars set read_at = now() - interval '6 minutes'")
        .await?;
    world.operate(&["wake"]).await?;
    ensure!(fakes.asked(Door::Feed, before + 1, PATIENCE).await);

    // What it said before still counts.
    let answer = asked(&world, &call, "free_slots", json!({})).await?;
    assert_eq!(answer.statuses, [Some(200)]);
    ensure!(is_done(&answer), "{answer:?}");
    // Until it is too long ago.
    world
        .sql("update calendars set read_at = now() - interval '31 minutes'")
        .await?;
    let answer = asked(&world, &call, "book", json!({"datetime": words})).await?;
    assert_eq!(answer.statuses, [Some(200)]);
    let told = answer.told().context("an answer")?;
    assert_eq!(told["reason"], "calendar_unknown", "{told}");
    eventually("it is given up for now", || async {
        Ok(world
            .count(
                "calendars where failure = 'unavailable' and failures = 1 and next_at is not null",
            )
            .await?
            == 1)
    })
    .await?;

    fakes.set_scenario(Scenario::default())?;
    let process = names::calendars_id(world.tenant);
    let two_minutes = SignedDuration::from_mins(2);
    go_on(&world.client().await?, &process, two_minutes).await?;
    eventually("it is read again", || async {
        Ok(world.count("calendars where failures = 0").await? == 1)
    })
    .await?;
    let answer = asked(&world, &call, "book", json!({"datetime": words})).await?;
    let told = answer.told().context("an answer")?;
    assert_eq!(told["reason"], "busy", "{told}");
    Ok(())
}

#[tokio::test]
async fn a_calendar_that_is_taken_out_of_the_settings_counts_no_more() -> Result<()> {
    let (world, fakes) = clinic(GOOGLE, Scenario::default()).await?;
    let (words, nine) = half_past(9, 4)?;
    fakes.add_busy(DESK, nine, nine + SignedDuration::from_mins(30));
    world
        .share("front-desk", fakes.service_account().expose_secret())
        .await?;
    world.are_read(1).await?;

    world
        .apply_settings(&format!("{OPEN_CLINIC}\n{BOOKS}"))
        .await?;

    let call = rung(&world, 1).await?;
    let booked = asked(&world, &call, "book", json!({"datetime": words})).await?;
    ensure!(is_done(&booked), "{booked:?}");
    eventually("nothing of it is kept", || async {
        Ok(world.count("calendars").await? == 0)
    })
    .await
}
