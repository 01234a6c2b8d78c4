//! Dead letters, and what an operator does about them (HOOK-5, HOOK-6).

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use simulator::senders::{Scenario, Source, Vendor, letter};

use crate::harness::{OPEN_CLINIC, SLUG, World, eventually, quick};

pub(crate) const IMPATIENT: &str = "[events]\ntries = 2\nfirst_delay_seconds = 1\n";

/// The database refuses what the event is to record: what a defect of ours would look like.
pub(crate) const BREAK: &str = "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
                     create trigger refuse before insert on agent_sessions for each row execute function refuse()";
const MEND: &str = "drop trigger refuse on agent_sessions; drop function refuse()";

#[tokio::test]
async fn an_event_that_keeps_failing_is_given_up_told_and_tried_again_by_hand() -> Result<()> {
    let world = World::start(&format!("{OPEN_CLINIC}{IMPATIENT}"), quick()).await?;
    let source = world
        .add_source(SLUG, Vendor::from_code("agent").context("agent")?)
        .await?;
    world.sql(BREAK).await?;
    post(&source, 3).await?;

    states(&world, "dead", 3).await?;
    let tries = "select distinct e.tries, (select count(*) from event_attempts a where a.event_id = e.id) from events e";
    assert_eq!(world.sql(tries).await?, "2|2");
    // One for each kind of event and of failure.
    let kinds = world
        .sql("select count(distinct event_type) from events")
        .await?;
    assert_eq!(
        world
            .sql("select count(*) from alerts where cause = 'event_dead'")
            .await?,
        kinds
    );
    let listed = list(&world, "state=dead").await?;
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0]["error_class"], "internal");
    assert!(list(&world, "state=succeeded").await?.is_empty());

    // Nobody is there to agree.
    let id = listed[0]["id"].as_str().context("an id")?.to_owned();
    let unasked = world.run(&["events", "retry", &id], "").await?;
    assert_eq!(unasked.code, Some(2), "{}", unasked.err);
    assert!(
        unasked.out.contains("A retry never dials."),
        "{}",
        unasked.out
    );
    assert_eq!(world.count("events where operator_retries > 0").await?, 0);

    // The cause is still there: it fails again, under a key of its own.
    world.operate(&["events", "retry", &id, "--yes"]).await?;
    eventually("it was tried again", || async {
        let again = format!("event_attempts where key = '{id}:retry:1' and ended_at is not null");
        Ok(world.count(&again).await? == 2)
    })
    .await?;
    states(&world, "dead", 3).await?;

    world.sql(MEND).await?;
    let said = world
        .operate(&[
            "events",
            "retry-all",
            "--tenant",
            SLUG,
            "--filter",
            "state=dead,provider=agent",
            "--yes",
        ])
        .await?;
    assert!(said.contains("3 events"), "{said}");
    states(&world, "succeeded", 3).await?;
    ensure!(
        world.count("agent_sessions").await? > 0,
        "nothing was recorded"
    );
    assert_eq!(world.ledger().calls.len(), 0, "a retry dialed");
    let shown = world.operate(&["events", "show", &id]).await?;
    assert!(shown.contains(&format!("{id}:retry:2")), "{shown}");

    let exported = world
        .operate(&["events", "export", "--tenant", SLUG])
        .await?;
    assert_eq!(exported.lines().count(), 4, "{exported}");
    let exported = world
        .operate(&["events", "export", "--tenant", SLUG, "--format", "json"])
        .await?;
    let exported: Vec<Value> = serde_json::from_str(&exported)?;
    assert_eq!(exported.len(), 3);
    Ok(())
}

#[tokio::test]
async fn an_event_that_failed_once_succeeds_by_itself() -> Result<()> {
    let world = World::start(&format!("{OPEN_CLINIC}[events]\ntries = 20\nfirst_delay_seconds = 1\nlongest_delay_seconds = 1\n"), quick()).await?;
    let source = world
        .add_source(SLUG, Vendor::from_code("agent").context("agent")?)
        .await?;
    world.sql(BREAK).await?;
    post(&source, 1).await?;
    eventually("it failed", || async {
        Ok(world
            .count("events where tries > 0 and state in ('failed', 'processing')")
            .await?
            == 1)
    })
    .await?;

    world.sql(MEND).await?;

    states(&world, "succeeded", 1).await?;
    assert_eq!(
        world.count("alerts").await?,
        0,
        "nobody needs to hear of it"
    );
    Ok(())
}

/// Sends the first events of a source.
pub(crate) async fn post(source: &Source, count: u64) -> Result<()> {
    for n in 0..count {
        let letter = letter(source, 0, &Scenario::default(), n);
        let mut request = reqwest::Client::new().post(&source.url).body(letter.body);
        for (name, value) in letter.headers {
            request = request.header(name, value);
        }
        let answer = request.send().await?;
        ensure!(answer.status() == 204, "answered {}", answer.status());
    }
    Ok(())
}

pub(crate) async fn states(world: &World, state: &str, count: i64) -> Result<()> {
    eventually(&format!("{count} events are {state}"), || async {
        Ok(world
            .count(&format!("events where state = '{state}'"))
            .await?
            == count)
    })
    .await
}

async fn list(world: &World, filter: &str) -> Result<Vec<Value>> {
    let listed = world
        .operate(&[
            "events", "list", "--tenant", SLUG, "--filter", filter, "--json",
        ])
        .await?;
    Ok(serde_json::from_str(&listed)?)
}
