//! Parts of Bellhop as processes of their own, so that each has its own threads and memory.

use std::{
    fs::{self, File},
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

/// A process of this very binary, killed when dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts `bench …`; its output goes to `log`.
    pub(crate) fn start(
        arguments: &[&str],
        environment: &[(&str, String)],
        log: &Path,
    ) -> Result<Self> {
        let program = std::env::current_exe().context("where is this program?")?;
        let output =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = Command::new(program)
            .args(arguments)
            .envs(environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{arguments:?} cannot be started"))?;
        Ok(Self { child })
    }

    /// Memory in use that is really there (resident), in bytes. Fails when the process has ended.
    pub(crate) fn resident(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(&path).context("memory can only be read on Linux")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes
            .and_then(|number| number.trim().parse().ok())
            .context("the process has ended; see its log")?;
        Ok(kibibytes * 1024)
    }
}

/// Called first in a part's process: it ends with the bench that started it, even when that is killed.
pub(crate) fn end_with_parent() -> Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(())
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
