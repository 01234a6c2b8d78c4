//! `bellhop demo`: an inbound morning and a week of reminders, told and counted from what is stored.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
};

use anyhow::{Context, Result, ensure};
use embedded::Tools;
use serde_json::{Value, json};
use tempfile::TempDir;

/// One that plays with few reminders, in a folder of its own, until it ends by itself.
struct Demo {
    folder: TempDir,
    process: Child,
}

impl Demo {
    fn start(appointments: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let temporal = Tools::locate()?.temporal();
        let tools = temporal.parent().context("the folder of the tools")?;
        let errors = File::create(folder.path().join("errors"))?;
        let process = Command::new(env!("CARGO_BIN_EXE_bellhop"))
            .args(["demo", "--exit", "--appointments", appointments])
            .env("BELLHOP_TOOLS", tools)
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()?;
        Ok(Self { folder, process })
    }

    /// To its end. `on_line` hears each line of the story as it is told.
    fn follow(mut self, on_line: impl Fn(&Self, &str) -> Result<()>) -> Result<Told> {
        let told = self.process.stdout.take().context("what it tells")?;
        let mut out = String::new();
        for line in BufReader::new(told).lines() {
            let line = line?;
            on_line(&self, &line)?;
            out.push_str(&line);
            out.push('\n');
        }
        let (code, err) = self.end()?;
        Ok(Told { code, out, err })
    }

    /// Waits for it. Its exit code, and what went wrong.
    fn end(&mut self) -> Result<(Option<i32>, String)> {
        let ended = self.process.wait()?;
        let err = std::fs::read_to_string(self.folder.path().join("errors"))?;
        let left = std::fs::read_dir(self.folder.path().join(".bellhop"))?.count();
        ensure!(left == 0, "the demo left {left} folders");
        Ok((ended.code(), err))
    }

    /// What somebody types in another terminal, with the demo's own variables.
    fn beside(&self, command: &str) -> Result<Output> {
        let variables = PathBuf::from(".bellhop").join(format!("demo-{}/env", self.process.id()));
        Ok(Command::new("sh")
            .args(["-c", &format!(". ./{} && {command}", variables.display())])
            .current_dir(self.folder.path())
            .output()?)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Over already, unless the test failed meanwhile.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Told {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Told {
    /// The last line, which programs read.
    fn counted(&self) -> Result<Value> {
        let last = self.out.lines().last().context("a last line")?;
        Ok(serde_json::from_str(last)?)
    }
}

#[test]
fn the_demo_plays_an_inbound_morning_and_counts_it_in_the_end() -> Result<()> {
    let told = Demo::start("5")?.follow(|_, _| Ok(()))?;
    ensure!(told.code == Some(0), "{}\n{}", told.out, told.err);
    for line in [
        "Welcome back, Iris",
        "Welcome back, Owen",
        "booked: ",
        "s after the agent asked",
        "voicemail, once",
        "for the front desk, by ",
        "email: priya.nair@old.example → priya.nair@new.example",
        "bellhop approvals approve --tenant harbour-dental apr_",
        "after:  e-mail iris.hart@post.example",
        "  9 of 9 reminders ended",
    ] {
        ensure!(told.out.contains(line), "{line:?} is not in {}", told.out);
    }
    let counted = told.counted()?;
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
        ("crm_calls_lost", json!(0)),
        ("events_lost", json!(0)),
        ("double_dials", json!(0)),
        ("troubles", json!([])),
    ] {
        assert_eq!(counted.get(key), Some(&wanted), "{key} in {counted}");
    }
    Ok(())
}

#[test]
fn a_demo_whose_voicemail_waits_for_nobody_says_so_and_ends_with_exit_code_1() -> Result<()> {
    let told = Demo::start("1")?.follow(|demo, line| {
        let Some((_, entry)) = line.split_once("follow-up:") else {
            return Ok(());
        };
        let id = entry.split_whitespace().next().context("its id")?;
        let done = demo.beside(&format!(
            "bellhop followups done --tenant harbour-dental {id}"
        ))?;
        ensure!(done.status.success(), "{done:?}");
        Ok(())
    })?;
    ensure!(told.code == Some(1), "{}\n{}", told.out, told.err);
    let trouble = "the voicemail is not the one follow-up that waits";
    let said = format!("did not hold: {trouble}");
    ensure!(told.err.contains(&said), "{said:?} is not in {}", told.err);
    assert_eq!(told.counted()?.get("troubles"), Some(&json!([trouble])));
    Ok(())
}

#[test]
fn a_demo_that_nobody_reads_any_more_ends_in_order() -> Result<()> {
    let mut demo = Demo::start("1")?;
    let told = demo.process.stdout.take().context("what it tells")?;
    BufReader::new(told).read_line(&mut String::new())?;
    let (code, err) = demo.end()?;
    // As of every command whose reader has seen enough.
    ensure!(code == Some(0), "{code:?} {err}");
    ensure!(!err.contains("panicked"), "{err}");
    Ok(())
}
