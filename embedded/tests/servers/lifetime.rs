use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use embedded::{Error, Postgres, PostgresOptions, Temporal, TemporalOptions, Tools, free_port};

use super::{Scratch, a_postgres, tools, tools_folder};

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

#[tokio::test]
async fn missing_tools_say_what_to_do() -> Result<()> {
    let folder = Scratch::new()?;
    let error = Tools::at(&folder.0).unwrap_err();
    assert!(error.to_string().contains("make tools"), "{error}");
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
