//! `bellhop contacts`: what is done about single people.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::commands::erase;

#[derive(Subcommand)]
pub enum Action {
    /// Erases one person everywhere: who they are and what they said. That there were calls stays
    Erase(erase::Options),
}

pub async fn run(action: Action) -> Result<ExitCode> {
    match action {
        Action::Erase(options) => erase::run(options).await,
    }
}
