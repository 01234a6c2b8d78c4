//! The real servers, started, killed and started again.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use embedded::{
    DataFolder, Error, Postgres, PostgresOptions, Temporal, TemporalOptions, Tools, free_port,
};

#[tokio::test]
async fn committed_rows_survive_a_killed_postgres() -> Result<()> {
    let mut postgres = a_postgres().await?;
    let (port, first) = (postgres.port(), postgres.pid());
    postgres
        .psql(
            "postgres",
            "CREATE TABLE seen (id int); INSERT INTO seen VALUES (7)",
        )
        .await?;

    postgres.kill();
    assert_eq!(postgres.pid(), None);
    assert!(postgres.psql("postgres", "SELECT 1").await.is_err());
    postgres.start_again().await?;

    assert_eq!(postgres.port(), port);
    assert_ne!(postgres.pid(), first);
    assert_eq!(
        postgres
            .psql("postgres", "SELECT id FROM seen")
            .await?
            .trim(),
        "7"
    );
    Ok(())
}

#[tokio::test]
async fn committed_rows_survive_a_stopped_postgres() -> Result<()> {
    let mut postgres = a_postgres().await?;
    postgres
        .psql(
            "postgres",
            "CREATE TABLE seen (id int); INSERT INTO seen VALUES (7)",
        )
        .await?;

    postgres.stop().await;
    postgres.start_again().await?;

    assert_eq!(
        postgres
            .psql("postgres", "SELECT id FROM seen")
            .await?
            .trim(),
        "7"
    );
    Ok(())
}

#[tokio::test]
async fn postgres_is_the_same_on_every_machine() -> Result<()> {
    let postgres = a_postgres().await?;
    let ask = async |sql: &str| {
        postgres
            .psql("postgres", sql)
            .await
            .map(|answer| answer.trim().to_owned())
    };

    assert!(ask("SHOW server_version").await?.starts_with("18."));
    assert_eq!(ask("SHOW server_encoding").await?, "UTF8");
    assert_eq!(ask("SHOW timezone").await?, "UTC");
    assert_eq!(ask("SELECT lower('ÀÉÎ')").await?, "àéî");
    assert_eq!(ask("SELECT current_user").await?, "bellhop");
    Ok(())
}

#[tokio::test]
async fn postgres_wants_its_password() -> Result<()> {
    let postgres = a_postgres().await?;
    let mut psql = tokio::process::Command::new(tools()?.postgres("psql"));
    psql.args([
        "--no-password",
        "--command",
        "SELECT 1",
        "--host",
        "127.0.0.1",
        "--username",
        "bellhop",
        "postgres",
    ]);
    psql.env("PGPORT", postgres.port().to_string())
        .env_remove("PGPASSWORD");

    let refused = psql.output().await?;

    assert!(!refused.status.success());
    assert!(!format!("{postgres:?}").contains(&password_in(&postgres.url("postgres"))?));
    Ok(())
}

#[tokio::test]
async fn creating_a_database_twice_is_harmless() -> Result<()> {
    let postgres = a_postgres().await?;

    postgres.create_database("it's \"ours\"").await?;
    postgres.create_database("it's \"ours\"").await?;

    assert_eq!(
        postgres.psql("it's \"ours\"", "SELECT 1").await?.trim(),
        "1"
    );
    Ok(())
}

#[tokio::test]
async fn kept_data_is_there_for_the_next_process() -> Result<()> {
    let folder = Scratch::new()?;
    let options = || PostgresOptions {
        durable: false,
        ..PostgresOptions::kept_in(folder.0.join("postgres"))
    };
    let postgres = Postgres::start(&tools()?, options()).await?;
    postgres.create_database("kept").await?;

    let second = Postgres::start(&tools()?, options()).await;
    assert!(matches!(second, Err(Error::InUse { .. })), "{second:?}");
    drop(postgres);

    let postgres = Postgres::start(&tools()?, options()).await?;
    assert_eq!(postgres.psql("kept", "SELECT 1").await?.trim(), "1");
    Ok(())
}

#[tokio::test]
async fn a_lock_file_left_by_a_crash_does_not_block_the_start() -> Result<()> {
    let folder = Scratch::new()?;
    let options = || PostgresOptions {
        durable: false,
        ..PostgresOptions::kept_in(&folder.0)
    };
    drop(Postgres::start(&tools()?, options()).await?);
    // This very process has the number now: alive, but no PostgreSQL.
    let lock = folder.0.join("data/postmaster.pid");
    std::fs::write(
        &lock,
        format!(
            "{}\n{}\n",
            std::process::id(),
            folder.0.join("data").display()
        ),
    )?;

    let postgres = Postgres::start(&tools()?, options()).await?;

    assert_eq!(postgres.psql("postgres", "SELECT 1").await?.trim(), "1");
    Ok(())
}

#[tokio::test]
async fn an_interrupted_creation_is_begun_anew() -> Result<()> {
    let folder = Scratch::new()?;
    std::fs::create_dir(folder.0.join("data.new"))?;
    std::fs::write(folder.0.join("data.new/PG_VERSION"), "18\n")?;

    let options = PostgresOptions {
        durable: false,
        ..PostgresOptions::kept_in(&folder.0)
    };
    let postgres = Postgres::start(&tools()?, options).await?;

    assert_eq!(postgres.psql("postgres", "SELECT 1").await?.trim(), "1");
    Ok(())
}

#[tokio::test]
async fn a_taken_port_is_named() -> Result<()> {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = taken.local_addr()?.port();
    let postgres = PostgresOptions {
        port: Some(port),
        ..PostgresOptions::temporary()
    };
    let temporal = TemporalOptions {
        port: Some(port),
        ..TemporalOptions::default()
    };

    let postgres = Postgres::start(&tools()?, postgres).await;
    let temporal = Temporal::start(&tools()?, temporal).await;

    assert!(
        matches!(postgres, Err(Error::PortTaken { port: named }) if named == port),
        "{postgres:?}"
    );
    assert!(
        matches!(temporal, Err(Error::PortTaken { port: named }) if named == port),
        "{temporal:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_wrong_setting_is_explained_by_the_log() -> Result<()> {
    let settings = vec![("shared_buffers".to_owned(), "plenty".to_owned())];
    let options = PostgresOptions {
        settings,
        ..PostgresOptions::temporary()
    };

    let error = Postgres::start(&tools()?, options).await.unwrap_err();

    assert!(
        error
            .to_string()
            .contains("invalid value for parameter \"shared_buffers\""),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn servers_started_at_once_do_not_clash() -> Result<()> {
    let tools = tools()?;
    let temporal = || {
        Temporal::start(
            &tools,
            TemporalOptions {
                ui: true,
                ..TemporalOptions::default()
            },
        )
    };
    let postgres = || Postgres::start(&tools, PostgresOptions::temporary());

    let (one, two, three, four) = tokio::try_join!(postgres(), postgres(), temporal(), temporal())?;

    assert_ne!(one.port(), two.port());
    assert_ne!(three.port(), four.port());
    assert_ne!(three.ui_url(), four.ui_url());
    Ok(())
}

#[tokio::test]
async fn workflows_survive_a_killed_temporal() -> Result<()> {
    let folder = Scratch::new()?;
    let tools = tools()?;
    let options = TemporalOptions {
        data_file: Some(folder.0.join("temporal.db")),
        log_file: Some(folder.0.join("temporal.log")),
        namespaces: vec!["clinics".to_owned()],
        search_attributes: vec![("BellhopTenant".to_owned(), "Keyword".to_owned())],
        ..TemporalOptions::default()
    };
    let mut temporal = Temporal::start(&tools, options).await?;
    let address = temporal.address();
    let start = [
        "workflow",
        "start",
        "--namespace",
        "clinics",
        "--type",
        "t",
        "--task-queue",
        "q",
        "--workflow-id",
        "w",
    ];
    cli(&tools, &address, &start).await?;

    temporal.kill();
    assert_eq!(temporal.pid(), None);
    temporal.start_again().await?;

    assert_eq!(temporal.address(), address);
    cli(
        &tools,
        &address,
        &[
            "workflow",
            "describe",
            "--namespace",
            "clinics",
            "--workflow-id",
            "w",
        ],
    )
    .await?;
    let attributes = cli(&tools, &address, &["operator", "search-attribute", "list"]).await?;
    assert!(attributes.contains("BellhopTenant"), "{attributes}");

    let second = TemporalOptions {
        data_file: Some(folder.0.join("temporal.db")),
        ..TemporalOptions::default()
    };
    assert!(matches!(
        Temporal::start(&tools, second).await,
        Err(Error::InUse { .. })
    ));
    temporal.stop().await;
    temporal.start_again().await?;
    cli(
        &tools,
        &address,
        &[
            "workflow",
            "describe",
            "--namespace",
            "clinics",
            "--workflow-id",
            "w",
        ],
    )
    .await?;
    Ok(())
}

#[tokio::test]
async fn a_dropped_server_is_gone_with_its_folder() -> Result<()> {
    let mut postgres = a_postgres().await?;
    let mut temporal = Temporal::start(&tools()?, TemporalOptions::default()).await?;
    let pids = [
        postgres.pid().context("running")?,
        temporal.pid().context("running")?,
    ];
    let folders = [postgres.log_file(), temporal.log_file().to_owned()]
        .map(|log| log.parent().unwrap().to_owned());
    assert!(folders.iter().all(|folder| folder.exists()));

    drop((postgres, temporal));

    assert!(!pids.iter().any(|pid| is_alive(*pid)));
    assert!(!folders.iter().any(|folder| folder.exists()));
    Ok(())
}

/// Runs `servers` as a process of its own, so that it can be killed without a chance to clean up.
#[tokio::test]
async fn servers_die_with_a_killed_parent() -> Result<()> {
    let script = "echo $PPID; exec sleep 600";
    let mut parent = tokio::process::Command::new(env!("CARGO_BIN_EXE_servers"));
    parent
        .args(["--temporal", "--", "sh", "-c", script])
        .env("BELLHOP_TOOLS", tools_folder()?);
    let mut parent = parent
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()?;
    let mut line = String::new();
    let mut output = tokio::io::BufReader::new(parent.stdout.take().context("piped")?);
    tokio::io::AsyncBufReadExt::read_line(&mut output, &mut line).await?;
    let pid = parent.id().context("running")?;
    assert_eq!(line.trim(), pid.to_string());
    let servers: Vec<u32> = children_of(pid)
        .into_iter()
        .filter(|child| is_server(*child))
        .collect();
    assert_eq!(servers.len(), 2, "a PostgreSQL and a Temporal");

    parent.kill().await?;

    let began = std::time::Instant::now();
    while servers.iter().any(|pid| is_server(*pid)) {
        ensure!(
            began.elapsed() < Duration::from_secs(30),
            "still running: {servers:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

#[tokio::test]
async fn missing_tools_say_what_to_do() -> Result<()> {
    let folder = Scratch::new()?;
    let error = Tools::at(&folder.0).unwrap_err();
    assert!(error.to_string().contains("make tools"), "{error}");
    Ok(())
}

#[test]
fn free_ports_are_out_of_reach_of_outgoing_connections() -> Result<()> {
    let range = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .unwrap_or("49152 65535".to_owned());
    let lowest: u16 = range
        .split_whitespace()
        .next()
        .context("a range")?
        .parse()?;
    assert!(free_port()? < lowest);
    Ok(())
}

async fn a_postgres() -> Result<Postgres> {
    let options = PostgresOptions::temporary();
    assert!(matches!(options.data, DataFolder::Temporary));
    Ok(Postgres::start(&tools()?, options).await?)
}

fn tools() -> Result<Tools> {
    Ok(Tools::locate()?)
}

fn tools_folder() -> Result<PathBuf> {
    Ok(tools()?.temporal().parent().context("a folder")?.to_owned())
}

fn password_in(url: &str) -> Result<String> {
    let (_, rest) = url.split_once("bellhop:").context("a password")?;
    Ok(rest.split_once('@').context("a host")?.0.to_owned())
}

async fn cli(tools: &Tools, address: &str, arguments: &[&str]) -> Result<String> {
    let mut command = tokio::process::Command::new(tools.temporal());
    command.args(arguments).args([
        "--address",
        address,
        "--disable-config-file",
        "--disable-config-env",
    ]);
    let output = command.output().await?;
    ensure!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

fn is_alive(pid: u32) -> bool {
    i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok())
}

/// Whether the process exists and is a server, not yet reaped or reused for something else.
fn is_server(pid: u32) -> bool {
    let line = ps(&["-o", "args=", "-p", &pid.to_string()]);
    line.contains("postgres -D") || line.contains("server start-dev")
}

fn children_of(parent: u32) -> Vec<u32> {
    let all = ps(&["-A", "-o", "pid=,ppid="]);
    let numbers = all.lines().map(|line| {
        line.split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect::<Vec<u32>>()
    });
    numbers
        .filter_map(|pair| (pair.get(1) == Some(&parent)).then(|| pair.first().copied())?)
        .collect()
}

fn ps(arguments: &[&str]) -> String {
    let output = std::process::Command::new("ps")
        .args(arguments)
        .output()
        .expect("every Unix has ps");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder of the test's own, open to the user PostgreSQL runs as.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let folder =
            std::env::temp_dir().join(format!("bellhop-test-{:016x}", rand::random::<u64>()));
        std::fs::create_dir(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(Path::new(&self.0));
    }
}
