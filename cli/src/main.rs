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
    let mut given = std::env::args_os().skip(1);
    // An agent waits for its hook: nothing else of the program starts then.
    if given.next().is_some_and(|first| first == "capture")
        && let Some(code) = capture::main(given)
    {
        return code;
    }
    let arguments = Arguments::parse();
    match commands::run(arguments.command) {
        Ok(code) => code,
        // Whoever read our output has seen enough (`bellhop … | head`).
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    use std::io::{Error, ErrorKind};
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<Error>().map(Error::kind);
        let json = cause
            .downcast_ref::<serde_json::Error>()
            .and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(ErrorKind::BrokenPipe)
    })
}
