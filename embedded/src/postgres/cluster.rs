use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::process::Command;

use super::{DataFolder, USER};
use crate::account::Account;
use crate::error::while_doing;
use crate::process::{LOOK_EVERY, plain_environment};
use crate::{Error, Tools, files};

/// How long the watchdog of a killed run may take to end its server.
const RELEASED_WITHIN: Duration = Duration::from_secs(15);

/// A database cluster on disk, locked for this process.
pub(super) struct Cluster {
    folder: PathBuf,
    temporary: bool,
    pub(super) password: String,
    _lock: File,
}

impl Cluster {
    /// Opens the cluster, creating it if there is none; says as whom, and from where, its server must run.
    pub(super) async fn open(
        tools: &Tools,
        wanted: &DataFolder,
    ) -> Result<(Self, Option<Account>, PathBuf), Error> {
        let folder = match wanted {
            DataFolder::Temporary => {
                files::new_temporary_folder(&temporary_place().await?, "postgres")?
            }
            DataFolder::Kept(folder) => place_for(folder).await?,
        };
        let temporary = matches!(wanted, DataFolder::Temporary);
        let data = folder.join("data");
        let account = Account::for_data_in(&data);
        let programs = tools.postgres_programs_for(account).await?;
        let mut cluster = Self {
            _lock: lock(&folder).await?,
            folder,
            temporary,
            password: String::new(),
        };
        cluster.password = cluster.password(account)?;
        if !data.exists() {
            cluster.create(&programs, account).await?;
        }
        Ok((cluster, account, programs))
    }

    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    /// The folder to remove in the end, if it is ours to remove.
    pub(super) fn temporary(&self) -> Option<&Path> {
        self.temporary.then_some(self.folder.as_path())
    }

    /// Whether the server with this process id accepts connections: its own word, so that another server that
    /// happens to answer on the port is not mistaken for it.
    pub(super) fn is_ready(&self, pid: u32) -> bool {
        let Ok(status) = fs::read_to_string(self.lock_of_server()) else {
            return false;
        };
        let lines: Vec<&str> = status.lines().map(str::trim).collect();
        lines.first().is_some_and(|line| *line == pid.to_string())
            && lines.get(7).is_some_and(|line| *line == "ready")
    }

    /// Removes the lock file of a run that was killed, when its number now belongs to some other process:
    /// PostgreSQL would think itself running. If it really runs, its watchdog is ending it, so wait for that.
    pub(super) async fn clear_stale_lock(&self) -> Result<(), Error> {
        let began = Instant::now();
        while let Some(pid) = self.pid_in_lock() {
            if !is_server_of(&self.data(), pid) {
                let path = self.lock_of_server();
                tracing::info!(
                    pid,
                    "removing the lock file of a PostgreSQL that was killed"
                );
                return fs::remove_file(&path).map_err(while_doing("remove the stale", &path));
            }
            if began.elapsed() > RELEASED_WITHIN {
                let by = format!("the PostgreSQL with process id {pid}");
                return Err(Error::InUse {
                    folder: self.folder.clone(),
                    by,
                });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// The process named by the lock file, if it exists: PostgreSQL sees for itself when there is none.
    fn pid_in_lock(&self) -> Option<u32> {
        let lock = fs::read_to_string(self.lock_of_server()).ok()?;
        let pid: u32 = lock.lines().next()?.trim().parse().ok()?;
        let process = rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)?;
        let gone = rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH);
        (!gone).then_some(pid)
    }

    fn lock_of_server(&self) -> PathBuf {
        self.data().join("postmaster.pid")
    }

    /// Made once, kept beside the data.
    fn password(&self, account: Option<Account>) -> Result<String, Error> {
        let path = self.folder.join("password");
        if let Ok(password) = fs::read_to_string(&path)
            && !password.is_empty()
        {
            return Ok(password);
        }
        let password = hex::encode(rand::random::<[u8; 24]>());
        let file = File::options()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&path);
        let written =
            file.and_then(|mut file| std::io::Write::write_all(&mut file, password.as_bytes()));
        written.map_err(while_doing("write", &path))?;
        account.map_or(Ok(()), |account| account.give(&path))?;
        Ok(password)
    }

    /// `initdb` beside the final place, so that one that was interrupted is never taken for a cluster.
    async fn create(&self, programs: &Path, account: Option<Account>) -> Result<(), Error> {
        let unfinished = self.folder.join("data.new");
        files::remove_folder(&unfinished)?;
        files::create_folder(&unfinished)?;
        account.map_or(Ok(()), |account| account.give(&unfinished))?;

        let mut command = std::process::Command::new(programs.join("initdb"));
        command
            .arg("--pgdata")
            .arg(&unfinished)
            .arg("--pwfile")
            .arg(self.folder.join("password"));
        command.args([
            "--username",
            USER,
            "--auth=scram-sha-256",
            "--no-instructions",
        ]);
        // The same everywhere, whatever locales the machine has.
        command.args([
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]);
        command.args(["--set=timezone=UTC", "--set=log_timezone=UTC"]);
        // Many rounds protect weak passwords; ours is 192 random bits, and tests connect often.
        command.arg("--set=scram_iterations=1");
        if self.temporary {
            command.arg("--no-sync");
        }
        run_as(plain_environment(&mut command), account);
        output_of("initdb", command.into()).await?;
        fs::rename(&unfinished, self.data()).map_err(while_doing("rename", &unfinished))
    }
}

impl Drop for Cluster {
    /// The server is gone by now. What cannot be removed is small and in the temporary folder.
    fn drop(&mut self) {
        if self.temporary {
            let _ = files::remove_folder(&self.folder);
        }
    }
}

/// The system's temporary folder, unless the account that PostgreSQL runs as cannot get there: some systems give
/// root one of its own.
async fn temporary_place() -> Result<PathBuf, Error> {
    let usual = std::env::temp_dir();
    match Account::for_data_in(&usual.join("not-there-yet")) {
        Some(account) if !account.may_enter(&usual).await? => Ok(PathBuf::from("/tmp")),
        _ => Ok(usual),
    }
}

/// The folder asked for, or a stand-in when the account that PostgreSQL runs as cannot get there.
async fn place_for(wanted: &Path) -> Result<PathBuf, Error> {
    files::create_folder(wanted)?;
    let wanted = wanted.canonicalize().map_err(while_doing("find", wanted))?;
    match Account::for_data_in(&wanted.join("data")) {
        Some(account) if !account.may_enter(&wanted).await? => {
            let folder = files::public_folder_for(&wanted)?;
            tracing::info!(wanted = %wanted.display(), instead = %folder.display(),
                "PostgreSQL runs as an unprivileged user who cannot enter the data folder: keeping the data elsewhere");
            Ok(folder)
        }
        _ => Ok(wanted),
    }
}

/// A killed process frees its lock at once, a busy one does not.
async fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    files::try_lock(&path)?.ok_or_else(|| Error::InUse {
        folder: folder.to_owned(),
        by: "another Bellhop".to_owned(),
    })
}

pub(super) fn run_as(command: &mut std::process::Command, account: Option<Account>) {
    command.current_dir("/");
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
}

/// What the command printed, or what it complained about.
pub(super) async fn output_of(
    program: &'static str,
    mut command: Command,
) -> Result<String, Error> {
    let path = PathBuf::from(command.as_std().get_program());
    let output = command
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    let output = output.map_err(while_doing("run", &path))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Command { program, message })
}

/// Whether the process is the server of this folder. A server works in its data folder, and nobody may look into
/// another user's process, whose server this cannot be.
fn is_server_of(data: &Path, pid: u32) -> bool {
    if Path::new("/proc/self/cwd").exists() {
        let works_in = fs::read_link(format!("/proc/{pid}/cwd"));
        return works_in.is_ok_and(|folder| Some(folder) == data.canonicalize().ok());
    }
    let mut command = std::process::Command::new("ps");
    plain_environment(&mut command).args(["-o", "comm=", "-p", &pid.to_string()]);
    let name = command
        .output()
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    name.is_ok_and(|name| name.trim().ends_with("postgres"))
}
