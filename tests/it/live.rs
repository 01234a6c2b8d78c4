//! A call as others follow it: by events, and by asking.

use anyhow::{Context, Result, ensure};
use domain::call::CallState;
use serde_json::Value;
use simulator::retell::Outcome;

use crate::harness::{OPEN_CLINIC, SLUG, World, eventually, quick};

/// The states that a stream told, in order, and all that was sent.
struct Heard {
    states: Vec<Value>,
    text: String,
}

impl World {
    async fn ask(&self, path: &str, token: &str) -> Result<reqwest::Response> {
        let base = self.webhook_url.split("/hooks/").next().context("a base")?;
        let url = format!("{base}/v1/tenants/{SLUG}/calls/{path}");
        let asked = reqwest::Client::new().get(url).bearer_auth(token);
        Ok(asked.send().await?.error_for_status()?)
    }

    async fn stands(&self, call: &str, token: &str) -> Result<Value> {
        let text = self.ask(call, token).await?.text().await?;
        Ok(serde_json::from_str(&text)?)
    }
}

async fn hear(mut stream: reqwest::Response, mut text: String) -> Result<Heard> {
    while let Some(bytes) = stream.chunk().await? {
        text.push_str(std::str::from_utf8(&bytes)?);
    }
    let states = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    Ok(Heard { states, text })
}

fn state(of: &Value) -> Option<CallState> {
    of["status"].as_str().and_then(CallState::from_code)
}

#[tokio::test]
async fn a_call_is_followed_from_the_queue_to_its_end() -> Result<()> {
    let mut scenario = quick().always(Outcome::Confirmed);
    // It lasts until it is ended.
    scenario.timing.talk_seconds = [36_000.0, 36_000.0];
    let mut world = World::without_processes(OPEN_CLINIC, scenario).await?;
    world.start_ingress().await?;
    world.start_worker("core")?;
    let made = ["tenant", "add-token", SLUG, "--name", "screen at the desk"];
    let token = world.operate(&made).await?.trim().to_owned();
    world.book("A1", 1, 3).await?;
    // Nobody is there to dial.
    world
        .play_until_seen("a call", || async {
            Ok(world.count("calls where dial_state = 'authorized'").await? == 1)
        })
        .await?;
    let call = world
        .sql("select 'cal_' || replace(id::text, '-', '') from calls")
        .await?;

    let mut stream = world.ask(&format!("{call}/events"), &token).await?;
    let first = stream.chunk().await?.context("the state at once")?;
    let first = String::from_utf8(first.to_vec())?;
    ensure!(first.contains(r#""status":"queued""#), "{first}");
    let heard = tokio::spawn(hear(stream, first));
    let _dialer = world.spawn_worker("dial")?;
    eventually("somebody answers", || async {
        Ok(state(&world.stands(&call, &token).await?) == Some(CallState::Answered))
    })
    .await?;
    let talking = world.stands(&call, &token).await?;
    ensure!(talking["ring_ms"].is_u64() && talking["duration_ms"].is_u64());
    let ledger = world.ledger();
    let placed = ledger.calls.first().context("a call")?;
    ensure!(world.retell.end_talk(&placed.provider_call_id));

    let heard = heard.await??;
    let states: Vec<_> = heard.states.iter().filter_map(state).collect();
    assert_eq!(states.first(), Some(&CallState::Queued));
    ensure!(states.contains(&CallState::Answered), "{states:?}");
    ensure!(states.is_sorted(), "{states:?}");
    let last = heard.states.last().context("an end")?;
    assert_eq!(state(last), Some(CallState::Completed));
    assert_eq!(last["outcome"], "confirmed");
    ensure!(!heard.text.contains("7700900"), "{}", heard.text);
    // Whoever asks is told the same.
    let asked = world.stands(&call, &token).await?;
    for key in ["status", "outcome", "is_over", "ring_ms", "duration_ms"] {
        assert_eq!(asked[key], last[key], "{key}");
    }
    ensure!(
        last["ring_ms"].is_u64() && last["duration_ms"].is_u64(),
        "{last}"
    );

    let listed = world.operate(&["tenant", "tokens", SLUG]).await?;
    let id = listed.split('\t').next().context("a token")?;
    world.operate(&["tenant", "remove-token", SLUG, id]).await?;
    ensure!(world.ask(&call, &token).await.is_err());
    world.play().await?;
    world.assert_sound().await
}
