//! `bellhop doctor`: finds out why something does not work.

mod advice;
mod breakers;
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
    /// Which providers are left alone for a while because they kept failing?
    ///
    /// Exit code 0 when none is, 1 otherwise.
    Breakers,
}

pub async fn run(check: Check) -> Result<ExitCode> {
    match check {
        Check::Signature(options) => signature::run(&options),
        Check::Breakers => breakers::run().await,
    }
}
