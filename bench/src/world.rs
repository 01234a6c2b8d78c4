//! Servers, processes, a simulated Retell and a clinic whose limits are lifted.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, Result, anyhow, ensure};
use bellhop::{
    appointment_file::options_for,
    commands::{import, tenant},
    stack::{Servers, Wanted},
};
use domain::{ids::AppointmentId, settings::Settings};
use embedded::{PostgresOptions, free_port};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use simulator::retell::{Account, Config, Running, Scenario};
use store::{KeyRing, PoolOptions, Store, TenantStore};
use temporalio_client::Client;
use tokio::time::Instant;

use crate::process::Process;

const API_KEY: &str = "key_bench_000000000000000";

/// Open at every hour, no limit, and no hour before an appointment in which nobody may be called.
const SETTINGS: &str = r#"
[tenant]
name = "Bench Clinic"
timezone = "UTC"
country = "GB"
live = true

[reminders]
call_before_hours = 1
minimum_lead_hours = 0
appointment_buffer_hours = 0

[hours]
monday = ["00:00-24:00"]
tuesday = ["00:00-24:00"]
wednesday = ["00:00-24:00"]
thursday = ["00:00-24:00"]
friday = ["00:00-24:00"]
saturday = ["00:00-24:00"]
sunday = ["00:00-24:00"]
holidays = "none"

[limits]
per_15_minutes = 1000000
per_day = 1000000
concurrent = 1000000
same_number_cooldown_minutes = 0
per_contact_per_day = 0
per_contact_per_week = 0

[booking]
enabled = true

[retell]
agent_id = "agent_bench"
from_number = "+442079460000"
calls_per_second = 0
"#;

/// `bellhop worker` and `bellhop ingress` in processes of their own, as they run in production.
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) client: Client,
    pub(crate) retell: Running,
    pub(crate) worker: Process,
    pub(crate) clinic: TenantStore,
    /// Where ingress listens, and the path of Retell's webhooks there.
    pub(crate) port: u16,
    pub(crate) hook: String,
    settings: Settings,
    keys: SecretString,
    files: u32,
    numbers: u32,
    ingress: Process,
    servers: Servers,
    folder: TemporaryFolder,
}

/// One appointment to import.
pub(crate) struct Appointment {
    pub(crate) external_id: String,
    /// Of a range kept for fiction; no two appointments share one.
    pub(crate) phone: String,
    pub(crate) starts_at: Timestamp,
}

impl World {
    pub(crate) async fn start(name: &str, scenario: Scenario) -> Result<Self> {
        let folder = TemporaryFolder::new(name)?;
        let wanted = Wanted {
            postgres: PostgresOptions {
                durable: true,
                ..PostgresOptions::temporary()
            },
            // The dev server writes one transaction after another, and would show how fast the disk is.
            durable_engine: false,
            use_named: false,
        };
        let servers = Servers::start(&folder.path, wanted).await?;
        let keys = KeyRing::generate();
        let store = servers.store(&keys, PoolOptions::default()).await?;
        let settings = Settings::from_toml(SETTINGS).map_err(|problems| anyhow!("{problems:?}"))?;
        let source = tenant::create(&store, "bench", &settings).await?;
        let clinic = store.tenant(tenant::find(&store, "bench").await?.id);
        let mut tx = clinic.begin().await?;
        tx.add_provider_secret(store.keys(), "retell", &API_KEY.into())
            .await?;
        tx.commit().await?;
        let port = free_port()?;
        let webhook_url = Some(format!("http://127.0.0.1:{port}/hooks/{source}"));
        let retell =
            simulator::retell::start(Config::with_account(API_KEY, None, scenario)).await?;
        retell.set_account(Account {
            key: API_KEY.into(),
            webhook_url,
            agents: None,
            numbers: None,
        });
        let client = worker::connect(&servers.temporal, "bench").await?;
        let mut environment = environment(&servers, &keys, &retell)?;
        environment.push(("BELLHOP_INGRESS_LISTEN", format!("127.0.0.1:{port}")));
        let start = |part| {
            let log = folder.path.join(format!("{part}.log"));
            Process::start(&["bellhop", part], &environment, &log)
        };
        let (worker, ingress) = (start("worker")?, start("ingress")?);
        until("ingress listens", Duration::from_secs(30), || async {
            Ok(tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok())
        })
        .await?;
        Ok(Self {
            store,
            client,
            retell,
            worker,
            clinic,
            port,
            hook: format!("/hooks/{source}"),
            settings,
            keys,
            files: 0,
            numbers: 0,
            ingress,
            servers,
            folder,
        })
    }

    pub(crate) fn database_url(&self) -> String {
        self.servers.database_url.expose_secret().to_owned()
    }

    /// A further worker of the same kind, without a reminder in its memory.
    pub(crate) fn another_worker(&self) -> Result<Process> {
        let environment = environment(&self.servers, &self.keys, &self.retell)?;
        let log = self.folder.path.join("another-worker.log");
        Process::start(&["bellhop", "worker"], &environment, &log)
    }

    /// The process that serves the bare workflows.
    pub(crate) fn bare_worker(&self) -> Result<Process> {
        let environment = [("TEMPORAL_ADDRESS", self.servers.temporal.address.clone())];
        Process::start(
            &["bare-worker"],
            &environment,
            &self.folder.path.join("bare-worker.log"),
        )
    }

    /// Appointments at these instants, with numbers of their own.
    pub(crate) fn appointments(
        &mut self,
        starts_at: impl IntoIterator<Item = Timestamp>,
    ) -> Vec<Appointment> {
        let next = starts_at.into_iter().map(|starts_at| {
            self.numbers += 1;
            Appointment {
                external_id: format!("BENCH-{}", self.numbers),
                phone: format!("+4477009{:05}", self.numbers),
                starts_at,
            }
        });
        next.collect()
    }

    /// Imports a file with them, as `bellhop import` does.
    pub(crate) async fn import(&mut self, appointments: &[Appointment]) -> Result<()> {
        self.files += 1;
        let file = self.folder.path.join(format!("import-{}.csv", self.files));
        let mut text = String::from("external_id,name,phone,appointment_at\n");
        for each in appointments {
            let (id, phone, at) = (&each.external_id, &each.phone, each.starts_at);
            text.push_str(&format!("{id},Ada Archer,{phone},{at}\n"));
        }
        std::fs::write(&file, text)?;
        let files = import::SideFiles::beside(&file);
        let options = options_for(&self.settings, None)?;
        let target = Some(&self.clinic);
        let outcome = import::import(&file, &options, target, &files, false).await?;
        ensure!(
            outcome.added == appointments.len() as u64,
            "not every row was imported: {outcome:?}"
        );
        Ok(())
    }

    /// Reminders whose process has not yet looked at its facts.
    pub(crate) async fn not_started(&self) -> Result<i64> {
        Ok(self.clinic.begin().await?.reminders_not_started().await?)
    }

    pub(crate) async fn appointment(&self, external_id: &str) -> Result<AppointmentId> {
        let mut tx = self.clinic.begin().await?;
        tx.appointment_by_external_id(external_id)
            .await?
            .context("the appointment was imported")
    }

    /// Workflows of a type that have completed, as the engine counts them.
    pub(crate) async fn completed(&self, workflow_type: &str) -> Result<usize> {
        let query = format!("WorkflowType = '{workflow_type}' AND ExecutionStatus = 'Completed'");
        Ok(self
            .client
            .count_workflows(query, Default::default())
            .await?
            .count())
    }

    pub(crate) async fn stop(self) {
        drop((self.worker, self.ingress));
        self.retell.stop().await;
        self.store.close().await;
        self.servers.stop().await;
    }
}

fn environment(
    servers: &Servers,
    keys: &SecretString,
    retell: &Running,
) -> Result<Vec<(&'static str, String)>> {
    let mut environment = lifted_ingress_limits();
    environment.extend([
        (
            "BELLHOP_DATABASE_URL",
            servers.database_url.expose_secret().to_owned(),
        ),
        ("BELLHOP_SECRET_KEYS", keys.expose_secret().to_owned()),
        ("TEMPORAL_ADDRESS", servers.temporal.address.clone()),
        ("BELLHOP_RETELL_BASE_URL", retell.base_url()),
        (
            "BELLHOP_WORKER_LISTEN",
            format!("127.0.0.1:{}", free_port()?),
        ),
    ]);
    Ok(environment)
}

/// What protects ingress from a single noisy sender would here limit the measurement.
pub(crate) fn lifted_ingress_limits() -> Vec<(&'static str, String)> {
    [
        "BELLHOP_INGRESS_SOURCE_RATE",
        "BELLHOP_INGRESS_SOURCE_BURST",
        "BELLHOP_INGRESS_TENANT_RATE",
        "BELLHOP_INGRESS_TENANT_BURST",
    ]
    .map(|name| (name, "1000000".to_owned()))
    .to_vec()
}

/// Waits for a condition.
pub(crate) async fn until<F, Fut>(what: &str, patience: Duration, mut holds: F) -> Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<bool>>,
{
    let deadline = Instant::now() + patience;
    while !holds().await? {
        ensure!(Instant::now() < deadline, "{what}: not within {patience:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// A folder that is removed when dropped.
pub(crate) struct TemporaryFolder {
    pub(crate) path: PathBuf,
}

impl TemporaryFolder {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let name = format!("bellhop-bench-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // Left behind, it only takes room.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
