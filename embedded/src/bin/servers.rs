//! Starts throw-away servers, runs a command with their addresses in its environment, and cleans up.
//!
//! ```text
//! cargo run -p embedded -- cargo test -p store
//! cargo run -p embedded -- --temporal -- sh
//! ```
//!
//! The command sees `DATABASE_URL` and `BELLHOP_DATABASE_URL` (an empty database), and with `--temporal` also
//! `TEMPORAL_ADDRESS`. Without a command it prints them and waits for Ctrl-C. Its exit code is the command's.

use std::process::ExitCode;

use anyhow::Result;
use embedded::{Postgres, PostgresOptions, Temporal, TemporalOptions, Tools};
use tokio::process::Command;

const DATABASE: &str = "bellhop";

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let with_temporal = take(&mut arguments, "--temporal");
    take(&mut arguments, "--");

    let tools = Tools::locate()?;
    let postgres = Postgres::start(&tools, PostgresOptions::temporary()).await?;
    postgres.create_database(DATABASE).await?;
    let temporal = match with_temporal {
        true => Some(
            Temporal::start(
                &tools,
                TemporalOptions {
                    ui: true,
                    ..TemporalOptions::default()
                },
            )
            .await?,
        ),
        false => None,
    };

    let url = postgres.url(DATABASE);
    let mut variables = vec![("DATABASE_URL", url.clone()), ("BELLHOP_DATABASE_URL", url)];
    variables.extend(
        temporal
            .as_ref()
            .map(|temporal| ("TEMPORAL_ADDRESS", temporal.address())),
    );
    let Some((program, rest)) = arguments.split_first() else {
        for (name, value) in &variables {
            println!("{name}={value}");
        }
        tokio::signal::ctrl_c().await?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut child = Command::new(program).args(rest).envs(variables).spawn()?;
    let status = tokio::select! {
        status = child.wait() => status?,
        // The terminal told the command too; it decides when to end.
        _ = tokio::signal::ctrl_c() => child.wait().await?,
    };
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Removes the first argument if it is this one.
fn take(arguments: &mut Vec<String>, wanted: &str) -> bool {
    let found = arguments.first().is_some_and(|argument| argument == wanted);
    if found {
        arguments.remove(0);
    }
    found
}
