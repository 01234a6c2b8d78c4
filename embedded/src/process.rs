use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Error;
use crate::error::while_doing;
use crate::watchdog::Watchdog;

/// How often a condition is looked at while waiting for it.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(10);
const LOG_LIMIT: u64 = 16 << 20;
const TAIL_LINES: usize = 30;

/// A running server: the child, its watchdog and its log.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    watchdog: Option<Watchdog>,
    pub(crate) log: Log,
}

impl Process {
    /// Starts the program with its output in the log, away from this terminal's signals and this process's
    /// environment (which may hold secrets).
    pub(crate) fn start(
        command: &mut Command,
        log: Log,
        signal: &str,
        temporary: Option<&Path>,
    ) -> Result<Self, Error> {
        let program = PathBuf::from(command.get_program());
        command.current_dir("/").process_group(0);
        command
            .stdin(Stdio::null())
            .stdout(log.writer()?)
            .stderr(log.writer()?);
        let mut child = plain_environment(command)
            .spawn()
            .map_err(while_doing("start", &program))?;
        match Watchdog::over(&child, signal, temporary) {
            Ok(watchdog) => Ok(Self {
                child,
                watchdog: Some(watchdog),
                log,
            }),
            Err(error) => {
                let _ = child.kill();
                Err(error)
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to end and waits; past the limit it is killed.
    pub(crate) async fn end(&mut self, signal: Signal, limit: Duration) {
        let asked = Instant::now();
        self.send(signal);
        while self.ended().is_none() && asked.elapsed() < limit {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.kill();
    }

    /// The same for `drop`, where nothing can be awaited.
    pub(crate) fn end_blocking(&mut self, signal: Signal, limit: Duration) {
        let asked = Instant::now();
        self.send(signal);
        while self.ended().is_none() && asked.elapsed() < limit {
            std::thread::sleep(LOOK_EVERY);
        }
        self.kill();
    }

    /// SIGKILL, as a crash would; returns when it is gone.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.watchdog = None;
    }

    /// Not after it has ended: its number may be another process's by then.
    fn send(&mut self, signal: Signal) {
        if self.ended().is_none() {
            let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
            let _ = pid.map(|pid| kill_process(pid, signal));
        }
    }
}

/// Only what a program needs to run, with messages in English and times in UTC.
pub(crate) fn plain_environment(command: &mut Command) -> &mut Command {
    let kept = ["PATH", "HOME", "TMPDIR"]
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    command
        .env_clear()
        .envs(kept)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
}

/// The file a server writes to, from the point where its present run began.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    path: PathBuf,
    start: u64,
}

impl Log {
    /// Opens the log for a new run; a long one is set aside first.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
        if length(path) > LOG_LIMIT {
            fs::rename(path, path.with_extension("log.1")).map_err(while_doing("rename", path))?;
        }
        Ok(Self {
            path: path.to_owned(),
            start: length(path),
        })
    }

    fn writer(&self) -> Result<File, Error> {
        File::options()
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(while_doing("open", &self.path))
    }

    /// Everything written in this run.
    pub(crate) fn text(&self) -> String {
        let mut bytes = Vec::new();
        if let Ok(mut file) = File::open(&self.path) {
            let _ = file
                .seek(SeekFrom::Start(self.start))
                .and_then(|_| file.read_to_end(&mut bytes));
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// An error that shows the end of the log.
    pub(crate) fn not_started(&self, program: &'static str, reason: impl Into<String>) -> Error {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines
            .iter()
            .skip(lines.len().saturating_sub(TAIL_LINES))
            .map(|line| format!("  {line}\n"))
            .collect();
        Error::NotStarted {
            program,
            reason: reason.into(),
            log: self.path.clone(),
            tail,
        }
    }
}
