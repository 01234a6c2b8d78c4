//! `bellhop capture status`: the set-up and what is waiting, for people and for programs.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    StatusOptions,
    config::Config,
    entry::{Entry, Failed},
    log,
    queue::Queue,
};

#[derive(Debug, Serialize)]
struct Status {
    configuration: Option<PathBuf>,
    url: Option<String>,
    token: bool,
    problems: Vec<String>,
    log: PathBuf,
    /// Each folder that exists.
    queues: Vec<QueueStatus>,
}

#[derive(Debug, Serialize)]
struct QueueStatus {
    folder: PathBuf,
    captured: u64,
    waiting: usize,
    waiting_bytes: u64,
    oldest: Option<Timestamp>,
    next_due: Option<Timestamp>,
    /// How many were given up, by reason.
    failed: BTreeMap<String, usize>,
    dropped: u64,
    /// Nothing is sent before.
    held_until: Option<Timestamp>,
}

impl Status {
    fn of(config: &Config) -> Self {
        Self {
            configuration: config.file.clone(),
            url: config.url.clone(),
            token: config.token.is_some(),
            problems: config.problems.clone(),
            log: config.home.join(log::NAME),
            queues: Queue::both(config)
                .iter()
                .filter(|queue| queue.exists())
                .map(QueueStatus::of)
                .collect(),
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let configuration = self.configuration.as_ref().map(|file| file.display());
        match configuration {
            Some(file) => writeln!(out, "configuration  {file}")?,
            None => writeln!(out, "configuration  none")?,
        }
        let url = self.url.as_deref().unwrap_or("not set: events wait");
        writeln!(out, "url            {url}")?;
        let token = if self.token { "set" } else { "not set" };
        writeln!(out, "token          {token}")?;
        writeln!(out, "log            {}", self.log.display())?;
        for problem in &self.problems {
            writeln!(out, "attention      {problem}")?;
        }
        if self.queues.is_empty() {
            writeln!(out, "nothing was captured yet")?;
        }
        self.queues.iter().try_for_each(|queue| queue.print(out))
    }
}

impl QueueStatus {
    fn of(queue: &Queue) -> Self {
        let waiting: Vec<Entry> = queue.waiting();
        let mut failed = BTreeMap::new();
        for Failed { reason, .. } in queue.failed() {
            *failed.entry(reason).or_default() += 1;
        }
        Self {
            folder: queue.path(""),
            captured: queue.numbers(),
            waiting: waiting.len(),
            waiting_bytes: waiting.iter().map(|entry| entry.bytes).sum(),
            oldest: waiting.first().and_then(Entry::captured_at),
            next_due: waiting.iter().map(|entry| entry.due).min(),
            failed,
            dropped: queue.dropped(),
            held_until: queue
                .hold()
                .until()
                .and_then(|until| Timestamp::try_from(until).ok()),
        }
    }

    fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "queue          {}", self.folder.display())?;
        writeln!(out, "  captured     {}", self.captured)?;
        writeln!(
            out,
            "  waiting      {} ({} KiB)",
            self.waiting,
            self.waiting_bytes.div_ceil(1024)
        )?;
        if let (Some(oldest), Some(due)) = (self.oldest, self.next_due) {
            writeln!(out, "  oldest       {oldest:.0}")?;
            writeln!(out, "  next due     {due:.0}")?;
        }
        if let Some(until) = self.held_until {
            writeln!(out, "  left alone   until {until:.0}")?;
        }
        for (reason, count) in &self.failed {
            writeln!(out, "  failed       {count} ({reason})")?;
        }
        writeln!(out, "  dropped      {}", self.dropped)
    }
}

pub(crate) fn main(options: &StatusOptions) -> ExitCode {
    let status = Status::of(&Config::load());
    let mut out = io::stdout().lock();
    let written = if options.json {
        serde_json::to_writer_pretty(&mut out, &status)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        status.print(&mut out)
    };
    // Whoever read our output may have seen enough.
    let _ = written;
    ExitCode::SUCCESS
}
