//! `bellhop wake`: for the day on which Temporal has lost its data.

use std::process::ExitCode;

use anyhow::Result;

use crate::{config, say};

pub async fn run() -> Result<ExitCode> {
    let woken = config::store()?.wake_everything().await?;
    say!(
        "reminders, calls, events, alerts and watches told to look again: {woken}. Those that run already find nothing new"
    )?;
    Ok(ExitCode::SUCCESS)
}
