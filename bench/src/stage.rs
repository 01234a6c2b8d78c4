//! PostgreSQL with every commit on disk, `bellhop ingress` before it, and nothing behind: no Temporal, no worker.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use bellhop::commands::tenant;
use domain::settings::Settings;
use embedded::{Postgres, PostgresOptions, Tools, free_port};
use secrecy::{ExposeSecret, SecretString};
use store::{KeyRing, PoolOptions, Store, TenantStore};

use crate::{
    load::{Measured, Pace, drive},
    process::Process,
    rows::Rows,
    webhooks::{API_KEY, Bodies, Webhooks, provider_call_id},
    world::{TemporaryFolder, lifted_ingress_limits, until},
};

const DATABASE: &str = "bellhop";
/// Of the bare loop. Each has one commit under way.
pub(crate) const CONNECTIONS: usize = 32;
/// Numbers of one load do not meet those of another.
pub(crate) const APART: u64 = 100_000_000;
/// Nor do those of bare rows meet those of webhooks.
const BARE: u64 = 1000;

pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) clinic: TenantStore,
    pub(crate) port: u16,
    /// Of Retell's webhooks: the last part of their address.
    pub(crate) source_key: String,
    pub(crate) folder: TemporaryFolder,
    postgres: Postgres,
    _ingress: Process,
}

impl Stage {
    pub(crate) async fn start(name: &str) -> Result<Self> {
        let folder = TemporaryFolder::new(name)?;
        let options = PostgresOptions {
            durable: true,
            ..PostgresOptions::temporary()
        };
        let postgres = Postgres::start(&Tools::locate()?, options).await?;
        postgres.create_database(DATABASE).await?;
        make_log_files(&postgres).await?;
        let keys = KeyRing::generate();
        let url: SecretString = postgres.url(DATABASE).into();
        let store = Store::new(&url, KeyRing::parse(&keys)?, PoolOptions::default())?;
        store.migrate().await?;
        let source_key = tenant::create(&store, "bench", &Settings::default()).await?;
        let clinic = store.tenant(tenant::find(&store, "bench").await?.id);
        let mut tx = clinic.begin().await?;
        tx.add_provider_secret(store.keys(), "retell", &API_KEY.into())
            .await?;
        tx.commit().await?;
        let port = free_port()?;
        let ingress = start_ingress(&folder.path, &url, &keys, port)?;
        until("ingress listens", Duration::from_secs(30), || async {
            Ok(tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .is_ok())
        })
        .await?;
        Ok(Self {
            store,
            clinic,
            port,
            source_key,
            folder,
            postgres,
            _ingress: ingress,
        })
    }

    /// So many connections for webhooks. Fresh ones for each load: ingress ends those that are idle for long.
    pub(crate) async fn webhooks(
        &self,
        connections: usize,
        bodies: Bodies,
    ) -> Result<Vec<Webhooks>> {
        let mut senders = Vec::new();
        for _ in 0..connections {
            senders.push(Webhooks::connect(self.port, &self.source_key, bodies).await?);
        }
        Ok(senders)
    }

    /// Bare single-row commits.
    pub(crate) async fn rows(&self, place: u64, pace: Pace, bodies: Bodies) -> Result<Measured> {
        let url = self.url();
        let mut senders = Vec::new();
        for _ in 0..CONNECTIONS {
            senders.push(Rows::connect(&url, bodies).await?);
        }
        drive(senders, (BARE + place) * APART, pace).await
    }

    /// Fails unless so many events with numbers of that place are stored.
    pub(crate) async fn holds(&self, place: u64, acknowledged: usize) -> Result<()> {
        let (from, to) = (
            provider_call_id(place * APART),
            provider_call_id((place + 1) * APART),
        );
        let sql = format!(
            "select count(*) from events where provider_call_id >= '{from}' and provider_call_id < '{to}'"
        );
        let stored: usize = self.postgres.psql(DATABASE, &sql).await?.trim().parse()?;
        ensure!(
            stored == acknowledged,
            "{acknowledged} webhooks were acknowledged and {stored} are stored"
        );
        Ok(())
    }

    /// Duplicates that were recognised so far.
    pub(crate) async fn duplicates(&self) -> Result<i64> {
        Ok(self.clinic.begin().await?.report().await?.duplicates)
    }

    /// The database's address.
    pub(crate) fn url(&self) -> String {
        self.postgres.url(DATABASE)
    }

    /// Asks the database, or has it do something.
    pub(crate) async fn sql(&self, sql: &str) -> Result<String> {
        Ok(self.postgres.psql(DATABASE, sql).await?.trim().to_owned())
    }

    /// Starts the database anew, so that it holds nothing in memory, and the system as little as it lets us say. Says
    /// what was forgotten.
    pub(crate) async fn forget(&mut self) -> Result<&'static str> {
        self.postgres.stop().await;
        // Only root may; a stranger's machine keeps its pages.
        let dropped = std::fs::write("/proc/sys/vm/drop_caches", "3").is_ok();
        self.postgres.start_again().await?;
        Ok(match dropped {
            true => "the database was started anew, and the system's page cache emptied",
            false => {
                "the database was started anew; the system's page cache was kept, as only root may empty it"
            }
        })
    }

    /// What the server is, in words.
    pub(crate) async fn server(&self) -> Result<String> {
        let sql = "select 'PostgreSQL ' || current_setting('server_version')
            || ', fsync ' || current_setting('fsync')
            || ', synchronous_commit ' || current_setting('synchronous_commit')";
        Ok(self.postgres.psql(DATABASE, sql).await?.trim().to_owned())
    }
}

/// A server that has run for a day writes the files of its log over. A fresh one makes each as it goes, 16 MB
/// of zeros that are synced while commits wait; that is measured once in a server's life. So many megabytes are
/// as much as it keeps by its defaults.
async fn make_log_files(postgres: &Postgres) -> Result<()> {
    let written = "select count(pg_logical_emit_message(false, 'bench', repeat('x', 1024 * 1024)))
        from generate_series(1, 1024)";
    postgres.psql(DATABASE, written).await?;
    postgres.psql(DATABASE, "checkpoint").await?;
    Ok(())
}

fn start_ingress(
    folder: &Path,
    url: &SecretString,
    keys: &SecretString,
    port: u16,
) -> Result<Process> {
    let mut environment = lifted_ingress_limits();
    environment.extend([
        ("BELLHOP_DATABASE_URL", url.expose_secret().to_owned()),
        ("BELLHOP_SECRET_KEYS", keys.expose_secret().to_owned()),
        ("BELLHOP_INGRESS_LISTEN", format!("127.0.0.1:{port}")),
        // Nobody listens there: this measures taking webhooks, not what they set off.
        ("TEMPORAL_ADDRESS", format!("127.0.0.1:{}", free_port()?)),
    ]);
    Process::start(
        &["bellhop", "ingress"],
        &environment,
        &folder.join("ingress.log"),
    )
    .context("ingress")
}
