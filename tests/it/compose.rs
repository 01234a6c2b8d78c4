//! The distributed stack, checked without a container engine: everything `docker-compose.yml` says about
//! Bellhop is compared with the binary, and Bellhop's services are run as composed on the embedded servers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use embedded::{Postgres, PostgresOptions, Temporal, TemporalOptions, Tools, free_port};
use serde::Deserialize;
use tokio::process::{Child, Command};

const BELLHOP: &str = env!("CARGO_BIN_EXE_bellhop");
const LISTEN_VARIABLES: [&str; 2] = ["BELLHOP_INGRESS_LISTEN", "BELLHOP_WORKER_LISTEN"];

#[test]
fn every_variable_is_one_its_command_reads() -> Result<()> {
    let known = variables_of_the_binary()?;
    for (name, service) in bellhop_services()? {
        let command = service.subcommand()?;
        for variable in service.environment.keys() {
            let found = known
                .get(variable)
                .with_context(|| format!("{name}: {variable} is unknown to bellhop"))?;
            ensure!(
                found.commands.contains(command),
                "{name}: `bellhop {command}` does not read {variable}"
            );
        }
    }
    Ok(())
}

#[test]
fn every_variable_without_a_default_is_set() -> Result<()> {
    let known = variables_of_the_binary()?;
    for (name, service) in bellhop_services()? {
        let command = service.subcommand()?.to_owned();
        let needed = known
            .values()
            .filter(|variable| variable.default.is_none() && variable.commands.contains(&command));
        for variable in needed {
            ensure!(
                service.environment.contains_key(&variable.name),
                "{name} lacks {}",
                variable.name
            );
        }
    }
    Ok(())
}

#[test]
fn defaults_are_the_same_in_compose_the_sample_and_the_binary() -> Result<()> {
    let known = variables_of_the_binary()?;
    let sample = sample()?;
    let composed = interpolations(&compose_text()?);
    let defaults: BTreeMap<_, _> = composed
        .iter()
        .filter_map(|(name, default)| Some((name, default.as_ref()?)))
        .collect();
    ensure!(!defaults.is_empty(), "compose has no default at all");
    for (name, default) in defaults {
        ensure!(
            sample.get(name) == Some(&Some(default.clone())),
            "env.sample says otherwise of {name}"
        );
        if let Some(variable) = known.get(name) {
            ensure!(
                variable.default.as_ref() == Some(default),
                "bellhop says otherwise of {name}: {variable:?}"
            );
        }
    }
    Ok(())
}

#[test]
fn the_sample_names_every_variable_and_no_other() -> Result<()> {
    let asked: BTreeSet<String> = interpolations(&compose_text()?).into_keys().collect();
    let documented: BTreeSet<String> = sample()?.into_keys().collect();
    assert_eq!(asked, documented);
    Ok(())
}

#[test]
fn secrets_have_no_default() -> Result<()> {
    let composed = interpolations(&compose_text()?);
    let sample = sample()?;
    for name in [
        "BELLHOP_SECRET_KEYS",
        "POSTGRES_PASSWORD",
        "TEMPORAL_POSTGRES_PASSWORD",
    ] {
        assert_eq!(
            composed.get(name),
            Some(&None),
            "{name} in docker-compose.yml"
        );
        assert_eq!(sample.get(name), Some(&None), "{name} in env.sample");
    }
    Ok(())
}

#[test]
fn every_command_is_one_the_binary_has() -> Result<()> {
    for (name, service) in bellhop_services()? {
        let [program, arguments @ ..] = service.command.as_slice() else {
            anyhow::bail!("{name} has no command")
        };
        ensure!(program == "bellhop", "{name} runs {program}");
        let help = std::process::Command::new(BELLHOP)
            .args(arguments)
            .arg("--help")
            .output()?;
        ensure!(
            help.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&help.stderr)
        );
    }
    let wrong = std::process::Command::new(BELLHOP)
        .args(["worker", "--role", "nobody", "--help"])
        .output()?;
    ensure!(
        !wrong.status.success(),
        "this test would not notice a wrong role"
    );
    Ok(())
}

#[test]
fn each_role_of_the_worker_has_a_service() -> Result<()> {
    let services = bellhop_services()?;
    let roles: BTreeSet<&str> = services
        .values()
        .filter_map(|service| match service.command.as_slice() {
            [_, worker, flag, role] if worker == "worker" && flag == "--role" => {
                Some(role.as_str())
            }
            _ => None,
        })
        .collect();
    assert_eq!(roles, BTreeSet::from(["bulk", "core", "dial"]));
    Ok(())
}

#[test]
fn ports_are_ones_the_service_listens_on() -> Result<()> {
    let container_file = std::fs::read_to_string(root().join("deploy/Containerfile"))?;
    let exposed = container_file
        .lines()
        .find_map(|line| line.strip_prefix("EXPOSE "))
        .context("EXPOSE")?;
    for (name, service) in bellhop_services()? {
        let opened = service
            .ports
            .iter()
            .chain(&service.expose)
            .filter_map(|port| port.rsplit(':').next());
        let opened: BTreeSet<&str> = opened.collect();
        let listened: BTreeSet<&str> = service.listen().map(|(_, port)| port).into_iter().collect();
        assert_eq!(opened, listened, "{name}");
        ensure!(
            listened
                .iter()
                .all(|port| exposed.split(' ').any(|other| other == *port)),
            "{name}: EXPOSE {exposed}"
        );
        ensure!(
            service
                .ports
                .iter()
                .all(|port| port.starts_with("127.0.0.1:")),
            "{name} is open to the world"
        );
    }
    Ok(())
}

#[test]
fn health_checks_ask_the_service_itself() -> Result<()> {
    for (name, service) in bellhop_services()? {
        let Some((_, port)) = service.listen() else {
            ensure!(service.healthcheck.is_none(), "{name} listens nowhere");
            continue;
        };
        let check = service
            .healthcheck
            .as_ref()
            .with_context(|| format!("{name} has no health check"))?;
        let url = format!("http://127.0.0.1:{port}/readyz");
        assert_eq!(
            check.test,
            ["CMD", "bellhop", "healthcheck", &url],
            "{name}"
        );
    }
    Ok(())
}

#[test]
fn workers_can_be_scaled() -> Result<()> {
    for (name, service) in bellhop_services()?
        .into_iter()
        .filter(|(name, _)| name.starts_with("worker-"))
    {
        ensure!(
            service.container_name.is_none() && service.ports.is_empty(),
            "only one {name} could run"
        );
    }
    Ok(())
}

#[test]
fn what_a_service_waits_for_exists_and_can_happen() -> Result<()> {
    let services = services()?;
    for (name, service) in &services {
        for (other, wait) in &service.depends_on {
            let awaited = services
                .get(other)
                .with_context(|| format!("{name} waits for {other}"))?;
            let possible = match wait.condition.as_str() {
                "service_healthy" => awaited.healthcheck.is_some(),
                "service_completed_successfully" => {
                    awaited.restart.as_deref() == Some("on-failure")
                }
                _ => false,
            };
            ensure!(
                possible,
                "{name} waits in vain for {other}: {}",
                wait.condition
            );
        }
    }
    Ok(())
}

#[test]
fn the_namespace_gets_the_search_attributes_workflows_set() -> Result<()> {
    let script = std::fs::read_to_string(root().join("deploy/temporal/namespace.sh"))?;
    use workflows::names::{NEXT_AT, STATE, TENANT, TRACE};
    for (name, kind) in [
        (TENANT, "Keyword"),
        (STATE, "Keyword"),
        (TRACE, "Keyword"),
        (NEXT_AT, "Datetime"),
    ] {
        let words: Vec<&str> = script.split([' ', ';', '\n']).collect();
        ensure!(
            words
                .windows(4)
                .any(|window| window == ["--name", name, "--type", kind]),
            "{name} is not a {kind}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn services_run_as_composed_become_healthy() -> Result<()> {
    let tools = Tools::locate()?;
    let postgres = Postgres::start(&tools, PostgresOptions::temporary()).await?;
    postgres.create_database("bellhop").await?;
    use workflows::names::{NEXT_AT, STATE, TENANT, TRACE};
    let search_attributes = [
        (TENANT, "Keyword"),
        (STATE, "Keyword"),
        (TRACE, "Keyword"),
        (NEXT_AT, "Datetime"),
    ];
    let search_attributes = search_attributes
        .map(|(name, kind)| (name.to_owned(), kind.to_owned()))
        .to_vec();
    let temporal = Temporal::start(
        &tools,
        TemporalOptions {
            search_attributes,
            ..TemporalOptions::default()
        },
    )
    .await?;
    let here = Here {
        database: postgres.url("bellhop"),
        temporal: temporal.address(),
    };
    let services = bellhop_services()?;

    let migrate = services.get("migrate").context("a migrate service")?;
    let migrated = here.run(migrate, None)?.wait().await?;
    ensure!(migrated.success(), "migrate: {migrated}");

    let mut running = Vec::new();
    for (name, service) in services.iter().filter(|(name, _)| *name != "migrate") {
        let port = free_port()?;
        ensure!(
            !is_healthy(service, port).await?,
            "{name} is healthy before it starts"
        );
        running.push((name, service, port, here.run(service, Some(port))?));
    }
    for (name, service, port, child) in &mut running {
        let began = Instant::now();
        while !is_healthy(service, *port).await? {
            ensure!(child.try_wait()?.is_none(), "{name} ended");
            ensure!(
                began.elapsed() < Duration::from_secs(60),
                "{name} does not become healthy"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Where the hosts that compose names are in this test.
struct Here {
    database: String,
    temporal: String,
}

impl Here {
    /// Starts the service with the command and the variables of the file, only hosts and ports replaced.
    fn run(&self, service: &Service, port: Option<u16>) -> Result<Child> {
        let mut command = Command::new(BELLHOP);
        command
            .args(service.command.iter().skip(1))
            .env_clear()
            .kill_on_drop(true);
        for (name, value) in &service.environment {
            let value = match (name.as_str(), port) {
                ("BELLHOP_DATABASE_URL", _) => self.database.clone(),
                ("TEMPORAL_ADDRESS", _) => self.temporal.clone(),
                (name, Some(port)) if LISTEN_VARIABLES.contains(&name) => {
                    format!("127.0.0.1:{port}")
                }
                _ => interpolated(value),
            };
            command.env(name, value);
        }
        Ok(command.spawn()?)
    }
}

/// Runs the service's own health check against the port it has here.
async fn is_healthy(service: &Service, port: u16) -> Result<bool> {
    let check = service.healthcheck.as_ref().context("a health check")?;
    let (_, listened) = service.listen().context("a port")?;
    let arguments = check
        .test
        .iter()
        .skip(2)
        .map(|part| part.replace(&format!(":{listened}/"), &format!(":{port}/")));
    Ok(Command::new(BELLHOP)
        .args(arguments)
        .output()
        .await?
        .status
        .success())
}

/// A variable the binary reads, as `bellhop env --json` lists it.
#[derive(Debug, Deserialize)]
struct Variable {
    name: String,
    default: Option<String>,
    commands: Vec<String>,
}

fn variables_of_the_binary() -> Result<BTreeMap<String, Variable>> {
    let output = std::process::Command::new(BELLHOP)
        .args(["env", "--json"])
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let variables: Vec<Variable> = serde_json::from_slice(&output.stdout)?;
    Ok(variables
        .into_iter()
        .map(|variable| (variable.name.clone(), variable))
        .collect())
}

#[derive(Debug, Deserialize)]
struct Service {
    image: String,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    ports: Vec<String>,
    #[serde(default)]
    expose: Vec<String>,
    #[serde(default)]
    depends_on: BTreeMap<String, Wait>,
    healthcheck: Option<HealthCheck>,
    container_name: Option<String>,
    restart: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Wait {
    condition: String,
}

#[derive(Debug, Deserialize)]
struct HealthCheck {
    test: Vec<String>,
}

impl Service {
    fn subcommand(&self) -> Result<&String> {
        self.command.get(1).context("a subcommand")
    }

    /// The variable that says where it listens, and the port.
    fn listen(&self) -> Option<(&str, &str)> {
        let (name, address) = self
            .environment
            .iter()
            .find(|(name, _)| LISTEN_VARIABLES.contains(&name.as_str()))?;
        Some((name, address.strip_prefix("0.0.0.0:")?))
    }
}

fn services() -> Result<BTreeMap<String, Service>> {
    #[derive(Deserialize)]
    struct Stack {
        services: BTreeMap<String, Service>,
    }
    let mut document: serde_norway::Value = serde_norway::from_str(&compose_text()?)?;
    // One pass leaves the merges of what was merged.
    let mut before = serde_norway::Value::Null;
    while document != before {
        before = document.clone();
        document.apply_merge()?;
    }
    Ok(serde_norway::from_value::<Stack>(document)?.services)
}

fn bellhop_services() -> Result<BTreeMap<String, Service>> {
    let services: BTreeMap<_, _> = services()?
        .into_iter()
        .filter(|(_, service)| service.image.starts_with("bellhop:"))
        .collect();
    ensure!(
        services.len() == 5,
        "migrate, ingress and three workers, not {:?}",
        services.keys()
    );
    Ok(services)
}

fn compose_text() -> Result<String> {
    Ok(std::fs::read_to_string(root().join("docker-compose.yml"))?)
}

/// The variables of `env.sample`, with their defaults where they have one.
fn sample() -> Result<BTreeMap<String, Option<String>>> {
    let text = std::fs::read_to_string(root().join("deploy/env.sample"))?;
    let is_name =
        |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let assignments = text.lines().filter_map(|line| {
        let commented = line.strip_prefix('#');
        let (name, value) = commented.unwrap_or(line).split_once('=')?;
        // An empty value stands for a default only where it may stay as it is.
        let default = (commented.is_some() || !value.is_empty()).then(|| value.to_owned());
        is_name(name).then(|| (name.to_owned(), default))
    });
    Ok(assignments.collect())
}

/// Every `${NAME…}` of a text, with the default it gives.
fn interpolations(text: &str) -> BTreeMap<String, Option<String>> {
    let inner = text
        .split("${")
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(inner, _)| inner);
    inner
        .map(|inner| match inner.split_once(":-") {
            Some((name, default)) => (name.to_owned(), Some(default.to_owned())),
            None => (inner.split(':').next().unwrap_or(inner).to_owned(), None),
        })
        .collect()
}

/// The value that compose would put in, with something valid for each secret.
fn interpolated(value: &str) -> String {
    let Some((before, rest)) = value.split_once("${") else {
        return value.to_owned();
    };
    let Some((inner, after)) = rest.split_once('}') else {
        return value.to_owned();
    };
    let filled = match inner.split_once(":-") {
        Some((_, default)) => default,
        None if inner.starts_with("BELLHOP_SECRET_KEYS") => {
            "test:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        }
        None => "secret",
    };
    format!("{before}{filled}{}", interpolated(after))
}

/// The workspace; this package is the folder `cli` in it.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
