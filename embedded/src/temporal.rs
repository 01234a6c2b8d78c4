use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::error::while_doing;
use crate::process::{LOOK_EVERY, Log, Process};
use crate::{Error, Tools, files, ports};

const NAME: &str = "Temporal";
const READY_WITHIN: Duration = Duration::from_secs(60);
const STOPPED_WITHIN: Duration = Duration::from_secs(15);
const PORTS_TO_TRY: usize = 10;

/// Fast forward, and latencies measured for a single small server: see "Fast forward" in docs/architecture.md.
const DYNAMIC_CONFIG: [(&str, &str); 6] = [
    // Lets a waiting workflow skip time.
    ("frontend.WorkflowTimeSkippingEnabled", "true"),
    // Else each skip and each short timer costs up to a second.
    ("history.timerProcessorMaxTimeShift", "\"10ms\""),
    // One small workflow took 149 ms with the defaults of these three, 22 ms so.
    ("history.transferProcessorMaxPollRPS", "1000"),
    ("matching.numTaskqueueReadPartitions", "1"),
    ("matching.numTaskqueueWritePartitions", "1"),
    // A busy tenant must not starve another.
    ("matching.enableFairness", "true"),
];

/// How to run the Temporal dev server.
#[derive(Clone, Debug, Default)]
pub struct TemporalOptions {
    /// Keeps workflows over a restart; without, they live in memory.
    pub data_file: Option<PathBuf>,
    /// Whether the data file also survives a power cut without losing its last moments. A killed server loses
    /// nothing either way.
    pub durable: bool,
    /// `None` takes a free one.
    pub port: Option<u16>,
    /// Whether to serve the web UI too.
    pub ui: bool,
    /// `None` takes a free one.
    pub ui_port: Option<u16>,
    /// Where its output goes; without, to a temporary file.
    pub log_file: Option<PathBuf>,
    /// Namespaces beside `default`.
    pub namespaces: Vec<String>,
    /// Name and type, such as `("BellhopTenant", "Keyword")`.
    pub search_attributes: Vec<(String, String)>,
}

/// A Temporal dev server of our own; dropping it ends the server.
#[derive(Debug)]
pub struct Temporal {
    program: PathBuf,
    options: TemporalOptions,
    port: u16,
    ui_port: u16,
    process: Option<Process>,
    log_file: PathBuf,
    temporary: Option<TemporaryFolder>,
    _lock: Option<std::fs::File>,
}

impl Temporal {
    /// Starts the server and waits until it answers for every namespace.
    pub async fn start(tools: &Tools, options: TemporalOptions) -> Result<Self, Error> {
        let lock = options.data_file.as_deref().map(lock_data).transpose()?;
        let temporary = match options.log_file {
            Some(_) => None,
            None => Some(TemporaryFolder(files::new_temporary_folder(
                &std::env::temp_dir(),
                "temporal",
            )?)),
        };
        let log_file = match (&options.log_file, &temporary) {
            (Some(file), _) => file.clone(),
            (None, Some(TemporaryFolder(folder))) => folder.join("server.log"),
            (None, None) => PathBuf::from("/dev/null"),
        };
        if let Some(folder) = log_file.parent() {
            files::create_folder(folder)?;
        }
        let (port, ui_port) = (
            ports::wanted_or_free(options.port)?,
            ports::wanted_or_free(options.ui_port)?,
        );
        let program = tools.temporal();
        let mut server = Self {
            program,
            options,
            port,
            ui_port,
            process: None,
            log_file,
            temporary,
            _lock: lock,
        };
        server.start_somewhere().await?;
        Ok(server)
    }

    /// Where clients connect, as `TEMPORAL_ADDRESS` has it: `127.0.0.1:…`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of the web UI, if it was asked for.
    pub fn ui_url(&self) -> Option<String> {
        self.options
            .ui
            .then(|| format!("http://127.0.0.1:{}", self.ui_port))
    }

    /// The process id, unless it is stopped or has died.
    pub fn pid(&mut self) -> Option<u32> {
        let process = self.process.as_mut()?;
        process.ended().is_none().then(|| process.pid())
    }

    pub fn log_file(&self) -> &Path {
        &self.log_file
    }

    /// An orderly shutdown.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.end(Signal::TERM, STOPPED_WITHIN).await;
        }
    }

    /// SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it on the same ports and data file after [`stop`](Self::stop), [`kill`](Self::kill) or a crash.
    pub async fn start_again(&mut self) -> Result<(), Error> {
        self.kill();
        let began = Instant::now();
        let http_port = ports::free_port()?;
        let mut process = self.launch(http_port, ports::free_port()?)?;
        match self.wait_until_ready(&mut process, http_port, began).await {
            Ok(()) => {
                self.process = Some(process);
                Ok(())
            }
            Err(error) => {
                process.kill();
                Err(error)
            }
        }
    }

    /// It opens seven ports, three of its own choosing: any may have been taken in between.
    async fn start_somewhere(&mut self) -> Result<(), Error> {
        for _ in 1..PORTS_TO_TRY {
            match self.start_again().await {
                Err(Error::PortTaken { .. }) => {
                    self.port = ports::wanted_or_free(self.options.port)?;
                    self.ui_port = ports::wanted_or_free(self.options.ui_port)?;
                }
                outcome => return outcome,
            }
        }
        self.start_again().await
    }

    fn launch(&self, http_port: u16, metrics_port: u16) -> Result<Process, Error> {
        let mut command = Command::new(&self.program);
        command.args([
            "server",
            "start-dev",
            "--ip",
            "127.0.0.1",
            "--log-level",
            "warn",
        ]);
        // Nobody's own settings for other servers may leak in.
        command.args(["--disable-config-file", "--disable-config-env"]);
        let ports = [
            ("--port", self.port),
            ("--http-port", http_port),
            ("--metrics-port", metrics_port),
        ];
        for (flag, port) in ports {
            command.arg(flag).arg(port.to_string());
        }
        if self.options.ui {
            command
                .arg("--ui-port")
                .arg(self.ui_port.to_string())
                .arg("--ui-disable-news-fetch");
        } else {
            command.arg("--headless");
        }
        if let Some(file) = &self.options.data_file {
            let absolute = std::path::absolute(file).map_err(while_doing("find", file))?;
            command.arg("--db-filename").arg(absolute);
            // Without writing ahead, every write waits for a journal file to come and go: several times slower.
            command.args(["--sqlite-pragma", "journal_mode=WAL"]);
            let waits = if self.options.durable {
                "FULL"
            } else {
                "NORMAL"
            };
            command.args(["--sqlite-pragma", &format!("synchronous={waits}")]);
        }
        for namespace in &self.options.namespaces {
            command.arg("--namespace").arg(namespace);
        }
        for (name, kind) in &self.options.search_attributes {
            command
                .arg("--search-attribute")
                .arg(format!("{name}={kind}"));
        }
        for (name, value) in DYNAMIC_CONFIG {
            command
                .arg("--dynamic-config-value")
                .arg(format!("{name}={value}"));
        }
        let temporary = self.temporary.as_ref().map(|folder| folder.0.as_path());
        Process::start(&mut command, Log::open(&self.log_file)?, "TERM", temporary)
    }

    async fn wait_until_ready(
        &self,
        process: &mut Process,
        http_port: u16,
        began: Instant,
    ) -> Result<(), Error> {
        let default = "default".to_owned();
        let mut unseen: Vec<&String> = [&default]
            .into_iter()
            .chain(&self.options.namespaces)
            .collect();
        loop {
            // The banner comes last, when search attributes are registered too.
            let announced = process.log.text().contains("Temporal Server:");
            while let Some(namespace) = unseen.last()
                && announced
                && answers_for(http_port, namespace).await
            {
                unseen.pop();
            }
            if unseen.is_empty() {
                return Ok(());
            }
            if let Some(status) = process.ended() {
                if process.log.text().contains("address already in use") {
                    return Err(Error::PortTaken { port: self.port });
                }
                return Err(process
                    .log
                    .not_started(NAME, format!("ended while starting ({status})")));
            }
            if began.elapsed() > READY_WITHIN {
                return Err(process
                    .log
                    .not_started(NAME, format!("was not ready after {READY_WITHIN:?}")));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for Temporal {
    /// Its database is transactional, so there is nothing to wait for.
    fn drop(&mut self) {
        self.kill();
    }
}

/// Removed when dropped.
#[derive(Debug)]
struct TemporaryFolder(PathBuf);

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        let _ = files::remove_folder(&self.0);
    }
}

fn lock_data(file: &Path) -> Result<std::fs::File, Error> {
    if let Some(folder) = file.parent() {
        files::create_folder(folder)?;
    }
    let in_use = || Error::InUse {
        folder: file.to_owned(),
        by: "another Bellhop".to_owned(),
    };
    files::try_lock(&file.with_added_extension("lock"))?.ok_or_else(in_use)
}

/// Asks the server's own HTTP interface about the namespace: two lines of HTTP need no client library.
async fn answers_for(http_port: u16, namespace: &str) -> bool {
    let request = format!("GET /api/v1/namespaces/{namespace} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", http_port)).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await?;
        Ok::<_, std::io::Error>(status)
    };
    match tokio::time::timeout(Duration::from_secs(2), exchange).await {
        Ok(Ok(status)) => status.ends_with(b" 200"),
        _ => false,
    }
}
