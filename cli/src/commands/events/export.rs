//! `bellhop events export`: page by page, so that a million events need no more memory than a thousand.

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use store::EventEntry;

use super::{Selection, filter};
use crate::{commands::tenant, config, private_file};

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    of: Selection,
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// Where to; standard output when not given
    #[arg(long)]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Csv,
    /// One array
    Json,
}

const PAGE: i64 = 1000;

pub(super) async fn run(options: Options) -> Result<ExitCode> {
    let store = config::store()?;
    let tenant = tenant::find(&store, &options.of.tenant).await?;
    let filter = filter::joined(&options.of.filter);
    let to: Box<dyn Write> = match &options.output {
        Some(path) => Box::new(
            private_file(path).with_context(|| format!("cannot write {}", path.display()))?,
        ),
        None => Box::new(io::stdout()),
    };
    let mut out = Out::new(options.format, BufWriter::new(to))?;
    let mut before = None;
    loop {
        // A transaction for each page: a slow reader must not hold one open.
        let mut tx = store.tenant(tenant.id).begin().await?;
        let page = tx.list_events(&filter, before, PAGE).await?;
        drop(tx);
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for event in &page {
            out.write(event)?;
        }
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

enum Out<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Json { to: W, some: bool },
}

impl<W: Write> Out<W> {
    fn new(format: Format, mut to: W) -> Result<Self> {
        Ok(match format {
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(to);
                writer.write_record(COLUMNS)?;
                Self::Csv(Box::new(writer))
            }
            Format::Json => {
                to.write_all(b"[")?;
                Self::Json { to, some: false }
            }
        })
    }

    fn write(&mut self, event: &EventEntry) -> Result<()> {
        match self {
            Self::Csv(writer) => writer.write_record(cells(event)?)?,
            Self::Json { to, some } => {
                to.write_all(if *some { b",\n" } else { b"\n" })?;
                serde_json::to_writer(&mut *to, event)?;
                *some = true;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::Csv(mut writer) => writer.flush()?,
            Self::Json { mut to, .. } => {
                to.write_all(b"\n]\n")?;
                to.flush()?;
            }
        }
        Ok(())
    }
}

const COLUMNS: [&str; 20] = [
    "id",
    "source",
    "provider",
    "event_type",
    "priority",
    "state",
    "call",
    "arrived_at",
    "received_at",
    "queued_at",
    "started_at",
    "processed_at",
    "next_try_at",
    "tries",
    "operator_retries",
    "duplicates",
    "error_class",
    "detail",
    "request_id",
    "trace_id",
];

/// The columns' values, from the JSON form, so that both formats say the same.
fn cells(event: &EventEntry) -> Result<Vec<String>> {
    let event = serde_json::to_value(event)?;
    Ok(COLUMNS
        .iter()
        .map(|column| match event.get(column) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => harmless(text),
            Some(other) => other.to_string(),
        })
        .collect())
}

/// A sender chooses its event types: none may become a formula in a spreadsheet.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula() {
        assert_eq!(harmless("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(harmless("call_ended"), "call_ended");
    }
}
