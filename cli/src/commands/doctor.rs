//! `bellhop doctor`: finds out why something does not work.

mod advice;
mod given;
mod signature;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

#[derive(Subcommand)]
pub enum Check {
    /// Is a webhook's signature accepted, and if not, why?
    ///
    /// Exit code 0 when ingress would accept it, 1 when not, 2 when it cannot be checked.
    Signature(signature::Options),
}

pub fn run(check: &Check) -> Result<ExitCode> {
    match check {
        Check::Signature(options) => signature::run(options),
    }
}
