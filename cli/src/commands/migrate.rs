//! `bellhop migrate`.

use std::process::ExitCode;

use anyhow::Result;

use crate::config;

pub async fn run() -> Result<ExitCode> {
    config::store()?.migrate().await?;
    println!("the schema is up to date");
    Ok(ExitCode::SUCCESS)
}
