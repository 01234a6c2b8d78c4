//! What coding agents do, from `bellhop capture` to the conversation that can be read (CAP-1 to CAP-3).

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use simulator::senders::Vendor;

use crate::harness::{OPEN_CLINIC, SLUG, World, eventually, quick};

#[tokio::test]
async fn a_captured_session_can_be_read_as_a_conversation() -> Result<()> {
    let world = captured_world().await?;

    for hook in session("s1") {
        capture(&world, &hook).await?;
    }

    messages(&world, 2).await?;
    let listed = world
        .operate(&["capture", "sessions", "--tenant", SLUG, "--json"])
        .await?;
    let listed: Vec<Value> = serde_json::from_str(&listed)?;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["session_id"], "s1");
    assert_eq!(listed[0]["messages"], 2);
    assert_eq!(listed[0]["tool_uses"], 1);
    assert_eq!(listed[0]["end_reason"], "exit");
    let shown = world
        .operate(&["capture", "show", "s1", "--tenant", SLUG])
        .await?;
    let order: Vec<_> = [
        "user: what is in this folder",
        "tool Bash",
        "assistant: two files",
    ]
    .iter()
    .map(|words| shown.find(words))
    .collect();
    ensure!(
        order.iter().all(Option::is_some) && order.is_sorted(),
        "{shown}"
    );
    let unknown = world
        .run(&["capture", "show", "s2", "--tenant", SLUG], "")
        .await?;
    assert_eq!(unknown.code, Some(2));
    Ok(())
}

#[tokio::test]
async fn what_was_captured_while_the_server_was_away_comes_in_later_and_once() -> Result<()> {
    let mut world = captured_world().await?;
    world.kill_ingress();
    for hook in session("s1") {
        capture(&world, &hook).await?;
    }
    assert_eq!(world.count("events").await?, 0);

    world.start_ingress().await?;
    world.operate(&["capture", "flush", "--all"]).await?;
    world.operate(&["capture", "flush", "--all"]).await?;

    messages(&world, 2).await?;
    assert_eq!(world.count("events").await?, session("s1").len() as i64);
    assert_eq!(world.count("tool_uses").await?, 1);
    Ok(())
}

/// A world in which `bellhop capture` is set up.
async fn captured_world() -> Result<World> {
    let mut world = World::start(OPEN_CLINIC, quick()).await?;
    let vendor = Vendor::from_code("agent").context("agent")?;
    let source = world.add_source(SLUG, vendor).await?;
    let secret = secrecy::ExposeSecret::expose_secret(&source.secrets[0]).to_owned();
    let home = world.path("capture").display().to_string();
    world.extra.extend([
        ("BELLHOP_CAPTURE_URL".to_owned(), source.url),
        ("BELLHOP_CAPTURE_TOKEN".to_owned(), secret),
        ("BELLHOP_CAPTURE_HOME".to_owned(), home),
        // The events of a test are sent by the hook itself or by a flush, and by nothing in the background.
        ("BELLHOP_CAPTURE_BUDGET_MS".to_owned(), "2000".to_owned()),
    ]);
    Ok(world)
}

/// As the agent starts the hook: it must say nothing and succeed.
async fn capture(world: &World, hook: &Value) -> Result<()> {
    let printed = world.run(&["capture"], &hook.to_string()).await?;
    ensure!(
        printed.code == Some(0) && printed.out.is_empty() && printed.err.is_empty(),
        "{:?}: {}{}",
        printed.code,
        printed.out,
        printed.err
    );
    Ok(())
}

fn session(id: &str) -> Vec<Value> {
    let hook = |name: &str, more: Value| {
        let mut hook =
            json!({ "session_id": id, "cwd": "/home/ada/clinic", "hook_event_name": name });
        if let (Some(hook), Value::Object(more)) = (hook.as_object_mut(), more) {
            hook.extend(more);
        }
        hook
    };
    let tool =
        json!({ "tool_name": "Bash", "tool_use_id": "t1", "tool_input": { "command": "ls" } });
    let mut done = tool.clone();
    done["tool_response"] = json!({ "stdout": "a b" });
    vec![
        hook("SessionStart", json!({ "source": "startup", "model": "m" })),
        hook(
            "UserPromptSubmit",
            json!({ "prompt": "what is in this folder" }),
        ),
        hook("PreToolUse", tool),
        hook("PostToolUse", done),
        hook("Stop", json!({ "last_assistant_message": "two files" })),
        hook("SessionEnd", json!({ "reason": "exit" })),
    ]
}

async fn messages(world: &World, count: i64) -> Result<()> {
    eventually("the conversation is recorded", || async {
        let open = "events where state not in ('succeeded', 'invalid', 'dead')";
        Ok(world.count("agent_messages").await? == count && world.count(open).await? == 0)
    })
    .await
}
