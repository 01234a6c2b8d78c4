//! `bellhop trace`: everything that is known of one webhook, one event or one call, in order (HOOK-10).

mod mask;
mod told;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use domain::{
    ids::{CallId, EventId, TenantId},
    quality::CallFlag,
};
use serde_json::{Value, json};
use store::{AttemptEntry, CallStory, EventEntry, Store};
use temporalio_client::{Client, WorkflowDescribeOptions};
use workflows::names;

use crate::{
    commands::{
        events::show::{self, Whose},
        logs,
    },
    config, plain, say,
};
use told::Told;

#[derive(Args)]
pub struct Options {
    /// A request id (answered in the header x-request-id), a trace id, an event (evt_…) or a call (cal_…)
    id: String,
    /// Also what the agents of its calls were sent, without names, addresses and numbers
    #[arg(long)]
    context: bool,
    /// With names, addresses and numbers
    #[arg(long, requires = "context")]
    reveal: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// All that was found.
struct Story {
    events: Vec<(EventEntry, Whose, Vec<AttemptEntry>)>,
    calls: Vec<CallStory>,
    told: Vec<Told>,
    /// A process's id and how it stands.
    processes: Vec<(String, String)>,
    logs: Vec<logs::Line>,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let store = config::store()?;
    let mut story = found(&store, &options).await?;
    story.logs = log_lines(&options.id, &story)?;
    if !story.events.is_empty() || !story.calls.is_empty() {
        story.processes = processes(&story).await;
    } else if story.logs.is_empty() {
        bail!(
            "nothing is known by {:?}. What was refused at the door is not stored: its request id is in the log of \
             ingress, which is searched where {} names its folder",
            options.id,
            logs::FOLDER
        );
    }
    if options.json {
        say!("{}", serde_json::to_string_pretty(&as_json(&story))?)?;
    } else {
        for line in lines(&story) {
            say!("{}", plain(&line))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn found(store: &Store, options: &Options) -> Result<Story> {
    let id = options.id.as_str();
    let mut story = Story {
        events: Vec::new(),
        calls: Vec::new(),
        told: Vec::new(),
        processes: Vec::new(),
        logs: Vec::new(),
    };
    let mut events = match id.parse::<EventId>() {
        Ok(event) => store
            .tenant_of_event(event)
            .await?
            .map(|tenant| (tenant, event))
            .into_iter()
            .collect(),
        Err(_) => store.events_of_trace(id).await?,
    };
    let mut calls: Vec<(TenantId, CallId)> = Vec::new();
    if let Ok(call) = id.parse::<CallId>()
        && let Some(tenant) = store.tenant_of_call(call).await?
    {
        calls.push((tenant, call));
        let mut tx = store.tenant(tenant).begin().await?;
        let of_call = tx.call_story(call).await?.map(|call| call.events);
        events.extend(
            of_call
                .unwrap_or_default()
                .into_iter()
                .map(|event| (tenant, event)),
        );
    }
    for (tenant, event) in events {
        let mut tx = store.tenant(tenant).begin().await?;
        let Some(entry) = tx.event_entry(event).await? else {
            continue;
        };
        if let Some(call) = entry.call.filter(|call| !calls.contains(&(tenant, *call))) {
            calls.push((tenant, call));
        }
        let whose = Whose::of(&mut tx, &entry).await?;
        let attempts = tx.event_attempts(event).await?;
        story.events.push((entry, whose, attempts));
    }
    for (tenant, call) in calls {
        let mut tx = store.tenant(tenant).begin().await?;
        story.calls.extend(tx.call_story(call).await?);
        if options.context {
            let told = Told::of(&mut tx, call, options.reveal).await?;
            story.told.push(told);
        }
    }
    Ok(story)
}

/// How the processes stand, as Temporal says.
async fn processes(story: &Story) -> Vec<(String, String)> {
    let events = story
        .events
        .iter()
        .filter(|(event, ..)| event.call.is_none());
    let ids = events
        .map(|(event, ..)| names::event_id(event.id))
        .chain(story.calls.iter().map(|call| names::call_id(call.id)));
    let client = async { worker::connect_once(&config::temporal()?, "trace").await };
    let client = match client.await {
        Ok(client) => client,
        Err(_) => return vec![("Temporal".to_owned(), "does not answer".to_owned())],
    };
    let mut all = Vec::new();
    for id in ids {
        let status = status(&client, &id).await;
        all.push((id, status));
    }
    all
}

async fn status(client: &Client, id: &str) -> String {
    let handle = client.get_workflow_handle::<temporalio_client::UntypedWorkflow>(id);
    match handle.describe(WorkflowDescribeOptions::default()).await {
        Ok(described) => format!("{:?}", described.status()).to_lowercase(),
        Err(_) => "not known to Temporal (any more)".to_owned(),
    }
}

fn log_lines(id: &str, story: &Story) -> Result<Vec<logs::Line>> {
    let mut ids = vec![id.to_owned()];
    for (event, ..) in &story.events {
        ids.push(event.id.to_string());
        ids.extend(event.trace_id.clone());
    }
    logs::mentioning(&ids)
}

fn lines(story: &Story) -> Vec<String> {
    let mut lines = Vec::new();
    if story.events.is_empty() && story.calls.is_empty() {
        lines.push("no event and no call is stored by it; the log says:".to_owned());
    }
    for (event, whose, attempts) in &story.events {
        lines.extend(show::lines(event, whose));
        lines.extend(attempts.iter().map(show::attempt));
    }
    for call in &story.calls {
        lines.extend(call_lines(call));
    }
    lines.extend(story.told.iter().flat_map(Told::lines));
    for (id, status) in &story.processes {
        lines.push(format!("{id}: {status}"));
    }
    for line in &story.logs {
        lines.push(format!("log {line}"));
    }
    lines
}

fn call_lines(call: &CallStory) -> Vec<String> {
    let of = call
        .external_id
        .as_ref()
        .map(|id| format!(", appointment {id}, attempt {}", call.attempt.unwrap_or(1)));
    let mut lines = vec![format!(
        "{}: {}{}{}",
        call.id,
        call.state,
        call.outcome
            .as_ref()
            .map_or(String::new(), |outcome| format!(", {outcome}")),
        of.unwrap_or_default()
    )];
    for (at, words) in &call.decisions {
        lines.push(format!("  decided    {at:.3}  {words}"));
    }
    let stages = [
        ("authorized", Some(call.authorized_at)),
        ("dialing", call.dialing_at),
        ("placed", call.placed_at),
        ("ringing", call.ringing_at),
        ("answered", call.answered_at),
        ("ended", call.ended_at),
        ("settled", call.settled_at),
    ];
    for (name, at) in stages {
        if let Some(at) = at {
            lines.push(format!("  {name:10} {at:.3}"));
        }
    }
    if let Some(flag) = call.quality.as_deref().and_then(CallFlag::from_code) {
        let seconds = call.duration_ms.unwrap_or_default() / 1_000;
        lines.push(format!("  quality    {} ({seconds} s)", flag.words()));
    }
    lines
}

fn as_json(story: &Story) -> Value {
    let events: Vec<_> = story
        .events
        .iter()
        .map(|(event, _, attempts)| json!({ "event": event, "attempts": attempts }))
        .collect();
    let processes: Vec<_> = story
        .processes
        .iter()
        .map(|(id, status)| json!({ "id": id, "status": status }))
        .collect();
    let told: Vec<_> = story.told.iter().map(Told::as_json).collect();
    json!({ "events": events, "calls": story.calls, "told": told, "processes": processes, "logs": story.logs })
}
