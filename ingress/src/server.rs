//! The listener: connections within limits, and an orderly stop.

use std::{future::Future, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use store::{KeyRing, Store};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::{JoinError, JoinSet, spawn_blocking},
    time::{sleep, timeout},
};

use crate::{
    RenderMetrics,
    app::{App, router},
    batch::{Intake, OnWake},
    config::Config,
    drain::Drain,
    keeper::Keeper,
    live::Live,
    outage::Outage,
    sources::Sources,
    spool::{Spool, SpoolError},
    telemetry,
};

/// The most that one request line with its headers may take, in bytes.
const HEADERS_LIMIT: usize = 64 << 10;
/// After a failed accept (often: too many open files) the next one waits, or the loop would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Why ingress could not start, or ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("the spool in {} cannot be opened", folder.display())]
    Spool {
        folder: PathBuf,
        #[source]
        source: SpoolError,
    },
    #[error("a part that takes webhooks ended by itself")]
    Lane(#[source] Option<JoinError>),
}

/// A listening ingress. [`Ingress::run`] serves it.
pub struct Ingress {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    lanes: JoinSet<()>,
}

impl Ingress {
    /// Opens the spool, if one is configured, and takes the address; connections are accepted once it runs. The
    /// database need not be there yet.
    ///
    /// `on_wake` is told that processes have just become due, after their outbox rows are committed. It
    /// is called between two commits, and before a function is answered: it must return at once and must not panic.
    pub async fn bind(
        config: Config,
        store: Store,
        on_wake: impl Fn() + Send + Sync + 'static,
        render_metrics: Option<RenderMetrics>,
    ) -> Result<Self, Error> {
        let spool = open_spool(&config, store.keys()).await?;
        let listen = |source| Error::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        telemetry::describe();
        let mut lanes = JoinSet::new();
        let on_wake: OnWake = Arc::new(on_wake);
        let outage = Arc::new(Outage::new(spool.is_some()));
        let keeper = spool.map(|spool| {
            let keeper = Keeper::start(&config, spool.clone(), outage.clone(), &mut lanes);
            let drain = Drain {
                spool,
                store: store.clone(),
                outage: outage.clone(),
                on_wake: on_wake.clone(),
                batch_max: config.batch_max.get(),
            };
            lanes.spawn(drain.run(keeper.stop()));
            keeper
        });
        let intake = Intake::start(&config, store.clone(), outage, on_wake, &mut lanes);
        let sources = Sources::start(&config, store.clone(), &mut lanes);
        let live = Live::start(&config, store.clone(), &mut lanes);
        let app = App::new(config, store, sources, intake, keeper, live, render_metrics);
        Ok(Self {
            listener,
            address,
            app: Arc::new(app),
            lanes,
        })
    }

    /// The address taken: with the port that was free, when port 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is ready, then finishes what is under way, within the configured limit.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) -> Result<(), Error> {
        tracing::info!(address = %self.address, "ingress is listening");
        let limit = self.app.config.shutdown_limit;
        let streams = self.app.live.closing();
        let server = Server::new(self.app);
        tokio::select! {
            () = server.accept(self.listener) => {}
            () = shutdown => {}
            // They end only with the app, which is still here: one has panicked.
            ended = self.lanes.join_next() => return Err(Error::Lane(ended.and_then(Result::err))),
        }
        streams.send_replace(true);
        drop(streams);
        tracing::info!("ingress stops: no new connections, webhooks under way are finished");
        if timeout(limit, server.finish()).await.is_err() {
            tracing::warn!(
                limit_ms = limit.as_millis(),
                "connections were cut at the end of the shutdown limit"
            );
        }
        // The last request has let go of the app by now, or is about to.
        while let Ok(Some(ended)) = timeout(limit, self.lanes.join_next()).await {
            ended.map_err(|error| Error::Lane(Some(error)))?;
        }
        Ok(())
    }
}

/// What was set aside is put back, to be tried once more: the reason may be gone.
async fn open_spool(config: &Config, keys: &KeyRing) -> Result<Option<Arc<Spool>>, Error> {
    let Some(folder) = config.spool_dir.clone() else {
        return Ok(None);
    };
    let (keys, limits, path) = (keys.clone(), config.spool_limits, folder.clone());
    let opened = spawn_blocking(move || {
        let spool = Spool::open(&path, keys, limits)?;
        spool.put_all_back()?;
        telemetry::spool(&spool);
        Ok(spool)
    });
    let opened = opened
        .await
        .unwrap_or_else(|error| Err(io::Error::other(error).into()));
    let spool = opened.map_err(|source| Error::Spool { folder, source })?;
    tracing::info!(waiting = spool.len(), "the spool is open");
    Ok(Some(Arc::new(spool)))
}

struct Server {
    router: Router,
    http: http1::Builder,
    places: Arc<Semaphore>,
    graceful: GracefulShutdown,
    /// Dropped with the server: what is still connected then is cut.
    cut: watch::Sender<()>,
}

impl Server {
    fn new(app: Arc<App>) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(app.config.header_time_limit)
            .max_buf_size(HEADERS_LIMIT);
        let places = Arc::new(Semaphore::new(app.config.max_connections.get()));
        Self {
            router: router(app),
            http,
            places,
            graceful: GracefulShutdown::new(),
            cut: watch::Sender::new(()),
        }
    }

    /// Accepts connections for ever. Past the most allowed, further ones wait in the system's queue.
    async fn accept(&self, listener: TcpListener) {
        loop {
            let Ok(place) = self.places.clone().acquire_owned().await else {
                return;
            };
            match listener.accept().await {
                Ok((stream, _peer)) => self.serve(stream, place),
                Err(error) => {
                    tracing::warn!(
                        error = telemetry::chain(&error),
                        "a connection could not be accepted"
                    );
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn serve(&self, stream: TcpStream, place: OwnedSemaphorePermit) {
        // Answers are one small packet: waiting for more to send along would only delay them.
        stream.set_nodelay(true).ok();
        let service = TowerToHyperService::new(self.router.clone());
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let watched = self.graceful.watch(connection);
        let mut cut = self.cut.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                ended = watched => if let Err(error) = ended {
                    tracing::debug!(error = telemetry::chain(&error), "a connection ended early");
                },
                _ = cut.changed() => {}
            }
            drop(place);
        });
    }

    async fn finish(self) {
        self.graceful.shutdown().await;
    }
}
