//! The sub-commands for people.

use std::{ffi::OsString, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::{init, sender, status};

/// The sub-commands of `bellhop capture` that this crate runs; to be flattened into the caller's own.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Send what is waiting in the queue and due
    Flush(FlushOptions),
    /// Show the set-up and what is waiting
    Status(StatusOptions),
    /// Write the configuration file, with the token from standard input, and print the hook settings
    Init(InitOptions),
}

#[derive(Debug, Default, Args)]
pub struct FlushOptions {
    /// Also what is not due yet
    #[arg(long)]
    pub all: bool,
    /// Put the failed ones back first
    #[arg(long)]
    pub failed: bool,
    /// Print nothing: for timers, and for the sender that a hook starts
    #[arg(long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct StatusOptions {
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct InitOptions {
    /// Where events are posted, such as https://bellhop.example.com/hooks/KEY
    #[arg(long)]
    pub url: String,
    /// Replace a file that exists
    #[arg(long)]
    pub force: bool,
}

#[derive(Parser)]
#[command(name = "bellhop capture", bin_name = "bellhop capture")]
struct Arguments {
    #[command(subcommand)]
    action: Action,
}

impl Action {
    /// Runs it; prints for people. The exit code is 0 when it did what was asked.
    pub fn run(self) -> ExitCode {
        match self {
            Self::Flush(options) => sender::main(&options),
            Self::Status(options) => status::main(&options),
            Self::Init(options) => init::main(&options),
        }
    }
}

pub(crate) fn is_ours(name: &str) -> bool {
    matches!(name, "flush" | "status" | "init")
}

/// The arguments start with the sub-command's name.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let program = OsString::from("bellhop capture");
    match Arguments::try_parse_from(std::iter::once(program).chain(arguments)) {
        Ok(arguments) => arguments.action.run(),
        Err(error) => {
            let _ = error.print();
            if error.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            }
        }
    }
}
