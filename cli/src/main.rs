//! `bellhop`: one binary for the whole stack and for each of its parts.

use std::process::ExitCode;

use bellhop::commands::{self, Command};
use clap::Parser;

/// Voice operations: reminds people of appointments by phone, and never loses a webhook.
#[derive(Parser)]
#[command(name = "bellhop", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match commands::run(arguments.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
