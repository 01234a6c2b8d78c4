//! Durable ingress: signed webhooks over real HTTP, each answered after its own commit, beside a bare loop that
//! commits the same row alone, over as many connections, on the same server.

mod rows;
mod webhooks;

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use bellhop::commands::tenant;
use domain::settings::Settings;
use embedded::{Postgres, PostgresOptions, Tools, free_port};
use secrecy::{ExposeSecret, SecretString};
use store::{KeyRing, PoolOptions, Store};

use crate::{
    Size,
    figures::{begin, median, milliseconds, progress, ratio, ratio_of_times, table},
    load::{Measured, Pace, drive},
    process::Process,
    world::{TemporaryFolder, lifted_ingress_limits, until},
};
use rows::Rows;
use webhooks::{API_KEY, Webhooks};

const DATABASE: &str = "bellhop";
const CONNECTIONS: usize = 32;
const RATE: u32 = 500;
/// Numbers of one load do not meet those of another.
const APART: u64 = 100_000_000;

pub(crate) async fn run(size: Size) -> Result<()> {
    begin("Durable ingress");
    let stage = Stage::start().await?;
    println!("  {}", stage.server().await?);
    println!(
        "  {CONNECTIONS} connections, bodies of {} bytes, distinct events; `bellhop ingress` in a process of its own",
        webhooks::body(0).len()
    );
    full_speed(&stage, size).await?;
    fixed_rate(&stage, size).await?;
    stage.nothing_is_missing().await
}

/// Both by turns, so that what else the machine does meets both alike.
async fn full_speed(stage: &Stage, size: Size) -> Result<()> {
    let length = Duration::from_secs(size.quick_or(1, 6));
    let rounds = size.quick_or(1, 5);
    let (mut ours, mut bare, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        progress(&format!("full speed, round {} of {rounds}", round + 1));
        let events = stage.events(round, Pace::Full { length }).await?;
        let rows = stage.rows(round, Pace::Full { length }).await?;
        ratios.push(events.per_second / rows.per_second);
        ours.push(events);
        bare.push(rows);
    }
    let row = |name: &str, of: &[Measured]| {
        let rates: Vec<_> = of.iter().map(|each| each.per_second).collect();
        let middle = |of: Vec<Duration>| median(of.iter().map(Duration::as_secs_f64).collect());
        let time = |percent| {
            let times = of
                .iter()
                .map(|each| each.times.percentile(percent))
                .collect();
            Duration::from_secs_f64(middle(times).unwrap_or_default())
        };
        [
            name.to_owned(),
            rates
                .iter()
                .map(|rate| format!("{rate:.0}"))
                .collect::<Vec<_>>()
                .join(" "),
            format!("{:.0}/s", median(rates).unwrap_or_default()),
            milliseconds(time(50)),
            milliseconds(time(99)),
        ]
    };
    table(
        ["full speed", "rounds", "median", "p50", "p99"],
        &[
            row("webhooks acknowledged", &ours),
            row("bare single-row commits", &bare),
        ],
    );
    println!(
        "  ratio (median of the rounds): {} of the bare commits; target at least 1",
        ratio(median(ratios).unwrap_or_default(), 1.0)
    );
    Ok(())
}

async fn fixed_rate(stage: &Stage, size: Size) -> Result<()> {
    let length = Duration::from_secs(size.quick_or(2, 20));
    let pace = Pace::Fixed {
        per_second: RATE,
        length,
    };
    let place = 90;
    progress(&format!("{RATE} a second"));
    let events = stage.events(place, pace).await?;
    let duplicates = stage.events_again(place, pace).await?;
    let rows = stage.rows(place, pace).await?;
    let row = |name: &str, of: &Measured| {
        [
            name.to_owned(),
            format!("{:.0}/s", of.per_second),
            milliseconds(of.times.percentile(50)),
            milliseconds(of.times.percentile(99)),
            milliseconds(of.times.most()),
            ratio_of_times(of.times.percentile(99), rows.times.percentile(99)),
        ]
    };
    table(
        [
            "fixed rate of 500/s",
            "reached",
            "p50",
            "p99",
            "most",
            "p99 ratio",
        ],
        &[
            row("webhooks acknowledged", &events),
            row("duplicates of them", &duplicates),
            row("bare single-row commits", &rows),
        ],
    );
    println!("  targets: p99 below 50 ms; of duplicates below 10 ms");
    Ok(())
}

/// Postgres with every commit on disk, and `bellhop ingress` before it.
struct Stage {
    postgres: Postgres,
    store: Store,
    port: u16,
    source_key: String,
    _ingress: Process,
    _folder: TemporaryFolder,
}

impl Stage {
    async fn start() -> Result<Self> {
        let folder = TemporaryFolder::new("ingress")?;
        let options = PostgresOptions {
            durable: true,
            ..PostgresOptions::temporary()
        };
        let postgres = Postgres::start(&Tools::locate()?, options).await?;
        postgres.create_database(DATABASE).await?;
        let keys = KeyRing::generate();
        let url: SecretString = postgres.url(DATABASE).into();
        let store = Store::new(&url, KeyRing::parse(&keys)?, PoolOptions::default())?;
        store.migrate().await?;
        let source_key = tenant::create(&store, "bench", &Settings::default()).await?;
        let clinic = tenant::find(&store, "bench").await?;
        let mut tx = store.tenant(clinic.id).begin().await?;
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
            postgres,
            store,
            port,
            source_key,
            _ingress: ingress,
            _folder: folder,
        })
    }

    /// Fresh connections for each load: ingress ends those that are idle for long.
    async fn events(&self, place: u64, pace: Pace) -> Result<Measured> {
        let measured = self.events_again(place, pace).await?;
        let stored = self.count(place).await?;
        let acknowledged = i64::try_from(measured.times.count())?;
        ensure!(
            stored == acknowledged,
            "{acknowledged} webhooks were acknowledged and {stored} are stored"
        );
        Ok(measured)
    }

    async fn events_again(&self, place: u64, pace: Pace) -> Result<Measured> {
        let mut senders = Vec::new();
        for _ in 0..CONNECTIONS {
            senders.push(Webhooks::connect(self.port, &self.source_key).await?);
        }
        drive(senders, place * APART, pace).await
    }

    async fn rows(&self, place: u64, pace: Pace) -> Result<Measured> {
        let url = self.postgres.url(DATABASE);
        let mut senders = Vec::new();
        for _ in 0..CONNECTIONS {
            senders.push(Rows::connect(&url).await?);
        }
        // Apart from the webhooks' numbers as well.
        drive(senders, (1000 + place) * APART, pace).await
    }

    /// Events stored with numbers of that place.
    async fn count(&self, place: u64) -> Result<i64> {
        let (from, to) = (
            webhooks::provider_call_id(place * APART),
            webhooks::provider_call_id((place + 1) * APART),
        );
        let sql = format!(
            "select count(*) from events where provider_call_id >= '{from}' and provider_call_id < '{to}'"
        );
        Ok(self.postgres.psql(DATABASE, &sql).await?.trim().parse()?)
    }

    async fn server(&self) -> Result<String> {
        let sql = "select 'PostgreSQL ' || current_setting('server_version')
            || ', fsync ' || current_setting('fsync')
            || ', synchronous_commit ' || current_setting('synchronous_commit')";
        Ok(self.postgres.psql(DATABASE, sql).await?.trim().to_owned())
    }

    /// The duplicates made no rows, and each was counted.
    async fn nothing_is_missing(&self) -> Result<()> {
        let clinic = tenant::find(&self.store, "bench").await?;
        let report = self.store.tenant(clinic.id).begin().await?.report().await?;
        println!(
            "  every acknowledged event is stored once; {} duplicates were recognised",
            report.duplicates
        );
        Ok(())
    }
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
