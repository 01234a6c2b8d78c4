//! `bellhop demo`: an inbound morning and a week of reminders, told and counted from what is stored.

use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use embedded::Tools;
use serde_json::{Value, json};

/// Plays it with few reminders, in a folder of its own, until it ends by itself.
fn played() -> Result<Output> {
    let folder = tempfile::tempdir()?;
    let temporal = Tools::locate()?.temporal();
    let tools = temporal.parent().context("the folder of the tools")?;
    let ended = Command::new(env!("CARGO_BIN_EXE_bellhop"))
        .args(["demo", "--exit", "--appointments", "5"])
        .env("BELLHOP_TOOLS", tools)
        .current_dir(folder.path())
        .output()?;
    let left = folder.path().join(".bellhop");
    let left = std::fs::read_dir(left)?.count();
    ensure!(left == 0, "the demo left {left} folders");
    Ok(ended)
}

#[test]
fn the_demo_plays_an_inbound_morning_and_counts_it_in_the_end() -> Result<()> {
    let ended = played()?;
    let (out, err) = (
        String::from_utf8(ended.stdout)?,
        String::from_utf8(ended.stderr)?,
    );
    ensure!(ended.status.success(), "{out}\n{err}");
    for told in [
        "Welcome back, Iris",
        "Welcome back, Owen",
        "booked: ",
        "s after the agent asked",
        "voicemail called once",
        "for the front desk, by ",
        "email: priya.nair@old.example → priya.nair@new.example",
        "bellhop approvals approve --tenant harbour-dental apr_",
        "after:  e-mail iris.hart@post.example",
    ] {
        ensure!(out.contains(told), "{told:?} is not in {out}");
    }
    let last = out.lines().last().context("a last line")?;
    let counted: Value = serde_json::from_str(last)?;
    for (key, wanted) in [
        ("calls_taken", json!(2)),
        ("greeted", json!(2)),
        ("calls_taken_lost", json!(0)),
        ("calls_taken_double", json!(0)),
        ("booked", json!(1)),
        ("reminders_moved", json!(1)),
        ("follow_ups", json!(1)),
        ("approvals_waiting", json!(1)),
        ("openphone_lost", json!(0)),
        ("crm_in_step", json!(8)),
        ("crm_differ", json!(0)),
        ("crm_double", json!(0)),
        ("events_lost", json!(0)),
        ("double_dials", json!(0)),
        ("troubles", json!([])),
    ] {
        assert_eq!(counted.get(key), Some(&wanted), "{key} in {last}");
    }
    Ok(())
}
