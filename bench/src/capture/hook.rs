//! Processes as a coding agent starts them: an event on standard input, and a wait for their end.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

/// `bellhop capture`, set up as `bellhop capture init` does.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    program: PathBuf,
    configuration: PathBuf,
    home: PathBuf,
}

/// From the start of a process to its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) started_at: Timestamp,
    pub(super) took: Duration,
}

impl Hook {
    pub(super) fn new(program: PathBuf, folder: &Path, url: &str, token: &str) -> Result<Self> {
        let configuration = folder.join("capture.toml");
        let mut file = fs::File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&configuration)?;
        write!(file, "url = \"{url}\"\ntoken = \"{token}\"\n")?;
        Ok(Self {
            program,
            configuration,
            home: folder.join("home"),
        })
    }

    /// One event of about so many bytes.
    pub(super) fn capture(&self, session: &str, bytes: usize) -> Result<Run> {
        self.start(&self.program, &["capture"], &event(session, bytes))
    }

    /// The same with a program that does nothing.
    pub(super) fn nothing(&self) -> Result<Run> {
        self.start(Path::new("/bin/true"), &[], &event("none", 0))
    }

    fn start(&self, program: &Path, arguments: &[&str], input: &[u8]) -> Result<Run> {
        let started_at = Timestamp::now();
        let started = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("BELLHOP_CAPTURE_CONFIG", &self.configuration)
            .env("BELLHOP_CAPTURE_HOME", &self.home)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does nothing may be gone already.
            let _ = stdin.write_all(input);
        }
        let ended = child.wait()?;
        let took = started.elapsed();
        ensure!(ended.success(), "{} failed: {ended}", program.display());
        Ok(Run { started_at, took })
    }
}

fn event(session: &str, bytes: usize) -> Vec<u8> {
    let line = "let sum: u64 = numbers.iter().map(|n| n * 2).sum(); // twice\\n";
    let text = line.repeat(bytes.div_ceil(line.len()));
    format!(
        r#"{{"session_id":"{session}","cwd":"/src/app","hook_event_name":"PostToolUse","tool_name":"Bash","tool_use_id":"{session}","tool_response":{{"stdout":"{text}"}}}}"#
    )
    .into()
}
