//! `bellhop migrate`.

use std::process::ExitCode;

use anyhow::Result;

use crate::{config, say};

pub async fn run() -> Result<ExitCode> {
    config::store()?.migrate().await?;
    say!("the schema is up to date")?;
    Ok(ExitCode::SUCCESS)
}
