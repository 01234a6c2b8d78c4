//! From a call's last event to its recorded end, with many calls at once and with one after the other.

use std::{collections::HashMap, ops::Range, time::Duration};

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use hyper::StatusCode;
use jiff::Timestamp;
use providers::retell::webhook::{SIGNATURE_HEADER, sign};
use serde_json::{Value, json};
use simulator::retell;
use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

use crate::{
    Size,
    figures::{Times, begin, milliseconds, progress, ratio_of_times, table},
    post::Post,
    webhooks::API_KEY,
    world::World,
};

/// Of each call: its beginning, what is said meanwhile, its end, and what came of it.
const EVENTS: usize = 20;
/// From one event of a call to its next.
const QUICKLY: Duration = Duration::from_millis(100);
/// The same in calls as they are, in which somebody takes a while to say something.
const AS_SPOKEN: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Conversations");
    let (at_once, alone) = (size.quick_or(10, 100), size.quick_or(2, 20));
    let world = World::start("conversations", retell::Scenario::default()).await?;
    println!("  calls that come in, {EVENTS} events each");
    progress("one at a time");
    calls(&world, 0..1, QUICKLY).await?;
    let mut one = Vec::new();
    for number in 1..=alone {
        one.extend(calls(&world, number..number + 1, QUICKLY).await?);
    }
    progress("all at once");
    let spoken = calls(&world, 1000..1000 + at_once, AS_SPOKEN).await?;
    progress("all at once, and quickly");
    let quick = calls(&world, 2000..2000 + at_once, QUICKLY).await?;
    let (one, spoken, quick) = (Times::new(one), Times::new(spoken), Times::new(quick));
    let row = |name: String, times: &Times| {
        [
            name,
            milliseconds(times.percentile(50)),
            milliseconds(times.percentile(95)),
            milliseconds(times.most()),
            ratio_of_times(times.percentile(95), one.percentile(95)),
        ]
    };
    table(
        [
            "from its last event to its end on record",
            "p50",
            "p95",
            "most",
            "p95 ratio",
        ],
        &[
            row(
                format!("{at_once} calls at once, an event a second"),
                &spoken,
            ),
            row(
                format!("{at_once} calls at once, ten events a second"),
                &quick,
            ),
            row("one call at a time, ten events a second".to_owned(), &one),
        ],
    );
    println!("  targets: p95 below 2 s under load, below 200 ms idle; every call has its outcome");
    world.stop().await;
    Ok(())
}

/// Sends the events of these calls side by side. Answers, for each, with the time from the moment its last one is sent.
async fn calls(world: &World, numbers: Range<usize>, between: Duration) -> Result<Vec<Duration>> {
    let ids: Vec<_> = numbers.clone().map(provider_call_id).collect();
    let sent = try_join_all(numbers.map(|number| call(world, number, between)));
    let (sent, ended) = tokio::try_join!(sent, ends(world, &ids))?;
    let times = ids
        .iter()
        .zip(sent)
        .filter_map(|(id, sent)| Some(*ended.get(id)? - sent));
    Ok(times.collect())
}

async fn call(world: &World, number: usize, between: Duration) -> Result<Instant> {
    let mut post = Post::connect(world.port).await?;
    let mut last = Instant::now();
    for event in events(number) {
        tokio::time::sleep_until(last + between).await;
        last = Instant::now();
        send(&mut post, &world.hook, &event).await?;
    }
    Ok(last)
}

/// When each call was first seen to have its outcome.
async fn ends(world: &World, ids: &[String]) -> Result<HashMap<String, Instant>> {
    let mut database = PgConnection::connect(&world.database_url()).await?;
    let mut ended = HashMap::new();
    let give_up = Instant::now() + PATIENCE;
    while ended.len() < ids.len() {
        ensure!(
            Instant::now() < give_up,
            "{} calls have no end on record",
            ids.len() - ended.len()
        );
        tokio::time::sleep(LOOK_EVERY).await;
        let seen: Vec<String> = sqlx::query_scalar(
            "select provider_call_id from calls where provider_call_id = any($1) and outcome is not null",
        )
        .bind(ids)
        .fetch_all(&mut database)
        .await?;
        let now = Instant::now();
        for id in seen {
            ended.entry(id).or_insert(now);
        }
    }
    Ok(ended)
}

async fn send(post: &mut Post, path: &str, event: &Value) -> Result<()> {
    let body = event.to_string();
    let now = Timestamp::now().as_millisecond();
    let signature = sign(body.as_bytes(), &API_KEY.into(), now);
    let headers = [
        ("content-type", "application/json"),
        (SIGNATURE_HEADER, signature.as_str()),
    ];
    let status = post.send(path, &headers, body).await?;
    ensure!(
        status == StatusCode::NO_CONTENT,
        "an event was answered {status}"
    );
    Ok(())
}

fn provider_call_id(number: usize) -> String {
    format!("call_{number:026}")
}

fn events(number: usize) -> Vec<Value> {
    let id = provider_call_id(number);
    let call = |status: &str| {
        json!({"call_id": id, "call_type": "phone_call", "agent_id": "agent_bench", "direction": "inbound",
               "from_number": format!("+4477009{number:05}"), "to_number": "+442079460000", "call_status": status,
               "start_timestamp": Timestamp::now().as_millisecond()})
    };
    let of = |event: &str, call: Value| json!({"event": event, "call": call});
    let mut events = vec![of("call_started", call("ongoing"))];
    for nth in 3..EVENTS {
        let mut call = call("ongoing");
        call["transcript"] = format!("User: sentence {nth}").into();
        events.push(of("transcript_updated", call));
    }
    let mut ended = call("ended");
    ended["disconnection_reason"] = "user_hangup".into();
    ended["duration_ms"] = 42_000.into();
    ended["end_timestamp"] = Timestamp::now().as_millisecond().into();
    events.push(of("call_ended", ended.clone()));
    ended["call_analysis"] = json!({"call_summary": "The person asked for the opening hours.",
        "in_voicemail": false, "user_sentiment": "Neutral", "call_successful": true,
        "custom_analysis_data": {"appointment_action": "no_action"}});
    events.push(of("call_analyzed", ended));
    events
}
