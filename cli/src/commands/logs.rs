//! `bellhop logs`: search and export of the log files of all processes (OPS-7).

use std::{
    fmt,
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    commands::{events::instant, tenant},
    config,
};

#[derive(Args)]
pub struct Options {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// This level and graver ones
    #[arg(long, value_enum, default_value_t = Level::Info)]
    level: Level,
    /// From then on: 2027-03-26T09:00:00Z, or back from now as 30m, 24h, 7d
    #[arg(long)]
    since: Option<String>,
    #[arg(long)]
    until: Option<String>,
    /// Only lines that hold this text, such as a trace id
    #[arg(long)]
    containing: Option<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Csv,
    /// One object on each line
    Json,
}

/// One line of a log file.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl Line {
    fn text(&self, name: &str) -> &str {
        self.fields
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn at(&self) -> Option<Timestamp> {
        self.text("timestamp").parse().ok()
    }

    /// What the spans add to the line, such as whose request it was; the innermost span is heard first.
    fn of_spans(&self) -> Map<String, Value> {
        let mut added = Map::new();
        let spans = self.fields.get("spans").and_then(Value::as_array);
        for fields in spans
            .into_iter()
            .flatten()
            .rev()
            .filter_map(Value::as_object)
        {
            for (name, value) in fields {
                let says_nothing = name == "name" || name.starts_with("otel.");
                if !says_nothing && !self.fields.contains_key(name) && !added.contains_key(name) {
                    added.insert(name.clone(), value.clone());
                }
            }
        }
        added
    }

    /// Whether a field of the line or of its spans is just this.
    fn says(&self, wanted: &str) -> bool {
        fn any(value: &Value, wanted: &str) -> bool {
            match value {
                Value::String(text) => text == wanted,
                Value::Object(fields) => fields.values().any(|each| any(each, wanted)),
                Value::Array(all) => all.iter().any(|each| any(each, wanted)),
                _ => false,
            }
        }
        self.fields.values().any(|value| any(value, wanted))
    }
}

/// Fields that a line has of itself.
const OWN: [&str; 6] = ["timestamp", "level", "message", "target", "span", "spans"];

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}  {:5}  {}",
            self.text("timestamp"),
            self.text("level"),
            self.text("message")
        )?;
        for (name, value) in &self.fields {
            if !OWN.contains(&name.as_str()) {
                write!(f, "  {name}={value}")?;
            }
        }
        for (name, value) in self.of_spans() {
            write!(f, "  {name}={value}")?;
        }
        Ok(())
    }
}

pub async fn run(options: Options) -> Result<ExitCode> {
    let now = Timestamp::now();
    let time = |text: &Option<String>| text.as_deref().map(|text| instant(text, now)).transpose();
    let (since, until) = (time(&options.since)?, time(&options.until)?);
    let tenant = match &options.tenant {
        Some(slug) => Some(tenant::find(&config::store()?, slug).await?.id.to_string()),
        None => None,
    };
    let wanted = |text: &str, line: &Line| {
        let level = Level::from_str(line.text("level"), true).unwrap_or(Level::Error);
        level <= options.level
            && since.is_none_or(|since| line.at().is_none_or(|at| at >= since))
            && until.is_none_or(|until| line.at().is_none_or(|at| at < until))
            && tenant.as_ref().is_none_or(|tenant| line.says(tenant))
            && options
                .containing
                .as_ref()
                .is_none_or(|wanted| text.contains(wanted.as_str()))
    };
    let mut out = Out::new(options.format)?;
    each_line(|text, line| match wanted(text, &line) {
        true => out.write(&line),
        false => Ok(()),
    })?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// The lines that hold one of these ids; none when no files are written.
pub(crate) fn mentioning(ids: &[String]) -> Result<Vec<Line>> {
    let mut found = Vec::new();
    // On this machine there may be none, and the story is told without them.
    if config::read(FOLDER).is_none_or(|folder| !Path::new(&folder).is_dir()) {
        return Ok(found);
    }
    each_line(|_, line| {
        if ids.iter().any(|id| line.says(id)) {
            found.push(line);
        }
        Ok(())
    })?;
    found.sort_by_key(Line::at);
    Ok(found)
}

/// Where the processes write their log files.
pub const FOLDER: &str = "BELLHOP_LOG_DIR";

/// Every line of every file, file by file, the oldest first. What is no JSON object is skipped: the end of a
/// file that is being written.
fn each_line(mut each: impl FnMut(&str, Line) -> Result<()>) -> Result<()> {
    let folder = config::read(FOLDER).with_context(|| {
        format!("{FOLDER} is not set: no log files are written, and none can be searched")
    })?;
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))?;
    let mut files = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    for path in files {
        let file = File::open(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for text in BufReader::new(file).split(b'\n') {
            let text = text?;
            let text = String::from_utf8_lossy(&text);
            if let Ok(Value::Object(fields)) = serde_json::from_str(&text) {
                each(&text, Line { fields })?;
            }
        }
    }
    Ok(())
}

enum Out {
    Text,
    Csv(Box<csv::Writer<io::Stdout>>),
    Json,
}

impl Out {
    fn new(format: Format) -> Result<Self> {
        Ok(match format {
            Format::Text => Self::Text,
            Format::Json => Self::Json,
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(io::stdout());
                writer.write_record(["timestamp", "level", "message", "fields"])?;
                Self::Csv(Box::new(writer))
            }
        })
    }

    fn write(&mut self, line: &Line) -> Result<()> {
        match self {
            Self::Text => writeln!(io::stdout(), "{line}")?,
            Self::Json => writeln!(io::stdout(), "{}", serde_json::to_string(line)?)?,
            Self::Csv(writer) => writer.write_record([
                line.text("timestamp"),
                line.text("level"),
                line.text("message"),
                &serde_json::to_string(&line.fields)?,
            ])?,
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        if let Self::Csv(mut writer) = self {
            writer.flush()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_whose_request_it_was() {
        let line = r#"{"timestamp":"2027-03-30T09:00:00Z","level":"WARN","message":"webhook refused","status":401,
            "reason":"signature_wrong","target":"ingress::hook",
            "span":{"request_id":"req_1","source":"src_1","tenant":"ten_1","name":"webhook"},
            "spans":[{"status":1,"source":"outer","name":"server","otel.kind":"server"},
                     {"request_id":"req_1","source":"src_1","tenant":"ten_1","name":"webhook"}]}"#;
        let line = Line {
            fields: serde_json::from_str(line).unwrap(),
        };
        let text = line.to_string();
        for part in [
            "webhook refused",
            "status=401",
            r#"request_id="req_1""#,
            r#"source="src_1""#,
            r#"tenant="ten_1""#,
        ] {
            assert!(text.contains(part), "{part} is missing: {text}");
        }
        assert!(
            !text.contains("name=") && !text.contains("outer") && !text.contains("otel"),
            "{text}"
        );
    }
}
