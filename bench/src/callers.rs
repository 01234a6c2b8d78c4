//! Questions about callers and functions asked in their calls, with a large clinic's memory in the database, beside a
//! bare transaction that reads the same rows and writes one.

mod bare;
mod memory;
mod people;
mod questions;

use std::{sync::atomic::Ordering, time::Duration};

use anyhow::{Result, anyhow};
use domain::settings::Settings;

use crate::{
    Size,
    figures::{Times, begin, milliseconds, progress, ratio_of_times, table},
    load::{Pace, drive},
    stage::Stage,
};
use bare::Lookup;
use people::People;
use questions::{Function, Question, Questions, Unanswered};

const RATE: u32 = 100;
/// At once, in questions under way.
const CONNECTIONS: usize = 32;
/// Numbers of one load do not meet those of another, nor do the people whom they are about.
const APART: u64 = 1_037_000;
const WARM_UP: Duration = Duration::from_secs(5);

const SETTINGS: &str = r#"
[tenant]
name = "Bench Clinic"
health_mode = false

[hours]
holidays = "none"

[retell]
agent_id = "agent_bench"
from_number = "+442079460000"

[inbound]
tell = ["name", "appointments", "last_call", "free_times", "sentiment", "issues"]

[booking]
enabled = true
capacity = 100
"#;

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Callers");
    memory::run(size)?;
    let length = size.seconds(2, 30);
    let people = People {
        contacts: size.quick_or(2_000, 1_000_000),
        calls: size.quick_or(10_000, 5_000_000),
        appointments: size.quick_or(700, 350_000),
    };
    let mut stage = Stage::start("callers").await?;
    println!("  {}", stage.server().await?);
    let settings = Settings::from_toml(SETTINGS).map_err(|problems| anyhow!("{problems:?}"))?;
    let mut tx = stage.clinic.begin().await?;
    tx.apply_settings(&settings).await?;
    tx.commit().await?;
    progress("people, appointments and calls are generated");
    let bytes = people.fill(&stage).await?;
    println!(
        "  {} contacts, {} calls, {} appointments to come; {bytes} on disk; {RATE}/s by schedule over {CONNECTIONS} connections, {} s",
        people.contacts,
        people.calls,
        people.appointments,
        length.as_secs()
    );
    let mut rows = Vec::new();
    let cold = stage.forget().await?;
    println!("  cold: {cold}");
    let bare_cold = lookups(&stage, &people, 1, length).await?;
    stage.forget().await?;
    // The connections that broke are made anew.
    questions::until_answered(&stage, &people).await?;
    let asked_cold = asked(&stage, &people, 1, length, Question::WhoCalls).await?;
    asked(&stage, &people, 2, WARM_UP, Question::WhoCalls).await?;
    let bare_warm = lookups(&stage, &people, 3, length).await?;
    let asked_warm = asked(&stage, &people, 3, length, Question::WhoCalls).await?;
    rows.push(row("who calls, cold", &asked_cold, &bare_cold));
    rows.push(row("bare transaction, cold", &bare_cold, &bare_cold));
    rows.push(row("who calls, warm", &asked_warm, &bare_warm));
    for (place, function) in (10..).zip(Function::ALL) {
        progress(function.name());
        let question = Question::Function(function);
        asked(&stage, &people, 2 * place, WARM_UP, question).await?;
        let times = asked(&stage, &people, 2 * place + 1, length, question).await?;
        rows.push(row(
            &format!("function {}", function.name()),
            &times,
            &bare_warm,
        ));
    }
    rows.push(row("bare transaction, warm", &bare_warm, &bare_warm));
    table(
        [
            "answered within",
            "count",
            "p50",
            "p99",
            "most",
            "p99 ratio",
        ],
        &rows,
    );
    println!(
        "  targets: who calls p99 below 300 ms, goal 25 ms; functions p99 below 500 ms; every other answer was checked"
    );
    Ok(())
}

async fn asked(
    stage: &Stage,
    people: &People,
    place: u64,
    length: Duration,
    question: Question,
) -> Result<Times> {
    let (mut senders, unanswered) = (Vec::new(), Unanswered::default());
    for _ in 0..CONNECTIONS {
        senders.push(Questions::connect(stage, people, question, &unanswered).await?);
    }
    let times = drive(senders, place * APART, pace(length)).await?.times;
    let unanswered = unanswered.load(Ordering::Relaxed);
    if unanswered > 0 {
        println!(
            "  {unanswered} of {} took too long and were answered without memory",
            times.count()
        );
    }
    Ok(times)
}

async fn lookups(stage: &Stage, people: &People, place: u64, length: Duration) -> Result<Times> {
    let mut senders = Vec::new();
    for _ in 0..CONNECTIONS {
        senders.push(Lookup::connect(stage, people).await?);
    }
    Ok(drive(senders, place * APART, pace(length)).await?.times)
}

const fn pace(length: Duration) -> Pace {
    Pace::Fixed {
        per_second: RATE,
        length,
    }
}

fn row(name: &str, times: &Times, bare: &Times) -> [String; 6] {
    [
        name.to_owned(),
        times.count().to_string(),
        milliseconds(times.percentile(50)),
        milliseconds(times.percentile(99)),
        milliseconds(times.most()),
        ratio_of_times(times.percentile(99), bare.percentile(99)),
    ]
}
