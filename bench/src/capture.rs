//! What a hook costs the coding agent that waits for it: `bellhop capture` as a process, with a server that is up,
//! beside a program that does nothing, started the same way.

mod hook;

use std::{collections::HashMap, fs, path::PathBuf, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    Size,
    agent::{self, KEY, TOKEN},
    figures::{Times, begin, milliseconds, progress, ratio_of_times, table},
    stage::Stage,
    webhooks::SIZES,
    world::until,
};
use hook::{Hook, Run};

/// The first ones find nothing in memory.
const WARM_UP: usize = 5;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Capture");
    let program = program()?;
    let mebibytes = fs::metadata(&program)?.len() >> 20;
    let runs = size.quick_or(20, 300);
    let stage = Stage::start("capture").await?;
    agent::add_source(&stage.store, &stage.clinic).await?;
    let url = format!("http://127.0.0.1:{}/hooks/{KEY}", stage.port);
    let hook = Hook::new(program, &stage.folder.path, &url, TOKEN)?;
    println!("  {}", stage.server().await?);
    println!(
        "  {runs} runs of each by turns, the event on standard input; `bellhop` has {mebibytes} MiB"
    );
    progress(&format!("{runs} hooks of each size"));
    let since = Timestamp::now();
    let all = tokio::task::spawn_blocking(move || by_turns(&hook, WARM_UP + runs)).await??;
    let committed = committed(&stage, since, all.len() * SIZES.len()).await?;
    tell(all.get(WARM_UP..).unwrap_or_default(), &committed)
}

/// `bellhop` as it is shipped, beside this program.
fn program() -> Result<PathBuf> {
    let here = std::env::current_exe().context("where is this program?")?;
    let program = here.with_file_name("bellhop");
    ensure!(
        program.is_file(),
        "bellhop is not beside this program; build it: cargo build --release -p bellhop"
    );
    Ok(program)
}

/// One of everything, so that what else the machine does meets all alike.
struct Turn {
    nothing: Run,
    hooks: [(String, Run); SIZES.len()],
}

fn by_turns(hook: &Hook, turns: usize) -> Result<Vec<Turn>> {
    let one = |turn: usize| {
        let capture = |(name, bytes): (&str, usize)| {
            let session = format!("{name}, {turn}");
            let run = hook.capture(&session, bytes)?;
            anyhow::Ok((session, run))
        };
        let [small, large] = SIZES;
        Ok(Turn {
            nothing: hook.nothing()?,
            hooks: [capture(small)?, capture(large)?],
        })
    };
    (0..turns).map(one).collect()
}

/// When each session's event came into the database.
async fn committed(
    stage: &Stage,
    since: Timestamp,
    count: usize,
) -> Result<HashMap<String, Timestamp>> {
    until("every event is stored", PATIENCE, || async {
        Ok(agent::events(&stage.clinic, since).await?.len() >= count)
    })
    .await?;
    let mut committed = HashMap::new();
    let mut tx = stage.clinic.begin().await?;
    for event in agent::events(&stage.clinic, since).await? {
        let content = tx.event_content(event.id).await?;
        let body: Value = serde_json::from_slice(&content.context("the event is stored")?.body)?;
        let session = body
            .pointer("/data/payload/session_id")
            .and_then(Value::as_str);
        let session = session.context("an event without a session")?.to_owned();
        committed.insert(session, event.received_at);
    }
    ensure!(
        committed.len() == count,
        "{count} events were captured and {} are stored",
        committed.len()
    );
    Ok(committed)
}

fn tell(turns: &[Turn], committed: &HashMap<String, Timestamp>) -> Result<()> {
    let nothing = Times::new(turns.iter().map(|turn| turn.nothing.took).collect());
    let mut rows = vec![row(
        "a program that does nothing, to its end",
        &nothing,
        &nothing,
    )];
    let mut late = 0;
    for (place, (name, _)) in SIZES.into_iter().enumerate() {
        let (mut ends, mut commits) = (Vec::new(), Vec::new());
        for (session, run) in turns.iter().filter_map(|turn| turn.hooks.get(place)) {
            let at = committed.get(session).context("every event is stored")?;
            let commit = Duration::try_from(at.duration_since(run.started_at))?;
            late += usize::from(commit > run.took);
            ends.push(run.took);
            commits.push(commit);
        }
        rows.push(row(
            &format!("hook of {name}, to its event's transaction"),
            &Times::new(commits),
            &nothing,
        ));
        rows.push(row(
            &format!("hook of {name}, to its end"),
            &Times::new(ends),
            &nothing,
        ));
    }
    table(
        [
            "from the start of the process",
            "p50",
            "p95",
            "added p50",
            "added p95",
            "p50 ratio",
        ],
        &rows,
    );
    println!(
        "  targets: added below 30 ms; p95 to the commit below 200 ms; the commit lies between transaction and end; \
         {late} were left to the sender"
    );
    Ok(())
}

fn row(name: &str, times: &Times, nothing: &Times) -> [String; 6] {
    let added = |percent| {
        let more = times
            .percentile(percent)
            .saturating_sub(nothing.percentile(percent));
        milliseconds(more)
    };
    [
        name.to_owned(),
        milliseconds(times.percentile(50)),
        milliseconds(times.percentile(95)),
        added(50),
        added(95),
        ratio_of_times(times.percentile(50), nothing.percentile(50)),
    ]
}
