//! `bellhop doctor`: finds out why something does not work.

mod advice;
mod given;
mod signature;
mod system;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

/// Without a sub-command: how the whole of it stands. Exit code 0 when all is well, 1 when something needs a look.
#[derive(Args)]
pub struct Options {
    #[command(subcommand)]
    check: Option<Check>,
}

#[derive(Subcommand)]
pub enum Check {
    /// Is a webhook's signature accepted, and if not, why?
    ///
    /// Exit code 0 when ingress would accept it, 1 when not, 2 when it cannot be checked.
    Signature(Box<signature::Options>),
    /// A kind of process that was ended hard and will not be back, such as bulk: do not miss it any more
    Forget { role: String },
}

pub async fn run(options: Options) -> Result<ExitCode> {
    match options.check {
        None => system::run().await,
        Some(Check::Signature(options)) => signature::run(&options),
        Some(Check::Forget { role }) => system::forget(&role).await,
    }
}
