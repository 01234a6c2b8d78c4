//! A process of the real binary.

use std::{
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context, Result, ensure};

/// `bellhop …`, killed (SIGKILL) when dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(
        arguments: &[&str],
        environment: &[(String, String)],
        folder: &Path,
    ) -> Result<Self> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let place = STARTED.fetch_add(1, Ordering::Relaxed);
        let log = folder.join(format!(
            "{}-{place}.log",
            arguments.first().unwrap_or(&"bellhop")
        ));
        let child = Command::new(env!("CARGO_BIN_EXE_bellhop"))
            .args(arguments)
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(File::create(&log)?)
            .stderr(File::options().append(true).open(&log)?)
            .spawn()
            .context("bellhop cannot be started")?;
        Ok(Self { child })
    }

    /// SIGSTOP: it keeps its connections and does nothing, as a machine does that is put to sleep.
    pub(crate) fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// SIGCONT.
    pub(crate) fn go_on(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()?;
        ensure!(sent.success(), "{name} could not be sent");
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
