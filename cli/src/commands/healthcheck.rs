//! `bellhop healthcheck`: for containers, which have no other HTTP client.

use std::{process::ExitCode, time::Duration};

use anyhow::Result;
use clap::Args;

#[derive(Args)]
pub struct Options {
    /// Such as http://127.0.0.1:8080/readyz
    url: String,
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let client = crate::http()?;
    let answer = client
        .get(&options.url)
        .timeout(Duration::from_secs(5))
        .send()
        .await;
    Ok(match answer {
        Ok(answer) if answer.status().is_success() => ExitCode::SUCCESS,
        Ok(answer) => {
            eprintln!("{} answers {}", options.url, answer.status());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{} does not answer: {error}", options.url);
            ExitCode::FAILURE
        }
    })
}
