//! `bellhop capture`: takes a coding agent's hook events and hands them to Bellhop, in the agent's way as
//! little as possible.
//!
//! [`main`] is called before anything else of the program has started. An event is first kept in a queue of
//! files, then posted; what could not be posted is posted later by a sender, so that no event depends on the
//! server being there. The agent reads a hook's output and exit code as instructions: there is no output,
//! and the code is always 0.

mod action;
mod config;
mod counter;
mod entry;
mod event;
mod hook;
mod init;
mod input;
mod log;
mod mark;
mod post;
mod queue;
mod quiet;
mod redact;
mod retry;
mod sender;
mod settle;
mod status;
mod strings;

use std::{ffi::OsString, process::ExitCode};

pub use action::{Action, FlushOptions, InitOptions, StatusOptions};

/// Runs what `bellhop capture` was asked for, given the arguments after `capture`. `None` when they are not
/// for this crate: another sub-command, or a question for help.
///
/// Without a sub-command it captures one event from standard input. Flags are ignored then, so that a hook
/// set up for another release still captures.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let first = arguments
        .first()
        .map_or_else(String::new, |first| first.to_string_lossy().into_owned());
    match first.as_str() {
        "-h" | "--help" => None,
        "" => Some(hook::main()),
        flag if flag.starts_with('-') => Some(hook::main()),
        name if action::is_ours(name) => Some(action::run(arguments)),
        _ => None,
    }
}
