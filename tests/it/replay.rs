//! Histories of each shape a process has had, replayed by today's code: a process that waits for days
//! must survive a deploy (invariant 7).
//!
//! Histories are recorded by this file too: set `BELLHOP_RECORD_HISTORIES=1`, run
//! `fresh_histories_replay_and_name_nobody`, and commit what appears in `tests/histories`. One that was
//! released is never changed or removed while a process of that shape may still be waiting.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::ids::EventId;
use simulator::retell::Scenario;
use temporalio_client::{Client, WorkflowHistory};
use temporalio_common::UntypedWorkflow;
use temporalio_sdk::workflow_replayer::{WorkflowReplayer, WorkflowReplayerOptions};
use workflows::{AppointmentReminder, EventProcessing, PhoneCall, names};

use crate::harness::{HEADER, OPEN_CLINIC, World, eventually, number, quick, row};

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
    for (shape, _) in SHAPES {
        let path = folder().join(format!("{shape}.reminder.json"));
        ensure!(path.exists(), "no history of the shape {shape} is recorded");
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
fn readable(json: &[u8]) -> Result<String> {
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
    let now = jiff::Timestamp::now().as_millisecond();
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

async fn fetch(client: &Client, id: &str) -> Result<Vec<u8>> {
    let handle = client.get_workflow_handle::<UntypedWorkflow>(id);
    let history = handle.fetch_history(Default::default()).to_json().await?;
    Ok(history)
}

fn replayer() -> Result<WorkflowReplayer> {
    let options = WorkflowReplayerOptions::new()
        .register_workflow::<AppointmentReminder>()?
        .register_workflow::<PhoneCall>()?
        .register_workflow::<EventProcessing>()?
        .build();
    Ok(WorkflowReplayer::new(options)?)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/histories")
}
