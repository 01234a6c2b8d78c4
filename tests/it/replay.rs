//! Histories of each shape a process has had, replayed by today's code: a process that waits for days
//! must survive a deploy (invariant 7).
//!
//! Histories are recorded by this file too: set `BELLHOP_RECORD_HISTORIES=1`, run the
//! tests `fresh_histories`, and commit what appears in `tests/histories`. One that was
//! released is never changed or removed while a process of that shape may still be waiting.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::ids::{AlertId, EventId};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use simulator::{retell::Scenario, senders::Vendor, slack};
use temporalio_client::{Client, WorkflowHistory, schedules::ScheduleOverlapPolicy};
use temporalio_common::UntypedWorkflow;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};
use workflows::{
    Alert, AppointmentReminder, CalendarRefresh, CrmChannel, CrmReconcile, CrmSync, DailyReport,
    EventProcessing, LineHealthCheck, PhoneCall, Retention, TenantWatch, TextWork, names,
};

use crate::{
    alerts::reachable,
    harness::{HEADER, OPEN_CLINIC, SLUG, World, eventually, number, quick, row},
    texts,
    webhooks::operator::{self, BREAK, IMPATIENT},
};

/// What each appointment runs into; its history, and those of its calls, are named after it.
const SHAPES: &[(&str, &str)] = &[
    ("confirmed", r#"calls = ["confirmed"]"#),
    (
        "unanswered",
        r#"calls = ["no_answer", "voicemail", "busy"]"#,
    ),
    ("opted-out", r#"calls = ["do_not_call"]"#),
    (
        "silent",
        r#"calls = [{ outcome = "confirmed", call_started = "drop", call_ended = "drop", call_analyzed = "drop" }]"#,
    ),
    (
        "uncertain",
        "calls = [\"cancelled\"]\ncreates = [\"hang_after\"]",
    ),
    (
        "rate-limited",
        "calls = [\"rescheduled\"]\ncreates = [\"rate_limited\"]",
    ),
    (
        "server-error",
        "calls = [\"confirmed\"]\ncreates = [\"server_error\"]",
    ),
    ("cancelled-while-waiting", r#"calls = ["confirmed"]"#),
];

#[tokio::test]
async fn every_recorded_history_replays() -> Result<()> {
    let replayer = replayer()?;
    let mut replayed = 0;
    for file in fs::read_dir(folder())? {
        let path = file?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let history = WorkflowHistory::from_json(&fs::read(&path)?)?;
            let replay = replayer.replay_workflow(history).await;
            replay.with_context(|| format!("{} does not replay", path.display()))?;
            replayed += 1;
        }
    }
    let reminders = SHAPES.iter().map(|(shape, _)| format!("{shape}.reminder"));
    let standing = [crate::calendars::HISTORY, crate::inbound::HISTORY].map(str::to_owned);
    let told = TROUBLE.into_iter().chain(TEXTS).map(str::to_owned);
    for name in reminders.chain(told).chain(standing) {
        let path = folder().join(format!("{name}.json"));
        ensure!(path.exists(), "no history of the shape {name} is recorded");
    }
    ensure!(replayed > SHAPES.len(), "histories of calls are missing");
    Ok(())
}

#[tokio::test]
async fn fresh_histories_replay_and_name_nobody() -> Result<()> {
    let mut world = World::start(OPEN_CLINIC, scenario()?).await?;
    let rows: String = (1..)
        .zip(SHAPES)
        .map(|(of, (shape, _))| row(shape, of, 3))
        .collect();
    world.import(&format!("{HEADER}{rows}")).await?;
    world.settled().await?;
    let (last, shape) = (SHAPES.len() as u32, "cancelled-while-waiting");
    world
        .import(&format!(
            "{HEADER}{}",
            row(shape, last, 3).replace(",\n", ",cancelled\n")
        ))
        .await?;
    send_stray_event(&world).await?;

    world.play().await?;
    world.assert_sound().await?;

    let histories = histories(&world).await?;
    ensure!(histories.len() > SHAPES.len());
    replay_and_record(histories).await
}

/// What runs when something goes wrong, and beside all: an event that is given up, the alert of it, the tenant's
/// watch, the daily report.
const TROUBLE: [&str; 4] = [
    "given-up.event",
    "told.alert",
    "standing.watch",
    "yesterday.report",
];

#[tokio::test]
async fn fresh_histories_of_trouble_replay_and_name_nobody() -> Result<()> {
    let (world, channels) = reachable(IMPATIENT, quick()).await?;
    let client = world.client().await?;
    let vendor = Vendor::from_code("agent").context("agent")?;
    let source = world.add_source(SLUG, vendor).await?;
    world.sql(BREAK).await?;
    channels.slack.set_scenario(slack::Scenario::from_toml(
        "[[hook]]\nkey = \"T1/B1/X1\"\nanswers = [\"server_error\"]",
    )?)?;
    operator::post(&source, 1).await?;
    operator::states(&world, "dead", 1).await?;
    let alert = world.sql("select id from alerts").await?;
    let event = world.sql("select id from events").await?;
    let mut at = Timestamp::now();
    eventually("the alert is over", || {
        at += SignedDuration::from_mins(10);
        let (world, client) = (&world, &client);
        async move {
            world.take_alerts_to(client, at).await?;
            Ok(world.open_alerts().await?.is_empty())
        }
    })
    .await?;
    let schedule = names::report_id(world.tenant);
    client
        .get_schedule_handle(&schedule)
        .trigger(ScheduleOverlapPolicy::Skip, Default::default())
        .await?;
    let mut report = None;
    eventually("the report is made", || async {
        let found = "WorkflowType = 'daily-report' and ExecutionStatus = 'Completed'";
        let mut found = client.list_workflows(found, Default::default());
        Ok(found.next().await.transpose()?.is_some())
    })
    .await?;
    let mut found = client.list_workflows("WorkflowType = 'daily-report'", Default::default());
    while let Some(each) = found.next().await.transpose()? {
        report = Some(each.id().to_owned());
    }

    let ids = [
        names::event_id(EventId::from_uuid(event.parse()?)),
        names::alert_id(AlertId::from_uuid(alert.parse()?)),
        names::watch_id(world.tenant),
        report.context("a report")?,
    ];
    let mut histories = BTreeMap::new();
    for (name, id) in TROUBLE.iter().zip(ids) {
        histories.insert((*name).to_owned(), fetch(&client, &id).await?);
    }
    replay_and_record(histories).await
}

/// What is read after a failure, a text of ours in doubt, and a sound that is kept.
const TEXTS: [&str; 3] = ["failed-once.reading", "in-doubt.text", "kept.sound"];

#[tokio::test]
async fn fresh_histories_of_texts_replay_and_name_nobody() -> Result<()> {
    let (world, ids) = texts::every_kind_of_work().await?;
    let client = world.client().await?;
    let mut histories = BTreeMap::new();
    for (name, id) in TEXTS.iter().zip(ids) {
        histories.insert((*name).to_owned(), fetch(&client, &id).await?);
    }
    replay_and_record(histories).await
}

/// As the fresh histories above, of one process of this type that has run to its end.
pub(crate) async fn replay_completed(client: &Client, name: &str, kind: &str) -> Result<()> {
    let query = format!("WorkflowType = '{kind}' and ExecutionStatus = 'Completed'");
    eventually("one has run to its end", || async {
        let mut found = client.list_workflows(&query, Default::default());
        Ok(found.next().await.transpose()?.is_some())
    })
    .await?;
    let mut found = client.list_workflows(&query, Default::default());
    let done = found.next().await.transpose()?.context("one has")?;
    let history = fetch(client, done.id()).await?;
    replay_and_record(BTreeMap::from([(name.to_owned(), history)])).await
}

/// Replays histories as they are, with nobody's name in them; keeps them when that is asked for.
pub(crate) async fn replay_and_record(histories: BTreeMap<String, Vec<u8>>) -> Result<()> {
    let replayer = replayer()?;
    let record = std::env::var_os("BELLHOP_RECORD_HISTORIES").is_some();
    for (name, json) in histories {
        let text = readable(&json)?;
        ensure!(
            text.contains("tnt_"),
            "the payloads of {name} were not decoded"
        );
        for personal in ["Archer", "Ada", "7700900", "Quay"] {
            ensure!(
                !text.contains(personal),
                "the history {name} holds {personal:?}"
            );
        }
        if record {
            fs::write(folder().join(format!("{name}.json")), &json)?;
        }
        let history = WorkflowHistory::from_json(&json)?;
        replayer
            .replay_workflow(history)
            .await
            .with_context(|| format!("{name} does not replay"))?;
    }
    Ok(())
}

/// The history with its payloads in clear: in the recorded form they are base64, which hides everything.
pub(crate) fn readable(json: &[u8]) -> Result<String> {
    let mut text = String::from_utf8(json.to_vec())?;
    let mut open = vec![serde_json::from_slice::<serde_json::Value>(json)?];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::Object(fields) => {
                if let Some(data) = fields.get("data").and_then(|data| data.as_str()) {
                    text.push_str(&String::from_utf8_lossy(&BASE64_STANDARD.decode(data)?));
                }
                open.extend(fields.into_iter().map(|(_, field)| field));
            }
            serde_json::Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    Ok(text)
}

fn scenario() -> Result<Scenario> {
    let mut text = String::new();
    for (of, (_, script)) in (1..).zip(SHAPES) {
        text.push_str(&format!("[[number]]\nto = \"{}\"\n{script}\n", number(of)));
    }
    Ok(Scenario {
        timing: quick().timing,
        ..Scenario::from_toml(&text)?
    })
}

/// A webhook about a call that is not ours: somebody uses the same account for other calls.
async fn send_stray_event(world: &World) -> Result<()> {
    let body = r#"{"event":"call_ended","call":{"call_id":"call_of_somebody_else","call_status":"ended"}}"#;
    let now = Timestamp::now().as_millisecond();
    let signature =
        providers::retell::webhook::sign(body.as_bytes(), &crate::harness::API_KEY.into(), now);
    let request = reqwest::Client::new()
        .post(&world.webhook_url)
        .header("x-retell-signature", signature)
        .body(body);
    ensure!(request.send().await?.status().is_success());
    eventually("the stray event is read", || async {
        Ok(world.report().await?.unread_events == 0)
    })
    .await
}

/// The history of each process of the world, under a name that says its shape.
async fn histories(world: &World) -> Result<BTreeMap<String, Vec<u8>>> {
    let client = world.client().await?;
    let mut histories = BTreeMap::new();
    for (of, (shape, _)) in (1..).zip(SHAPES) {
        let id = names::reminder_id(world.appointment(shape).await?);
        histories.insert(format!("{shape}.reminder"), fetch(&client, &id).await?);
        let calls = world
            .ledger()
            .calls
            .into_iter()
            .filter(|call| call.to_number == number(of));
        for (place, call) in (1..).zip(calls) {
            let id = format!("call:{}", call.call_id.context("the call is ours")?);
            histories.insert(format!("{shape}.call-{place}"), fetch(&client, &id).await?);
        }
    }
    let stray = world
        .postgres
        .psql("bellhop", "select id from events where call_id is null")
        .await?;
    let stray = EventId::from_uuid(stray.trim().parse().context("one stray event is stored")?);
    histories.insert(
        "stray.event".to_owned(),
        fetch(&client, &names::event_id(stray)).await?,
    );
    Ok(histories)
}

pub(crate) async fn fetch(client: &Client, id: &str) -> Result<Vec<u8>> {
    let handle = client.get_workflow_handle::<UntypedWorkflow>(id);
    let history = handle.fetch_history(Default::default()).to_json().await?;
    Ok(history)
}

fn replayer() -> Result<WorkflowReplayer> {
    let options = WorkflowReplayerOptions::new()
        .register_workflow::<AppointmentReminder>()?
        .register_workflow::<PhoneCall>()?
        .register_workflow::<EventProcessing>()?
        .register_workflow::<Alert>()?
        .register_workflow::<DailyReport>()?
        .register_workflow::<LineHealthCheck>()?
        .register_workflow::<Retention>()?
        .register_workflow::<TenantWatch>()?
        .register_workflow::<CalendarRefresh>()?
        .register_workflow::<TextWork>()?
        .register_workflow::<CrmSync>()?
        .register_workflow::<CrmChannel>()?
        .register_workflow::<CrmReconcile>()?
        .build();
    Ok(WorkflowReplayer::new(options)?)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/histories")
}
