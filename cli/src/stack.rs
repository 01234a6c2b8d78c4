//! The whole stack in one process, on servers of its own unless others are named.

use std::{path::Path, sync::Arc};

use anyhow::{Context, Result};
use embedded::{Postgres, PostgresOptions, Temporal, Tools};
use futures::future::{BoxFuture, FutureExt, Shared};
use ingress::{Ingress, RenderMetrics};
use secrecy::SecretString;
use store::{KeyRing, PoolOptions, Store};
use temporalio_client::Client;
use tokio::{sync::Notify, task::JoinHandle};
use worker::{Means, Role, TemporalOptions, relay};

use crate::{config, heartbeat};

/// The two servers, embedded or named by `BELLHOP_DATABASE_URL` and `TEMPORAL_ADDRESS`.
pub struct Servers {
    pub database_url: SecretString,
    pub temporal: TemporalOptions,
    /// Temporal's screens, when the server is embedded.
    pub ui_url: Option<String>,
    postgres: Option<Postgres>,
    engine: Option<Temporal>,
}

/// How to start them.
pub struct Wanted {
    /// Where the database's data is, and whether it survives a power cut.
    pub postgres: PostgresOptions,
    /// Whether Temporal's data survives a power cut: see [`embedded::TemporalOptions::durable`].
    pub durable_engine: bool,
    /// Whether servers that the environment names are used instead.
    pub use_named: bool,
}

const DATABASE: &str = "bellhop";

impl Servers {
    /// Starts what is not named. Temporal's data is kept in `folder`.
    pub async fn start(folder: &Path, wanted: Wanted) -> Result<Self> {
        let Wanted {
            postgres,
            durable_engine,
            use_named,
        } = wanted;
        let named = |variable: &str| config::read(variable).filter(|_| use_named);
        let (database_url, postgres) = match named("BELLHOP_DATABASE_URL") {
            Some(url) => (url, None),
            None => {
                let server = Postgres::start(&Tools::locate()?, postgres).await?;
                server.create_database(DATABASE).await?;
                (server.url(DATABASE), Some(server))
            }
        };
        // A server of our own has this namespace and no other.
        let default = || "default".to_owned();
        let (address, namespace, engine) = match named("TEMPORAL_ADDRESS") {
            Some(address) => {
                let namespace = named("TEMPORAL_NAMESPACE").unwrap_or_else(default);
                (address, namespace, None)
            }
            None => {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make {}", folder.display()))?;
                let options = embedded::TemporalOptions {
                    data_file: Some(folder.join("temporal.db")),
                    durable: durable_engine,
                    log_file: Some(folder.join("temporal.log")),
                    ui: true,
                    ..Default::default()
                };
                let server = Temporal::start(&Tools::locate()?, options).await?;
                (server.address(), default(), Some(server))
            }
        };
        Ok(Self {
            database_url: database_url.into(),
            temporal: TemporalOptions { address, namespace },
            ui_url: engine.as_ref().and_then(Temporal::ui_url),
            postgres,
            engine,
        })
    }

    /// A handle on the database, with its schema up to date.
    pub async fn store(&self, keys: &SecretString, pool: PoolOptions) -> Result<Store> {
        let store = Store::new(&self.database_url, KeyRing::parse(keys)?, pool)?;
        let migrated = store.migrate().await;
        if self.postgres.is_none() {
            migrated.context(
                "the database that BELLHOP_DATABASE_URL names cannot be used. For the embedded one unset the variable \
                 (and TEMPORAL_ADDRESS, where that is set by the same file), or start a new shell",
            )?;
        } else {
            migrated?;
        }
        Ok(store)
    }

    pub async fn stop(mut self) {
        if let Some(engine) = &mut self.engine {
            engine.stop().await;
        }
        if let Some(postgres) = &mut self.postgres {
            postgres.stop().await;
        }
    }
}

/// Ingress, relay and workers, running in this process.
pub struct Stack {
    pub client: Client,
    /// Where webhooks are taken, such as `http://127.0.0.1:8080`.
    pub ingress_url: String,
    stop: Arc<Notify>,
    parts: Vec<JoinHandle<Result<()>>>,
}

/// Resolves once the stack is told to stop.
type Stop = Shared<BoxFuture<'static, ()>>;

impl Stack {
    pub async fn start(
        servers: &Servers,
        means: Means,
        ingress: ingress::Config,
        metrics: Option<RenderMetrics>,
    ) -> Result<Self> {
        let store = means.store.clone();
        let notify = Arc::new(Notify::new());
        let stop: Stop = {
            let notify = notify.clone();
            async move { notify.notified().await }.boxed().shared()
        };
        let client = worker::connect(
            &servers.temporal,
            &format!("bellhop-{}", std::process::id()),
        )
        .await?;
        let fresh = Arc::new(Notify::new());
        let hint = fresh.clone();
        let ingress =
            Ingress::bind(ingress, store.clone(), move || hint.notify_one(), metrics).await?;
        let ingress_url = format!("http://{}", ingress.address());
        let serving = tokio::spawn({
            let stop = stop.clone();
            async move { Ok(ingress.run(stop).await?) }
        });
        let relaying = tokio::spawn({
            let (client, store, stop) = (client.clone(), store.clone(), stop.clone());
            async move {
                relay::run(&client, &store, &fresh, stop).await;
                Ok(())
            }
        });
        let working = tokio::spawn({
            let (client, stop) = (client.clone(), stop.clone());
            async move { worker::run(&client, means, Role::All, stop).await }
        });
        let beating = tokio::spawn(async move {
            heartbeat::beat(&store, &["ingress", "core", "dial", "bulk"], stop).await;
            Ok(())
        });
        Ok(Self {
            client,
            ingress_url,
            stop: notify,
            parts: vec![serving, relaying, working, beating],
        })
    }

    /// Fails as soon as one part ends by itself.
    pub async fn watch(&mut self) -> Result<()> {
        let (ended, index, _) = futures::future::select_all(&mut self.parts).await;
        self.parts.remove(index);
        ended??;
        anyhow::bail!("a part of the stack ended by itself")
    }

    /// Lets every part finish what is in hand.
    pub async fn stop(self) -> Result<()> {
        self.stop.notify_one();
        for part in self.parts {
            part.await??;
        }
        Ok(())
    }
}
