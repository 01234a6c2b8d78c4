//! `bellhop` with the one command that a coding agent starts. Without arguments it does nothing: the bare
//! start that the measurement subtracts.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "capture") {
        return capture::main(arguments).unwrap_or(ExitCode::from(2));
    }
    ExitCode::SUCCESS
}
