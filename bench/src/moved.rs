//! From the answer to a caller who moves an appointment to the waiting reminder's new plan on record.

use std::{collections::HashMap, ops::Range, time::Duration};

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
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
    world::{Appointment, World, until},
};

/// Between one caller's wish and the next one's, when many call.
const BETWEEN: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);
/// REM-6: within this, whoever asks and however many do.
const TARGET: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// `false` when the target is missed.
pub(crate) async fn run(size: Size) -> Result<bool> {
    begin("Moved to planned anew");
    let (alone, many) = (size.quick_or(3, 30), size.quick_or(6, 300));
    let mut world = World::start("moved", retell::Scenario::default()).await?;
    let waiting = appointments(&mut world, alone + many).await?;
    progress("one at a time");
    let mut one = Vec::new();
    for number in 0..alone {
        one.extend(moved(&world, &waiting, number..number + 1).await?);
    }
    progress("twenty a second");
    let busy = moved(&world, &waiting, alone..alone + many).await?;
    let (one, busy) = (Times::new(one), Times::new(busy));
    let row = |name: &str, times: &Times| {
        [
            name.to_owned(),
            times.count().to_string(),
            milliseconds(times.percentile(50)),
            milliseconds(times.percentile(99)),
            milliseconds(times.most()),
            ratio_of_times(times.percentile(99), one.percentile(99)),
        ]
    };
    table(
        [
            "from the answer to the reminder's new plan",
            "count",
            "p50",
            "p99",
            "most",
            "p99 ratio",
        ],
        &[
            row("one caller at a time", &one),
            row("twenty callers a second", &busy),
        ],
    );
    let is_met = one.most().max(busy.most()) < TARGET;
    let met = if is_met { "met" } else { "MISSED" };
    println!("  target: each below 1 s: {met}");
    world.stop().await;
    Ok(is_met)
}

/// So many, each half an hour after the other, from three days on; their reminders wait.
async fn appointments(world: &mut World, count: usize) -> Result<Vec<Appointment>> {
    let first = slot(Timestamp::now() + SignedDuration::from_hours(72));
    let starts = (0..count).map(|number| first + half_hours(number));
    let all = world.appointments(starts);
    world.import(&all).await?;
    until("every reminder waits", PATIENCE, || async {
        Ok(world.not_started().await? == 0)
    })
    .await?;
    Ok(all)
}

fn half_hours(count: usize) -> SignedDuration {
    SignedDuration::from_mins(30 * i64::try_from(count).unwrap_or_default())
}

fn slot(at: Timestamp) -> Timestamp {
    let length = 1800;
    Timestamp::from_second(at.as_second() / length * length).unwrap_or(at)
}

/// Moves these appointments by thirty days. Answers, for each, with the time from the answer until its reminder's next
/// look was seen to be another one.
async fn moved(world: &World, all: &[Appointment], numbers: Range<usize>) -> Result<Vec<Duration>> {
    let all = all.get(numbers).unwrap_or_default();
    let ids: Vec<String> = all.iter().map(|each| each.external_id.clone()).collect();
    let mut database = PgConnection::connect(&world.database_url()).await?;
    let before = next_looks(&mut database, &ids).await?;
    ensure!(before.len() == ids.len(), "not every reminder waits");
    let begun = Instant::now();
    let asked = all.iter().zip(0..).map(|(appointment, place)| async move {
        tokio::time::sleep_until(begun + BETWEEN * place).await;
        ask(world, appointment).await
    });
    let (asked, seen) =
        tokio::try_join!(try_join_all(asked), changes(&mut database, &ids, &before))?;
    let times = ids.iter().zip(asked);
    let times = times.filter_map(|(id, answered)| Some(seen.get(id)?.duration_since(answered)));
    Ok(times.collect())
}

/// When it was answered.
async fn ask(world: &World, appointment: &Appointment) -> Result<Instant> {
    let later = appointment.starts_at + SignedDuration::from_hours(30 * 24);
    let later = later.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M");
    let call = json!({"call_id": format!("call_{}", appointment.external_id), "call_type": "phone_call",
        "agent_id": "agent_bench", "direction": "inbound", "from_number": appointment.phone,
        "to_number": "+442079460000", "call_status": "ongoing"});
    let arguments = json!({"new_datetime": later.to_string()});
    let body = json!({"name": "reschedule", "args": arguments, "call": call}).to_string();
    let now = Timestamp::now().as_millisecond();
    let signature = sign(body.as_bytes(), &API_KEY.into(), now);
    let headers = [
        ("content-type", "application/json"),
        (SIGNATURE_HEADER, signature.as_str()),
    ];
    let mut post = Post::connect(world.port).await?;
    let (status, answer) = post.ask(&world.hook, &headers, body).await?;
    let answered = Instant::now();
    let answer: Value = serde_json::from_slice(&answer)?;
    let told = answer.get("result").and_then(Value::as_str);
    let told: Value = serde_json::from_str(told.unwrap_or_default())?;
    ensure!(
        status.is_success() && told.get("ok") == Some(&Value::Bool(true)),
        "an appointment was not moved: {told}"
    );
    Ok(answered)
}

/// When the reminder of each was first seen with another next look.
async fn changes(
    database: &mut PgConnection,
    ids: &[String],
    before: &HashMap<String, Timestamp>,
) -> Result<HashMap<String, Instant>> {
    let mut seen = HashMap::new();
    let give_up = Instant::now() + PATIENCE;
    while seen.len() < ids.len() {
        let missing = ids.len() - seen.len();
        ensure!(
            Instant::now() < give_up,
            "{missing} reminders stay where they were"
        );
        tokio::time::sleep(LOOK_EVERY).await;
        let looks = next_looks(database, ids).await?;
        let now = Instant::now();
        for (id, look) in looks {
            if before.get(&id) != Some(&look) {
                seen.entry(id).or_insert(now);
            }
        }
    }
    Ok(seen)
}

async fn next_looks(
    database: &mut PgConnection,
    ids: &[String],
) -> Result<HashMap<String, Timestamp>> {
    let looks: Vec<(String, f64)> = sqlx::query_as(
        "select a.external_id, extract(epoch from r.next_at)::float8
         from reminders r join appointments a on a.tenant_id = r.tenant_id and a.id = r.appointment_id
         where a.external_id = any($1) and r.state = 'waiting' and r.next_at is not null",
    )
    .bind(ids)
    .fetch_all(database)
    .await?;
    let looks = looks
        .into_iter()
        .map(|(id, seconds)| Ok((id, Timestamp::from_second(seconds as i64)?)));
    looks.collect()
}
