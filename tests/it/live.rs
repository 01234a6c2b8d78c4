//! A call as others follow it: by events, and by asking.

use anyhow::{Context, Result, ensure};
use domain::call::CallState;
use serde_json::Value;
use simulator::retell::Outcome;

use crate::harness::{OPEN_CLINIC, SLUG, World, quick};

/// What a stream tells, as far as it was read.
struct Told {
    stream: reqwest::Response,
    text: String,
}

impl Told {
    /// Reads on until the stream told that, or to its end.
    async fn until(&mut self, wanted: CallState) -> Result<()> {
        while !self.states()?.contains(&wanted) {
            ensure!(self.more().await?, "{} never came", wanted.code());
        }
        Ok(())
    }

    async fn more(&mut self) -> Result<bool> {
        let Some(bytes) = self.stream.chunk().await? else {
            return Ok(false);
        };
        self.text.push_str(std::str::from_utf8(&bytes)?);
        Ok(true)
    }

    /// One for each event that came whole.
    fn events(&self) -> Result<Vec<Value>> {
        let whole = self.text.rsplit_once("\n\n").map_or("", |(whole, _)| whole);
        let data = whole.lines().filter_map(|line| line.strip_prefix("data: "));
        Ok(data.map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    fn states(&self) -> Result<Vec<CallState>> {
        Ok(self.events()?.iter().filter_map(state).collect())
    }
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

    let stream = world.ask(&format!("{call}/events"), &token).await?;
    let mut told = Told {
        stream,
        text: String::new(),
    };
    told.until(CallState::Queued).await?;
    let _dialer = world.spawn_worker("dial")?;
    told.until(CallState::Answered).await?;
    let talking = world.stands(&call, &token).await?;
    assert_eq!(state(&talking), Some(CallState::Answered));
    ensure!(talking["ring_ms"].is_u64() && talking["duration_ms"].is_u64());
    let ledger = world.ledger();
    let placed = ledger.calls.first().context("a call")?;
    ensure!(world.retell.end_talk(&placed.provider_call_id));

    while told.more().await? {}
    let states = told.states()?;
    assert_eq!(states.first(), Some(&CallState::Queued));
    ensure!(states.is_sorted(), "{states:?}");
    let events = told.events()?;
    let last = events.last().context("an end")?;
    assert_eq!(state(last), Some(CallState::Completed));
    assert_eq!(last["outcome"], "confirmed");
    ensure!(!told.text.contains("7700900"), "{}", told.text);
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
