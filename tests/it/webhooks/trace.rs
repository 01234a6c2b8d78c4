//! One id leads from the request's header to everything that followed (HOOK-10).

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use serde_json::Value;
use simulator::senders::{Scenario, Vendor, letter};

use crate::harness::{OPEN_CLINIC, SLUG, World, eventually, quick};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn one_id_leads_from_the_header_to_log_event_process_and_story() -> Result<()> {
    let mut world = World::without_processes(OPEN_CLINIC, quick()).await?;
    let logs = world.path("logs").display().to_string();
    world.extra.push(("BELLHOP_LOG_DIR".to_owned(), logs));
    world.start_worker("all")?;
    world.start_ingress().await?;
    let source = world
        .add_source(SLUG, Vendor::from_code("agent").context("agent")?)
        .await?;

    let letter = letter(&source, 0, &Scenario::default(), 0);
    let mut request = reqwest::Client::new()
        .post(&source.url)
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .body(letter.body);
    for (name, value) in letter.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await?;
    ensure!(answer.status() == 204, "answered {}", answer.status());
    let request_id = answer.headers()["x-request-id"].to_str()?.to_owned();
    eventually("the event is processed", || async {
        Ok(world.count("events where processed_at is not null").await? == 1)
    })
    .await?;

    // The engine finds the process by it.
    let client = world.client().await?;
    eventually("the engine lists it", || async {
        let query = format!("BellhopTrace = '{TRACE}'");
        let mut found = client.list_workflows(query, Default::default());
        Ok(found
            .next()
            .await
            .transpose()?
            .is_some_and(|found| found.id().starts_with("event:")))
    })
    .await?;
    let event = world.sql("select id from events").await?;
    let event = format!("evt_{}", event.replace('-', ""));
    for id in [TRACE, request_id.as_str(), event.as_str()] {
        let story = world.operate(&["trace", id, "--json"]).await?;
        let story: Value = serde_json::from_str(&story)?;
        assert_eq!(story["events"][0]["event"]["trace_id"], TRACE);
        assert_eq!(story["events"][0]["event"]["request_id"], request_id);
        assert_eq!(story["events"][0]["attempts"][0]["outcome"], "succeeded");
        assert_eq!(story["processes"][0]["status"], "completed", "{story:#}");
        let lines = story["logs"].as_array().context("log lines")?;
        let says = |words: &str| lines.iter().any(|line| line["message"] == words);
        ensure!(says("webhook accepted"), "ingress: {lines:#?}");
        ensure!(says("event processed"), "worker: {lines:#?}");
    }
    let told = world.operate(&["trace", TRACE]).await?;
    for words in [
        "arrived",
        "committed",
        "queued",
        "started",
        "processed",
        "try 1 by the system",
        "log ",
    ] {
        ensure!(told.contains(words), "{words} is missing: {told}");
    }
    let found = world
        .operate(&["logs", "--containing", TRACE, "--format", "csv"])
        .await?;
    ensure!(found.lines().count() > 2, "{found}");
    let unknown = world.run(&["trace", "never-heard-of"], "").await?;
    assert_eq!(unknown.code, Some(2));
    Ok(())
}
