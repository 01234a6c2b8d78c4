use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::account::Account;
use crate::postgres::cluster::Cluster;
use crate::process::{LOOK_EVERY, Log, Process, plain_environment};
use crate::{Error, Tools, ports};

mod cluster;

const NAME: &str = "PostgreSQL";
/// The only user there is; it owns everything.
const USER: &str = "bellhop";
/// Long enough for recovery after a crash on a busy, slow machine.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// A fast shutdown ends sessions and writes a checkpoint.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);
/// An immediate one only has to end the children.
const ENDED_WITHIN: Duration = Duration::from_secs(6);
const PORTS_TO_TRY: usize = 10;

/// Where the data lives.
#[derive(Clone, Debug)]
pub enum DataFolder {
    /// Created when it is not there. Holds `data`, `password`, `lock` and `server.log`.
    Kept(PathBuf),
    /// A fresh folder, removed when the handle is dropped or this process dies.
    Temporary,
}

/// How to run PostgreSQL.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    pub data: DataFolder,
    /// `None` takes a free one, and another if somebody else is quicker.
    pub port: Option<u16>,
    /// Whether commits reach the disk. Without, they survive a killed server but not a power cut: fine for tests.
    pub durable: bool,
    pub max_connections: u32,
    /// Further settings, such as `("shared_buffers", "512MB")`.
    pub settings: Vec<(String, String)>,
}

impl PostgresOptions {
    /// For daily use: keeps its data, and every commit is on disk.
    pub fn kept_in(folder: impl Into<PathBuf>) -> Self {
        Self {
            data: DataFolder::Kept(folder.into()),
            port: None,
            durable: true,
            max_connections: 200,
            settings: vec![],
        }
    }

    /// For tests: empty, quick, and gone afterwards.
    pub fn temporary() -> Self {
        Self {
            data: DataFolder::Temporary,
            durable: false,
            ..Self::kept_in("")
        }
    }
}

/// A PostgreSQL server of our own; dropping it ends the server.
///
/// It listens on 127.0.0.1 only and asks for a generated password, so other users of this machine stay out.
pub struct Postgres {
    tools: Tools,
    options: PostgresOptions,
    account: Option<Account>,
    programs: PathBuf,
    port: u16,
    process: Option<Process>,
    cluster: Cluster,
}

impl Postgres {
    /// Creates the database cluster if there is none, starts the server and waits until it answers.
    pub async fn start(tools: &Tools, options: PostgresOptions) -> Result<Self, Error> {
        let (cluster, account, programs) = Cluster::open(tools, &options.data).await?;
        let port = ports::wanted_or_free(options.port)?;
        let tools = tools.clone();
        let mut server = Self {
            tools,
            options,
            account,
            programs,
            port,
            process: None,
            cluster,
        };
        for _ in 1..PORTS_TO_TRY {
            match server.start_again().await {
                Err(Error::PortTaken { .. }) if server.options.port.is_none() => {
                    server.port = ports::free_port()?
                }
                outcome => return outcome.map(|()| server),
            }
        }
        server.start_again().await.map(|()| server)
    }

    /// The address of a database of this server, with its password.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{USER}:{}@127.0.0.1:{}/{database}",
            self.cluster.password, self.port
        )
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id, unless it is stopped or has died.
    pub fn pid(&mut self) -> Option<u32> {
        let process = self.process.as_mut()?;
        process.ended().is_none().then(|| process.pid())
    }

    pub fn log_file(&self) -> PathBuf {
        self.cluster.log_file()
    }

    /// A fast, orderly shutdown: open sessions are ended, everything is on disk.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.end(Signal::INT, STOPPED_WITHIN).await;
        }
    }

    /// SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it on the same port and data after [`stop`](Self::stop), [`kill`](Self::kill) or a crash.
    pub async fn start_again(&mut self) -> Result<(), Error> {
        self.kill();
        let began = Instant::now();
        loop {
            self.cluster.clear_stale_lock().await?;
            let mut process = self.launch()?;
            match self.wait_until_ready(&mut process, began).await? {
                Launch::Ready => {
                    self.process = Some(process);
                    return Ok(());
                }
                // The last children of a killed server are still leaving.
                Launch::MemoryInUse => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Creates a database unless it is there.
    pub async fn create_database(&self, name: &str) -> Result<(), Error> {
        let literal = name.replace('\'', "''");
        let found = self
            .psql(
                "postgres",
                &format!("SELECT 1 FROM pg_database WHERE datname = '{literal}'"),
            )
            .await?;
        if found.trim().is_empty() {
            self.psql(
                "postgres",
                &format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\"")),
            )
            .await?;
        }
        Ok(())
    }

    /// Runs SQL through the bundled `psql`; the answer has no headers, columns are separated by `|`.
    pub async fn psql(&self, database: &str, sql: &str) -> Result<String, Error> {
        let mut command = std::process::Command::new(self.tools.postgres("psql"));
        command.args([
            "--no-psqlrc",
            "--no-align",
            "--tuples-only",
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--command",
            sql,
        ]);
        plain_environment(&mut command)
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string());
        command
            .env("PGUSER", USER)
            .env("PGPASSWORD", &self.cluster.password)
            .env("PGDATABASE", database);
        cluster::output_of("psql", command.into()).await
    }

    fn launch(&self) -> Result<Process, Error> {
        let yes_no = |yes| if yes { "on" } else { "off" };
        let durable = yes_no(self.options.durable);
        let mut settings = vec![
            ("listen_addresses", "127.0.0.1".to_owned()),
            ("port", self.port.to_string()),
            // Socket paths have a length limit that deep checkouts reach.
            ("unix_socket_directories", String::new()),
            ("max_connections", self.options.max_connections.to_string()),
            ("fsync", durable.to_owned()),
            ("full_page_writes", durable.to_owned()),
            // Error details quote row values, which may be personal data.
            ("log_error_verbosity", "terse".to_owned()),
        ];
        settings.extend(
            self.options
                .settings
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone())),
        );

        let mut command = std::process::Command::new(self.programs.join("postgres"));
        command.arg("-D").arg(self.cluster.data());
        for (name, value) in settings {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        cluster::run_as(&mut command, self.account);
        Process::start(
            &mut command,
            Log::open(&self.cluster.log_file())?,
            "INT",
            self.cluster.temporary(),
        )
    }

    async fn wait_until_ready(
        &self,
        process: &mut Process,
        began: Instant,
    ) -> Result<Launch, Error> {
        loop {
            if self.cluster.is_ready(process.pid()) {
                return Ok(Launch::Ready);
            }
            let ended = process.ended();
            let late = began.elapsed() > READY_WITHIN;
            if let Some(status) = ended {
                process.kill();
                let log = process.log.text();
                return match () {
                    () if log.contains("could not bind") => {
                        Err(Error::PortTaken { port: self.port })
                    }
                    () if log.contains("is still in use") && !late => Ok(Launch::MemoryInUse),
                    () => Err(process
                        .log
                        .not_started(NAME, format!("ended while starting ({status})"))),
                };
            }
            if late {
                process.kill();
                return Err(process
                    .log
                    .not_started(NAME, format!("was not ready after {READY_WITHIN:?}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

enum Launch {
    Ready,
    MemoryInUse,
}

impl Drop for Postgres {
    /// An immediate shutdown: what was committed is safe in the write-ahead log.
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.end_blocking(Signal::QUIT, ENDED_WITHIN);
        }
    }
}

impl fmt::Debug for Postgres {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres")
            .field("port", &self.port)
            .field("log", &self.log_file())
            .finish_non_exhaustive()
    }
}
