//! A running ingress with a clinic.

mod change;
mod http;

use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::{
        Arc, LazyLock, Mutex, Once,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    ids::{SourceId, TenantId},
    settings::Settings,
};
use embedded::{Postgres, PostgresOptions, Tools};
use ingress::{Config, Ingress, Rate};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::SecretString;
use sqlx::PgPool;
use store::{KeyRing, PoolOptions, Store};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{OnceCell, oneshot},
    task::JoinHandle,
};

pub(crate) use http::{Answer, Post, exchange, read_answer};

pub(crate) const SECRET: &str = "key_9f2c6d1e4b7a4c0f8e3d5a6b7c8d9e0f";

/// More than a test can send.
pub(crate) const AMPLE: Rate = Rate {
    per_second: 100_000,
    burst: 100_000,
};

/// A running ingress and the database below it.
pub(crate) struct Stage {
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
    pub(crate) pool: PgPool,
    /// Its name on the server.
    pub(crate) database: String,
    pub(crate) clinic: Clinic,
    /// How often it was said that something has become due.
    pub(crate) hints: Arc<AtomicUsize>,
    pub(crate) stop: Option<oneshot::Sender<()>>,
    pub(crate) running: Running,
}

/// A tenant with one Retell source.
#[derive(Clone)]
pub(crate) struct Clinic {
    pub(crate) tenant: TenantId,
    pub(crate) source: SourceId,
    pub(crate) key: String,
}

/// On the server that all tests of this process share.
pub(crate) async fn stage(config: Config) -> Stage {
    static SHARED: OnceCell<Postgres> = OnceCell::const_new();
    let server = SHARED.get_or_init(|| start_postgres(false)).await;
    stage_on(server, config).await
}

/// On a server of the test's own, which it may stop.
pub(crate) async fn start_postgres(durable: bool) -> Postgres {
    let tools = Tools::locate().expect("run `make tools` once");
    let options = PostgresOptions {
        durable,
        ..PostgresOptions::temporary()
    };
    Postgres::start(&tools, options).await.unwrap()
}

pub(crate) async fn stage_on(server: &Postgres, config: Config) -> Stage {
    let hints = Arc::new(AtomicUsize::new(0));
    let heard = hints.clone();
    let on_wake = move || _ = heard.fetch_add(1, Ordering::Relaxed);
    Stage {
        hints,
        ..stage_with(server, config, on_wake).await
    }
}

/// With another listener for what has become due; `hints` stays 0.
pub(crate) async fn stage_with(
    server: &Postgres,
    config: Config,
    on_wake: impl Fn() + Send + Sync + 'static,
) -> Stage {
    observe();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let database = format!("ingress_{}_{number}", std::process::id());
    server.create_database(&database).await.unwrap();
    let url = SecretString::from(server.url(&database));
    let keys = KeyRing::parse(&KeyRing::generate()).unwrap();
    let options = PoolOptions {
        max_connections: 8,
        ..PoolOptions::default()
    };
    let store = Store::new(&url, keys, options).unwrap();
    store.migrate().await.unwrap();
    let clinic = clinic(&store, "harbour-dental").await;
    let ingress = bind(config, &store, on_wake).await.unwrap();
    let (address, stop, running) = run(ingress);
    Stage {
        address,
        store,
        pool: PgPool::connect_lazy(&server.url(&database)).unwrap(),
        database,
        clinic,
        hints: Arc::default(),
        stop: Some(stop),
        running,
    }
}

/// On any free port.
pub(crate) async fn bind(
    config: Config,
    store: &Store,
    on_wake: impl Fn() + Send + Sync + 'static,
) -> Result<Ingress, ingress::Error> {
    let config = Config {
        listen: ([127, 0, 0, 1], 0).into(),
        ..config
    };
    let render = Arc::new(|| METRICS.render());
    Ingress::bind(config, store.clone(), on_wake, Some(render)).await
}

type Running = JoinHandle<Result<(), ingress::Error>>;

fn run(ingress: Ingress) -> (SocketAddr, oneshot::Sender<()>, Running) {
    let address = ingress.address();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(ingress.run(async {
        stopped.await.ok();
    }));
    (address, stop, running)
}

pub(crate) async fn clinic(store: &Store, slug: &str) -> Clinic {
    let tenant = store
        .create_tenant(slug, &Settings::default())
        .await
        .unwrap();
    let key = format!("hook{}", tenant.uuid().simple());
    let mut tx = store.tenant(tenant).begin().await.unwrap();
    let source = tx.add_source("retell", &key).await.unwrap();
    tx.add_provider_secret(store.keys(), "retell", &SECRET.into())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    Clinic {
        tenant,
        source,
        key,
    }
}

impl Stage {
    pub(crate) fn path(&self) -> String {
        format!("/hooks/{}", self.clinic.key)
    }

    /// A correctly signed webhook to the clinic's source.
    pub(crate) fn webhook(&self, body: &str) -> Post {
        Post::to(&self.path()).signed(body.as_bytes(), SECRET, now_ms())
    }

    /// Another source of the clinic.
    pub(crate) async fn add_source(&self, provider: &str, key: &str) {
        let mut tx = self.store.tenant(self.clinic.tenant).begin().await.unwrap();
        tx.add_source(provider, key).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn send(&self, post: &Post) -> Answer {
        exchange(self.address, &post.bytes()).await.unwrap()
    }

    pub(crate) async fn post(&self, body: &str) -> Answer {
        self.send(&self.webhook(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nhost: bellhop\r\nconnection: close\r\n\r\n");
        exchange(self.address, request.as_bytes()).await.unwrap()
    }

    /// Tells the ingress to stop, and waits until it has.
    pub(crate) async fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        let end = tokio::time::timeout(Duration::from_secs(20), &mut self.running).await;
        end.expect("it ends").unwrap().unwrap();
    }

    /// Ends the ingress in the middle of whatever it does.
    pub(crate) async fn kill(&mut self) {
        self.running.abort();
        (&mut self.running).await.ok();
    }

    /// Another ingress in place of the one that has ended, once that has let go of everything.
    pub(crate) async fn start_again(&mut self, config: &Config) {
        let bound = until(
            async || bind(config.clone(), &self.store, || {}).await,
            |bound| bound.is_ok(),
        );
        let (address, stop, running) = run(bound.await.unwrap());
        (self.address, self.stop, self.running) = (address, Some(stop), running);
    }

    pub(crate) fn hints(&self) -> usize {
        self.hints.load(Ordering::Relaxed)
    }

    /// How many events are stored.
    pub(crate) async fn events(&self) -> i64 {
        sqlx::query_scalar("select count(*) from events")
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }
}

/// Runs a statement in the database before each event is inserted.
pub(crate) async fn on_insert(stage: &Stage, statement: &str) {
    let function = format!(
        "create function odd() returns trigger language plpgsql as $$ begin {statement}; return new; end $$"
    );
    sqlx::query(sqlx::AssertSqlSafe(function))
        .execute(&stage.pool)
        .await
        .unwrap();
    sqlx::query("create trigger odd before insert on events for each row execute function odd()")
        .execute(&stage.pool)
        .await
        .unwrap();
}

pub(crate) fn ended(call: &str) -> String {
    format!(r#"{{"event":"call_ended","call":{{"call_id":"{call}","call_status":"ended"}}}}"#)
}

pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// A webhook whose last byte is still to come, known to be in flight.
pub(crate) async fn unfinished(stage: &Stage, call: &str) -> (TcpStream, u8) {
    let body = ended(call).into_bytes();
    let (last, start) = body.split_last().unwrap();
    let length = format!("expect: 100-continue\r\ncontent-length: {}", body.len());
    let head = stage.webhook(&ended(call)).body(b"").with_length(&length);
    let mut stream = TcpStream::connect(stage.address).await.unwrap();
    stream.write_all(&head).await.unwrap();
    // The server says so when it begins to read the body.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(start).await.unwrap();
    (stream, *last)
}

/// Asks again until the answer is as wanted, for at most 20 seconds.
pub(crate) async fn until<T, F: Future<Output = T>>(
    mut ask: impl FnMut() -> F,
    wanted: impl Fn(&T) -> bool,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = ask().await;
        if wanted(&answer) {
            return answer;
        }
        assert!(Instant::now() < deadline, "not as wanted within 20 s");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

static METRICS: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let mut builder = PrometheusBuilder::new();
    for (name, buckets) in ingress::BUCKETS {
        let matcher = metrics_exporter_prometheus::Matcher::Full((*name).to_owned());
        builder = builder.set_buckets_for_metric(matcher, buckets).unwrap();
    }
    builder.install_recorder().unwrap()
});

static LOG: LazyLock<Mutex<Vec<u8>>> = LazyLock::new(Mutex::default);

/// What an operator finds in the log about one request.
pub(crate) fn logged(request_id: &str) -> String {
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    log.lines()
        .filter(|line| line.contains(request_id))
        .collect::<Vec<_>>()
        .join("\n")
}

fn observe() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        LazyLock::force(&METRICS);
        tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::INFO)
            .with_writer(|| LogWriter)
            .init();
    });
}

struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut *LOG.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
