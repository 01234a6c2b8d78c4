//! One id leads from the request's header to everything that followed (HOOK-10).

use std::{
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use serde_json::Value;
use simulator::senders::{Scenario, Source, Vendor, letter};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

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

    let answer = post(&source).await?;
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
        "try 1 at ",
        "by the system",
        SLUG,
        "src_",
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

#[tokio::test]
async fn a_refused_webhook_is_found_in_the_log_by_its_request_id() -> Result<()> {
    let mut world = World::without_processes(OPEN_CLINIC, quick()).await?;
    let logs = world.path("logs");
    let folder = logs.display().to_string();
    world.extra.push(("BELLHOP_LOG_DIR".to_owned(), folder));
    world.start_ingress().await?;
    let source = world
        .add_source(SLUG, Vendor::from_code("agent").context("agent")?)
        .await?;

    let answer = reqwest::Client::new()
        .post(&source.url)
        .bearer_auth("not-the-token")
        .body("{}")
        .send()
        .await?;
    assert_eq!(answer.status(), 401);
    let request_id = answer.headers()["x-request-id"].to_str()?.to_owned();

    let address = world
        .operate(&["tenant", "show", SLUG])
        .await?
        .lines()
        .find(|line| line.contains("the coding agent"))
        .context("the address is shown")?
        .to_owned();
    let id = address
        .split_whitespace()
        .find(|word| word.starts_with("src_"))
        .context("its id is shown")?
        .to_owned();
    let told = world.operate(&["trace", &request_id]).await?;
    let found = world
        .operate(&["logs", "--tenant", SLUG, "--level", "warn"])
        .await?;
    for text in [told, found] {
        for part in ["webhook refused", &request_id, &id, "tenant=", "signature_"] {
            ensure!(text.contains(part), "{part} is missing: {text}");
        }
    }
    for file in std::fs::read_dir(logs)? {
        let mode = file?.metadata()?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    Ok(())
}

#[tokio::test]
async fn spans_of_ingress_and_worker_reach_a_collector_under_the_senders_trace() -> Result<()> {
    let collector = Collector::start().await?;
    let mut world = World::without_processes(OPEN_CLINIC, quick()).await?;
    world.extra.push((
        "OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(),
        collector.url.clone(),
    ));
    world.start_worker("all")?;
    world.start_ingress().await?;
    let source = world
        .add_source(SLUG, Vendor::from_code("agent").context("agent")?)
        .await?;
    post(&source).await?;

    let trace = hex::decode(TRACE)?;
    for service in ["bellhop-ingress", "bellhop-worker"] {
        eventually(&format!("{service} sent its span"), || async {
            let posts = collector
                .posts
                .lock()
                .map_err(|_| anyhow::anyhow!("poisoned"))?;
            let has =
                |post: &[u8], part: &[u8]| post.windows(part.len()).any(|window| window == part);
            Ok(posts
                .iter()
                .any(|post| has(post, &trace) && has(post, service.as_bytes())))
        })
        .await?;
    }
    Ok(())
}

/// Sends the first event of a source, as a part of [`TRACE`].
async fn post(source: &Source) -> Result<reqwest::Response> {
    let letter = letter(source, 0, &Scenario::default(), 0);
    let mut request = reqwest::Client::new()
        .post(&source.url)
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .body(letter.body);
    for (name, value) in letter.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await?;
    ensure!(answer.status() == 204, "answered {}", answer.status());
    Ok(answer)
}

/// Takes whatever is posted.
struct Collector {
    url: String,
    posts: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    async fn start() -> Result<Self> {
        let posts = Arc::new(Mutex::new(Vec::new()));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let taken = posts.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, taken.clone()));
            }
        });
        Ok(Self { url, posts })
    }
}

/// One request after the other; their bodies come with a length.
async fn take(mut stream: TcpStream, posts: Arc<Mutex<Vec<Vec<u8>>>>) -> Option<()> {
    let mut bytes = Vec::new();
    loop {
        let (head, length) = loop {
            let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = end {
                let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))?;
                break (end + 4, length.parse::<usize>().ok()?);
            }
            (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
        };
        while bytes.len() < head + length {
            (stream.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
        }
        let rest = bytes.split_off(head + length);
        posts.lock().ok()?.push(bytes.split_off(head));
        bytes = rest;
        let answer =
            b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.ok()?;
    }
}
