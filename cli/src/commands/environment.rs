//! `bellhop env`: the environment variables, from the table they are read by.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};

use crate::{config, say};

#[derive(Args)]
pub struct Options {
    /// As JSON
    #[arg(long)]
    json: bool,
}

pub fn run(options: &Options) -> Result<ExitCode> {
    let variables = config::variables();
    if options.json {
        say!("{}", serde_json::to_string_pretty(&variables)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new();
    table
        .load_preset(NOTHING)
        .set_header(["variable", "default", "meaning", "read by"]);
    for each in variables {
        table.add_row([
            each.name,
            each.default.unwrap_or("-"),
            each.meaning,
            &each.commands.join(", "),
        ]);
    }
    say!("{table}")?;
    Ok(ExitCode::SUCCESS)
}
